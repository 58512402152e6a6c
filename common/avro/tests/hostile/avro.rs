//! Avro by hand: schemas and data that no library would write. A value is kept with its type, so that both are made together.

/// A type and a value of it.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The type, as JSON.
    pub of: String,
    /// The value, encoded.
    pub bytes: Vec<u8>,
}

pub fn typed(of: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Typed {
    Typed {
        of: of.into(),
        bytes: bytes.into(),
    }
}

/// A variable-length zig-zag number.
pub fn long(number: i64) -> Vec<u8> {
    let mut left = (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned();
    let mut bytes = Vec::new();
    while left > 0x7f {
        bytes.push(left.to_le_bytes()[0] & 0x7f | 0x80);
        left >>= 7;
    }
    bytes.push(left.to_le_bytes()[0]);
    bytes
}

/// Bytes or a string: the length before them.
pub fn sized(bytes: &[u8]) -> Vec<u8> {
    [&long(i64::try_from(bytes.len()).expect("a length")), bytes].concat()
}

/// A record: its name, and its fields with theirs.
pub fn record(name: &str, fields: &[(&str, Typed)]) -> Typed {
    let of: Vec<String> = fields.iter().map(|(name, field)| field_of(name, &field.of)).collect();
    typed(
        record_of(name, &of),
        fields
            .iter()
            .flat_map(|(_, field)| field.bytes.clone())
            .collect::<Vec<u8>>(),
    )
}

/// A record's type, of its fields' JSON.
pub fn record_of(name: &str, fields: &[String]) -> String {
    format!(r#"{{"type":"record","name":"{name}","fields":[{}]}}"#, fields.join(","))
}

/// A field's JSON.
pub fn field_of(name: &str, of: &str) -> String {
    format!(r#"{{"name":"{name}","type":{of}}}"#)
}

pub fn array_of(items: &str) -> String {
    format!(r#"{{"type":"array","items":{items}}}"#)
}

/// A block of that many entries, which take those bytes.
pub fn block(entries: i64, bytes: &[u8]) -> Vec<u8> {
    [&long(entries), bytes].concat()
}
