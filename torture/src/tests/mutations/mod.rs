//! Ways to spoil a good run, each with the check that must notice it.

mod repeats;
mod replays;
mod shown;
mod writes;

use std::ops::Range;

use crate::checks::Run;
use crate::history::{Action, Class, KEY, Op};
use crate::tests::sample::op;
use testbed::log::Record;

const LOST: &str = "every acknowledged write is in the topic, as it was acknowledged";
const MADE_UP: &str = "every event was requested";
const FAILED: &str = "no request was applied that its client considered without effect";
const FOUND_OUT: &str = "every unknown outcome was resolved in the end";
const PLACE: &str = "the partition and offset in an answer hold that event";
const REAL_TIME: &str = "acknowledged writes of an order keep their real-time order";
const WINNER: &str = "each version of an order has one winner, and the losers were told";
const MODEL: &str = "the read model equals the reference fold";
const COUNTS: &str = "every record below the stored offset is counted once";
const LETTERS: &str = "the dead letters equal the poisoned records, byte for byte";
const LISTED: &str = "the dead-letter index lists each exactly once, in its state";
const ONCE: &str = "a replayed dead letter is on the topic exactly once, and has a mark";
const ONLY_OPEN: &str = "only open dead letters were replayed, three times at most, to their topic";
const SAME: &str = "a replayed record equals the rejected one, byte for byte";
const ASKED: &str = "every replay and discard was asked for, and told the number";
const JOBS_END: &str = "a replay that was started ends, or says why not";
const OUTCOMES: &str = "a replay tells what became of its records";
const FLOODED: &str = "a partition with too many dead letters stays paused until it is resumed";
const BACK: &str = "no reader saw an order's version decrease";
const SEEN: &str = "readers saw only applied events";
const VISIBLE: &str = "a write is visible in time while no fault is active";
const LAG: &str = "lag returns to 0 after each heal";
const KEYS: &str = "one key and order produce one event";
const REPEATED: &str = "a repeated request gets the first answer again";
const LATE: &str = "so does a late repeat, after copies of its event";
const IF_MATCH: &str = "an update with If-Match was decided on that version";
const CONTRACT: &str = "every answer is allowed by the contract";
const REFUSED: &str = "no refusal contradicts what held throughout";
const ENDS: &str = "processes ended only when told to, with 0 after SIGTERM";

/// After the rest of the run.
const LATER: Range<u64> = 60_000_000..61_000_000;

/// A change to a good run, and the check that must notice it.
pub type Mutation = (&'static str, &'static str, fn(&mut Run));

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Mutation> {
    [
        writes::MUTATIONS,
        repeats::MUTATIONS,
        replays::MUTATIONS,
        shown::MUTATIONS,
    ]
    .into_iter()
    .flatten()
}

impl Run {
    /// The first request with that key.
    fn op(&mut self, key: &str) -> &mut Op {
        self.history
            .iter_mut()
            .find(|op| op.key.as_deref() == Some(key))
            .expect("a request")
    }

    /// The last request with that key.
    fn last(&mut self, key: &str) -> &mut Op {
        self.history
            .iter_mut()
            .rfind(|op| op.key.as_deref() == Some(key))
            .expect("a request")
    }

    /// The repeat that gets the first answer again after a copy of its event.
    fn late_repeat(&mut self) -> &mut Op {
        let is_it = |op: &&mut Op| op.replayed && op.key.as_deref() == Some("a1");
        self.history.iter_mut().rfind(is_it).expect("a repeat")
    }

    /// Adds a request that was refused when everything else was over.
    fn refuse(&mut self, order: &str, action: Action, key: &str, status: u16) {
        self.history
            .push(op(order, action, Some(key), LATER, Some(status), "no".to_owned()));
    }

    /// The last read that waits for a version.
    fn look(&mut self) -> &mut Op {
        let waits = |op: &&mut Op| matches!(op.action, Action::Read { after: Some(_) });
        self.history.iter_mut().rfind(waits).expect("a read")
    }

    /// The first record of that key.
    pub(super) fn record(&mut self, key: &[u8]) -> &mut Record {
        self.evidence
            .records
            .iter_mut()
            .find(|record| record.key.as_deref() == Some(key))
            .expect("a record")
    }

    /// The first record of an event that was written for that Idempotency-Key.
    fn event_of(&mut self, key: &str) -> &mut Record {
        self.evidence
            .records
            .iter_mut()
            .find(|record| record.header(KEY) == key)
            .expect("an event")
    }

    /// The dead letter of that key.
    fn stranger(&mut self, key: &[u8]) -> &mut Record {
        self.evidence
            .dead_letters
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
