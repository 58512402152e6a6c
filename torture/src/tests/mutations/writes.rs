//! Spoiled answers to writers, and a spoiled topic.

use serde_json::json;

use super::{
    CONTRACT, FAILED, FOUND_OUT, IF_MATCH, KEYS, LATER, LOST, MADE_UP, Mutation, PLACE, REAL_TIME, REFUSED, WINNER,
};
use crate::decode;
use crate::history::{Action, Op};
use crate::tests::sample::{create, event, op, update, written};

pub const MUTATIONS: &[Mutation] = &[
    ("an acknowledged event is dropped", LOST, |run| {
        run.evidence
            .records
            .retain(|record| record.key.as_deref() != Some(b"C"));
        run.derive();
    }),
    ("an answer shows a different amount than the event has", LOST, |run| {
        let op = run.op("c1");
        op.answer = op.answer.replace("999.99", "999.98");
    }),
    ("an answer names no event", LOST, |run| {
        run.op("c1").answer = "{}".to_owned()
    }),
    ("a phantom is added", MADE_UP, |run| {
        run.append_event(&event("F", 1, "new", None), "f1");
        run.derive();
    }),
    ("a byte of an event is changed", MADE_UP, |run| {
        let record = run.event_of("rival");
        let value = record.value.as_mut().expect("a value");
        let at = value
            .windows(8)
            .position(|window| window == b"customer")
            .expect("the customer");
        value[at] = b'C';
    }),
    ("an event is duplicated and nobody copied it", MADE_UP, |run| {
        run.injected
            .retain(|injected| injected.kind != "duplicate" || injected.key.as_deref() != Some(b"E"))
    }),
    ("an event has more copies than were written", MADE_UP, |run| {
        let event = run.record(b"E").clone();
        run.append("E", event.value, event.headers);
        run.derive();
    }),
    ("a record without key and value is not a quorum check", MADE_UP, |run| {
        run.append_to(0, None, None, Vec::new());
        run.derive();
    }),
    ("the quorum is checked although there is one broker", MADE_UP, |run| {
        run.evidence.brokers = 1
    }),
    ("a copy of an event has lost its headers", MADE_UP, |run| {
        let copy = run
            .evidence
            .records
            .iter_mut()
            .rfind(|record| record.key.as_deref() == Some(b"E"))
            .expect("a copy");
        copy.headers.clear();
    }),
    ("an event has a key that another request used", MADE_UP, |run| {
        run.event_of("rival").headers[0].1 = Some(b"a2".to_vec());
    }),
    ("a request is told of another request's event", MADE_UP, |run| {
        let theirs = run
            .event_of("d1")
            .value
            .as_deref()
            .and_then(|value| decode::event(&value[5..]));
        let theirs = theirs.expect("an event").event_id;
        run.op("a3").answer = json!({"eventId": theirs}).to_string();
    }),
    ("an update changes the customer", MADE_UP, |run| {
        let value = run.event_of("d1").value.clone().expect("a value");
        let before = decode::event(&value[5..]).expect("an event");
        let mut after = event("D", 2, "pending", Some(&before));
        after.order.customer = "somebody else".to_owned();
        let told = written(&after, run.append_event(&after, "d2"));
        let asked = update("pending", None);
        run.history.push(op("D", asked, Some("d2"), LATER, Some(200), told));
        run.derive();
    }),
    ("an order has another number of items than requested", MADE_UP, |run| {
        let body = json!({"orderId": "D", "itemsCount": 2}).to_string();
        for op in [true, false] {
            let op = if op { run.op("d1") } else { run.last("d1") };
            op.action = Action::Create { body: body.clone() };
        }
    }),
    ("a record without a value comes from nowhere", MADE_UP, |run| {
        run.append("STRANGER-9", None, Vec::new());
        run.derive();
    }),
    ("the event of a failed write is applied", FAILED, |run| {
        run.op("d1").fail(409)
    }),
    ("the event of a write that was told 503 is applied", FAILED, |run| {
        run.op("a3").fail(503)
    }),
    (
        "a request is refused although its first attempt was unknown, and applied",
        FAILED,
        |run| run.last("a3").fail(409),
    ),
    (
        "a request is told \"not now\" forever whose first attempt was unknown",
        FOUND_OUT,
        |run| run.last("d1").fail(503),
    ),
    ("nobody repeats a request with an unknown outcome", FOUND_OUT, |run| {
        let is_repeat = |op: &Op| op.replayed && op.key.as_deref() == Some("d1");
        run.history.retain(|op| !is_repeat(op))
    }),
    ("an answer has a wrong offset", PLACE, |run| {
        let op = run.op("c1");
        let told = op.written().expect("an answer").offset;
        op.answer = op
            .answer
            .replace(&format!("\"offset\":{told}"), &format!("\"offset\":{}", told + 1));
    }),
    ("an answer has a wrong partition", PLACE, |run| {
        let op = run.op("c1");
        let told = op.written().expect("an answer").partition;
        op.answer = op
            .answer
            .replace(&format!("\"partition\":{told}"), &format!("\"partition\":{}", 1 - told));
    }),
    ("the real-time order is inverted", REAL_TIME, |run| {
        let (begun, ended) = (run.op("a2").begun, run.op("a2").ended);
        let later = run.op("a4");
        (later.begun, later.ended) = (begun - 1_500_000, ended - 1_500_000);
    }),
    ("a loser is told that it won", WINNER, |run| {
        let superseded = run
            .evidence
            .records
            .iter()
            .find(|record| record.header("orderlog.idempotency-key") == "rival");
        let place = superseded.expect("the rival").place();
        let value = superseded.and_then(|record| record.value.clone()).expect("a value");
        let rival = decode::event(&value[5..]).expect("an event");
        run.op("rival").succeed(200, written(&rival, place));
    }),
    ("an event lacks its key", KEYS, |run| run.record(b"C").headers.clear()),
    ("an update's event lacks its key", KEYS, |run| {
        run.event_of("a2").headers.clear()
    }),
    ("an event that lost lacks its key", KEYS, |run| {
        run.event_of("rival").headers.clear()
    }),
    (
        "an update is decided on a different version than it named",
        IF_MATCH,
        |run| {
            let op = run.op("a2");
            op.action = update("pending", Some(7));
        },
    ),
    ("a write is answered with 500", CONTRACT, |run| run.op("d1").fail(500)),
    ("a reader is answered with 500", CONTRACT, |run| {
        let answer = op(
            "A",
            Action::Read { after: None },
            None,
            LATER,
            Some(500),
            "oh".to_owned(),
        );
        run.history.push(answer);
    }),
    (
        "a cart-service does not find an order that the other one has acknowledged",
        REFUSED,
        |run| {
            run.op("c1").instance = "cart-service b".to_owned();
            run.refuse("C", update("pending", None), "r1", 404)
        },
    ),
    (
        "a cart-service refuses a version that the other one has acknowledged",
        REFUSED,
        |run| {
            run.op("a4").instance = "cart-service b".to_owned();
            run.refuse("A", update("delivered", Some(4)), "r1", 412)
        },
    ),
    (
        "a cart-service says \"already so\" of what the other one has changed",
        REAL_TIME,
        |run| {
            run.op("a4").instance = "cart-service b".to_owned();
            let (told, asked) = (run.op("a2").answer.clone(), update("pending", None));
            run.history.push(op("A", asked, Some("r1"), LATER, Some(200), told));
        },
    ),
    ("an order that does not exist is said to exist", REFUSED, |run| {
        run.refuse("F", create("F"), "r1", 409)
    }),
    ("a step is refused that is legal", REFUSED, |run| {
        run.refuse("A", update("delivered", None), "r1", 409)
    }),
    ("a condition is refused that nobody set", REFUSED, |run| {
        run.refuse("A", update("delivered", None), "r1", 412)
    }),
    ("a key is refused that nobody else used", REFUSED, |run| {
        run.refuse("A", update("delivered", None), "r1", 422)
    }),
];
