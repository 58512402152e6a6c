use orderlog_avro::MAX_SCHEMA_BYTES;
use proptest::prelude::*;

use super::*;
use crate::encode::record_value;
use crate::frame;
use crate::testing::an_event;

fn ours() -> WriterSchema {
    WriterSchema::new(&SchemaText::avro(*lineage::LINEAGE.last().expect("a version")))
}

fn datum(event: &OrderEvent) -> Vec<u8> {
    record_value(7, event).expect("encodes").split_off(frame::HEADER_LEN)
}

#[test]
fn an_event_comes_back_from_its_bytes() {
    let mut event = an_event("A-1", 2);
    event.previous_event_id = Some(event.event_id);
    let value = record_value(7, &event).expect("encodes");
    let (id, bytes) = frame::split(&value).expect("a frame");
    assert_eq!((id, decode(&ours(), bytes)), (7, Ok(event)));
}

#[test]
fn every_proper_prefix_is_undecodable() {
    let bytes = datum(&an_event("A-1", 1));
    let ours = ours();
    for len in 0..bytes.len() {
        let fault = decode(&ours, &bytes[..len]).expect_err("a prefix");
        assert_eq!(fault.code, Code::Undecodable, "{len} bytes");
    }
}

#[test]
fn an_extra_byte_is_undecodable_and_reported() {
    let mut bytes = datum(&an_event("A-1", 1));
    bytes.push(0);
    let fault = decode(&ours(), &bytes).expect_err("a longer one");
    assert_eq!(
        (fault.code, fault.reason.starts_with("1 trailing byte ")),
        (Code::Undecodable, true)
    );
}

#[test]
fn reasons_are_short_and_name_the_field() {
    let mut bytes = datum(&an_event("A-1", 1));
    bytes.truncate(bytes.len() - 1);
    let fault = decode(&ours(), &bytes).expect_err("cut off");
    // The newest schema decides which field is the last.
    let place = format!(": unexpected end of data (at byte {0} of {0})", bytes.len());
    assert!(
        fault.reason.starts_with("order.") && fault.reason.ends_with(&place),
        "{fault}"
    );
    assert!(decode(&ours(), &[0xff; 40]).expect_err("garbage").reason.len() < 100);
}

#[test]
fn another_schema_is_wrong_and_named() {
    let other =
        r#"{"type":"record","name":"Payment","namespace":"com.ecommerce","fields":[{"name":"a","type":"int"}]}"#;
    let other = WriterSchema::new(&SchemaText::avro(other));
    let fault = decode(&other, &[0]).expect_err("wrong");
    assert_eq!(fault.code, Code::WrongSchema);
    assert!(fault.reason.contains("com.ecommerce.Payment"), "{fault}");
}

#[test]
fn a_schema_that_is_not_avro_is_wrong() {
    let protobuf = SchemaText {
        schema_type: "PROTOBUF".into(),
        ..SchemaText::avro("syntax")
    };
    let long = " ".repeat(MAX_SCHEMA_BYTES + 1);
    let texts = ["{", "", "[[[]]]", &long].map(SchemaText::avro);
    for schema in texts.iter().chain([&protobuf]) {
        assert!(matches!(WriterSchema::new(schema), WriterSchema::Incompatible(_)));
    }
}

#[test]
fn fields_of_the_order_that_we_lack_are_reported() {
    let newest = lineage::LINEAGE.last().expect("a version");
    let field = |name: &str| serde_json::json!({"name": name, "type": "int"});
    let mut schema: serde_json::Value = serde_json::from_str(newest).expect("JSON");
    let fields = schema["fields"].as_array_mut().expect("fields");
    fields.insert(0, field("source"));
    let order = fields.iter_mut().find(|field| field["name"] == "order").expect("order");
    let fields = order["type"]["fields"].as_array_mut().expect("fields");
    fields.push(field("fieldOfTomorrow"));
    let writer = WriterSchema::new(&SchemaText::avro(schema.to_string()));
    assert_eq!(
        writer.unknown_order_fields().collect::<Vec<_>>(),
        ["order.fieldOfTomorrow"]
    );
    let event = an_event("A-1", 1);
    let bytes = [&[0x02], &*datum(&event), &[0x04]].concat();
    assert_eq!(decode(&writer, &bytes), Ok(event));
}

/// Our schema, with a new field of that name and type before the event's fields, and another one before the order's.
fn with_fields(event: &[serde_json::Value], order: &[serde_json::Value]) -> serde_json::Value {
    let mut schema: serde_json::Value = serde_json::from_str(lineage::LINEAGE[0]).expect("JSON");
    let fields = schema["fields"].as_array_mut().expect("fields");
    fields.splice(0..0, event.iter().cloned());
    let written = fields.iter_mut().find(|field| field["name"] == "order").expect("order");
    let fields = written["type"]["fields"].as_array_mut().expect("fields");
    fields.splice(0..0, order.iter().cloned());
    schema
}

fn number(name: &str) -> serde_json::Value {
    serde_json::json!({"name": name, "type": "int"})
}

#[test]
fn many_fields_that_we_lack_do_not_hide_those_of_the_order() {
    let many: Vec<_> = (0..30).map(|n| number(&format!("f{n}"))).collect();
    let writer = WriterSchema::new(&SchemaText::avro(
        with_fields(&many, &[number("fieldOfTomorrow")]).to_string(),
    ));
    assert_eq!(
        writer.unknown_order_fields().collect::<Vec<_>>(),
        ["order.fieldOfTomorrow"]
    );
}

#[test]
fn fields_of_an_order_that_another_branch_defines_are_reported_too() {
    // The first branch cannot be read because it has no eventType, but its definition of an order is known from then on.
    let mut first = with_fields(&[], &[number("fieldOfTomorrow")]);
    first["namespace"] = "another".into();
    let mut second = with_fields(&[], &[]);
    first["fields"]
        .as_array_mut()
        .expect("fields")
        .retain(|field| field["name"] != "eventType");
    for field in second["fields"].as_array_mut().expect("fields") {
        if field["name"] == "order" {
            field["type"] = "another.Order".into();
        }
    }
    let union = serde_json::Value::Array(vec![first, second]).to_string();
    let writer = WriterSchema::new(&SchemaText::avro(union));
    assert_eq!(
        writer.unknown_order_fields().collect::<Vec<_>>(),
        ["order.fieldOfTomorrow"]
    );
}

#[test]
fn a_fault_in_a_field_that_we_lack_names_it() {
    let writer = WriterSchema::new(&SchemaText::avro(with_fields(&[number("source")], &[]).to_string()));
    let fault = decode(&writer, &[]).expect_err("nothing");
    assert_eq!(fault.reason, "source: unexpected end of data (at byte 0 of 0)");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = frame::split(&bytes).and_then(|(_, datum)| decode(&ours(), datum));
    }
}
