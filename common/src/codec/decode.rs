//! Bytes to events. Whatever does not decode whole, to the last byte, is a fault with a code; nothing is half read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use apache_avro::Schema;

use super::encode::READER;
use crate::event::OrderEvent;
use crate::schemas;
use crate::unusable::{Code, Unusable};

/// Longest schema text that is parsed, in bytes.
const MAX_SCHEMA_BYTES: usize = 1024 * 1024;

/// A schema that a record names, and how its records are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriterSchema {
    /// Writes what our newest schema writes: read straight into the struct.
    Ours,
    /// Cannot be read as an order event, and why.
    Wrong(String),
}

impl WriterSchema {
    /// Judges the text of a schema that the registry gave. Never fails: what cannot be read is [`WriterSchema::Wrong`].
    pub fn of(schema_type: &str, text: &str) -> Self {
        if schema_type != "AVRO" {
            return Self::Wrong(format!(
                "the schema is of type {}, not AVRO",
                schema_type.chars().take(32).collect::<String>()
            ));
        }
        if text.len() > MAX_SCHEMA_BYTES {
            return Self::Wrong(format!(
                "the schema has {} bytes; at most {MAX_SCHEMA_BYTES} are read",
                text.len()
            ));
        }
        match catch_unwind(|| Schema::parse_str(text).map(|schema| (schemas::is_newest(&schema), name(&schema)))) {
            Ok(Ok((true, _))) => Self::Ours,
            Ok(Ok((false, name))) => Self::Wrong(format!(
                "the schema {name} is not a version of the order event that this release reads"
            )),
            // The parser's own text may repeat the schema, so it is not passed on.
            Ok(Err(_)) | Err(_) => Self::Wrong("the schema is not valid Avro".to_owned()),
        }
    }
}

/// Decodes a datum written with that schema.
///
/// # Errors
/// [`Code::WrongSchema`] when the schema is not one that can be read as an order event, [`Code::Undecodable`] when the
/// bytes are not exactly one datum of it.
pub fn decode(writer: &WriterSchema, datum: &[u8]) -> Result<OrderEvent, Unusable> {
    if let WriterSchema::Wrong(reason) = writer {
        return Err(Unusable::new(Code::WrongSchema, reason.clone()));
    }
    let mut rest = datum;
    // A decoder that panics on hostile bytes must not end the service.
    let read = catch_unwind(AssertUnwindSafe(|| READER.read_deser::<OrderEvent>(&mut rest)));
    let at = datum.len() - rest.len();
    match read {
        Ok(Ok(event)) if rest.is_empty() => Ok(event),
        Ok(Ok(_)) => Err(undecodable(format!(
            "{} bytes are left over after the datum's end at byte {at}",
            rest.len()
        ))),
        // The library's text repeats the whole schema, so only the place is told.
        Ok(Err(_)) => Err(undecodable(format!(
            "the {} bytes are not an order event: reading fails at byte {at}",
            datum.len()
        ))),
        Err(_) => Err(undecodable("the decoder panicked".to_owned())),
    }
}

fn undecodable(reason: String) -> Unusable {
    Unusable::new(Code::Undecodable, reason)
}

fn name(schema: &Schema) -> String {
    schema.name().map_or_else(
        || "without a name".to_owned(),
        |name| name.fullname(None).chars().take(128).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{datum, frame, record_value};
    use crate::testing::an_event;
    use proptest::prelude::*;

    #[test]
    fn an_event_comes_back_from_its_bytes() {
        let mut event = an_event("A-1", 2);
        event.previous_event_id = Some(event.event_id);
        let value = record_value(7, &event).expect("encodes");
        let (id, bytes) = frame::split(&value).expect("a frame");
        assert_eq!((id, decode(&WriterSchema::Ours, bytes)), (7, Ok(event)));
    }

    #[test]
    fn every_proper_prefix_is_undecodable() {
        let bytes = datum(&an_event("A-1", 1)).expect("encodes");
        for len in 0..bytes.len() {
            let fault = decode(&WriterSchema::Ours, &bytes[..len]).expect_err("a prefix");
            assert_eq!(fault.code, Code::Undecodable, "{len} bytes");
        }
    }

    #[test]
    fn a_byte_too_many_is_undecodable_and_says_so() {
        let mut bytes = datum(&an_event("A-1", 1)).expect("encodes");
        bytes.push(0);
        let fault = decode(&WriterSchema::Ours, &bytes).expect_err("a longer one");
        assert_eq!(
            (fault.code, fault.reason.starts_with("1 bytes are left over")),
            (Code::Undecodable, true)
        );
    }

    #[test]
    fn reasons_are_short_and_hold_no_schema() {
        let fault = decode(&WriterSchema::Ours, &[0xff; 40]).expect_err("garbage");
        assert!(
            fault.reason.len() < 100 && !fault.reason.contains("record"),
            "{}",
            fault.reason
        );
    }

    #[test]
    fn another_schema_is_wrong_and_named() {
        let other =
            r#"{"type":"record","name":"Payment","namespace":"com.ecommerce","fields":[{"name":"a","type":"int"}]}"#;
        let WriterSchema::Wrong(reason) = WriterSchema::of("AVRO", other) else {
            panic!("not ours")
        };
        assert!(reason.contains("com.ecommerce.Payment"), "{reason}");
        assert_eq!(
            decode(&WriterSchema::of("AVRO", other), &[0]).expect_err("wrong").code,
            Code::WrongSchema
        );
    }

    #[test]
    fn what_is_no_avro_schema_is_wrong() {
        for (kind, text) in [("PROTOBUF", "syntax"), ("AVRO", "{"), ("AVRO", ""), ("AVRO", "[[[]]]")] {
            assert!(
                matches!(WriterSchema::of(kind, text), WriterSchema::Wrong(_)),
                "{kind} {text}"
            );
        }
        assert!(matches!(
            WriterSchema::of("AVRO", &" ".repeat(MAX_SCHEMA_BYTES + 1)),
            WriterSchema::Wrong(_)
        ));
    }

    #[test]
    fn our_own_text_is_ours() {
        assert_eq!(
            WriterSchema::of("AVRO", schemas::LINEAGE[schemas::LINEAGE.len() - 1]),
            WriterSchema::Ours
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = frame::split(&bytes).and_then(|(_, datum)| decode(&WriterSchema::Ours, datum));
        }
    }
}
