//! Whether two schemas write the same bytes for the same data: what the specification's Parsing Canonical Form compares
//! (Avro 1.12, "Parsing Canonical Form for Schemas"), except for where a type is defined.

use std::collections::HashSet;

use super::{Kind, Type, TypeId};

/// Whether two types, each from its list, are the same.
pub(super) fn same((one, a): (&[Type], TypeId), (other, b): (&[Type], TypeId)) -> bool {
    let is_one_list = std::ptr::eq(one, other);
    // Without recursion: types can be nested deeper than the stack allows.
    let mut left = vec![(a, b)];
    let mut seen: HashSet<(TypeId, TypeId)> = left.iter().copied().collect();
    while let Some((a, b)) = left.pop() {
        if is_one_list && a == b {
            continue;
        }
        let (a, b) = (&one[a.0], &other[b.0]);
        if a.full_name() != b.full_name() {
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
            (Kind::Record(a_fields), Kind::Record(b_fields)) => {
                parts(&mut a_fields.iter().zip(b_fields).map(|(a, b)| (a.type_id, b.type_id)));
                let (a_names, b_names) = (a_fields.iter().map(|it| &it.name), b_fields.iter().map(|it| &it.name));
                // A record without a name is the placeholder of a type that is not defined yet.
                a.name.is_some() && a_names.eq(b_names)
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
    use crate::schema::{Schema, SchemaText};

    fn are_same(one: &str, other: &str) -> bool {
        let schema = |text| Schema::parse_lenient(&SchemaText::avro(text)).expect("a schema");
        schema(one).writes_the_same_as(&schema(other))
    }

    const NODE: &str = r#"{"type":"record","name":"n.Node","fields":[
        {"name":"value","type":"int"}, {"name":"next","type":["null","Node"]}]}"#;

    #[test]
    fn attributes_that_do_not_change_the_bytes_are_ignored() {
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
        let invalid = |text| SchemaText::avro(text);
        assert!(
            !invalid("1").writes_the_same_as(&invalid("1 ")),
            "text that is not a schema equals no other"
        );
    }

    #[test]
    fn it_does_not_matter_where_a_type_is_defined() {
        let referring = SchemaText::avro(r#"{"type":"array","items":"F"}"#)
            .referring_to([r#"{"type":"fixed","name":"F","size":2}"#]);
        let whole = r#"{"type":"array","items":{"type":"fixed","name":"F","size":2}}"#;
        assert!(referring.writes_the_same_as(&SchemaText::avro(whole)));
    }
}
