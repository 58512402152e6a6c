//! Fields of any type that the reader lacks are skipped exactly, whatever they hold.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::avro::{Typed, block, field_of, long, record_of, sized, typed};
use crate::bombs::with_dropped;
use crate::events::sample;
use crate::targets::read_written;

/// A type.
#[derive(Clone, Debug)]
enum Tree {
    Primitive(usize),
    Fixed(u8),
    Enum(u8),
    Array(Box<Tree>),
    Map(Box<Tree>),
    Nullable(Box<Tree>),
    Record(Vec<Tree>),
}

const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (0..PRIMITIVES.len()).prop_map(Tree::Primitive),
        (0..9_u8).prop_map(Tree::Fixed),
        (1..4_u8).prop_map(Tree::Enum),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(Tree::Array),
            boxed.clone().prop_map(Tree::Map),
            boxed.prop_map(Tree::Nullable),
            vec(inner, 0..4).prop_map(Tree::Record),
        ]
    })
}

/// The JSON of a type. Types of one name are defined once, so each has its own.
fn json(tree: &Tree, names: &mut u32) -> String {
    *names += 1;
    let name = format!("T{names}");
    match tree {
        Tree::Primitive(n) => format!("\"{}\"", PRIMITIVES[*n]),
        Tree::Fixed(size) => format!(r#"{{"type":"fixed","name":"{name}","size":{size}}}"#),
        Tree::Enum(count) => {
            let symbols: Vec<String> = (0..*count).map(|n| format!("\"S{n}\"")).collect();
            format!(r#"{{"type":"enum","name":"{name}","symbols":[{}]}}"#, symbols.join(","))
        }
        Tree::Array(items) => format!(r#"{{"type":"array","items":{}}}"#, json(items, names)),
        Tree::Map(values) => format!(r#"{{"type":"map","values":{}}}"#, json(values, names)),
        // Null must not be a branch twice, and a union must not be a branch of a union.
        Tree::Nullable(branch) => match **branch {
            Tree::Nullable(_) | Tree::Primitive(0) => json(branch, names),
            _ => format!(r#"["null",{}]"#, json(branch, names)),
        },
        Tree::Record(fields) => {
            let field = |(n, field)| field_of(&format!("f{n}"), &json(field, names));
            let fields: Vec<String> = fields.iter().enumerate().map(field).collect();
            record_of(&name, &fields)
        }
    }
}

/// Any value of a type, made of those bytes and then of zeros.
fn value(tree: &Tree, bytes: &mut std::vec::IntoIter<u8>) -> Vec<u8> {
    let byte = bytes.next().unwrap_or(0);
    let mut entries = |keys: bool, of: &Tree| {
        let mut blocks = Vec::new();
        for _ in 0..byte % 3 {
            let one = if keys { sized(b"k") } else { Vec::new() };
            let entry = [one, value(of, bytes)].concat();
            let size = long(i64::try_from(entry.len()).expect("a size"));
            // One block says its size, the next does not.
            blocks.push(if byte.is_multiple_of(2) {
                block(1, &entry)
            } else {
                [long(-1), size, entry].concat()
            });
        }
        [blocks.concat(), long(0)].concat()
    };
    match tree {
        Tree::Primitive(0) => Vec::new(),
        Tree::Primitive(1) => vec![byte % 2],
        Tree::Primitive(2) => long(i64::from(i32::MIN) + i64::from(byte)),
        Tree::Primitive(3) => long(i64::MAX - i64::from(byte)),
        Tree::Primitive(4) => vec![byte; 4],
        Tree::Primitive(5) => vec![byte; 8],
        Tree::Primitive(_) => sized(&vec![byte; usize::from(byte)]),
        Tree::Fixed(size) => vec![byte; usize::from(*size)],
        Tree::Enum(count) => long((byte % count).into()),
        Tree::Array(items) => entries(false, items),
        Tree::Map(values) => entries(true, values),
        Tree::Nullable(branch) => match **branch {
            Tree::Nullable(_) | Tree::Primitive(0) => value(branch, bytes),
            _ if byte.is_multiple_of(2) => long(0),
            _ => [long(1), value(branch, bytes)].concat(),
        },
        Tree::Record(fields) => fields.iter().flat_map(|field| value(field, bytes)).collect(),
    }
}

fn any_typed() -> impl Strategy<Value = Typed> {
    (tree(), vec(any::<u8>(), 0..40))
        .prop_map(|(tree, bytes)| typed(json(&tree, &mut 0), value(&tree, &mut bytes.into_iter())))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_field_of_any_type_is_skipped_exactly(field in any_typed(), cut in any::<prop::sample::Index>()) {
        let mut written = with_dropped(field);
        prop_assert_eq!(read_written(&written), Ok(sample()), "{}", written.of);
        written.bytes.truncate(cut.index(written.bytes.len()));
        prop_assert!(read_written(&written).is_err(), "{}", written.of);
    }
}
