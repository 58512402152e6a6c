//! A datum of any schema as JSON, as Avro's specification encodes it ("JSON Encoding"), and with it kafka-avro-console-consumer:
//! a union's value is in an object with the name of its branch, bytes are a string with one character for each, logical types
//! do not show. The fields of a record are in the order of the schema.

use std::fmt::Write;

use super::ReadError;
use crate::input::{Block, Input, ReadErrorKind};
use crate::schema::{Kind, Schema, Type, TypeId};

/// Maximum length of the JSON of one datum, in bytes: a datum of few bytes can have long names many times.
pub const MAX_JSON_BYTES: usize = 64 * 1024 * 1024;

/// A datum as JSON, on one line. It must end with the last byte. Not a number, and the infinities, are the strings that Java
/// writes: `"NaN"`, `"Infinity"`, `"-Infinity"`.
///
/// # Errors
/// The bytes are not such a datum, or go beyond [the limits](crate#limits).
pub fn to_json(schema: &Schema, datum: &[u8]) -> Result<String, ReadError> {
    let mut writer = Writer {
        schema,
        input: Input::new(datum),
        json: String::new(),
    };
    let error = match writer.value(schema.root()) {
        Ok(()) if writer.input.remaining() == 0 => return Ok(writer.json),
        Ok(()) => ReadErrorKind::TrailingBytes.into(),
        Err(error) => error,
    };
    Err(error.at(datum.len() - writer.input.remaining(), datum.len()))
}

struct Writer<'s, 'd> {
    schema: &'s Schema,
    input: Input<'d>,
    json: String,
}

impl<'s> Writer<'s, '_> {
    fn value(&mut self, id: TypeId) -> Result<(), ReadError> {
        let schema = self.schema;
        match &schema.get(id).kind {
            Kind::Null => self.raw("null")?,
            Kind::Boolean => {
                let value = self.input.boolean()?;
                self.raw(if value { "true" } else { "false" })?;
            }
            Kind::Int => {
                let value = self.input.int()?;
                self.display(value)?;
            }
            Kind::Long => {
                let value = self.input.long()?;
                self.display(value)?;
            }
            Kind::Float => {
                let value = self.input.float()?;
                match serde_json::to_string(&value) {
                    Ok(text) if value.is_finite() => self.raw(&text)?,
                    _ => self.raw(not_finite(value.into()))?,
                }
            }
            Kind::Double => {
                let value = self.input.double()?;
                match serde_json::to_string(&value) {
                    Ok(text) if value.is_finite() => self.raw(&text)?,
                    _ => self.raw(not_finite(value))?,
                }
            }
            Kind::String => {
                let text = self.input.string()?;
                self.text(text)?;
            }
            Kind::Bytes => {
                let bytes = self.input.bytes()?;
                self.bytes(bytes)?;
            }
            Kind::Fixed(size) => {
                let bytes = self.input.take(*size)?;
                self.bytes(bytes)?;
            }
            Kind::Enum { symbols, .. } => {
                let index = self.input.index(symbols.len(), ReadErrorKind::EnumIndexOutOfRange)?;
                self.text(symbols.get(index).map_or("", String::as_str))?;
            }
            Kind::Record(fields) => {
                self.raw("{")?;
                for (n, field) in fields.iter().enumerate() {
                    self.raw(if n == 0 { "" } else { "," })?;
                    self.name(&field.name)?;
                    let written = self.nested(field.type_id);
                    written.map_err(|error| error.within(&field.name))?;
                }
                self.raw("}")?;
            }
            Kind::Array(items) => self.entries(*items, false)?,
            Kind::Map(values) => self.entries(*values, true)?,
            Kind::Union(branches) => {
                let index = self.input.index(branches.len(), ReadErrorKind::UnionIndexOutOfRange)?;
                if let Some(branch) = branches.get(index) {
                    self.branch(*branch)?;
                }
            }
        }
        Ok(())
    }

    fn branch(&mut self, id: TypeId) -> Result<(), ReadError> {
        let schema = self.schema;
        let branch = schema.get(id);
        if matches!(branch.kind, Kind::Null) {
            return Ok(self.raw("null")?);
        }
        self.raw("{")?;
        self.name(branch_name(branch))?;
        self.nested(id)?;
        Ok(self.raw("}")?)
    }

    fn entries(&mut self, id: TypeId, has_keys: bool) -> Result<(), ReadError> {
        let (open, close) = if has_keys { ("{", "}") } else { ("[", "]") };
        self.raw(open)?;
        let mut count = 0;
        loop {
            // An entry may take no bytes; how many there may be is counted.
            let block: Block = self.input.block(usize::from(has_keys))?;
            if block.entries == 0 {
                break;
            }
            for _ in 0..block.entries {
                self.input.count_entry()?;
                self.raw(if count == 0 { "" } else { "," })?;
                if has_keys {
                    let key = self.input.string().map_err(|kind| ReadError::from(kind).within("{}"))?;
                    self.name(key)?;
                    self.nested(id).map_err(|error| error.within("{}"))?;
                } else {
                    self.nested(id).map_err(|error| error.within_entry(count))?;
                }
                count += 1;
            }
            block.check(&self.input)?;
        }
        Ok(self.raw(close)?)
    }

    fn nested(&mut self, id: TypeId) -> Result<(), ReadError> {
        self.input.enter_nested()?;
        self.value(id)?;
        self.input.leave_nested();
        Ok(())
    }

    fn raw(&mut self, text: &str) -> Result<(), ReadErrorKind> {
        if self.json.len() + text.len() > MAX_JSON_BYTES {
            return Err(ReadErrorKind::TooLong);
        }
        self.json.push_str(text);
        Ok(())
    }

    fn display(&mut self, value: impl std::fmt::Display) -> Result<(), ReadErrorKind> {
        // Writing to a string does not fail.
        let _ = write!(self.json, "{value}");
        self.raw("")
    }

    fn name(&mut self, name: &str) -> Result<(), ReadErrorKind> {
        self.text(name)?;
        self.raw(":")
    }

    fn text(&mut self, text: &str) -> Result<(), ReadErrorKind> {
        // A string always serializes.
        self.raw(&serde_json::to_string(text).unwrap_or_default())
    }

    /// One character for each byte, as ISO 8859-1 has it.
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), ReadErrorKind> {
        let text: String = bytes.iter().copied().map(char::from).collect();
        self.text(&text)
    }
}

/// The name of a union's branch: the full name of a named type, and that of its type otherwise.
fn branch_name(branch: &Type) -> &str {
    match branch.full_name() {
        "" => branch.kind.name(),
        name => name,
    }
}

fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "\"NaN\""
    } else if value > 0.0 {
        "\"Infinity\""
    } else {
        "\"-Infinity\""
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
