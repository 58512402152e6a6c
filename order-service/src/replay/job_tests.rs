use orderlog_contract::order::Outcome;
use orderlog_contract::rejection::{Code, Rejection};

use super::*;

fn job() -> Job {
    Job::new(Uuid::from_u128(1), "jo".into(), 7, Selection::All, 100)
}

fn result(id: u32, outcome: LetterOutcome) -> LetterResult {
    LetterResult {
        id: format!("0-{id}"),
        key: None,
        outcome,
        code: None,
        first_code: None,
        reason: None,
        sent_to: None,
    }
}

#[test]
fn the_third_rejection_parks_a_record() {
    let rejected = Outcome::Rejected(Rejection::new(Code::InvalidOrder, "x"));
    for (outcome, replays, expected) in [
        (Outcome::Applied { gap: true }, 1, LetterOutcome::Applied),
        (Outcome::Duplicate, 3, LetterOutcome::Duplicate),
        (Outcome::Superseded, 1, LetterOutcome::Superseded),
        (Outcome::Ignored, 1, LetterOutcome::Failed),
        (rejected.clone(), 1, LetterOutcome::DeadLettered),
        (rejected.clone(), 2, LetterOutcome::DeadLettered),
        (rejected, 3, LetterOutcome::Parked),
    ] {
        assert_eq!(LetterOutcome::of(&outcome, replays), expected, "{outcome:?} {replays}");
    }
}

#[test]
fn a_record_that_is_read_again_counts_once_with_its_last_outcome() {
    let mut job = job();
    job.sent = 2;
    job.note_folded(None, result(1, LetterOutcome::Applied));
    job.note_folded(Some(LetterOutcome::Applied), result(1, LetterOutcome::Duplicate));
    assert_eq!((job.folded, job.in_flight()), (1, 1));
    assert_eq!((job.outcomes.applied, job.outcomes.duplicate), (0, 1));
    assert_eq!(job.messages, [result(1, LetterOutcome::Duplicate)]);
}

#[test]
fn only_the_last_dead_letters_are_shown_and_all_are_counted() {
    let mut job = job();
    for id in 0..150 {
        job.note_unsent(result(id, LetterOutcome::Failed));
    }
    assert_eq!((job.outcomes.failed, job.messages.len()), (150, MAX_SHOWN));
    assert_eq!(job.messages.front(), Some(&result(50, LetterOutcome::Failed)));
}

#[test]
fn a_stopped_job_is_complete_when_the_outcomes_of_what_it_sent_are_known() {
    let mut job = job();
    job.sent = 1;
    assert!(!job.is_complete());
    job.end(JobState::Stopped, 9, None);
    assert!(!job.is_complete() && !job.is_running());
    job.note_folded(None, result(1, LetterOutcome::Superseded));
    assert!(job.is_complete());
}

#[test]
fn what_was_sent_is_counted_once_whoever_learns_of_it_first() {
    let ids = [1, 2, 3].map(|offset| DeadLetterId { partition: 0, offset });
    let mut job = job();
    job.begin_sending(&ids);
    assert_eq!(job.sending().collect::<Vec<_>>(), ids);
    job.note_read(ids[1]);
    job.note_read(ids[1]);
    assert_eq!((job.sent, job.sending().count()), (1, 2));
    job.end_sending(&[ids[2]]);
    assert_eq!((job.sent, job.sending().count()), (2, 0), "the third one was too large");
    job.note_read(ids[0]);
    assert_eq!(job.sent, 2);
}

#[test]
fn a_job_that_ends_in_a_transaction_is_not_complete_until_that_is_decided() {
    let id = DeadLetterId {
        partition: 0,
        offset: 1,
    };
    let mut job = job();
    job.begin_sending(&[id]);
    job.end(JobState::Stopped, 9, None);
    assert!(!job.is_complete());
    job.note_read(id);
    assert_eq!((job.sent, job.is_complete()), (1, false));
    job.note_folded(None, result(1, LetterOutcome::Applied));
    assert!(job.is_complete());
}

#[test]
fn a_job_is_read_back_from_its_row() {
    let mut job = job();
    job.advance("0-7".parse().expect("an id"));
    job.below.insert(0, 9);
    job.note_unsent(result(1, LetterOutcome::Parked));
    job.end(JobState::Failed, 9, Some("no".into()));
    let row = serde_json::to_vec(&job).expect("JSON");
    assert_eq!(serde_json::from_slice::<Job>(&row).expect("a job"), job);
}
