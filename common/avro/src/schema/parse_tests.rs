use super::*;
use crate::schema::Field;

fn parsed(text: &str) -> Result<Schema, SchemaError> {
    Schema::parse_lenient(&SchemaText::avro(text))
}

fn reason(text: &str) -> String {
    parsed(text).expect_err("not valid").to_string()
}

fn is_new(text: &str) -> bool {
    Schema::parse(&SchemaText::avro(text)).is_ok()
}

fn fields(schema: &Schema) -> &[Field] {
    match &schema.get(schema.root()).kind {
        Kind::Record(fields) => fields,
        kind => panic!("{kind:?}"),
    }
}

#[test]
fn references_are_followed_from_one_text_to_the_next() {
    let schema = SchemaText {
        references: vec![r#"{"type":"enum","name":"x.E","symbols":["A"]}"#.to_owned()],
        ..SchemaText::avro(r#"{"type":"record","name":"x.R","fields":[{"name":"e","type":"E"}]}"#)
    };
    let types = Schema::parse_lenient(&schema).expect("parses");
    assert!(matches!(types.get(fields(&types)[0].type_id).kind, Kind::Enum { .. }));
    // A short name is looked up in the enclosing namespace, then without one.
    let none = r#"{"type":"record","name":"x.R","fields":[
        {"name":"a","type":{"type":"fixed","name":"F","namespace":"","size":1}}, {"name":"b","type":"F"}]}"#;
    assert!(parsed(none).is_ok());
}

#[test]
fn a_logical_type_belongs_to_a_definition_and_not_to_a_reference() {
    let text = r#"{"type":"record","name":"R","fields":[
        {"name":"a","type":{"type":"fixed","name":"F","size":16,"logicalType":"uuid"}},
        {"name":"b","type":{"type":"F","logicalType":"decimal","precision":2}},
        {"name":"c","type":{"type":"int","logicalType":"date"}},
        {"name":"d","type":{"type":{"type":"fixed","name":"G","size":12},"logicalType":"duration"}},
        {"name":"e","type":"int"}]}"#;
    let types = parsed(text).expect("parses");
    let meanings = fields(&types)
        .iter()
        .map(|field| types.get(field.type_id).logical.map(|it| it.name));
    assert_eq!(
        meanings.collect::<Vec<_>>(),
        [Some("uuid"), Some("uuid"), Some("date"), Some("duration"), None]
    );
}

