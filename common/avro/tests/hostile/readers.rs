//! Data read as types other than order events: their expansion is bounded too, and nothing is read partially.

use orderlog_avro::{ReadErrorKind, Resolution, ResolveError, Schema, SchemaText};
use serde::Deserialize;

use crate::avro::{array_of, block, field_of, long, record_of};

fn schema(text: &str) -> Schema {
    Schema::parse_lenient(&SchemaText::avro(text)).expect("a schema")
}

fn resolved(writer: &str, reader: &str) -> Result<Resolution, ResolveError> {
    Resolution::new(&schema(writer), &schema(reader))
}

#[derive(Debug, Deserialize, PartialEq)]
struct Entry {
    text: String,
}

#[test]
fn entries_without_bytes_expand_to_a_bounded_number_of_defaults() {
    let empty = record_of("Entry", &[]);
    let text = r#"{"name":"text","type":"string","default":"twelve bytes"}"#.to_owned();
    let full = record_of("Entry", &[text]);
    let resolution = resolved(&array_of(&empty), &array_of(&full)).expect("resolves");
    let read = |count: i64| {
        resolution
            .read::<Vec<Entry>>(&[long(count), long(0)].concat())
            .map(|all| all.len())
    };
    assert_eq!(read(8_192), Ok(8_192));
    for count in [8_193, 1 << 40, 1 << 62, i64::MAX] {
        let error = read(count).expect_err("too many");
        assert_eq!(error.kind(), ReadErrorKind::TooManyEntries, "{error}");
        assert!(
            error.to_string().contains("more than 8192 array and map entries"),
            "{error}"
        );
    }
    // Splitting them into many blocks does not help.
    let blocks = [block(8_000, &[]), block(8_000, &[]), long(0)].concat();
    assert!(resolution.read::<Vec<Entry>>(&blocks).is_err());
}

#[test]
fn a_map_of_the_largest_fixed_values_is_not_read_as_one_of_nothings() {
    let fixed = r#"{"type":"fixed","name":"Huge","size":2147483639}"#;
    let map = format!(r#"{{"type":"map","values":{fixed}}}"#);
    let nullable = format!(r#"{{"type":"map","values":["null",{fixed}]}}"#);
    for reader in [&map, &nullable] {
        let resolution = resolved(&map, reader).expect("resolves");
        let read = resolution.read::<std::collections::HashMap<String, Option<Vec<u8>>>>(&[2, 0]);
        assert!(read.is_err(), "{read:?}");
    }
}

#[test]
fn a_list_that_is_longer_than_its_type_is_not_half_read() {
    let pair = record_of(
        "Pair",
        &[field_of("both", &array_of(r#""int""#)), field_of("after", r#""int""#)],
    );
    #[derive(Debug, Deserialize, PartialEq)]
    struct Pair {
        both: (i32, i32),
        after: i32,
    }
    let resolution = resolved(&pair, &pair).expect("resolves");
    let read = |bytes: &[u8]| resolution.read::<Pair>(bytes);
    let pair = Pair { both: (1, 2), after: 3 };
    assert_eq!(read(&[4, 2, 4, 0, 6]), Ok(pair));
    assert!(read(&[2, 2, 0, 6]).is_err(), "an entry too few");
    assert!(read(&[6, 2, 4, 8, 0, 6]).is_err(), "an entry too many");
    // As two entries, the third would be the end of the list, and the end the number after it.
    assert!(read(&[4, 2, 4, 2, 0]).is_err());
}

#[derive(Debug, Deserialize, PartialEq)]
struct Node {
    value: i32,
    next: Option<Box<Node>>,
}

const NODE: &str = r#"{"type":"record","name":"Node","fields":[
    {"name":"value","type":"int"}, {"name":"next","type":["null","Node"],"default":null}]}"#;

#[test]
fn a_reader_that_contains_itself_reads_a_writer_that_does_not() {
    let writer = record_of("Node", &[field_of("value", r#""int""#)]);
    let read = resolved(&writer, NODE).expect("resolves").read::<Node>(&[2]);
    assert_eq!(read, Ok(Node { value: 1, next: None }));
}

#[test]
fn types_that_contain_themselves_are_read_up_to_the_maximum_depth() {
    let resolution = resolved(NODE, NODE).expect("resolves");
    let list = |length: usize| [[2, 2].repeat(length - 1), vec![2, 0]].concat();
    let length = |read: Node| std::iter::successors(Some(&read), |node| node.next.as_deref()).count();
    // The last node's value is nested too.
    assert_eq!(resolution.read(&list(128)).map(length), Ok(128));
    let error = resolution.read::<Node>(&list(129)).expect_err("too deep");
    assert_eq!(error.kind(), ReadErrorKind::TooDeep, "{error}");
    assert!(
        error.to_string().contains("values nested more than 128 deep"),
        "{error}"
    );
    assert!(resolution.read::<Node>(&vec![2; 1_000_000]).is_err());
}

#[test]
fn a_recursive_value_that_cannot_be_read_is_an_error_when_it_is_met() {
    let with = |of: &str| NODE.replace(r#"["null","Node"]"#, of).replace(r#","default":null"#, "");
    let resolution = resolved(&with(r#"["null","string","Node"]"#), &with(r#"["null","Node"]"#)).expect("resolves");
    assert!(resolution.read::<Node>(&[2, 4, 2, 0]).is_ok());
    assert!(resolution.read::<Node>(&[2, 4, 2, 2, 0]).is_err());
}

#[test]
fn nullable_types_64_deep_are_resolved_on_half_of_a_threads_stack() {
    let nested = (0..31).fold(r#"["null","int"]"#.to_owned(), |of, _| {
        format!(r#"["null",{}]"#, array_of(&of))
    });
    let half = std::thread::Builder::new().stack_size(1024 * 1024);
    let resolve = move || resolved(&nested, &nested).map(drop);
    let resolved = half.spawn(resolve).expect("a thread").join().expect("no overflow");
    assert_eq!(resolved, Ok(()));
}
