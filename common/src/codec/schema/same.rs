//! Whether two schemas write the same bytes for the same data: what the specification's Parsing Canonical Form compares
//! (Avro 1.12, "Parsing Canonical Form for Schemas"), but for where a type is defined.

use std::collections::HashSet;

use super::{Kind, TypeId, Types, parse};
use crate::schemas::SchemaText;

/// Whether data of both are byte for byte the same, under the same names.
pub fn same_data(one: &SchemaText, other: &SchemaText) -> bool {
    match (parse(one), parse(other)) {
        (Ok(one), Ok(other)) => same(&one, &other),
        _ => false,
    }
}

fn same(one: &Types, other: &Types) -> bool {
    // What is left to compare, instead of a recursion: a schema may be as deep as it has types.
    let mut left = vec![(one.root(), other.root())];
    let mut seen: HashSet<(TypeId, TypeId)> = left.iter().copied().collect();
    while let Some((a, b)) = left.pop() {
        let (a, b) = (one.get(a), other.get(b));
        if a.name.as_ref().map(super::Name::full) != b.name.as_ref().map(super::Name::full) {
            return false;
        }
        let mut parts = |pairs: &mut dyn Iterator<Item = (TypeId, TypeId)>| {
            left.extend(pairs.filter(|pair| seen.insert(*pair)));
        };
        let equal = match (&a.kind, &b.kind) {
            (Kind::Fixed(a), Kind::Fixed(b)) => a == b,
            (Kind::Enum { symbols: a, .. }, Kind::Enum { symbols: b, .. }) => a == b,
            (Kind::Array(a), Kind::Array(b)) | (Kind::Map(a), Kind::Map(b)) => {
                parts(&mut std::iter::once((*a, *b)));
                true
            }
            (Kind::Union(a), Kind::Union(b)) => {
                parts(&mut a.iter().copied().zip(b.iter().copied()));
                a.len() == b.len()
            }
            (Kind::Record(a), Kind::Record(b)) => {
                parts(&mut a.iter().zip(b).map(|(a, b)| (a.of, b.of)));
                a.iter().map(|field| &field.name).eq(b.iter().map(|field| &field.name))
            }
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        if !equal {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_same(one: &str, other: &str) -> bool {
        same_data(&SchemaText::avro(one), &SchemaText::avro(other))
    }

    const NODE: &str = r#"{"type":"record","name":"n.Node","fields":[
        {"name":"value","type":"int"}, {"name":"next","type":["null","Node"]}]}"#;

    #[test]
    fn what_does_not_change_the_bytes_does_not_count() {
        let dressed = r#"{"name":"Node","namespace":"n","doc":"a list","aliases":["Old"],"type":"record","fields":[
            {"name":"value","type":{"type":"int","logicalType":"date"},"default":1},
            {"name":"next","type":["null","n.Node"],"default":null}]}"#;
        assert!(are_same(NODE, dressed));
    }

    #[test]
    fn names_types_and_order_count() {
        for (from, to) in [
            ("n.Node", "m.Node"),
            ("value", "val"),
            (r#""int""#, r#""long""#),
            (r#"["null","Node"]"#, r#"["Node","null"]"#),
            (r#"["null","Node"]"#, r#"["null"]"#),
            (r#""int""#, r#"{"type":"array","items":"int"}"#),
        ] {
            assert!(!are_same(NODE, &NODE.replacen(from, to, 1)), "{from} and {to}");
        }
        let symbols = |symbols| format!(r#"{{"type":"enum","name":"E","symbols":[{symbols}]}}"#);
        assert!(!are_same(&symbols(r#""A","B""#), &symbols(r#""B","A""#)));
        assert!(!are_same("1", "1"), "what cannot be parsed is the same as nothing");
    }

    #[test]
    fn it_does_not_matter_where_a_type_is_defined() {
        let referring = SchemaText {
            references: vec![r#"{"type":"fixed","name":"F","size":2}"#.to_owned()],
            ..SchemaText::avro(r#"{"type":"array","items":"F"}"#)
        };
        let whole = r#"{"type":"array","items":{"type":"fixed","name":"F","size":2}}"#;
        assert!(same_data(&referring, &SchemaText::avro(whole)));
    }
}
