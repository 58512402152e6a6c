//! How a record's value says which schema it was written with. Confluent's serializers put a frame before every value:
//! magic byte 0, the schema id in 4 bytes big endian, then the Avro datum (Confluent documentation, "Formats,
//! Serializers, and Deserializers: wire format"). From Confluent Platform 8 on they can put the same into a record
//! header instead, or, after magic byte 1, a schema GUID of 16 bytes; the value is the bare datum then
//! (`HeaderSchemaIdSerializer`), and the header takes precedence (`DualSchemaIdDeserializer`).
//!
//! Anything else is `not_framed`, without a lookup; `unframed` guesses what it is instead.

mod unframed;

use std::fmt;

use uuid::Uuid;

use crate::rejection::{Code, Rejection};

/// Length of magic byte and schema id, in bytes.
pub const HEADER_LEN: usize = 5;
/// The record header that names a value's schema.
pub const SCHEMA_ID_HEADER: &str = "__value_schema_id";
/// The highest schema id: registries keep ids in 31 bits.
pub const MAX_ID: u32 = i32::MAX as u32;

/// How a record names its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchemaRef {
    /// An id, from 1 to [`MAX_ID`].
    Id(u32),
    /// A GUID: a hash of the schema, which is the same in every registry.
    Guid(Uuid),
}

impl SchemaRef {
    /// The id, where it is one.
    pub fn id(self) -> Option<u32> {
        match self {
            Self::Id(id) => Some(id),
            Self::Guid(_) => None,
        }
    }
}

impl fmt::Display for SchemaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "schema id {id}"),
            Self::Guid(guid) => write!(f, "schema GUID {guid}"),
        }
    }
}

/// Splits a record into its schema reference and the datum. `header` returns the value of the record's last header with a
/// name.
///
/// # Errors
/// [`Code::NotFramed`] when neither header nor value names a schema that a registry can have; the reason says what was
/// found instead.
pub fn read<'a>(
    value: &'a [u8],
    header: impl Fn(&str) -> Option<&'a [u8]>,
) -> Result<(SchemaRef, &'a [u8]), Rejection> {
    if let Some(named) = header(SCHEMA_ID_HEADER) {
        return Ok((in_header(named)?, value));
    }
    match split(value) {
        Ok((id, datum)) => Ok((SchemaRef::Id(id), datum)),
        Err(fault) => Err(unframed::in_apicurio_header(header).map_or(fault, not_framed)),
    }
}

/// Splits a value with a frame into schema id and datum.
///
/// # Errors
/// As [`read`].
pub fn split(value: &[u8]) -> Result<(u32, &[u8]), Rejection> {
    match value {
        [0, a, b, c, d, datum @ ..] => match u32::from_be_bytes([*a, *b, *c, *d]) {
            id @ 1..=MAX_ID => Ok((id, datum)),
            id => Err(not_framed(unframed::impossible_id(id, datum))),
        },
        [0, ..] => Err(not_framed(format!(
            "the value has {} bytes; a framed value has at least {HEADER_LEN}",
            value.len()
        ))),
        [] => Err(not_framed("the value is empty".to_owned())),
        [magic, ..] => {
            let begins = format!("the value begins with byte 0x{magic:02x} instead of magic byte 0x00");
            Err(not_framed(match unframed::looks_like(value) {
                Some(what) => format!("{begins}; it looks like {what}"),
                None => begins,
            }))
        }
    }
}

/// The header of a frame.
pub fn header(schema_id: u32) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = schema_id.to_be_bytes();
    [0, a, b, c, d]
}

/// Whatever follows the GUID in the header is for other kinds of schemas.
fn in_header(named: &[u8]) -> Result<SchemaRef, Rejection> {
    match named {
        [0, ..] => match split(named) {
            Ok((id, _)) => Ok(SchemaRef::Id(id)),
            Err(_) => Err(not_framed(format!(
                "the record header {SCHEMA_ID_HEADER} holds an invalid schema id"
            ))),
        },
        [1, rest @ ..] if rest.len() >= 16 => {
            let guid = rest.first_chunk().copied().unwrap_or_default();
            Ok(SchemaRef::Guid(Uuid::from_bytes(guid)))
        }
        _ => Err(not_framed(format!(
            "the record header {SCHEMA_ID_HEADER} holds {} bytes that are neither magic byte 0x00 and a schema id nor 0x01 and a schema GUID",
            named.len()
        ))),
    }
}

