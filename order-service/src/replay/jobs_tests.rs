use orderlog_projection::store::Embedded;

use super::super::job::{JobState, LetterOutcome};
use super::super::job_list::MAX_ENDED;
use super::super::selection::Selection;
use super::*;

fn open_store(dir: &tempfile::TempDir) -> Store {
    Embedded::open(dir.path()).expect("opens").into()
}

fn open(dir: &tempfile::TempDir) -> Jobs {
    Jobs::open(&open_store(dir)).expect("opens")
}

fn letter(offset: i64) -> DeadLetterId {
    DeadLetterId { partition: 0, offset }
}

/// Adds a job; the number is in its id, which need not sort as the jobs were added.
fn add(jobs: &Jobs, number: u128) -> Uuid {
    let id = Uuid::from_u128(number);
    let job = Job::new(id, "jo".into(), 7, Selection::All, 100);
    jobs.add(job).expect("adds").expect("a job").id
}

fn read(job: Uuid, offset: i64, outcome: LetterOutcome) -> Folded {
    let now = LetterResult {
        id: letter(offset).to_string(),
        key: None,
        outcome,
        code: None,
        first_code: None,
        reason: None,
        sent_to: Some((2, offset)),
    };
    Folded {
        job,
        letter: letter(offset),
        before: None,
        now,
    }
}

/// What the projection does: the row in its own commit, and then the note.
fn fold(jobs: &Jobs, folded: Folded) {
    store_row(jobs, &folded);
    jobs.note_folded(vec![folded]);
}

fn store_row(jobs: &Jobs, folded: &Folded) {
    let row = jobs
        .letter_row(folded.job, folded.letter, &folded.now)
        .expect("encodes");
    jobs.0.rows.commit(&[row]).expect("commits");
}

fn send(jobs: &Jobs, id: Uuid, offsets: &[i64]) {
    let letters: Vec<DeadLetterId> = offsets.iter().map(|offset| letter(*offset)).collect();
    jobs.begin_sending(id, &letters).expect("stores");
    jobs.change(id, Vec::new(), |job| job.end_sending(&[])).expect("stores");
}

fn end(jobs: &Jobs, id: Uuid, state: JobState) {
    jobs.change(id, Vec::new(), |job| job.end(state, 9, None))
        .expect("stores");
}

fn get(jobs: &Jobs, id: Uuid) -> Job {
    jobs.get(id).expect("that job")
}

fn has_letters(jobs: &Jobs, id: Uuid) -> bool {
    (0..10).any(|offset| jobs.letter(id, letter(offset)).expect("reads").is_some())
}

#[test]
fn what_became_of_the_records_of_a_stopped_job_survives_any_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let jobs = open(&dir);
    let id = add(&jobs, 1);
    send(&jobs, id, &[0, 1]);
    fold(&jobs, read(id, 0, LetterOutcome::Applied));
    end(&jobs, id, JobState::Stopped);
    drop(jobs);

    let jobs = open(&dir);
    assert!(jobs.is_any_awaiting() && jobs.awaits(id));
    assert_eq!((get(&jobs, id).in_flight(), get(&jobs, id).outcomes.applied), (1, 1));
    fold(&jobs, read(id, 1, LetterOutcome::Superseded));
    assert!(!jobs.awaits(id));
    let shown = get(&jobs, id);
    jobs.store_complete().expect("stores");
    assert!(!has_letters(&jobs, id));
    drop(jobs);

    let jobs = open(&dir);
    assert_eq!(get(&jobs, id), shown);
    assert_eq!(
        (shown.outcomes.applied, shown.outcomes.superseded, shown.messages.len()),
        (1, 1, 2)
    );
    assert!(!jobs.is_any_awaiting());
}

