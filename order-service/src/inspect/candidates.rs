//! Which versions of the schema read a datum whose own schema is unknown or wrong: a hint at what its producer used.

use std::sync::Arc;

use orderlog_avro::SchemaText;
use orderlog_contract::decode::{WriterSchema, decode};
use orderlog_contract::lineage;
use orderlog_projection::store::{StoreError, blocking};
use orderlog_registry::RegisteredVersion;

use crate::schema_versions::Subject;

/// A version that reads a datum to its last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its number in the subject; for a version that is not registered there, that of its file in this release.
    pub version: u32,
    /// Its schema id; `None` if it is not registered in the subject.
    pub id: Option<u32>,
}

/// The candidates among those versions and our own.
pub(super) async fn of(datum: Vec<u8>, subject: Arc<Subject>) -> Vec<Candidate> {
    // Resolving schemas takes a while.
    let found = blocking(move || Ok::<_, StoreError>(reading(&datum, &subject.versions)));
    found.await.unwrap_or_default()
}

fn reading(datum: &[u8], versions: &[RegisteredVersion]) -> Vec<Candidate> {
    let reads = |schema: &SchemaText| decode(&WriterSchema::new(schema), datum).is_ok();
    let registered = versions
        .iter()
        .filter(|version| reads(&version.schema))
        .map(|version| Candidate {
            version: version.version,
            id: Some(version.id).filter(|id| *id > 0),
        });
    let ours = lineage::numbered().filter_map(|(version, text)| {
        let is_registered = versions.iter().any(|other| other.schema.writes_the_same_as(&text));
        (!is_registered && reads(&text)).then_some(Candidate { version, id: None })
    });
    registered.chain(ours).collect()
}

#[cfg(test)]
mod tests {
    use orderlog_contract::encode::record_value;
    use orderlog_contract::event::OrderStatus;
    use orderlog_contract::frame::HEADER_LEN;
    use sandbox::testing::event;

    use super::*;

    fn registered(version: u32, text: &str) -> RegisteredVersion {
        RegisteredVersion {
            version,
            id: 10 + version,
            schema: SchemaText::avro(text),
        }
    }

    #[test]
    fn the_versions_that_read_a_whole_datum_are_its_candidates() {
        let newest = lineage::LINEAGE.last().expect("a version");
        let newest_number = u32::try_from(lineage::LINEAGE.len()).expect("few");
        let value = record_value(1, &event("A", 1, OrderStatus::New)).expect("encodes");
        let datum = &value[HEADER_LEN..];
        let versions = [registered(4, r#""string""#), registered(7, newest)];
        let found = reading(datum, &versions);
        assert!(
            found.contains(&Candidate {
                version: 7,
                id: Some(17)
            }),
            "{found:?}"
        );
        assert!(!found.iter().any(|candidate| candidate.version == 4), "{found:?}");
        let unregistered = Candidate {
            version: newest_number,
            id: None,
        };
        assert!(!found.contains(&unregistered), "it is registered: {found:?}");
        assert!(reading(datum, &[]).contains(&unregistered));
        assert_eq!(reading(&datum[1..], &versions), []);
    }
}
