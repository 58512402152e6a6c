//! Ways to spoil a good run, each with the check that must notice it.

use super::sample::{create, event, op, read, shown, update, written};
use crate::log::Record;
use crate::torture::checks::Run;
use crate::torture::decode;
use crate::torture::history::{Action, Class, Ending, How, Op};

const LOST: &str = "every acknowledged write is in the topic, as it was answered";
const MADE_UP: &str = "every event was asked for by somebody";
const FAILED: &str = "no failed write was applied";
const PLACE: &str = "an answered partition and offset hold that event";
const REAL_TIME: &str = "acknowledged writes of an order keep their real-time order";
const WINNER: &str = "one winner for each version of an order, and the losers know";
const MODEL: &str = "the read model is what the reference fold says";
const COUNTS: &str = "every record below the stored offset is counted once";
const LETTERS: &str = "the dead letters are the poisoned records, byte for byte";
const LISTED: &str = "the index of dead letters lists each once";
const BACK: &str = "no reader saw an order's version go back";
const SEEN: &str = "readers saw only what was applied";
const VISIBLE: &str = "a write is visible in time when nothing is amiss";
const LAG: &str = "lag returns to 0 after each heal";
const KEYS: &str = "one key and order make one event and one answer";
const IF_MATCH: &str = "an update with If-Match was decided on that version";
const ENDS: &str = "processes ended only when they were ended, by SIGTERM with 0";

/// What is done to a good run, and the check that must notice it.
pub type Mutation = (&'static str, &'static str, fn(&mut Run));

