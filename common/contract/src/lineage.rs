//! The compiled-in lineage of the event's schema. The `.avsc` files are the only hand-written copy of the contract.
//! Pure: what the registry knows of them is [`orderlog_registry`]'s business.

use std::sync::LazyLock;

use apache_avro::Schema;
use orderlog_avro::SchemaText;

/// The text of every version, oldest first, as it stands in `schemas/order-event/`: the build script lists the folder,
/// so a change of the contract is a new file there and nothing here. Files that have been released are never edited;
/// what a new one must keep is in [`orderlog_avro::compatibility`], and `tests/lineage` proves that it does.
pub const LINEAGE: &[&str] = include!(concat!(env!("OUT_DIR"), "/lineage.rs"));

static PARSED: LazyLock<Vec<Schema>> = LazyLock::new(|| {
    let parse = |text: &&str| Schema::parse_str(text).expect("a compiled-in schema parses: a test proves it");
    LINEAGE.iter().map(parse).collect()
});

/// The newest version: the one that is written.
pub fn newest() -> &'static Schema {
    PARSED.last().expect("the lineage is not empty")
}

/// The text of the newest version.
pub fn newest_text() -> SchemaText {
    SchemaText::avro(LINEAGE.last().copied().unwrap_or_default())
}

/// The subject of a topic's values: TopicNameStrategy, the convention that every tool knows.
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
            Schema::parse_str(text).expect("a schema");
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