fn not_framed(reason: String) -> Rejection {
    Rejection::new(Code::NotFramed, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: Uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);

    fn with_header<'a>(named: &'a [u8], value: &'a [u8]) -> Result<(SchemaRef, &'a [u8]), Rejection> {
        read(value, |name| (name == SCHEMA_ID_HEADER).then_some(named))
    }

    fn not_framed(read: Result<(SchemaRef, &[u8]), Rejection>) -> String {
        let fault = read.expect_err("no frame");
        assert_eq!((fault.code, fault.schema_id), (Code::NotFramed, None));
        fault.reason
    }

    #[test]
    fn a_frame_is_split_into_id_and_datum() {
        let value = [&header(0x0102_0304)[..], b"datum"].concat();
        assert_eq!(split(&value), Ok((0x0102_0304, &b"datum"[..])));
        assert_eq!(split(&header(MAX_ID)), Ok((MAX_ID, &b""[..])));
        assert_eq!(read(&value, |_| None), Ok((SchemaRef::Id(0x0102_0304), &b"datum"[..])));
    }

    #[test]
    fn a_header_names_the_schema_of_a_bare_datum_and_takes_precedence_over_a_frame() {
        let guid = [&[1][..], GUID.as_bytes()].concat();
        assert_eq!(with_header(&guid, b"datum"), Ok((SchemaRef::Guid(GUID), &b"datum"[..])));
        assert_eq!(
            with_header(&header(7), &header(9)),
            Ok((SchemaRef::Id(7), &header(9)[..]))
        );
        // What follows is for Protobuf.
        let longer = [&guid[..], &[0]].concat();
        assert_eq!(with_header(&longer, b""), Ok((SchemaRef::Guid(GUID), &b""[..])));
    }

    #[test]
    fn a_header_that_names_no_schema_is_reported() {
        for named in [&b""[..], &[1; 16], &[2; 17], b"7"] {
            assert!(
                not_framed(with_header(named, &header(7))).contains("neither"),
                "{named:?}"
            );
        }
        for named in [&header(0)[..], &header(u32::MAX), &[0, 0]] {
            assert!(
                not_framed(with_header(named, b"datum")).contains("an invalid schema id"),
                "{named:?}"
            );
        }
    }

    #[test]
    fn anything_else_is_not_framed_and_says_why() {
        for (value, reason) in [
            (&b""[..], "the value is empty"),
            (b"\0\0\0", "the value has 3 bytes; a framed value has at least 5"),
            (
                b"{\"a\":1}",
                "the value begins with byte 0x7b instead of magic byte 0x00; it looks like JSON",
            ),
            (
                b"\xff\xfe\xfd",
                "the value begins with byte 0xff instead of magic byte 0x00",
            ),
        ] {
            assert_eq!(not_framed(read(value, |_| None)), reason);
        }
    }

    #[test]
    fn an_id_that_no_registry_assigns_is_not_a_frame() {
        for id in [0, MAX_ID + 1, u32::MAX] {
            let reason = not_framed(read(&header(id), |_| None));
            assert!(reason.contains(&format!("schema id {id};")), "{reason}");
        }
    }

    #[test]
    fn a_schema_that_apicurio_names_in_a_header_is_reported() {
        let id = 7_u64.to_be_bytes();
        let named = |name: &str| (name == "apicurio.value.globalId").then_some(&id[..]);
        assert!(not_framed(read(b"Hdatum", named)).contains("apicurio.value.globalId: 7"));
        assert_eq!(
            read(&header(9), named),
            Ok((SchemaRef::Id(9), &b""[..])),
            "a frame takes precedence"
        );
    }
}
