use orderlog_avro::SchemaText;

use super::*;
use crate::encode::record_value;
use crate::lineage;
use crate::testing::an_event;

const KEY: Option<&[u8]> = Some(b"A-1");

fn explained(key: Option<&[u8]>, value: &[u8], known: &Known<'_>) -> Explanation {
    explain(key, value, frame::read(value, |_| None), known)
}

fn ours() -> WriterSchema {
    WriterSchema::new(&lineage::newest_text())
}

fn states(explanation: &Explanation) -> [&'static str; 5] {
    let states = explanation.steps.each_ref();
    states.map(|step| step.state.as_str())
}

fn fault(explanation: &Explanation) -> (Code, Option<&str>, Option<usize>, &str) {
    let fault = explanation.fault.as_ref().expect("a fault");
    let code = explanation.rejection.as_ref().expect("a rejection").code;
    (code, fault.field.as_deref(), fault.byte, &fault.sentence)
}

const PASSED: &str = "passed";
const FAILED: &str = "failed";
const NOT_REACHED: &str = "not reached";
const UNKNOWN: &str = "unknown";

#[test]
fn an_event_passes_every_step() {
    let value = record_value(9, &an_event("A-1", 1)).expect("encodes");
    let explanation = explained(KEY, &value, &Known::Writer(&ours()));
    assert_eq!(states(&explanation), [PASSED; 5]);
    assert_eq!((&explanation.rejection, &explanation.fault), (&None, &None));
    assert_eq!(explanation.event.expect("an event").order.order_id, "A-1");
}

#[test]
fn a_value_without_a_frame_fails_at_once() {
    let explanation = explained(KEY, b"{}", &Known::Writer(&ours()));
    assert_eq!(states(&explanation)[..2], [FAILED, NOT_REACHED]);
    let (code, field, byte, sentence) = fault(&explanation);
    assert_eq!((code, field, byte), (Code::NotFramed, None, Some(0)));
    assert!(sentence.contains("JSON"), "{sentence}");
}

#[test]
fn a_schema_that_does_not_exist_and_one_that_cannot_be_asked_for_differ() {
    let value = record_value(9, &an_event("A-1", 1)).expect("encodes");
    let missing = Known::Missing("the registry has no schema with id 9".into());
    let missing = explained(KEY, &value, &missing);
    assert_eq!(
        states(&missing),
        [PASSED, FAILED, NOT_REACHED, NOT_REACHED, NOT_REACHED]
    );
    let (code, _, byte, sentence) = fault(&missing);
    assert_eq!((code, byte), (Code::UnknownSchemaId, Some(1)));
    assert_eq!(
        sentence,
        "The record names schema id 9, but the registry has no schema with id 9."
    );
    let outage = explained(KEY, &value, &Known::Outage("connection refused".into()));
    assert_eq!(states(&outage), [PASSED, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]);
    assert_eq!(outage.rejection, None, "an outage is not an answer");
    assert_eq!(outage.steps[1].detail, "connection refused");
}

#[test]
fn a_schema_of_something_else_fails_when_it_is_resolved() {
    let value = record_value(9, &an_event("A-1", 1)).expect("encodes");
    let other = WriterSchema::new(&SchemaText::avro(r#""string""#));
    let explanation = explained(KEY, &value, &Known::Writer(&other));
    assert_eq!(states(&explanation), [PASSED, PASSED, FAILED, NOT_REACHED, NOT_REACHED]);
    assert_eq!(fault(&explanation).0, Code::WrongSchema);
}

#[test]
fn a_truncated_value_names_the_field_and_the_byte() {
    let mut event = an_event("A-1", 1);
    event.order.items.push(event.order.items[0].clone());
    let whole = record_value(9, &event).expect("encodes");
    let first_difference = {
        let mut other = event.clone();
        other.order.items[1].unit_price_minor += 1;
        let other = record_value(9, &other).expect("encodes");
        whole.iter().zip(&other).position(|(a, b)| a != b).expect("they differ")
    };
    // One byte into the number.
    let cut = &whole[..=first_difference];
    let explanation = explained(KEY, cut, &Known::Writer(&ours()));
    assert_eq!(states(&explanation), [PASSED, PASSED, PASSED, FAILED, NOT_REACHED]);
    let (code, field, byte, sentence) = fault(&explanation);
    assert_eq!(
        (code, field),
        (Code::Undecodable, Some("order.items[1].unitPriceMinor"))
    );
    let byte = byte.expect("a byte");
    assert!((first_difference..=cut.len()).contains(&byte), "{byte}");
    assert_eq!(
        sentence,
        format!("The data ends inside order.items[1].unitPriceMinor: more bytes are needed at byte {byte}.")
    );
}

#[test]
fn bytes_after_the_event_are_pointed_at() {
    let mut value = record_value(9, &an_event("A-1", 1)).expect("encodes");
    let end = value.len();
    value.extend([1, 2]);
    let explanation = explained(KEY, &value, &Known::Writer(&ours()));
    let (code, field, byte, sentence) = fault(&explanation);
    assert_eq!((code, field, byte), (Code::Undecodable, None, Some(end)));
    assert!(sentence.contains(&format!("byte {end}")), "{sentence}");
}

#[test]
fn a_wrong_byte_is_pointed_at_itself() {
    let mut value = record_value(9, &an_event("A-1", 1)).expect("encodes");
    // The status is the last field of the newest schema that has one byte.
    let status = {
        let mut other = an_event("A-1", 1);
        let event = an_event("A-1", 1);
        other.event_id = event.event_id;
        let event = record_value(9, &event).expect("encodes");
        other.order.status = crate::event::OrderStatus::Pending;
        let other = record_value(9, &other).expect("encodes");
        event.iter().zip(&other).position(|(a, b)| a != b).expect("they differ")
    };
    value[status] = 0x7e;
    let explanation = explained(KEY, &value, &Known::Writer(&ours()));
    let (code, field, byte, sentence) = fault(&explanation);
    assert_eq!(
        (code, field, byte),
        (Code::Undecodable, Some("order.status"), Some(status)),
        "{sentence}"
    );
}

#[test]
fn an_event_that_breaks_a_rule_is_shown_all_the_same() {
    let mut event = an_event("A-1", 1);
    event.order.items[0].quantity = 0;
    let value = record_value(9, &event).expect("encodes");
    let explanation = explained(KEY, &value, &Known::Writer(&ours()));
    assert_eq!(states(&explanation), [PASSED, PASSED, PASSED, PASSED, FAILED]);
    let (code, field, byte, sentence) = fault(&explanation);
    assert_eq!(
        (code, field, byte),
        (Code::InvalidOrder, Some("order.items[0].quantity"), None)
    );
    assert!(sentence.contains("must be from 1 to 1,000,000"), "{sentence}");
    assert_eq!(explanation.event, Some(event));

    let value = record_value(9, &an_event("A-1", 1)).expect("encodes");
    let explanation = explained(Some(b"A-2"), &value, &Known::Writer(&ours()));
    let (code, field, ..) = fault(&explanation);
    assert_eq!((code, field), (Code::KeyMismatch, Some("order.orderId")));
    assert_eq!(explanation.rejection.expect("rejected").schema_id, Some(9));
}
