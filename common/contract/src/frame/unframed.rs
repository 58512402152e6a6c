//! Guesses from the first bytes what a value without a readable frame is, so that an operator can find its producer and
//! the wrong setting. Pure, and no decision depends on it.

use uuid::Uuid;

use super::MAX_ID;

/// How data of other programs begin.
const BEGINNINGS: [(&[u8], &str); 8] = [
    (
        b"Obj\x01",
        "an Avro container file; a record's value must be a single datum with a frame before it",
    ),
    (
        b"\xac\xed\x00\x05",
        "a serialized Java object; the writer does not use an Avro serializer",
    ),
    (b"\x1f\x8b", COMPRESSED),
    (b"\x28\xb5\x2f\xfd", COMPRESSED),
    (b"\x04\x22\x4d\x18", COMPRESSED),
    (b"\x82SNAPPY\0", COMPRESSED),
    (b"\x08", PROTOBUF),
    (b"\x0a", PROTOBUF),
];
const COMPRESSED: &str =
    "data that the writer has compressed; leave compression to its Kafka client (compression.type)";
const PROTOBUF: &str = "Protobuf without a frame";

/// How many bytes of a value are examined.
const LOOKED_AT: usize = 64;

/// Guesses what a value is that does not begin with magic byte 0.
pub(super) fn looks_like(value: &[u8]) -> Option<String> {
    match value {
        [1, rest @ ..] => {
            let guid = Uuid::from_bytes(*rest.first_chunk()?);
            return Some(format!(
                "the frame of schema GUID {guid}; a schema GUID is accepted in the record header {} only",
                super::SCHEMA_ID_HEADER
            ));
        }
        [3, 0 | 5, rest @ ..] if rest.len() >= 16 => {
            let version = Uuid::from_bytes(*rest.first_chunk()?);
            return Some(format!(
                "the frame of AWS Glue's schema registry, schema version {version}; this topic needs ids of a registry with Confluent's API"
            ));
        }
        [0xc3, 0x01, rest @ ..] => {
            let fingerprint = u64::from_le_bytes(*rest.first_chunk()?);
            return Some(format!(
                "Avro's single-object encoding, schema fingerprint {fingerprint:016x}; this topic needs Confluent's frame"
            ));
        }
        _ => {}
    }
    let begins = BEGINNINGS.iter().find(|(bytes, _)| value.starts_with(bytes));
    // Text first: it may begin with a line break, which is Protobuf's first byte too.
    text(value).or_else(|| begins.map(|(_, what)| *what)).map(str::to_owned)
}

/// Explains a frame with an id that no registry assigns.
pub(super) fn impossible_id(id: u32, datum: &[u8]) -> String {
    match (id, datum.first_chunk()) {
        (0, Some(low)) if u32::from_be_bytes(*low) != 0 => format!(
            "the value has a schema id of eight bytes, {}, as written by Apicurio's serializers before version 3; configure them to write four bytes (apicurio.registry.as-confluent=true), with the ids of the registry's Confluent API",
            u32::from_be_bytes(*low)
        ),
        _ => format!("the value names schema id {id}; valid ids are 1 to {MAX_ID}"),
    }
}

/// Explains a schema that Apicurio's serializers name only in a record header.
pub(super) fn in_apicurio_header<'a>(header: impl Fn(&str) -> Option<&'a [u8]>) -> Option<String> {
    ["apicurio.value.globalId", "apicurio.value.contentId"]
        .into_iter()
        .find_map(|name| {
            let id = u64::from_be_bytes(header(name)?.try_into().ok()?);
            Some(format!(
                "the schema is named only in a record header ({name}: {id}), where Apicurio's serializers put it; configure them to write it before the value (apicurio.registry.headers.enabled=false), in four bytes"
            ))
        })
}

fn text(value: &[u8]) -> Option<&'static str> {
    let begin = &value[..value.len().min(LOOKED_AT)];
    let begin = match std::str::from_utf8(begin) {
        Ok(text) => text,
        // The cut may have split a character.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&begin[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let printable = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if !begin.chars().all(printable) {
        return None;
    }
    match begin.trim_start().chars().next()? {
        '{' | '[' => Some("JSON"),
        '<' => Some("XML"),
        _ => Some("plain text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_data_are_recognized_by_their_first_bytes() {
        let guid: Vec<u8> = (1..=16).collect();
        for (value, part) in [
            (b"Obj\x01\x04\x16avro.schema".to_vec(), "container file"),
            (b"\xc3\x01\x01\0\0\0\0\0\0\0datum".to_vec(), "0000000000000001"),
            (
                [&[3, 0][..], &guid, b"datum"].concat(),
                "01020304-0506-0708-090a-0b0c0d0e0f10",
            ),
            ([&[3, 5][..], &guid].concat(), "AWS Glue"),
            (
                [&[1][..], &guid, b"datum"].concat(),
                "01020304-0506-0708-090a-0b0c0d0e0f10",
            ),
            (b" \n[1]".to_vec(), "JSON"),
            (b"<order/>".to_vec(), "XML"),
            ("Zoë".repeat(40).into_bytes(), "plain text"),
            (b"\n\x03abc\x10\x01".to_vec(), "Protobuf"),
            (b"\x08\x96\x01".to_vec(), "Protobuf"),
            (b"\x1f\x8b\x08".to_vec(), "compressed"),
            (b"\x82SNAPPY\0\0".to_vec(), "compressed"),
            (b"\xac\xed\x00\x05t".to_vec(), "Java object"),
        ] {
            let what = looks_like(&value).expect("something known");
            assert!(what.contains(part), "{value:?}: {what}");
        }
    }

    #[test]
    fn nothing_is_guessed_from_too_little() {
        for value in [
            &b"\x01"[..],
            &[1; 16],
            &[3; 18],
            &[3, 0, 1],
            b"\xc3\x01",
            b"\xff\xfe",
            b"Obj\x02",
        ] {
            assert_eq!(looks_like(value), None, "{value:?}");
        }
    }

    #[test]
    fn eight_bytes_are_distinguished_from_a_zero() {
        assert!(impossible_id(0, &[0, 0, 0, 7, 1]).contains("eight bytes, 7,"));
        for (id, datum) in [(0, &b""[..]), (0, &[0; 9]), (MAX_ID + 1, &[0, 0, 0, 7])] {
            let reason = impossible_id(id, datum);
            assert!(reason.contains(&format!("schema id {id};")), "{reason}");
        }
    }
}
