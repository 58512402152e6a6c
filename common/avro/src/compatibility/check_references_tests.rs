//! Named types that are used several times: inside themselves, inside one another, or very often.

use super::{check, parsed, reasons, record};

#[test]
fn a_type_is_the_same_where_it_is_defined_and_where_it_is_used_again() {
    let x = |kind: &str| format!(r#"{{"type": "record", "name": "X", "fields": [{{"name": "n", "type": "{kind}"}}]}}"#);
    let first = |kind| {
        record(&format!(
            r#"{{"name": "a", "type": {}}}, {{"name": "b", "type": "X"}}"#,
            x(kind)
        ))
    };
    let second = |kind| {
        record(&format!(
            r#"{{"name": "b", "type": {}}}, {{"name": "a", "type": "X"}}"#,
            x(kind)
        ))
    };
    assert!(reasons(&first("int"), &second("long")).is_empty());
    assert_eq!(
        reasons(&first("long"), &second("int")),
        ["TYPE_MISMATCH at b.n: a reader's int cannot read a writer's long"]
    );
}

#[test]
fn types_that_contain_themselves_are_compared_in_finite_time() {
    let list = |kind: &str| {
        parsed(&format!(
            r#"{{"type": "record", "name": "List", "fields": [{{"name": "head", "type": "{kind}"}},
                {{"name": "tail", "type": ["null", "List"]}}]}}"#
        ))
    };
    assert!(reasons(&list("int"), &list("long")).is_empty());
    assert!(reasons(&list("long"), &list("int"))[0].contains("head"));
}

#[test]
fn a_chain_of_types_longer_than_the_limit_is_refused_instead_of_followed() {
    let mut chain = r#"{"name": "f0", "type": {"type": "record", "name": "T0", "fields": []}}"#.to_owned();
    for n in 1..2_000 {
        let earlier = n - 1;
        chain += &format!(
            r#", {{"name": "f{n}", "type": {{"type": "record", "name": "T{n}", "fields": [{{"name": "t", "type": "T{earlier}"}}]}}}}"#
        );
    }
    // Each side defines the chain in a field that the other does not have, so that it is met from its far end.
    let schema = |own: &str| {
        record(&format!(
            r#"{{"name": "{own}", "type": ["null", {{"type": "record", "name": "All", "fields": [{chain}]}}], "default": null}},
                {{"name": "last", "type": "T1999"}}"#
        ))
    };
    let reasons = reasons(&schema("written"), &schema("read"));
    assert!(
        reasons.len() == 1 && reasons[0].ends_with("types nested more than 200 deep"),
        "{reasons:?}"
    );
}

#[test]
fn types_that_contain_one_another_do_not_vouch_for_one_another() {
    // The union's first A is not readable, its second one is. Found on the way, B is readable only if the first A is;
    // the field after the union asks for that B again. A reason has the path where it was first found.
    let schema = |first: &str| {
        let a = |namespace: &str, n: &str| {
            format!(
                r#"{{"type": "record", "name": "A", "namespace": "{namespace}", "fields": [
                    {{"name": "b", "type": ["null", {{"type": "record", "name": "B", "fields": [
                        {{"name": "a", "type": "A"}}]}}]}}, {{"name": "n", "type": "{n}"}}]}}"#
            )
        };
        record(&format!(
            r#"{{"name": "u", "type": [{}, {}]}}, {{"name": "b", "type": "x.B"}}"#,
            a("x", first),
            a("y", "int")
        ))
    };
    let (writer, reader) = (schema("int"), schema("string"));
    assert_eq!(
        reasons(&writer, &reader),
        ["TYPE_MISMATCH at u.n: a reader's string cannot read a writer's int"]
    );
}

#[test]
fn ten_thousand_fields_are_compared_quickly() {
    let fields = |prefix: &str, kind: &str| {
        let fields: Vec<String> = (0..10_000)
            .map(|n| format!(r#"{{"name": "{prefix}{n}", "type": "{kind}", "aliases": ["{prefix}_{n}"]}}"#))
            .collect();
        record(&fields.join(","))
    };
    let (a, b) = (fields("f", "int"), fields("g", "int"));
    let started = std::time::Instant::now();
    assert!(check(&a, &fields("f", "long")).is_empty());
    assert_eq!(check(&a, &b).len(), 20, "no more reasons than the limit");
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