#[test]
fn a_transaction_that_nobody_confirmed_before_the_restart_is_still_accounted_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let jobs = open(&dir);
    let id = add(&jobs, 1);
    jobs.begin_sending(id, &[letter(0), letter(1)]).expect("stores");
    drop(jobs);

    let jobs = open(&dir);
    assert!(jobs.has_sent(id, letter(0)) && !jobs.has_sent(id, letter(2)));
    end(&jobs, id, JobState::Stopped);
    fold(&jobs, read(id, 0, LetterOutcome::Applied));
    drop(jobs);

    let jobs = open(&dir);
    assert!(jobs.awaits(id));
    assert_eq!((get(&jobs, id).sent, get(&jobs, id).outcomes.applied), (1, 1));
    fold(&jobs, read(id, 1, LetterOutcome::Applied));
    assert_eq!((get(&jobs, id).sent, get(&jobs, id).outcomes.applied), (2, 2));
    assert!(!jobs.awaits(id));
}

#[test]
fn a_transaction_that_was_not_committed_is_decided_by_the_index() {
    let (dir, other) = (
        tempfile::tempdir().expect("a directory"),
        tempfile::tempdir().expect("a directory"),
    );
    let jobs = open(&dir);
    let index = Index::open(&open_store(&other), "dlq").expect("opens");
    let id = add(&jobs, 1);
    jobs.begin_sending(id, &[letter(0)]).expect("stores");
    jobs.decide_sending(&index).expect("reads");
    assert!(jobs.has_sent(id, letter(0)), "it is still running");
    end(&jobs, id, JobState::Failed);
    assert!(jobs.awaits(id));
    jobs.decide_sending(&index).expect("reads");
    assert!(!jobs.awaits(id) && !jobs.has_sent(id, letter(0)));
    assert_eq!(get(&jobs, id).sent, 0);
}

#[test]
fn an_interrupted_removal_is_completed_and_changes_no_outcomes() {
    let dir = tempfile::tempdir().expect("a directory");
    let jobs = open(&dir);
    let id = add(&jobs, 1);
    send(&jobs, id, &[0, 1]);
    for offset in [0, 1] {
        fold(&jobs, read(id, offset, LetterOutcome::Applied));
    }
    end(&jobs, id, JobState::Done);
    let ended = get(&jobs, id);
    // As if the process had been killed after it had removed only the other row.
    store_row(&jobs, &read(id, 1, LetterOutcome::Applied));
    drop(jobs);

    let jobs = open(&dir);
    assert_eq!(get(&jobs, id), ended);
    assert_eq!(ended.outcomes.applied, 2);
    assert!(!has_letters(&jobs, id));
}

#[test]
fn an_outcome_that_comes_while_its_job_ends_is_not_lost() {
    let dir = tempfile::tempdir().expect("a directory");
    let jobs = open(&dir);
    let id = add(&jobs, 1);
    send(&jobs, id, &[0]);
    // The change is applied to the copy that is stored, and then to the job itself: in between, the outcome comes.
    let applied = std::cell::Cell::new(0);
    let ending = |job: &mut Job| {
        job.end(JobState::Stopped, 9, None);
        applied.set(applied.get() + 1);
        if applied.get() == 1 {
            fold(&jobs, read(id, 0, LetterOutcome::Duplicate));
        }
    };
    jobs.change(id, Vec::new(), ending).expect("stores");
    let shown = get(&jobs, id);
    assert_eq!((shown.outcomes.duplicate, shown.messages.len()), (1, 1));
    assert!(!jobs.awaits(id) && !has_letters(&jobs, id));
    drop(jobs);
    assert_eq!(get(&open(&dir), id), shown);
}