#[test]
fn a_schema_that_java_never_reads_is_refused() {
    let record = |fields: &str| format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#);
    let field = |name: &str, of: &str| format!(r#"{{"name":"{name}","type":{of}}}"#);
    let fixed = r#"{"type":"fixed","name":"F","size":1}"#;
    for (text, why) in [
        (String::new(), "not JSON"),
        ("[".repeat(100_000), "nested too deeply"),
        ("1".to_owned(), "neither a name nor a list nor an object"),
        ("{}".to_owned(), "has no type"),
        (r#""bool""#.to_owned(), "bool is not defined"),
        (r#"["int",["null"]]"#.to_owned(), "a union is directly inside a union"),
        (
            r#"["int",{"type":"int","logicalType":"date"}]"#.to_owned(),
            "two branches of the same kind",
        ),
        (format!(r#"[{fixed},"F"]"#), "two branches of the same kind or name"),
        (
            record(&format!(
                "{},{}",
                field("a", fixed),
                field("b", r#"{"type":"fixed","name":"F","size":2}"#)
            )),
            "F is defined twice",
        ),
        (
            record(&format!("{0},{0}", field("a", r#""int""#))),
            "two fields of the same name",
        ),
        (record(&field("a", &record(""))), "R is defined twice"),
        (record("1"), "a field is not an object"),
        (record(r#"{"name":"a"}"#), "a field has no type"),
        (r#"{"type":"record","name":"R"}"#.to_owned(), "has no fields"),
        (r#"{"type":"record","fields":[]}"#.to_owned(), "has no name"),
        (
            r#"{"type":"enum","name":"E","symbols":["A","A"]}"#.to_owned(),
            "same symbol twice",
        ),
        (
            format!(
                "[{},{}]",
                fixed.replace('F', "array"),
                r#"{"type":"array","items":"int"}"#
            ),
            "two branches of the same kind or name",
        ),
        (r#"{"type":"fixed","name":"F","size":-1}"#.to_owned(), "no size"),
        (r#"{"type":"array"}"#.to_owned(), "no items"),
        (r#"{"type":"map"}"#.to_owned(), "no values"),
    ] {
        assert!(reason(&text).contains(why), "{why}: {}", reason(&text));
    }
}

#[test]
fn the_branches_of_a_union_may_be_of_one_kind_if_they_have_names() {
    let union = r#"[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"G","size":1},"null"]"#;
    assert!(parsed(union).is_ok());
    assert!(parsed("[]").is_ok(), "it has no data, but it is a schema");
}

#[test]
fn a_registered_schema_may_break_rules_that_a_new_one_must_keep() {
    let record = |field: &str| format!(r#"{{"type":"record","name":"R","fields":[{field}]}}"#);
    for text in [
        r#"{"type":"enum","name":"E","symbols":["A",1]}"#.to_owned(),
        r#"{"type":"enum","name":"E","symbols":["A-1"]}"#.to_owned(),
        r#"{"type":"enum","name":"E","symbols":["A"],"default":"B"}"#.to_owned(),
        r#"{"type":"fixed","name":"order-service.F","size":1}"#.to_owned(),
        r#"{"type":"fixed","name":"F","size":2147483640}"#.to_owned(),
        r#"{"type":{"type":"int"}}"#.to_owned(),
        r#""int" and more"#.to_owned(),
        record(r#"{"name":"a b","type":"int"}"#),
        record(r#"{"name":"a","type":"int","default":"x"}"#),
        record(r#"{"name":"a","type":"int","order":"up"}"#),
        record(r#"{"name":"a","type":"int","aliases":1}"#),
        record(r#"{"name":"a","type":{"type":"fixed","name":"F","size":1}},{"name":"b","type":".F"}"#),
    ] {
        assert!(parsed(&text).is_ok(), "{text}");
        assert!(!is_new(&text), "{text}");
    }
}

#[test]
fn an_error_is_a_record() {
    let types = parsed(r#"{"type":"error","name":"E","fields":[{"name":"a","type":"int"}]}"#).expect("parses");
    assert_eq!(fields(&types).len(), 1);
}

#[test]
fn a_type_may_be_used_before_it_is_defined() {
    let text = r#"{"type":"record","name":"n.R","fields":[{"name":"a","type":["null","F"]},
        {"name":"b","type":{"type":"fixed","name":"F","size":3}}]}"#;
    assert!(is_new(text));
    let types = parsed(text).expect("parses");
    let [a, b] = fields(&types) else { panic!("two fields") };
    let Kind::Union(branches) = &types.get(a.type_id).kind else {
        panic!("a union")
    };
    assert_eq!(branches[1], b.type_id);
    // In its namespace, and not without one.
    assert!(parsed(&text.replace(r#""size":3"#, r#""size":3,"namespace":"""#)).is_err());
    assert!(parsed(&text.replace(r#"["null","F"]"#, r#"["F","F"]"#)).is_err());
}

#[test]
fn a_type_may_be_defined_again_identically() {
    let twice = |first: &str, second: &str| {
        format!(
            r#"{{"type":"record","name":"R","fields":[{{"name":"a","type":{first}}},{{"name":"b","type":{second}}}]}}"#
        )
    };
    let s = |field: &str| format!(r#"{{"type":"record","name":"S","fields":[{{"name":"x","type":"int"{field}}}]}}"#);
    let again = twice(&s(""), &s(r#","doc":"d""#));
    assert!(is_new(&again));
    let types = parsed(&again).expect("parses");
    assert_eq!(fields(&types)[0].type_id, fields(&types)[1].type_id);
    for other in [r#","default":1"#, r#","order":"ignore""#, r#","pii":true"#] {
        let again = twice(&s(""), &s(other));
        assert!(!is_new(&again), "{other}");
        assert!(parsed(&again).is_ok(), "data are the same: {other}");
    }
    assert!(parsed(&twice(&s(""), &s("").replace("int", "long"))).is_err());
}

#[test]
fn reasons_are_short_and_without_line_breaks() {
    let long = reason(&format!(r#""{}""#, "n".repeat(500_000)));
    assert!(long.len() < 300, "{long}");
    let odd = SchemaText {
        schema_type: "A\nB".repeat(1_000),
        ..SchemaText::avro("")
    };
    let odd = Schema::parse_lenient(&odd).expect_err("not Avro").to_string();
    assert!(odd.len() < 300 && !odd.contains('\n'), "{odd}");
    assert!(!reason(r#""a\nb""#).contains('\n'));
    assert!(reason(r#""€""#).is_ascii());
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    let types = parsed(r#"{"type":"string","type":"int"}"#).expect("parses");
    assert!(matches!(types.get(types.root()).kind, Kind::Int));
}

#[test]
fn a_logical_type_that_has_no_effect_is_noted_with_its_path() {
    let text = r#"{"type":"record","name":"R","fields":[
        {"name":"a","type":{"type":"array","items":{"type":"string","logicalType":"date"}}},
        {"name":"b","type":"long","logicalType":"timestamp-millis"},
        {"name":"c","type":{"type":"long","logicalType":"timestamp-millis"}}]}"#;
    let schema = parsed(text).expect("parses");
    let noted: Vec<_> = schema
        .ignored_logical_types()
        .iter()
        .map(|it| (it.path.as_str(), it.name.as_str(), it.is_misplaced))
        .collect();
    assert_eq!(
        noted,
        [("a[]", r#""date""#, false), ("b", r#""timestamp-millis""#, true)]
    );
}

#[test]
fn an_invalid_schema_has_a_short_reason() {
    let long = format!(
        r#"{{"type": "enum", "name": "E", "symbols": ["{}"]}}"#,
        "😀".repeat(100_000)
    );
    for text in [
        "",
        "{",
        "[[[]]]",
        "7",
        r#""Unknown""#,
        r#"{"type": "enum", "name": "a b"}"#,
        &long,
    ] {
        let error = Schema::parse(&SchemaText::avro(text))
            .expect_err("no schema")
            .to_string();
        assert!((1..=301).contains(&error.chars().count()), "{error}");
    }
    assert!(Schema::parse(&SchemaText::avro(r#""int""#).referring_to(["7"])).is_err());
}

#[test]
fn a_name_and_a_default_are_checked_in_a_new_schema_only() {
    let hyphen = r#"{"type": "record", "name": "a-b.R", "fields": [{"name": "a", "type": "int", "default": "x"}]}"#;
    assert!(!is_new(hyphen));
    assert!(parsed(hyphen).is_ok());
    assert!(parsed(r#""Unknown""#).is_err());
}
