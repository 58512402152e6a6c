use super::*;
use crate::input::MAX_DEPTH;
use crate::schema::SchemaText;

/// Skips a value of this type, and returns how many bytes are left.
fn skipped(schema: &str, bytes: &[u8]) -> Result<usize, ReadErrorKind> {
    let schema = Schema::parse_lenient(&SchemaText::avro(schema)).expect("a schema");
    let mut maker = ShapeBuilder::new(&schema);
    let root = maker.of(schema.root());
    let mut input = Input::new(bytes);
    maker.shapes.skip(root, &mut input).map(|()| input.remaining())
}

const LIST: &str = r#"{"type":"record","name":"Node","fields":[
    {"name":"value","type":"int"}, {"name":"next","type":["null","Node"]}]}"#;
const TREE: &str = r#"{"type":"record","name":"Tree","fields":[
    {"name":"name","type":"string"}, {"name":"children","type":{"type":"array","items":"Tree"}}]}"#;

#[test]
fn a_list_of_any_length_is_skipped() {
    let list = [[2, 2].repeat(100_000), vec![2, 0, 7]].concat();
    assert_eq!(skipped(LIST, &list), Ok(1));
    assert_eq!(
        skipped(LIST, &list[..list.len() - 2]),
        Err(ReadErrorKind::UnexpectedEnd)
    );
}

#[test]
fn a_tree_is_skipped_up_to_the_maximum_depth() {
    // No name, one child, and after it no other.
    let tree = |deep: usize| [[0, 2].repeat(deep), vec![0], vec![0; deep + 1]].concat();
    // The name is nested too.
    assert_eq!(skipped(TREE, &tree(MAX_DEPTH - 1)), Ok(0));
    assert_eq!(skipped(TREE, &tree(MAX_DEPTH)), Err(ReadErrorKind::TooDeep));
}

#[test]
fn types_that_contain_one_another_are_skipped_from_either() {
    let b = r#"{"type":"record","name":"B","fields":[{"name":"a","type":["null","A"]}]}"#;
    let a = format!(r#"{{"type":"record","name":"A","fields":[{{"name":"b","type":{b}}}]}}"#);
    // Each is its only field, so an A is the union in B.
    assert_eq!(skipped(&a, &[2, 2, 2, 0]), Ok(0));
    let both = format!(
        r#"{{"type":"record","name":"R","fields":[{{"name":"as","type":{{"type":"array","items":{a}}}}},
            {{"name":"bs","type":{{"type":"map","values":"B"}}}}]}}"#
    );
    assert_eq!(skipped(&both, &[4, 0, 2, 0, 0, 2, 0, 2, 0, 0]), Ok(0));
}

#[test]
fn a_record_that_never_ends_has_no_value() {
    for fields in [
        r#"{"name":"r","type":"R"}"#,
        r#"{"name":"r","type":"R"},{"name":"n","type":"int"}"#,
        r#"{"name":"n","type":"int"},{"name":"r","type":"R"}"#,
        r#"{"name":"s","type":{"type":"record","name":"S","fields":[{"name":"r","type":"R"}]}}"#,
    ] {
        let schema = format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#);
        assert!(skipped(&schema, &[0; 1_000]).is_err(), "{fields}");
    }
}

#[test]
fn a_chain_of_ten_thousand_types_takes_no_stack() {
    let chain: Vec<String> = (0..10_000)
        .map(|n| {
            let of = if n == 0 {
                "\"boolean\"".to_owned()
            } else {
                format!("\"R{}\"", n - 1)
            };
            format!(r#"{{"type":"record","name":"R{n}","fields":[{{"name":"a","type":{of}}}]}}"#)
        })
        .collect();
    let schema = SchemaText {
        references: chain,
        ..SchemaText::avro(r#"{"type":"array","items":"R9999"}"#)
    };
    let schema = Schema::parse_lenient(&schema).expect("a schema");
    let mut maker = ShapeBuilder::new(&schema);
    let root = maker.of(schema.root());
    let mut input = Input::new(&[4, 1, 0, 0]);
    assert_eq!(maker.shapes.skip(root, &mut input), Ok(()));
    assert_eq!(input.remaining(), 0);
}
