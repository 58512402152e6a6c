//! What must hold for any bytes: the bodies of the fuzz targets, run over their corpus and by the property tests as well.

use std::sync::LazyLock;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use orderlog_avro::SchemaText;
use orderlog_contract::decode::{WriterSchema, decode};
use orderlog_contract::encode::record_value;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::rejection::{Code, MAX_REASON_BYTES, Rejection};
use orderlog_contract::{frame, lineage};

use crate::avro::Typed;
use crate::events::sample;
use crate::writers::WRITERS;

static SCHEMAS: LazyLock<Vec<WriterSchema>> = LazyLock::new(|| {
    let schema = |write: &crate::writers::Write| WriterSchema::of(&SchemaText::avro(write(&sample()).of));
    WRITERS.iter().map(schema).collect()
});

/// Our newest schema.
static NEWEST: LazyLock<WriterSchema> = LazyLock::new(|| WriterSchema::of(&lineage::newest_text()));

/// The schema of that writer.
pub fn schema(writer: usize) -> &'static WriterSchema {
    &SCHEMAS[writer % SCHEMAS.len()]
}

/// Fuzz target: the first byte names a writer's schema, the rest is a record's value.
pub fn decode_value(input: &[u8]) {
    let Some((writer, value)) = input.split_first() else {
        return;
    };
    match frame::split(value) {
        Ok((_, datum)) => drop(decoded(usize::from(*writer), datum)),
        Err(fault) => assert_eq!(fault.code, Code::NotFramed),
    }
}

/// Fuzz target: schemas' texts, each but the last referred to by those behind it and ended by a byte 1, then a byte 0 and
/// a datum.
pub fn resolve_and_decode(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let texts = parts.next().unwrap_or_default();
    let datum = parts.next().unwrap_or_default();
    let texts = texts
        .split(|byte| *byte == 1)
        .map(|text| String::from_utf8_lossy(text).into_owned());
    let mut references: Vec<String> = texts.collect();
    let text = references.pop().unwrap_or_default();
    let schema = SchemaText {
        references,
        ..SchemaText::avro(text)
    };
    let writer = WriterSchema::of(&schema);
    if let WriterSchema::Wrong(reason) = &writer {
        assert_ne!(reason, "the schema cannot be resolved");
    }
    assert!(
        !writer
            .order_fields_dropped()
            .any(|path| path.contains(char::is_control))
    );
    let mut commented = schema.clone();
    commented.text.push(' ');
    assert!(matches!(writer, WriterSchema::Wrong(_)) || schema.writes_the_same_as(&commented));
    let _ = check(&writer, datum);
}

/// Decodes a datum of that writer, and checks all that must hold.
pub fn decoded(writer: usize, datum: &[u8]) -> Result<OrderEvent, Rejection> {
    let decoded = check(schema(writer), datum);
    if let (true, Ok(event)) = (writer.is_multiple_of(SCHEMAS.len()), &decoded) {
        assert_eq!(
            by_the_library(datum).as_ref(),
            Some(event),
            "apache-avro reads another event"
        );
    }
    decoded
}

/// Decodes a datum of that schema, and checks all that must hold.
pub fn decode_written(written: &Typed) -> Result<OrderEvent, Rejection> {
    check(&WriterSchema::of(&SchemaText::avro(&*written.of)), &written.bytes)
}

fn check(writer: &WriterSchema, datum: &[u8]) -> Result<OrderEvent, Rejection> {
    let decoded = decode(writer, datum);
    match &decoded {
        Ok(event) => {
            let again = record_value(7, event).expect("encodes");
            let (_, again) = frame::split(&again).expect("a frame");
            assert_eq!(
                decode(&NEWEST, again).as_ref(),
                Ok(event),
                "written again it is another event"
            );
        }
        Err(fault) => {
            let wrong = matches!(writer, WriterSchema::Wrong(_));
            assert_eq!(fault.code, if wrong { Code::WrongSchema } else { Code::Undecodable });
            assert!(fault.reason.len() <= MAX_REASON_BYTES, "{fault}");
            assert!(!fault.reason.contains(char::is_control), "{fault:?}");
            assert_ne!(fault.reason, "the decoder panicked");
        }
    }
    decoded
}

/// What apache-avro's own reader says of a datum of the first writer, when it takes every byte.
fn by_the_library(mut datum: &[u8]) -> Option<OrderEvent> {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::parse_str(&WRITERS[0](&sample()).of).expect("a schema"));
    static READER: LazyLock<GenericDatumReader<'static>> = LazyLock::new(|| {
        let builder = GenericDatumReader::builder(&SCHEMA);
        builder.human_readable(true).build().expect("a reader")
    });
    let event = READER.read_deser(&mut datum).ok()?;
    datum.is_empty().then_some(event)
}
