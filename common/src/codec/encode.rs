//! Events to bytes, with the newest schema and a writer that is built once.

use std::sync::LazyLock;

use apache_avro::writer::datum::GenericDatumWriter;

use super::frame;
use crate::event::OrderEvent;
use crate::schemas;

static WRITER: LazyLock<GenericDatumWriter<'static>> = LazyLock::new(|| {
    // human_readable: a uuid is written as text, as its logical type on a string wants it.
    GenericDatumWriter::builder(schemas::newest())
        .human_readable(true)
        .build()
        .expect("a compiled-in schema resolves")
});

/// An event as a record's value: the frame with the id under which the newest schema is registered, then the datum.
///
/// # Errors
/// When the event does not fit the schema, which types and tests rule out.
pub fn record_value(schema_id: u32, event: &OrderEvent) -> Result<Vec<u8>, apache_avro::Error> {
    let mut value = Vec::with_capacity(256);
    value.extend_from_slice(&frame::header(schema_id));
    WRITER.write_ser(&mut value, event)?;
    Ok(value)
}
