//! The frame that Confluent's serializers put around every value: magic byte 0, the schema id in 4 bytes big endian, then
//! the Avro datum (Confluent documentation, "Formats, Serializers, and Deserializers: wire format").

use crate::unusable::{Code, Unusable};

/// Length of magic byte and schema id.
pub const HEADER_LEN: usize = 5;

/// Splits a record's value into schema id and datum.
///
/// # Errors
/// [`Code::NotFramed`] when the value does not begin with a frame.
pub fn split(value: &[u8]) -> Result<(u32, &[u8]), Unusable> {
    match value {
        [0, a, b, c, d, datum @ ..] => Ok((u32::from_be_bytes([*a, *b, *c, *d]), datum)),
        [0, ..] => Err(not_framed(format!(
            "the value has {} bytes; a frame has at least {HEADER_LEN}",
            value.len()
        ))),
        [] => Err(not_framed("the value is empty".to_owned())),
        [magic, ..] => Err(not_framed(format!(
            "the value begins with byte 0x{magic:02x} instead of magic byte 0x00"
        ))),
    }
}

/// The head of a frame.
pub fn header(schema_id: u32) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = schema_id.to_be_bytes();
    [0, a, b, c, d]
}

fn not_framed(reason: String) -> Unusable {
    Unusable::new(Code::NotFramed, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_split_into_id_and_datum() {
        let value = [&header(0x0102_0304)[..], b"datum"].concat();
        assert_eq!(split(&value), Ok((0x0102_0304, &b"datum"[..])));
        assert_eq!(split(&header(7)), Ok((7, &b""[..])));
    }

    #[test]
    fn anything_else_is_not_framed_and_says_why() {
        for (value, reason) in [
            (&b""[..], "the value is empty"),
            (b"\0\0\0", "the value has 3 bytes; a frame has at least 5"),
            (
                b"{\"a\":1}",
                "the value begins with byte 0x7b instead of magic byte 0x00",
            ),
        ] {
            let fault = split(value).expect_err("no frame");
            assert_eq!((fault.code, fault.reason.as_str()), (Code::NotFramed, reason));
        }
    }
}
