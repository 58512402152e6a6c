//! A writer's schema and a reader's, worked out once, to read any number of data with.

use std::collections::HashMap;
use std::panic::catch_unwind;

use apache_avro::Schema;
use apache_avro::schema::Name;
use serde::Deserialize;

use super::fault::Located;
use super::input::Input;
use super::kind::{Kind, kind};
use super::plan::{PlanId, Plans};
use super::read::Reader;
use super::resolve::resolve;
use crate::schemas::SchemaText;

/// Longest schema that is parsed, in bytes, with all that it refers to.
pub const MAX_SCHEMA_BYTES: usize = 1024 * 1024;

/// How data of one schema are read as data of another, by Avro's rules of schema resolution
/// ([specification](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution)), and stricter: a logical type
/// is not read as another one.
#[derive(Debug)]
pub struct Resolution {
    plans: Plans,
    root: PlanId,
    dropped: Vec<String>,
}

impl Resolution {
    /// Resolves a writer's schema, as a registry gave it, against a reader's, which is complete in itself. It may take as
    /// long as the schema is: make it once and keep it.
    ///
    /// # Errors
    /// Why no datum of the writer's can be read as one of the reader's; a short sentence.
    pub fn of(writer: &SchemaText, reader: &Schema) -> Result<Self, String> {
        let (writer, referenced) = parse(writer)?;
        let written = definitions(std::iter::once(&writer).chain(&referenced));
        let read = definitions(std::iter::once(reader));
        let resolved = resolve((&writer, &written), (reader, &read))?;
        Ok(Self {
            plans: resolved.plans,
            root: resolved.root,
            dropped: resolved.dropped,
        })
    }

    /// Paths of the writer's fields that the reader lacks, such as `order.giftNote`; the first twenty.
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// Reads a datum, which must be one to its last byte.
    ///
    /// # Errors
    /// What is wrong, and in which field; a short sentence without any value.
    pub fn read<'d, T: Deserialize<'d>>(&'d self, datum: &'d [u8]) -> Result<T, String> {
        let mut input = Input::new(datum);
        let reader = Reader {
            plans: &self.plans,
            plan: self.root,
            input: &mut input,
        };
        let read = T::deserialize(reader);
        let at = datum.len() - input.left();
        match read {
            Ok(value) if input.left() == 0 => Ok(value),
            Ok(_) => Err(format!(
                "{} bytes are left over after the datum's end at byte {at}",
                input.left()
            )),
            Err(fault) => Err(located(&fault, at, datum.len())),
        }
    }
}

fn located(fault: &Located, at: usize, length: usize) -> String {
    format!("{fault} (at byte {at} of {length})")
}

fn parse(schema: &SchemaText) -> Result<(Schema, Vec<Schema>), String> {
    if schema.schema_type != "AVRO" {
        let kind: String = schema.schema_type.chars().take(32).collect();
        return Err(format!("the schema is of type {kind}, not AVRO"));
    }
    let bytes = schema.bytes();
    if bytes > MAX_SCHEMA_BYTES {
        return Err(too_long(bytes));
    }
    // A parser that panics on a hostile schema must not end the service.
    let parsed = catch_unwind(|| Schema::parse_str_with_list(&schema.text, &schema.references));
    // The parser's own text may repeat the schema, so it is not passed on.
    parsed
        .ok()
        .and_then(Result::ok)
        .ok_or_else(|| "the schema is not valid Avro".to_owned())
}

/// Why a schema of that many bytes is not read.
pub(super) fn too_long(bytes: usize) -> String {
    format!("the schema has {bytes} bytes; at most {MAX_SCHEMA_BYTES} are read")
}

/// Every named type that the schemas define.
fn definitions<'s>(schemas: impl Iterator<Item = &'s Schema>) -> HashMap<&'s Name, &'s Schema> {
    let mut found = HashMap::new();
    schemas.for_each(|schema| collect(schema, &mut found));
    found
}

fn collect<'s>(schema: &'s Schema, found: &mut HashMap<&'s Name, &'s Schema>) {
    match kind(schema) {
        Kind::Reference(_) => return,
        Kind::Array(part) | Kind::Map(part) => collect(part, found),
        Kind::Union(union) => union.variants().iter().for_each(|part| collect(part, found)),
        Kind::Record(record) => record.fields.iter().for_each(|field| collect(&field.schema, found)),
        _ => {}
    }
    if let Some(name) = schema.name() {
        found.entry(name).or_insert(schema);
    }
}
