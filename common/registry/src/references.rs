//! Schemas that a schema refers to, and those that they refer to. A schema without all of them cannot be parsed, so there
//! are all or none.

use std::collections::HashSet;
use std::vec;

use orderlog_avro::SchemaText;
use schema_registry_converter::schema_registry_common::{RawRegisteredSchema, RegisteredReference};

use super::answer::{Answer, LATEST, codes, held};
use super::exchange::Exchange;
use super::outage::Outage;
use super::question::{Question, segment};

/// Most schemas that one may refer to, directly or through one another.
const MOST_SCHEMAS: usize = 64;
/// Most bytes that their texts may have together.
const MOST_BYTES: usize = 1024 * 1024;

/// Why a schema is not complete.
pub(super) enum Incomplete {
    /// It cannot become so; what it refers to, to be read after the schema's name.
    Unknown(String),
    /// The registry did not answer.
    Outage(Outage),
}

/// Subject and version, which may be [`LATEST`].
type Name = (String, u32);

/// A schema whose references are being fetched.
struct Open {
    /// None for the schema with which it began.
    name: Option<Name>,
    text: String,
    left: vec::IntoIter<RegisteredReference>,
}

impl Open {
    fn new(name: Option<Name>, held: RawRegisteredSchema) -> Self {
        Self {
            name,
            text: held.schema.unwrap_or_default(),
            left: held.references.unwrap_or_default().into_iter(),
        }
    }
}

/// That schema with all that it refers to, each once and before those that refer to it.
///
/// # Errors
/// Unknown when the registry says that it has no such subject or version, when schemas refer to each other in a circle,
/// and when they are too many or too large; otherwise an outage.
pub(super) async fn complete(exchange: &Exchange, mut held: RawRegisteredSchema) -> Result<SchemaText, Incomplete> {
    // A registry leaves the type out for Avro.
    let schema_type = held.schema_type.take().unwrap_or_else(|| "AVRO".to_owned());
    let unknown = |what: String| Incomplete::Unknown(format!("refers to {what}"));
    let mut references = Vec::new();
    let mut seen = HashSet::new();
    let (mut schemas, mut bytes) = (0, 0);
    // Depth first: the last is being fetched, and each refers to the one after it.
    let mut path = Vec::new();
    let mut open = Open::new(None, held);
    loop {
        let Some(reference) = open.left.next() else {
            match path.pop() {
                Some(parent) => references.push(std::mem::replace(&mut open, parent).text),
                None => {
                    return Ok(SchemaText {
                        schema_type,
                        text: open.text,
                        references,
                    });
                }
            }
            continue;
        };
        let mut name = (reference.subject, reference.version);
        let circle = |name: &Name| unknown(format!("{}, which refers to itself", called(name)));
        if is_open(&path, &open, &name) {
            return Err(circle(&name));
        }
        if !seen.insert(name.clone()) {
            continue;
        }
        schemas += 1;
        if schemas > MOST_SCHEMAS {
            return Err(unknown(format!("more than {MOST_SCHEMAS} schemas")));
        }
        let referred = fetch(exchange, &name)
            .await
            .map_err(Incomplete::Outage)?
            .ok_or_else(|| unknown(format!("{}, which the registry does not have", called(&name))))?;
        // Which one is the newest, the answer says. It may have come by its number already.
        if let (LATEST, Some(version)) = (name.1, referred.version) {
            name.1 = version;
            if is_open(&path, &open, &name) {
                return Err(circle(&name));
            }
            if !seen.insert(name.clone()) {
                continue;
            }
        }
        let inner = Open::new(Some(name), referred);
        bytes += inner.text.len();
        if bytes > MOST_BYTES {
            return Err(unknown(format!("schemas of more than {MOST_BYTES} bytes")));
        }
        path.push(std::mem::replace(&mut open, inner));
    }
}

fn is_open(path: &[Open], open: &Open, name: &Name) -> bool {
    path.iter().chain([open]).any(|open| open.name.as_ref() == Some(name))
}

/// Its name in a sentence.
fn called((subject, version): &Name) -> String {
    if *version == LATEST {
        format!("the latest version of subject {subject}")
    } else {
        format!("version {version} of subject {subject}")
    }
}

/// A version of a subject, also one that was deleted since; none where the registry says that there is none.
async fn fetch(exchange: &Exchange, (subject, version): &Name) -> Result<Option<RawRegisteredSchema>, Outage> {
    // As a segment of a path they would mean another place.
    if matches!(subject.as_str(), "." | ".." | "") {
        return Ok(None);
    }
    let path = format!("/subjects/{}/versions", segment(subject));
    let paths = if *version == LATEST {
        // Not -1, which means the same and is not understood everywhere. One that was deleted is the newest only where
        // there is no other.
        vec![format!("{path}/latest"), format!("{path}/latest?deleted=true")]
    } else {
        vec![format!("{path}/{version}?deleted=true")]
    };
    for path in paths {
        let question = Question::get(path, &[codes::SUBJECT_NOT_FOUND, codes::VERSION_NOT_FOUND]).look_up();
        if let Answer::Said(held) = exchange.ask(&question, held).await? {
            return Ok(Some(held));
        }
    }
    Ok(None)
}
