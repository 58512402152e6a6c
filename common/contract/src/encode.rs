//! Events to bytes, with the newest schema and a writer that is built once.

use std::sync::LazyLock;

use apache_avro::Schema;
use apache_avro::writer::datum::GenericDatumWriter;
use orderlog_avro::plain_json;
use serde_json::Value as Json;

use super::frame;
use crate::event::OrderEvent;
use crate::lineage;

/// The newest schema without what apache-avro does not need for writing.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let text = plain_json(&lineage::newest_text().text);
    let mut json = serde_json::from_str(&text).expect("a compiled-in schema is JSON: the build script checks");
    remove_defaults(&mut json);
    Schema::parse(&json).expect("a compiled-in schema parses: a test proves it")
});

static WRITER: LazyLock<GenericDatumWriter<'static>> = LazyLock::new(|| {
    // human_readable: a UUID is written as text, as its logical type on a string requires.
    GenericDatumWriter::builder(&SCHEMA)
        .human_readable(true)
        .build()
        .expect("a compiled-in schema resolves")
});

/// An event does not fit the newest schema.
#[derive(Debug, thiserror::Error)]
#[error("the event does not fit the newest schema")]
pub struct EncodeError(#[from] Box<apache_avro::Error>);

/// An event as a record's value: the frame with the id under which the newest schema is registered, then the datum.
///
/// # Errors
/// The event does not fit the schema, which types and tests rule out.
pub fn record_value(schema_id: u32, event: &OrderEvent) -> Result<Vec<u8>, EncodeError> {
    let mut value = Vec::with_capacity(256);
    value.extend_from_slice(&frame::header(schema_id));
    WRITER.write_ser(&mut value, event).map_err(Box::new)?;
    Ok(value)
}

/// Removes the defaults of fields: the struct has a value for each field, and apache-avro refuses some that Avro allows.
fn remove_defaults(schema: &mut Json) {
    match schema {
        Json::Array(branches) => branches.iter_mut().for_each(remove_defaults),
        Json::Object(definition) => {
            for part in ["type", "items", "values"] {
                definition.get_mut(part).map(remove_defaults);
            }
            for field in definition
                .get_mut("fields")
                .and_then(Json::as_array_mut)
                .into_iter()
                .flatten()
            {
                if let Some(field) = field.as_object_mut() {
                    field.remove("default");
                    field.get_mut("type").map(remove_defaults);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_default_that_apache_avro_refuses_does_not_prevent_writing() {
        let field = json!({"name": "a", "type": {"type": "string", "logicalType": "uuid"}, "default": ""});
        let inner = json!({"type": "array", "items": {"type": "record", "name": "S", "fields": [field]}});
        let mut schema =
            json!({"type": "record", "name": "R", "fields": [{"name": "s", "type": inner, "default": []}]});
        assert!(Schema::parse(&schema).is_err(), "otherwise this test proves nothing");
        remove_defaults(&mut schema);
        assert!(Schema::parse(&schema).is_ok());
    }
}
