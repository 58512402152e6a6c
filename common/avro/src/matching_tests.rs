//! What both purposes have in common is tested in the modules that use it; these are the differences.

use super::*;
use crate::schema::{Schema, SchemaText};

fn schema(text: &str) -> Schema {
    Schema::parse(&SchemaText::avro(text)).expect("a schema")
}

/// Why the types do not match, for a check and for reading.
fn mismatches(writer: &str, reader: &str) -> [Option<Mismatch>; 2] {
    let (writer, reader) = (schema(writer), schema(reader));
    [Purpose::Check, Purpose::Read]
        .map(|purpose| pair(writer.get(writer.root()), reader.get(reader.root()), purpose).err())
}

/// What the reader's fields are, for a check and for reading.
fn matches(writer: &str, reader: &str) -> [Vec<FieldMatch>; 2] {
    let record = |fields: &str| schema(&format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#));
    let (writer, reader) = (record(writer), record(reader));
    let fields_of = |schema: &'_ Schema| match &schema.get(schema.root()).kind {
        Kind::Record(fields) => fields.clone(),
        kind => panic!("{kind:?}"),
    };
    let (writer, reader) = (fields_of(&writer), fields_of(&reader));
    [Purpose::Check, Purpose::Read].map(|purpose| fields(&writer, &reader, purpose).collect())
}

fn found(written: Option<usize>, is_ambiguous: bool) -> Vec<FieldMatch> {
    vec![FieldMatch { written, is_ambiguous }]
}

#[test]
fn a_logical_type_matters_to_reading_only() {
    let long = |logical: &str| format!(r#"{{"type":"long","logicalType":"{logical}"}}"#);
    let (millis, micros) = (long("timestamp-millis"), long("timestamp-micros"));
    assert_eq!(mismatches(&millis, &micros), [None, Some(Mismatch::LogicalType)]);
    assert_eq!(mismatches(&millis, r#""long""#), [None, None]);
    assert_eq!(mismatches(r#""int""#, &micros), [None, None]);
}

#[test]
fn the_writers_alias_of_a_type_counts_for_reading_only() {
    let (renamed, old) = (
        r#"{"type":"fixed","name":"n.New","aliases":["Old"],"size":2}"#,
        r#"{"type":"fixed","name":"n.Old","size":2}"#,
    );
    assert_eq!(mismatches(old, renamed), [None, None]);
    assert_eq!(mismatches(renamed, old), [Some(Mismatch::Name), None]);
}

#[test]
fn sizes_are_compared_once_the_names_match() {
    let fixed = |name: &str, size: usize| format!(r#"{{"type":"fixed","name":"{name}","size":{size}}}"#);
    let wrong_size = Some(Mismatch::FixedSize(2, 3));
    assert_eq!(mismatches(&fixed("F", 2), &fixed("F", 3)), [wrong_size, wrong_size]);
    let wrong_name = Some(Mismatch::Name);
    assert_eq!(mismatches(&fixed("F", 2), &fixed("G", 3)), [wrong_name, wrong_name]);
    let wrong_kind = Some(Mismatch::Kind);
    assert_eq!(mismatches(&fixed("F", 2), r#""bytes""#), [wrong_kind, wrong_kind]);
}

#[test]
fn the_writers_alias_of_a_field_counts_for_reading_only() {
    let renamed = r#"{"name":"note","type":"int"},{"name":"sum","aliases":["total"],"type":"int"}"#;
    let total = r#"{"name":"total","type":"int"}"#;
    assert_eq!(matches(renamed, total), [found(None, false), found(Some(1), false)]);
    assert_eq!(
        matches(total, r#"{"name":"sum","aliases":["x","total"],"type":"int"}"#),
        [found(Some(0), false), found(Some(0), false)]
    );
}

#[test]
fn a_field_with_several_matches_is_ambiguous_and_its_name_takes_precedence_over_aliases() {
    let writer = r#"{"name":"a","type":"int"},{"name":"b","type":"int"}"#;
    for (reader, written) in [
        (r#"{"name":"b","aliases":["a"],"type":"int"}"#, 1),
        (r#"{"name":"c","aliases":["b","a"],"type":"int"}"#, 1),
    ] {
        let both = found(Some(written), true);
        assert_eq!(matches(writer, reader), [both.clone(), both]);
    }
    let twice = r#"{"name":"c","aliases":["a","a"],"type":"int"}"#;
    assert_eq!(matches(writer, twice)[0], found(Some(0), false));
}

#[test]
fn a_symbol_that_the_reader_lacks_becomes_its_default() {
    let symbols = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (written, read) = (symbols(&["A", "B"]), symbols(&["B", "C"]));
    let of = |default| {
        let enums = Enums {
            written: &written,
            read: &read,
            default,
        };
        enums.symbols().collect::<Vec<_>>()
    };
    assert_eq!(of(None), [("A", None), ("B", Some("B"))]);
    assert_eq!(of(Some("C")), [("A", Some("C")), ("B", Some("B"))]);
}