#[test]
fn records_that_were_given_up_stay_so_after_a_restart_before_that_is_final() {
    let dir = tempfile::tempdir().expect("a directory");
    let jobs = open(&dir);
    let id = add(&jobs, 1);
    send(&jobs, id, &[0, 1]);
    fold(&jobs, read(id, 0, LetterOutcome::Applied));
    jobs.note(id, Job::give_up);
    let mut done = get(&jobs, id);
    done.end(JobState::Done, 9, None);
    // As if the process had been killed right after the job's end was stored.
    jobs.0
        .rows
        .commit(&[jobs.0.rows.job_row(&done).expect("encodes")])
        .expect("stores");
    drop(jobs);
    let jobs = open(&dir);
    let job = get(&jobs, id);
    assert_eq!((job.outcomes.applied, job.outcomes.failed, job.in_flight()), (1, 1, 0));
    assert!(!jobs.awaits(id));
    jobs.store_complete().expect("stores");
    assert!(!has_letters(&jobs, id));
}

#[test]
fn a_job_that_another_release_wrote_is_shown_as_failed() {
    let dir = tempfile::tempdir().expect("a directory");
    let jobs = open(&dir);
    let [known, odd] = [1, 2].map(|number| add(&jobs, number));
    let row = serde_json::json!({"by": "jo", "startedAt": 5, "sequence": 2, "state": "dreaming"});
    let table = open_table(&jobs, odd, &row.to_string());
    jobs.0.rows.commit(&[table]).expect("commits");
    drop(jobs);
    let jobs = open(&dir);
    let job = get(&jobs, odd);
    assert_eq!(
        (job.state, job.by.as_str(), job.started_at),
        (JobState::Failed, "jo", 5)
    );
    assert!(job.error.expect("an error").contains("another release"));
    assert!(get(&jobs, known).is_running());
}

fn open_table(jobs: &Jobs, id: Uuid, json: &str) -> RowChange {
    jobs.0.rows.raw_job_row(id, json.as_bytes())
}

#[test]
fn jobs_run_in_the_order_in_which_they_were_added_whatever_the_clock_says() {
    let dir = tempfile::tempdir().expect("a directory");
    let jobs = open(&dir);
    let ids = [9, 3, 5].map(|number| add(&jobs, number));
    let newest = |jobs: &Jobs| jobs.newest(2).iter().map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(newest(&jobs), [ids[2], ids[1]]);
    assert_eq!(jobs.take_turn(), Some(ids[0]));
    assert_eq!(jobs.newest(3)[0].waiting, Some(format!("replay {} is running", ids[0])));
    assert_eq!(get(&jobs, ids[0]).waiting, None);
    drop(jobs);
    let jobs = open(&dir);
    assert_eq!(newest(&jobs), [ids[2], ids[1]]);
    end(&jobs, ids[0], JobState::Stopped);
    assert_eq!(jobs.take_turn(), Some(ids[1]));
    let last = add(&jobs, 1);
    assert_eq!(newest(&jobs), [last, ids[2]]);
}

#[test]
fn the_oldest_jobs_that_have_ended_are_forgotten() {
    let dir = tempfile::tempdir().expect("a directory");
    let jobs = open(&dir);
    let running = add(&jobs, 1_000);
    let ids: Vec<Uuid> = (0..MAX_ENDED + 2)
        .map(|n| {
            let id = add(&jobs, 500 - n as u128);
            end(&jobs, id, JobState::Stopped);
            id
        })
        .collect();
    let kept = |jobs: &Jobs| jobs.newest(usize::MAX).iter().map(|job| job.id).collect::<Vec<_>>();
    let expected: Vec<Uuid> = ids[2..].iter().rev().copied().chain([running]).collect();
    assert_eq!(kept(&jobs), expected);
    drop(jobs);
    assert_eq!(kept(&open(&dir)), expected);
}

#[test]
fn no_more_than_some_jobs_run_or_wait() {
    let dir = tempfile::tempdir().expect("a directory");
    let jobs = open(&dir);
    for number in 0..MAX_RUNNING {
        assert!(!jobs.is_full());
        add(&jobs, number as u128 + 1);
    }
    assert!(jobs.is_full());
    let more = Job::new(Uuid::nil(), "jo".into(), 7, Selection::All, 100);
    assert_eq!(jobs.add(more).expect("stores"), None);
}
