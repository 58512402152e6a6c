//! Spoiled results of order-service (orders, counts, dead letters) and of processes.

use super::{BACK, COUNTS, ENDS, LAG, LETTERS, LISTED, MODEL, Mutation, SEEN, VISIBLE};
use crate::faults::{Fault, Target};
use crate::history::{Action, EndKind, Ending};
use crate::tests::sample::{event, read, shown};
use testbed::log::Record;

pub const MUTATIONS: &[Mutation] = &[
    ("no read waits for a write in calm times", VISIBLE, |run| {
        run.history
            .retain(|op| !matches!(op.action, Action::Read { after: Some(_) }))
    }),
    ("an order is returned with another amount", MODEL, |run| {
        run.evidence.details.get_mut("C").expect("shown").total_amount.0 = "1.00".to_owned();
    }),
    ("an order is returned without its shipping cost", MODEL, |run| {
        run.evidence.details.get_mut("C").expect("shown").shipping_cost = None;
    }),
    ("a reader is not told the shipping cost", SEEN, |run| {
        let answer = &mut run.look().answer;
        *answer = answer.replace(",\"shippingCost\":20.0", "");
    }),
    ("an order is returned in an old state", MODEL, |run| {
        let first = run.op("a1").written().expect("an answer");
        let shown = run.evidence.details.get_mut("A").expect("shown");
        (shown.version, shown.status, shown.event_id) = (1, "new".to_owned(), Some(first.event_id));
    }),
    ("an order is not listed", MODEL, |run| {
        run.evidence.ids.retain(|id| id != "B");
    }),
    ("an order is returned that does not exist", MODEL, |run| {
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
    ("the sum of the records is wrong", COUNTS, |run| {
        run.evidence.stats.records += 1
    }),
    ("the sum of an outcome is wrong", COUNTS, |run| {
        run.evidence.stats.totals.ignored += 1
    }),
    ("a good record is dead-lettered", LETTERS, |run| {
        let good = run.record(b"C").clone();
        run.evidence.add_dead_letter(&good, "undecodable");
    }),
    ("a poisoned record is not dead-lettered", LETTERS, |run| {
        let place = run.stranger(b"STRANGER-2").place();
        run.evidence.dead_letters.retain(|record| record.place() != place);
        run.evidence.relist();
    }),
    ("a dead letter's header is changed", LETTERS, |run| {
        run.stranger(b"STRANGER-2").headers[1].1 = Some(vec![0, 254])
    }),
    ("a dead letter's value is changed", LETTERS, |run| {
        run.stranger(b"STRANGER-2").value.as_mut().expect("a value")[3] ^= 1
    }),
    ("a dead letter has an unknown header", LETTERS, |run| {
        run.stranger(b"STRANGER-2").headers.push(("made-up".to_owned(), None))
    }),
    ("a dead letter has the id of another one", LETTERS, |run| {
        let headers = &mut run.stranger(b"STRANGER-2").headers;
        let id = headers.iter_mut().find(|(name, _)| name == "orderlog.id");
        id.expect("an id").1 = Some(b"torture-0-0".to_vec());
    }),
    ("a dead letter has the wrong code", LETTERS, |run| {
        let dead_letter = run.stranger(b"STRANGER-2");
        let code = dead_letter
            .headers
            .iter_mut()
            .find(|(name, _)| name == "orderlog.code")
            .expect("a code");
        code.1 = Some(b"undecodable".to_vec());
    }),
    (
        "a dead letter is duplicated although nothing was interrupted",
        LETTERS,
        |run| {
            let copy = run.stranger(b"STRANGER-2").clone();
            run.evidence.dead_letters.push(Record { offset: 99, ..copy });
        },
    ),
    (
        "a dead letter is duplicated although its sender was killed only later",
        LETTERS,
        |run| {
            let copy = run.stranger(b"STRANGER-2").clone();
            run.evidence.dead_letters.push(Record { offset: 99, ..copy });
            run.rounds[1].faults.push(Fault::Kill(Target::Order));
        },
    ),
    ("a record is invalid and nobody poisoned it", LETTERS, |run| {
        run.injected.retain(|injected| injected.kind != "NotAvro")
    }),
    ("a dead letter is listed twice", LISTED, |run| {
        let listed = run.evidence.listed[0].clone();
        run.evidence.listed.push(listed);
    }),
    ("a dead letter is not counted", LISTED, |run| {
        run.evidence.dlq.count -= 1
    }),
    ("a reader sees an older version", BACK, |run| {
        let first = run
            .history
            .iter()
            .find(|op| !op.is_write())
            .expect("a read")
            .answer
            .clone();
        run.history.push(read("A", 60_000_000, 61_000_000, &first));
    }),
    ("a reader sees less than the version it waited for", BACK, |run| {
        if let Action::Read { after: Some(after) } = &mut run.look().action {
            after.version = 2;
        }
    }),
    ("an order is no longer found", BACK, |run| {
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
    ("a process ends on its own", ENDS, |run| {
        let how = EndKind::Wrongly("by itself, exit status: 1".to_owned());
        run.endings.push(Ending {
            process: "order-service".to_owned(),
            at: 1,
            how,
        });
    }),
    ("a service gives up although its disk was never full", ENDS, |run| {
        run.rounds[1].faults.clear()
    }),
    ("a service gives up before its disk is full", ENDS, |run| {
        run.endings[2].at = 30_500_000
    }),
    ("a service takes a minute to end", ENDS, |run| {
        run.endings[1].how = EndKind::Terminated(60_000)
    }),
];
