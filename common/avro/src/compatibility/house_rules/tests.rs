use super::house_rules;
use crate::compatibility::full_transitive;
use crate::schema::{Schema, SchemaText};

/// Violations of the house rules by these versions, v1 first; Avro itself accepts them.
fn violations(texts: &[&str]) -> Vec<String> {
    let parsed: Vec<Schema> = texts
        .iter()
        .map(|text| Schema::parse(&SchemaText::avro(*text)).expect("a schema"))
        .collect();
    let versions: Vec<(String, &Schema)> = (1..).zip(&parsed).map(|(n, it)| (format!("v{n}"), it)).collect();
    assert_eq!(full_transitive(&versions), [], "Avro's own rules are tested elsewhere");
    house_rules(&versions).iter().map(ToString::to_string).collect()
}

/// A documented record whose fields are documented too.
fn record(fields: &[&str]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|field| format!(r#"{{"doc": "d", {field}}}"#))
        .collect();
    let fields = fields.join(", ");
    format!(r#"{{"type": "record", "name": "R", "namespace": "n", "doc": "d", "fields": [{fields}]}}"#)
}

/// Two versions of a record with one field.
fn field(old: &str, new: &str) -> Vec<String> {
    violations(&[&record(&[old]), &record(&[new])])
}

#[test]
fn a_field_with_a_default_may_be_added_and_removed() {
    let (without, with) = (
        r#""name": "a", "type": "int""#,
        r#""name": "b", "type": "int", "default": 0"#,
    );
    let versions = [record(&[without]), record(&[with, without]), record(&[without])];
    assert_eq!(
        violations(&versions.each_ref().map(String::as_str)),
        Vec::<String>::new()
    );
}

#[test]
fn symbols_may_be_appended() {
    let symbols = |symbols: &str| {
        format!(r#"{{"type": "enum", "name": "E", "doc": "d", "symbols": [{symbols}], "default": "A"}}"#)
    };
    assert_eq!(
        violations(&[&symbols(r#""A""#), &symbols(r#""A", "B""#)]),
        Vec::<String>::new()
    );
    assert_eq!(
        violations(&[&symbols(r#""A", "B""#), &symbols(r#""A", "C", "B""#)]),
        ["ENUM_SYMBOL_MOVED at (schema): the enum E has C where B was; symbols are appended only (v2 reading v1)"]
    );
}

#[test]
fn string_and_bytes_read_each_other_but_may_not_be_swapped() {
    assert_eq!(
        field(r#""name": "a", "type": "string""#, r#""name": "a", "type": "bytes""#),
        ["TYPE_CHANGED at a: the type changed from string to bytes (v2 reading v1)"]
    );
}

#[test]
fn a_type_does_not_become_a_union() {
    assert_eq!(
        field(r#""name": "a", "type": "long""#, r#""name": "a", "type": ["long"]"#),
        ["TYPE_CHANGED at a: the type changed from long to union (v2 reading v1)"]
    );
}

#[test]
fn a_logical_type_may_not_be_added_removed_or_changed() {
    let (plain, millis) = (
        r#""name": "a", "type": "long""#,
        r#""name": "a", "type": {"type": "long", "logicalType": "timestamp-millis"}"#,
    );
    let decimal = |scale: u8| {
        format!(
            r#""name": "a", "type": {{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": {scale}}}"#
        )
    };
    let (two, three) = (decimal(2), decimal(3));
    let (in_union, in_union_micros) = (
        r#""name": "a", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]"#,
        r#""name": "a", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}]"#,
    );
    for (old, new, text) in [
        (plain, millis, "changed from none to timestamp-millis"),
        (millis, plain, "changed from timestamp-millis to none"),
        (&two, &three, "changed from decimal(9, 2) to decimal(9, 3)"),
        (
            in_union,
            in_union_micros,
            "changed from timestamp-millis to timestamp-micros",
        ),
    ] {
        assert_eq!(
            field(old, new),
            [format!(
                "LOGICAL_TYPE_CHANGED at a: the logical type {text} (v2 reading v1)"
            )]
        );
    }
}

#[test]
fn a_logical_type_that_avro_ignores_is_reported() {
    let beside = record(&[r#""name": "a", "type": "long", "logicalType": "timestamp-millis""#]);
    assert_eq!(
        violations(&[&beside]),
        [
            "LOGICAL_TYPE_IGNORED at a: the logical type \"timestamp-millis\" is next to the field's type; it belongs \
             inside it (v1)"
        ]
    );
    for inside in [
        r#"{"type": "string", "logicalType": "timestamp-millis"}"#,
        r#"{"type": "long", "logicalType": "timestamp-fortnights"}"#,
        r#"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3}"#,
    ] {
        let array = format!(r#""name": "a", "type": {{"type": "array", "items": {inside}}}"#);
        let found = violations(&[&record(&[&array])]);
        assert!(
            found.len() == 1 && found[0].starts_with("LOGICAL_TYPE_IGNORED at a[]: "),
            "{inside}: {found:?}"
        );
    }
}

#[test]
fn a_default_is_of_the_unions_first_branch() {
    let union = |default: &str| {
        record(&[&format!(
            r#""name": "a", "type": ["null", "string"], "default": {default}"#
        )])
    };
    assert_eq!(violations(&[&union("null")]), Vec::<String>::new());
    assert!(violations(&[&union(r#""x""#)])[0].starts_with("DEFAULT_MISMATCH at a: "));
}

#[test]
fn a_default_once_given_is_kept() {
    let (seven, none) = (
        r#""name": "a", "type": "int", "default": 7"#,
        r#""name": "a", "type": "int""#,
    );
    assert_eq!(
        field(seven, none),
        ["FIELD_DEFAULT_CHANGED at a: the default of the field a changed from 7 to none (v2 reading v1)"]
    );
    assert_eq!(field(none, seven), Vec::<String>::new(), "old data has a value anyway");
}

#[test]
fn a_default_that_comes_back_changed_two_versions_later_is_found() {
    let (seven, eight) = (
        r#""name": "a", "type": "int", "default": 7"#,
        r#""name": "a", "type": "int", "default": 8"#,
    );
    assert_eq!(
        violations(&[&record(&[seven]), &record(&[]), &record(&[eight])]),
        ["FIELD_DEFAULT_CHANGED at a: the default of the field a changed from 7 to 8 (v3 reading v1)"]
    );
}

#[test]
fn a_rename_is_found_where_defaults_hide_it_from_avro() {
    let old = r#""name": "note", "type": "string", "default": """#;
    let new = r#""name": "remark", "type": "string", "default": "", "aliases": ["note"]"#;
    let prepared = r#""name": "note", "type": "string", "default": "", "aliases": ["remark"]"#;
    let bare = r#""name": "remark", "type": "string", "default": """#;
    for (old, new) in [(old, new), (prepared, bare)] {
        assert_eq!(
            field(old, new),
            [
                "RENAMED at remark: the field remark was note: an alias is needed to read it, and only one of the two has \
              it (v2 reading v1)"
            ]
        );
    }
}

#[test]
fn an_alias_is_not_the_name_of_anything_else() {
    let fields = record(&[
        r#""name": "b", "type": "int""#,
        r#""name": "a", "type": "int", "aliases": ["b"]"#,
    ]);
    assert_eq!(
        violations(&[&fields]),
        ["ALIAS_COLLISION at a: the alias b is the name or an alias of another field of n.R (v1)"]
    );
    let empty =
        |name: &str| format!(r#"{{"type": "record", "name": "{name}", "doc": "d", "aliases": ["C"], "fields": []}}"#);
    let (a, b) = (
        format!(r#""name": "a", "type": {}"#, empty("A")),
        format!(r#""name": "b", "type": {}"#, empty("B")),
    );
    assert_eq!(
        violations(&[&record(&[&a, &b])]),
        ["ALIAS_COLLISION at b: n.C, a name or an alias of the type n.B, is used for two types (v1)"]
    );
}

#[test]
fn records_fields_and_enums_have_docs_that_say_something() {
    let bare = r#"{"type": "record", "name": "R", "fields": [{"name": "e", "doc": " ", "type":
        {"type": "enum", "name": "E", "symbols": ["A"], "default": "A"}}]}"#;
    assert_eq!(
        violations(&[bare]),
        [
            "DOC_MISSING at (schema): the record R has no doc (v1)",
            "DOC_MISSING at e: the field e has no doc (v1)",
            "DOC_MISSING at e: the enum E has no doc (v1)"
        ]
    );
}

#[test]
fn a_branch_of_another_namespace_is_still_the_same_branch() {
    let branch = |namespace: &str| {
        format!(
            r#""name": "a", "type": ["null", {{"type": "record", "name": "B", "namespace": "{namespace}", "doc": "d", "fields": []}}]"#
        )
    };
    assert_eq!(
        field(&branch("x"), &branch("y")),
        ["FULL_NAME_CHANGED at a: the type's full name changed from x.B to y.B (v2 reading v1)"]
    );
}

#[test]
fn types_that_contain_themselves_are_checked_in_finite_time() {
    let list = r#"{"type": "record", "name": "List", "doc": "d", "fields": [
        {"name": "next", "doc": "d", "type": ["null", "List"], "default": null}]}"#;
    assert_eq!(violations(&[list, list]), Vec::<String>::new());
}
