//! Hostile records: whatever a value or a schema contains, the result is an event or a code, and never a panic. How
//! they are read is tested in `orderlog-avro`; its fuzz corpus is run here too.

use std::path::Path;

use orderlog_avro::SchemaText;
use orderlog_contract::decode::{WriterSchema, decode};
use orderlog_contract::event::OrderEvent;
use orderlog_contract::rejection::{Code, MAX_REASON_BYTES, Rejection};
use orderlog_contract::{encode, frame, lineage};
use proptest::prelude::*;

/// Decodes a value written with this schema, and checks what must hold for any bytes.
fn decode_value(writer: &WriterSchema, value: &[u8]) -> Result<OrderEvent, Rejection> {
    let decoded = frame::split(value).and_then(|(_, datum)| decode(writer, datum));
    match &decoded {
        Ok(event) => {
            let again = encode::record_value(7, event).expect("encodes");
            let (_, datum) = frame::split(&again).expect("a frame");
            let newest = WriterSchema::new(&lineage::newest_text());
            assert_eq!(
                decode(&newest, datum).as_ref(),
                Ok(event),
                "written again it is another event"
            );
        }
        Err(rejection) => {
            let is_wrong = matches!(writer, WriterSchema::Incompatible(_));
            let code = if is_wrong { Code::WrongSchema } else { Code::Undecodable };
            assert!([code, Code::NotFramed].contains(&rejection.code), "{rejection}");
            assert!(rejection.reason.len() <= MAX_REASON_BYTES, "{rejection}");
            assert!(!rejection.reason.contains(char::is_control), "{rejection:?}");
            // These two reasons are given for a caught panic.
            assert_ne!(rejection.reason, "the decoder panicked");
            assert_ne!(rejection.reason, "the schema cannot be resolved");
        }
    }
    decoded
}

fn framed(datum: &[u8]) -> Vec<u8> {
    [&frame::header(7)[..], datum].concat()
}

#[test]
fn the_fuzz_corpus_ends_as_events_or_codes() {
    let newest = WriterSchema::new(&lineage::newest_text());
    let mut files = 0;
    for target in ["datum", "schema"] {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../avro/fuzz/corpus")
            .join(target);
        for file in std::fs::read_dir(corpus).expect("the corpus") {
            let bytes = std::fs::read(file.expect("a file").path()).expect("its bytes");
            let (text, datum) = bytes.split_at(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
            let writer = WriterSchema::new(&SchemaText::avro(String::from_utf8_lossy(text)));
            let datum = datum.get(1..).unwrap_or_default();
            for value in [framed(datum), framed(&bytes), bytes.clone()] {
                let _ = decode_value(&writer, &value);
                let _ = decode_value(&newest, &value);
            }
            files += 1;
        }
    }
    assert!(files > 100, "{files}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn arbitrary_bytes_end_as_an_event_or_a_code(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let newest = WriterSchema::new(&lineage::newest_text());
        let _ = decode_value(&newest, &bytes);
        let _ = decode_value(&newest, &framed(&bytes));
        let writer = WriterSchema::new(&SchemaText::avro(String::from_utf8_lossy(&bytes)));
        let _ = decode_value(&writer, &framed(&bytes));
    }
}
