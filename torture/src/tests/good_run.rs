//! A run in which everything went well, small enough to know every line of it.

use serde_json::json;

use super::sample::{PARTITIONS, SCHEMA_ID, create, datum, event, op, read, shown, update, written};
use crate::checks::Run;
use crate::decode::Event;
use crate::faults::{Fault, Target};
use crate::fold::partition_of;
use crate::history::{Action, After, EndKind, Ending, Op, Round};
use crate::management::{Flooding, Managed};

const S: u64 = 1_000_000;
/// When others wrote their records: in the first round.
pub const WRITTEN: u64 = 10 * S;

/// A run in which everything went well. The times are seconds, unlike the clock's microseconds.
pub fn run() -> Run {
    let mut run = Run::empty();

    // A: a whole lifecycle, with a lost race at version 2, and an update that was never answered.
    let a1 = event("A", 1, "new", None);
    let (a2, rival) = (
        event("A", 2, "pending", Some(&a1)),
        event("A", 2, "confirmed", Some(&a1)),
    );
    let a3 = event("A", 3, "confirmed", Some(&a2));
    let a4 = event("A", 4, "shipped", Some(&a3));
    let keyed = [(&a1, "a1"), (&a2, "a2"), (&rival, "rival"), (&a3, "a3"), (&a4, "a4")];
    let places = keyed.map(|(event, key)| run.append_event(event, key));
    let done = |event: &Event, n: usize| written(event, places[n]);
    let seen = Some(After {
        version: 2,
        told: 5 * S,
    });
    let unknown = json!({"eventId": a3.event_id}).to_string();
    run.history.extend([
        op("A", create("A"), Some("a1"), S..2 * S, Some(201), done(&a1, 0)),
        read("A", 2 * S, 3 * S, &shown(&a1)),
        op(
            "A",
            update("pending", Some(1)),
            Some("a2"),
            4 * S..5 * S,
            Some(200),
            done(&a2, 1),
        ),
        Op {
            action: Action::Read { after: seen },
            ..read("A", 5 * S, 6 * S, &shown(&a2))
        },
        op(
            "A",
            update("confirmed", None),
            Some("rival"),
            4 * S..5 * S,
            Some(409),
            "no".to_owned(),
        ),
        op(
            "A",
            update("confirmed", None),
            Some("a3"),
            10 * S..15 * S,
            Some(504),
            unknown,
        ),
        read("A", 16 * S, 17 * S, &shown(&a3)),
        op(
            "A",
            update("shipped", None),
            Some("a4"),
            40 * S..41 * S,
            Some(200),
            done(&a4, 4),
        ),
        op(
            "A",
            update("shipped", None),
            Some("again"),
            42 * S..43 * S,
            Some(200),
            done(&a4, 4),
        ),
        read("A", 44 * S, 45 * S, &shown(&a4)),
    ]);
    // B: the answer to its creation was lost, and came with the repeat.
    let b1 = event("B", 1, "new", None);
    let place = run.append_event(&b1, "b1");
    let b1_told = written(&b1, place);
    run.history.push(op(
        "B",
        create("B"),
        Some("b1"),
        10 * S..11 * S,
        None,
        "reset".to_owned(),
    ));
    let again = op(
        "B",
        create("B"),
        Some("b1"),
        12 * S..13 * S,
        Some(200),
        written(&b1, place),
    );
    run.history.push(Op {
        replayed: true,
        ..again
    });
    // C: seen by no reader. D: its creation was never answered.
    let (c1, d1) = (event("C", 1, "new", None), event("D", 1, "new", None));
    let place = run.append_event(&c1, "c1");
    let d1_told = written(&d1, run.append_event(&d1, "d1"));
    run.history.push(op(
        "C",
        create("C"),
        Some("c1"),
        50 * S..51 * S,
        Some(201),
        written(&c1, place),
    ));
    run.history.push(op(
        "D",
        create("D"),
        Some("d1"),
        12 * S..24 * S,
        None,
        "timed out".to_owned(),
    ));
    // E: refused, not found, and visible at once.
    let e1 = event("E", 1, "new", None);
    run.history.push(read("E", 50 * S, 51 * S, "not found"));
    run.history.push(op(
        "E",
        create("E"),
        Some("e0"),
        52 * S..53 * S,
        Some(503),
        "not now".to_owned(),
    ));
    let place = run.append_event(&e1, "e1");
    let e1_told = written(&e1, place);
    run.history.push(op(
        "E",
        create("E"),
        Some("e1"),
        54 * S..55 * S,
        Some(201),
        written(&e1, place),
    ));
    let after = Some(After {
        version: 1,
        told: 55 * S,
    });
    run.history.push(Op {
        action: Action::Read { after },
        ..read("E", 55 * S, 56 * S, &shown(&e1))
    });
    // Refused correctly: A is shipped at version 4, and there is no G.
    let refused = [
        ("G", update("pending", None), "g1", 404),
        ("A", create("A"), "a5", 409),
        ("A", update("pending", None), "a6", 409),
        ("A", update("delivered", Some(3)), "a7", 412),
        ("C", update("cancelled", None), "c1", 422),
    ];
    for (order, action, key, status) in refused {
        let time = 52 * S..53 * S;
        let answer = "no".to_owned();
        run.history
            .push(op(order, action, Some(key), time, Some(status), answer));
    }
    // What others wrote. The copy of A's first event comes after all its other events.
    run.copy("E", WRITTEN);
    run.copy("A", 45 * S);
    run.append_barrier();
    let place = run.append("STRANGER-1", None, Vec::new());
    run.note("tombstone", false, place, WRITTEN);
    let headers = vec![("x".to_owned(), None), ("x".to_owned(), Some(vec![0, 255]))];
    let place = run.append("STRANGER-2", Some(b"this is not Avro".to_vec()), headers);
    run.note("NotAvro", true, place, WRITTEN);
    let place = run.append(
        "STRANGER-3",
        Some([&[0][..], &SCHEMA_ID.to_be_bytes(), &datum(&e1)].concat()),
        Vec::new(),
    );
    run.note("WrongKey", true, place, WRITTEN);
    deal_with_dead_letters(&mut run);
    // Unknown outcomes are resolved, and acknowledged requests are repeated: late, and altered.
    for (order, action, key, answer) in [
        ("A", update("confirmed", None), "a3", done(&a3, 3)),
        ("D", create("D"), "d1", d1_told),
        ("A", create("A"), "a1", done(&a1, 0)),
        ("B", create("B"), "b1", b1_told),
        ("E", create("E"), "e1", e1_told),
    ] {
        let again = op(order, action, Some(key), 57 * S..58 * S, Some(200), answer);
        run.history.push(Op {
            replayed: true,
            ..again
        });
    }
    for (order, key, status) in [("A", "a1", 422), ("E", "e1", 503)] {
        let other = update("cancelled", None);
        let time = 57 * S..58 * S;
        run.history
            .push(op(order, other, Some(key), time, Some(status), "no".to_owned()));
    }

    let faults = vec![Fault::Kill(Target::CartA), Fault::Poison("NotAvro".to_owned())];
    run.rounds.push(Round {
        faults,
        begun: 9 * S,
        healed: 20 * S,
        settled: Ok(30 * S),
    });
    run.rounds.push(Round {
        faults: vec![Fault::FillDisk],
        begun: 31 * S,
        healed: 34 * S,
        settled: Ok(37 * S),
    });
    let endings = [
        ("cart-service a", 9 * S, EndKind::Killed),
        ("cart-service a", 19 * S, EndKind::Terminated(100)),
        ("order-service", 35 * S, EndKind::GaveUp),
    ];
    for (process, at, how) in endings {
        run.endings.push(Ending {
            process: process.to_owned(),
            at,
            how,
        });
    }
    run.derive();
    run
}

