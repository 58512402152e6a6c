//! The answer to an acknowledged request that is sent again under its key: the first answer again. Also minutes later,
//! after further changes of the order, and after copies of its event were read.

use std::collections::BTreeSet;

use super::keys::{self, is_own};
use super::{Case, Findings};
use crate::fold::Outcome;
use crate::history::{Class, EndKind, Op};
use crate::injector::COPY;

/// How long before its exit a stopping service answers "not now", plus how much later the exit is noted, in
/// microseconds.
const EXIT_MARGIN_US: u64 = 11_000_000;

/// A request that came after the answer to its first attempt.
struct Repeat<'a> {
    op: &'a Op,
    /// The first attempt that was acknowledged.
    first: &'a Op,
    /// The last attempt before this one that the same instance answered with the same success.
    known: Option<&'a Op>,
}

fn repeats<'a>(case: &'a Case<'_>) -> Vec<Repeat<'a>> {
    let (applied, mut repeats) = (keys::applied(case), Vec::new());
    for ((key, order), ops) in keys::of(case) {
        let events = applied.get(&(key.to_owned(), order));
        let event = events.and_then(|events| events.first().copied());
        for op in &ops {
            let earlier = || {
                ops.iter()
                    .copied()
                    .filter(|earlier| is_own(earlier, event) && earlier.ended < op.begun)
            };
            let Some(first) = earlier().min_by_key(|earlier| earlier.ended) else {
                continue;
            };
            let here = earlier().filter(|earlier| earlier.instance == op.instance);
            let known = here.max_by_key(|earlier| earlier.ended);
            repeats.push(Repeat { op, first, known });
        }
    }
    repeats
}

/// Each gets the first answer again, unless it differs: then it is refused. Repeats after a copy of their event that
/// came too late to matter belong to [`get_the_first_answer_after_copies`].
pub fn get_the_first_answer(case: &Case<'_>) -> Findings {
    let copied = copied(case);
    look_at(case, |repeat| !comes_after(repeat, &copied))
}

/// The same for those.
pub fn get_the_first_answer_after_copies(case: &Case<'_>) -> Findings {
    let copied = copied(case);
    look_at(case, |repeat| comes_after(repeat, &copied))
}

fn look_at(case: &Case<'_>, is_meant: impl Fn(&Repeat<'_>) -> bool) -> Findings {
    let mut findings = Findings::default();
    for repeat in repeats(case).iter().filter(|repeat| is_meant(repeat)) {
        let wrong = wrong(case, repeat);
        findings.look(wrong.map(|wrong| format!("{} came after {}: {wrong}", repeat.op.name(), repeat.first.name())));
    }
    findings
}

/// Key, order and time of each copy that was read as superseded, because later versions of its order precede it.
type Copied = BTreeSet<(String, Vec<u8>, u64)>;

fn copied(case: &Case<'_>) -> Copied {
    let judged = &case.reference.judged;
    let is_superseded = |place: (i32, i64)| {
        let found = judged.binary_search_by_key(&place, |judged| judged.record.place());
        found.is_ok_and(|n| judged[n].outcome == Outcome::Superseded)
    };
    let copies = case.run.injected.iter().filter(|injected| injected.kind == COPY);
    let old = copies.filter(|copy| copy.place.is_some_and(is_superseded));
    old.map(|copy| (copy.idempotency_key(), copy.key.clone().unwrap_or_default(), copy.at))
        .collect()
}

fn comes_after(repeat: &Repeat<'_>, copied: &Copied) -> bool {
    let op = repeat.op;
    let (key, order) = (op.key.clone().unwrap_or_default(), op.order.clone().into_bytes());
    let from = (key.clone(), order.clone(), 0);
    copied.range(from..(key, order, op.begun)).next().is_some()
}

/// What is wrong with the answer to a repeat.
fn wrong(case: &Case<'_>, repeat: &Repeat<'_>) -> Option<String> {
    let Repeat { op, first, known } = repeat;
    let is_same = op.action.is_same_request(&first.action);
    // The message is not compared: it is for people.
    let told = |op: &Op| {
        let told = op.written()?;
        Some((told.event_id, told.partition, told.offset, told.order))
    };
    match (op.class, op.status) {
        (Class::Unknown, _) => None,
        (Class::Ok, _) if !is_same => Some("another request was carried out under the same key".to_owned()),
        (Class::Ok, _) if !op.replayed => Some("it was answered as a new request".to_owned()),
        (Class::Ok, _) => (told(op) != told(first)).then(|| format!("{} instead of {}", op.answer, first.answer)),
        (Class::Fail, Some(422)) if !is_same => None,
        // In such a case it need not say that the key belongs to another request.
        (Class::Fail, Some(503)) if !is_same => None,
        (Class::Fail, Some(503)) => {
            let known = known.filter(|known| lived(case, op, known.ended))?;
            Some(format!(
                "told \"not now\" by an instance that knew, from {}",
                known.name()
            ))
        }
        (Class::Fail, _) => Some(format!("it was refused: {}", op.answer)),
    }
}

/// Whether the instance that answered that request certainly had not ended since that time, and was not about to.
fn lived(case: &Case<'_>, op: &Op, since: u64) -> bool {
    let ends = case
        .run
        .endings
        .iter()
        .filter(|end| end.process == op.instance && end.at >= since);
    !ends.clone().any(|end| match end.how {
        EndKind::Killed | EndKind::Terminated(_) => end.at <= op.ended + EXIT_MARGIN_US,
        // Noted when it is discovered, which may be much later.
        EndKind::GaveUp | EndKind::Wrongly(_) => true,
    })
}