pub const MUTATIONS: &[Mutation] = &[
    ("an acknowledged event is dropped", LOST, |run| {
        run.evidence
            .records
            .retain(|record| record.key.as_deref() != Some(b"C"));
        run.derive();
    }),
    ("an answer shows another amount than the event has", LOST, |run| {
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
        let record = run.record(b"D");
        let value = record.value.as_mut().expect("a value");
        let at = value
            .windows(8)
            .position(|window| window == b"customer")
            .expect("the customer");
        value[at] = b'C';
        run.derive();
    }),
    ("an event is there twice and nobody copied it", MADE_UP, |run| {
        run.foreign.retain(|foreign| foreign.kind != "duplicate")
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
    ("an event lies under a key that another request had", MADE_UP, |run| {
        run.record(b"D").headers[0].1 = Some(b"b1".to_vec());
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
    ("an offset is answered wrongly", PLACE, |run| {
        let op = run.op("c1");
        let told = op.written().expect("an answer").offset;
        op.answer = op
            .answer
            .replace(&format!("\"offset\":{told}"), &format!("\"offset\":{}", told + 1));
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
    ("an order is shown with another amount", MODEL, |run| {
        run.evidence.details.get_mut("C").expect("shown").total_amount.0 = "1.00".to_owned();
    }),
    ("an order is shown as it was", MODEL, |run| {
        let first = run.op("a1").written().expect("an answer");
        let shown = run.evidence.details.get_mut("A").expect("shown");
        (shown.version, shown.status, shown.event_id) = (1, "new".to_owned(), Some(first.event_id));
    }),
    ("an order is not listed", MODEL, |run| {
        run.evidence.ids.retain(|id| id != "B");
    }),
    ("an order is shown that does not exist", MODEL, |run| {
        run.evidence.ids.push("F".to_owned());
        run.evidence.stats.orders += 1;
    }),
    ("a record is not counted", COUNTS, |run| {
        run.evidence.stats.partitions[0].outcomes.applied -= 1;
        run.evidence.stats.totals.applied -= 1;
        run.evidence.stats.records -= 1;
    }),
    ("a record is counted as another outcome", COUNTS, |run| {
        run.evidence.stats.partitions[0].outcomes.applied -= 1;
        run.evidence.stats.partitions[0].outcomes.superseded += 1;
    }),
    ("a good record is dead-lettered", LETTERS, |run| {
        let good = run.record(b"C").clone();
        run.evidence.bury(&good, "undecodable");
    }),
    ("a poisoned record is not dead-lettered", LETTERS, |run| {
        run.evidence.letters.pop();
        let listed = run.evidence.listed.pop().expect("a letter");
        run.evidence.dlq.count -= 1;
        *run.evidence
            .dlq
            .by_code
            .get_mut(&listed.code.expect("a code"))
            .expect("counted") -= 1;
    }),
    ("a dead letter's header is changed", LETTERS, |run| {
        run.stranger(b"STRANGER-2").headers[1].1 = Some(vec![0, 254])
    }),
    ("a dead letter's value is changed", LETTERS, |run| {
        run.stranger(b"STRANGER-2").value.as_mut().expect("a value")[3] ^= 1
    }),
    ("a dead letter has the wrong code", LETTERS, |run| {
        let letter = run.stranger(b"STRANGER-2");
        let code = letter
            .headers
            .iter_mut()
            .find(|(name, _)| name == "orderlog.code")
            .expect("a code");
        code.1 = Some(b"undecodable".to_vec());
    }),
    (
        "a dead letter is there twice although nothing was interrupted",
        LETTERS,
        |run| {
            let copy = run.stranger(b"STRANGER-2").clone();
            run.evidence.letters.push(Record { offset: 99, ..copy });
        },
    ),
    ("a record cannot be used and nobody poisoned it", LETTERS, |run| {
        run.foreign.retain(|foreign| foreign.kind != "NotAvro")
    }),
    ("a dead letter is listed twice", LISTED, |run| {
        let listed = run.evidence.listed[0].clone();
        run.evidence.listed.push(listed);
    }),
    ("a dead letter is not counted", LISTED, |run| {
        run.evidence.dlq.count -= 1
    }),
    ("a read goes back", BACK, |run| {
        let first = run
            .history
            .iter()
            .find(|op| !op.is_write())
            .expect("a read")
            .answer
            .clone();
        run.history.push(read("A", 60_000_000, 61_000_000, &first));
    }),
    ("an order is not found any more", BACK, |run| {
        run.history.push(read("A", 60_000_000, 61_000_000, "not found"))
    }),
    ("a reader sees an event that was never written", SEEN, |run| {
        let never = event("A", 4, "shipped", None);
        run.history.push(read("A", 60_000_000, 61_000_000, &shown(&never)));
    }),
    ("a write is visible late", VISIBLE, |run| run.look().ended += 6_000_000),
    ("a write is not visible", VISIBLE, |run| run.look().fail(504)),
    ("lag never returns", LAG, |run| {
        run.rounds[0].settled = Err("lag is 3".to_owned())
    }),
    ("a key writes twice", KEYS, |run| {
        let second = run
            .evidence
            .records
            .iter_mut()
            .find(|record| record.header("orderlog.idempotency-key") == "a4");
        second.expect("a record").headers[0].1 = Some(b"a3".to_vec());
        run.op("a4").key = Some("a3".to_owned());
    }),
    ("a key that succeeded is refused", KEYS, |run| {
        run.history.push(op(
            "C",
            create("C"),
            Some("c1"),
            60_000_000..61_000_000,
            Some(409),
            "exists".to_owned(),
        ))
    }),
    (
        "another request with a key that succeeded is carried out",
        KEYS,
        |run| {
            let (answer, time) = (run.op("a4").answer.clone(), 60_000_000..61_000_000);
            let replayed = op("A", update("shipped", None), Some("a2"), time, Some(200), answer);
            run.history.push(Op {
                replayed: true,
                ..replayed
            });
        },
    ),
    ("an event lies without its key", KEYS, |run| {
        run.record(b"C").headers.clear()
    }),
    (
        "an update is decided on another version than it named",
        IF_MATCH,
        |run| {
            let op = run.op("a2");
            op.action = update("pending", Some(7));
        },
    ),
    ("a process ends by itself", ENDS, |run| {
        let how = How::Wrongly("by itself, exit status: 1".to_owned());
        run.endings.push(Ending {
            process: "order-service".to_owned(),
            at: 1,
            how,
        });
    }),
    ("a service takes a minute to end", ENDS, |run| {
        run.endings[1].how = How::Terminated(60_000)
    }),
];

impl Run {
    /// The first request with that key.
    fn op(&mut self, key: &str) -> &mut Op {
        self.history
            .iter_mut()
            .find(|op| op.key.as_deref() == Some(key))
            .expect("a request")
    }

    /// The read that waits for a version.
    fn look(&mut self) -> &mut Op {
        let waits = |op: &&mut Op| matches!(op.action, Action::Read { after: Some(_) });
        self.history.iter_mut().find(waits).expect("a read")
    }

    /// The first record of that key.
    fn record(&mut self, key: &[u8]) -> &mut Record {
        self.evidence
            .records
            .iter_mut()
            .find(|record| record.key.as_deref() == Some(key))
            .expect("a record")
    }

    /// The dead letter of that key.
    fn stranger(&mut self, key: &[u8]) -> &mut Record {
        self.evidence
            .letters
            .iter_mut()
            .find(|record| record.key.as_deref() == Some(key))
            .expect("a dead letter")
    }
}

impl Op {
    fn fail(&mut self, status: u16) {
        (self.class, self.status, self.answer) = (Class::of(Some(status)), Some(status), "no".to_owned());
    }

    fn succeed(&mut self, status: u16, answer: String) {
        (self.class, self.status, self.answer) = (Class::of(Some(status)), Some(status), answer);
    }
}