/// STRANGER-4 was in the wrong partition, and STRANGER-5 in a schema that is registered later: both are replayed and applied.
/// STRANGER-6 is replayed until it is parked, STRANGER-3 is discarded, and STRANGER-2 stays as it is.
fn deal_with_dead_letters(run: &mut Run) {
    let framed = |id: u32, event: &Event| [&[0][..], &id.to_be_bytes(), &datum(event)].concat();
    let (misplaced, late) = (event("STRANGER-4", 1, "new", None), event("STRANGER-5", 1, "new", None));
    let elsewhere = 1 - partition_of(b"STRANGER-4", PARTITIONS);
    let headers = vec![("x".to_owned(), Some(b"y".to_vec()))];
    let (key, value) = (b"STRANGER-4".to_vec(), framed(SCHEMA_ID, &misplaced));
    let place = run.append_to(elsewhere, Some(key), Some(value), headers);
    run.note("misplaced", true, place, WRITTEN);
    let one_more = [2, 2, b'x'];
    let value = [&framed(SCHEMA_ID + 2, &late)[..], &one_more].concat();
    let place = run.append("STRANGER-5", Some(value), Vec::new());
    run.note("late", true, place, WRITTEN);
    let place = run.append("STRANGER-6", Some(b"neither is this".to_vec()), Vec::new());
    run.note("NotAvro", true, place, WRITTEN);
    run.derive();
    for (job, keys) in [
        ("job-1", &["STRANGER-4", "STRANGER-5", "STRANGER-6"][..]),
        ("job-2", &["STRANGER-6"]),
        ("job-3", &["STRANGER-6"]),
    ] {
        run.start_job(job, json!({"all": true}));
        keys.iter().for_each(|key| run.replay(key, job));
    }
    let (parked, discarded) = (run.letter_id("STRANGER-6"), run.letter_id("STRANGER-3"));
    run.start_job("job-4", json!({"ids": [parked]}));
    run.discard(&discarded, "not needed");
    run.managed.push(Managed {
        path: "/dlq/discard".to_owned(),
        body: json!({"ids": [discarded], "reason": "not needed"}),
        begun: WRITTEN,
        ended: WRITTEN + 1,
        status: Some(200),
        answer: json!({"discarded": 1}),
    });
    run.floods.push(Flooding {
        partition: 1,
        paused: Some(1_001),
        after_kill: Some(1_001),
        resumed: vec![1],
        end: 1_100,
        reached: 1_100,
    });
}

impl Run {
    /// Copies the first event of an order, as others do at that time.
    fn copy(&mut self, order: &str, at: u64) {
        let first = self.record(order.as_bytes()).clone();
        let place = self.append(order, first.value, first.headers);
        self.note("duplicate", false, place, at);
    }
}
