use super::*;
use crate::dead_letter::DeadLetterState;
use crate::replay::job::LetterOutcome;

fn row(size: u64) -> DeadLetterRow {
    DeadLetterRow {
        timestamp: None,
        key: None,
        code: None,
        reason: None,
        schema_id: None,
        size,
        replays: 0,
        origin: None,
        position: None,
        first_code: None,
        state: DeadLetterState::Open,
        settled: None,
    }
}

fn page(letters: &[(&str, u64)]) -> Vec<Selected> {
    let selected = letters
        .iter()
        .map(|(id, size)| (id.parse().expect("an id"), Some(row(*size))));
    selected.collect()
}

/// Sends all, but for those of one byte, which are refused.
fn plan_by_size(selected: &Selected) -> Plan {
    match &selected.1 {
        Some(row) if row.size != 1 => Plan::Send(row.clone()),
        row => Plan::Refuse(plan::refused(
            selected.0,
            row.as_ref(),
            LetterOutcome::Failed,
            "a test".to_owned(),
        )),
    }
}

fn shown(planned: &Planned) -> (Vec<String>, Vec<String>, Option<String>, bool) {
    let open = planned.open.iter().map(|(id, _)| id.to_string()).collect();
    let refused = planned.chunk.refused.iter().map(|(id, _)| id.to_string()).collect();
    (
        open,
        refused,
        planned.chunk.cursor.map(|id| id.to_string()),
        planned.is_cut,
    )
}

fn texts(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn a_chunk_ends_before_the_values_are_too_large_and_with_the_dead_letter_before() {
    const HALF: u64 = MAX_BYTES / 2;
    for (letters, open, refused, cursor, is_cut) in [
        (&[][..], &[][..], &[][..], None, false),
        (
            &[("0-3", HALF), ("0-4", HALF)],
            &["0-3", "0-4"],
            &[],
            Some("0-4"),
            false,
        ),
        (
            &[("0-3", HALF), ("0-4", 1), ("0-5", HALF + 1), ("0-6", 1)],
            &["0-3"],
            &["0-4"],
            Some("0-4"),
            true,
        ),
        // The first of a partition: no dead letter of that partition is before it.
        (&[("0-3", 2), ("1-0", MAX_BYTES)], &["0-3"], &[], Some("0-3"), true),
        (
            &[("0-3", u64::MAX), ("0-4", u64::MAX)],
            &["0-3"],
            &[],
            Some("0-3"),
            true,
        ),
        (
            &[("0-3", 1), ("0-4", MAX_BYTES + 1)],
            &["0-4"],
            &["0-3"],
            Some("0-4"),
            false,
        ),
    ] {
        let planned = planned(&page(letters), plan_by_size);
        let expected = (texts(open), texts(refused), cursor.map(str::to_owned), is_cut);
        assert_eq!(shown(&planned), expected, "{letters:?}");
    }
}
