//! The versions of the event's schema, compiled in. The `.avsc` files are the only hand-written copy of the contract. Pure: this
//! module does not know what is registered.

use std::sync::LazyLock;

use orderlog_avro::compatibility::{full_transitive, house_rules};
use orderlog_avro::{Schema, SchemaText};

/// The text of every version, oldest first, as in `schemas/order-event/`: the build script lists that folder, so a
/// change of the contract is a new file there and nothing here. Released files are never edited. The rules for a new
/// one are in [`orderlog_avro::compatibility`], and `tests/lineage` checks it.
pub const LINEAGE: &[&str] = include!(concat!(env!("OUT_DIR"), "/lineage.rs"));

static NEWEST: LazyLock<Schema> =
    LazyLock::new(|| Schema::parse(&newest_text()).expect("a compiled-in schema parses: a test proves it"));

/// The newest version: the one that is written.
pub fn newest() -> &'static Schema {
    &NEWEST
}

/// The text of the newest version.
pub fn newest_text() -> SchemaText {
    SchemaText::avro(LINEAGE.last().copied().unwrap_or_default())
}

/// Every version with its number in the lineage, the oldest first.
pub fn numbered() -> impl Iterator<Item = (u32, SchemaText)> {
    (1..).zip(LINEAGE.iter().map(|text| SchemaText::avro(*text)))
}

/// Each of these texts with the name of its version's file: `v1.avsc` and so on.
pub fn named<'a>(texts: &[&'a str]) -> impl Iterator<Item = (String, &'a str)> {
    (1..)
        .zip(texts)
        .map(|(version, text)| (format!("v{version}.avsc"), *text))
}

/// Why these texts, oldest first, cannot be the versions of one schema, by Avro's rules and by ours; empty if they can.
pub fn conflicts(texts: &[&str]) -> Vec<String> {
    let mut versions = Vec::new();
    for (name, text) in named(texts) {
        match Schema::parse(&SchemaText::avro(text)) {
            Ok(schema) => versions.push((name, schema)),
            Err(error) => return vec![format!("{name} cannot be parsed: {error}")],
        }
    }
    let versions: Vec<_> = versions.iter().map(|(name, schema)| (name.clone(), schema)).collect();
    let found = [full_transitive(&versions), house_rules(&versions)].concat();
    found.iter().map(ToString::to_string).collect()
}

/// The subject of a topic's values, by the convention that every tool follows (TopicNameStrategy).
pub fn subject(topic: &str) -> String {
    format!("{topic}-value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_lineage_is_compiled_in_and_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/order-event");
        let files = std::fs::read_dir(folder).expect("the schemas folder").count();
        assert_eq!(
            files,
            LINEAGE.len(),
            "a file under schemas/order-event is not compiled in"
        );
        for (n, text) in (1..).zip(LINEAGE) {
            let file = std::fs::read_to_string(format!("{folder}/v{n}.avsc")).expect("a version's file");
            assert_eq!(&file, text, "v{n}");
            Schema::parse(&SchemaText::avro(*text)).expect("a schema");
            apache_avro::Schema::parse_str(text).expect("a schema");
        }
    }

    #[test]
    fn a_schema_that_differs_in_docs_only_writes_the_same_bytes() {
        let mut json: serde_json::Value = serde_json::from_str(LINEAGE[LINEAGE.len() - 1]).expect("json");
        json["doc"] = "another text".into();
        assert!(newest_text().writes_the_same_as(&SchemaText::avro(json.to_string())));
    }

    #[test]
    fn another_record_does_not() {
        let other = r#"{"type":"record","name":"OrderEvent","namespace":"com.ecommerce.order","fields":[{"name":"a","type":"int"}]}"#;
        assert!(!newest_text().writes_the_same_as(&SchemaText::avro(other)));
    }
}
