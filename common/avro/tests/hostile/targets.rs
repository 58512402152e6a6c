//! What must hold for any bytes: the bodies of the fuzz targets, which the property tests and the corpus run too.

use std::sync::LazyLock;

use apache_avro::reader::datum::GenericDatumReader;
use orderlog_avro::{Resolution, SchemaText};

use crate::avro::Typed;
use crate::events::{event_with, sample};
use crate::order_event::{Fault, OrderEvent, Stage, Writer};
use crate::writers::{WRITERS, Write};

/// Longest message, in bytes: errors go into record headers and logs.
const MAX_MESSAGE_BYTES: usize = 1024;

static SCHEMAS: LazyLock<Vec<Writer>> = LazyLock::new(|| {
    let schema = |write: &Write| Writer::of(&SchemaText::avro(write(&sample()).of));
    WRITERS.iter().map(schema).collect()
});

/// Fuzz target: the first byte selects a writer's schema, the rest is a datum.
pub fn read_datum(input: &[u8]) {
    if let Some((writer, datum)) = input.split_first() {
        let _ = read_from(usize::from(*writer), datum);
    }
}

/// Fuzz target: the texts of schemas, each but the last referred to by those after it and ended by a byte 1; then a byte 0 and
/// a datum.
pub fn resolve_and_read(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let texts = parts.next().unwrap_or_default();
    let datum = parts.next().unwrap_or_default();
    let texts = texts
        .split(|byte| *byte == 1)
        .map(|text| String::from_utf8_lossy(text).into_owned());
    let mut references: Vec<String> = texts.collect();
    let schema = SchemaText::avro(references.pop().unwrap_or_default()).referring_to(references);
    let writer = Writer::of(&schema);
    let dropped = writer.0.as_ref().map_or(&[][..], Resolution::dropped_fields);
    assert!(!dropped.iter().any(|path| path.contains(char::is_control)));
    let mut commented = schema.clone();
    commented.text.push(' ');
    assert!(writer.0.is_err() || schema.writes_the_same_as(&commented));
    let _ = check(&writer, datum);
}

/// Reads a datum of that writer, and checks all that must hold.
pub fn read_from(writer: usize, datum: &[u8]) -> Result<OrderEvent, Fault> {
    let read = check(&SCHEMAS[writer % SCHEMAS.len()], datum);
    if let (true, Ok(event)) = (writer.is_multiple_of(SCHEMAS.len()), &read) {
        let theirs = by_apache_avro(datum);
        assert_eq!(theirs.as_ref(), Some(event), "apache-avro reads another event");
    }
    read
}

/// Reads a datum of that schema, and checks all that must hold.
pub fn read_written(written: &Typed) -> Result<OrderEvent, Fault> {
    check(&Writer::of(&SchemaText::avro(&*written.of)), &written.bytes)
}

fn check(writer: &Writer, datum: &[u8]) -> Result<OrderEvent, Fault> {
    let read = writer.read(datum);
    match &read {
        Ok(event) => {
            let written_again = event_with(event, |_| {}).bytes;
            let again = SCHEMAS[0].read(&written_again);
            assert_eq!(again.as_ref(), Ok(event), "written again it is another event");
        }
        Err(fault) => {
            let stage = if writer.0.is_ok() { Stage::Datum } else { Stage::Schema };
            assert_eq!(fault.stage, stage);
            assert!(fault.text.len() <= MAX_MESSAGE_BYTES, "{fault}");
            assert!(!fault.text.contains(char::is_control), "{fault:?}");
        }
    }
    read
}

/// What apache-avro reads from a datum of the first writer, if it reads every byte.
fn by_apache_avro(mut datum: &[u8]) -> Option<OrderEvent> {
    static SCHEMA: LazyLock<apache_avro::Schema> =
        LazyLock::new(|| apache_avro::Schema::parse_str(&WRITERS[0](&sample()).of).expect("a schema"));
    static READER: LazyLock<GenericDatumReader<'static>> = LazyLock::new(|| {
        let builder = GenericDatumReader::builder(&SCHEMA);
        builder.human_readable(true).build().expect("a reader")
    });
    let event = READER.read_deser(&mut datum).ok()?;
    datum.is_empty().then_some(event)
}
