//! Spoiled replays and discards, and partitions with too many dead letters.

use serde_json::json;

use super::{ASKED, CONTRACT, FLOODED, JOBS_END, LETTERS, LISTED, Mutation, ONCE, ONLY_OPEN, OUTCOMES, SAME};
use crate::checks::Run;
use crate::letters::{CODE, DEAD_LETTERS, FIRST_CODE, REPLAY_OF, REPLAYS};
use crate::management::Job;
use testbed::log::Record;

impl Run {
    fn replay_of(&mut self, key: &str) -> &mut Record {
        let is_it = |record: &&mut Record| {
            record.key.as_deref() == Some(key.as_bytes()) && !record.header(REPLAY_OF).is_empty()
        };
        self.evidence.records.iter_mut().find(is_it).expect("a replay")
    }

    fn job(&mut self, id: &str) -> &mut Job {
        self.jobs.iter_mut().find(|job| job.id == id).expect("a job")
    }

    fn remove_record(&mut self, place: (i32, i64)) {
        self.evidence.records.retain(|record| record.place() != place);
        self.derive();
    }

    fn last_letter(&mut self, key: &str) -> &mut Record {
        let is_it = |record: &&mut Record| record.key.as_deref() == Some(key.as_bytes());
        self.evidence
            .dead_letters
            .iter_mut()
            .rfind(is_it)
            .expect("a dead letter")
    }
}

fn set(record: &mut Record, name: &str, value: &str) {
    let header = record.headers.iter_mut().rfind(|(other, _)| other == name);
    header.expect("a header").1 = Some(value.as_bytes().to_vec());
}

pub const MUTATIONS: &[Mutation] = &[
    ("a dead letter is sent twice", ONCE, |run| {
        let Record { value, headers, .. } = run.replay_of("STRANGER-4").clone();
        run.append("STRANGER-4", value, headers);
        run.derive();
    }),
    ("a replay is marked and was not sent", ONCE, |run| {
        let place = run.replay_of("STRANGER-4").place();
        run.remove_record(place);
    }),
    ("a dead letter is sent without a mark", ONCE, |run| {
        let id = run.letter_id("STRANGER-4");
        run.evidence
            .dead_letters
            .retain(|record| record.header(DEAD_LETTERS) != id);
        run.derive();
    }),
    ("a discarded dead letter is replayed", ONLY_OPEN, |run| {
        let id = run.letter_id("STRANGER-4");
        run.discard(&id, "not needed");
        // Before the other mark.
        let mark = run.evidence.dead_letters.last_mut().expect("the mark");
        mark.offset = -1;
        run.evidence.dead_letters.sort_by_key(Record::place);
        run.managed.last_mut().expect("the discard").answer = json!({"discarded": 2});
        run.derive();
    }),
    ("a parked dead letter is replayed", ONLY_OPEN, |run| {
        run.replay("STRANGER-6", "job-3")
    }),
    ("a dead letter is replayed by two jobs", ONLY_OPEN, |run| {
        run.replay("STRANGER-4", "job-2")
    }),
    ("a dead letter is replayed to another topic", ONLY_OPEN, |run| {
        let stray = run.replay_of("STRANGER-4").clone();
        run.evidence.elsewhere.push(stray);
    }),
    ("a replayed record has lost a header", SAME, |run| {
        run.replay_of("STRANGER-4").headers.remove(0);
    }),
    ("a replayed record counts its replays wrong", SAME, |run| {
        set(run.replay_of("STRANGER-4"), REPLAYS, "2")
    }),
    ("a replayed record says that it was somewhere else", SAME, |run| {
        set(run.replay_of("STRANGER-4"), "orderlog.at", "torture-0-0")
    }),
    ("nobody asked for a replay", ASKED, |run| {
        run.jobs.retain(|job| job.id != "job-2");
        run.managed.retain(|asked| asked.answer["id"] != "job-2");
    }),
    ("a dead letter is discarded for another reason", ASKED, |run| {
        run.managed.last_mut().expect("the discard").body["reason"] = json!("because")
    }),
    ("a discard tells a wrong number", ASKED, |run| {
        run.managed.last_mut().expect("the discard").answer = json!({"discarded": 2})
    }),
    ("a replay never ends", JOBS_END, |run| {
        run.job("job-2").state = "running".to_owned()
    }),
    ("a replay fails without a reason", JOBS_END, |run| {
        run.job("job-2").state = "failed".to_owned()
    }),
    ("a replay is forgotten", JOBS_END, |run| {
        run.jobs.retain(|job| job.id != "job-4")
    }),
    ("an applied event is told to be a duplicate", OUTCOMES, |run| {
        let outcomes = &mut run.job("job-1").outcomes;
        outcomes.applied -= 1;
        outcomes.duplicate += 1;
    }),
    ("a parked dead letter is told to be dead-lettered", OUTCOMES, |run| {
        let outcomes = &mut run.job("job-3").outcomes;
        outcomes.parked -= 1;
        outcomes.dead_lettered += 1;
    }),
    ("a replay does not count a record that it sent", OUTCOMES, |run| {
        run.job("job-1").sent -= 1
    }),
    ("a replay does not tell what it refused", OUTCOMES, |run| {
        run.job("job-4").outcomes.parked = 0
    }),
    ("a record that is rejected again is lost", LETTERS, |run| {
        let last = run.last_letter("STRANGER-6").place();
        run.evidence.dead_letters.retain(|record| record.place() != last);
        run.evidence.relist();
    }),
    ("a dead letter forgets why it was rejected first", LETTERS, |run| {
        let code = run.last_letter("STRANGER-6").header(CODE);
        assert_ne!(code, "");
        set(run.last_letter("STRANGER-6"), FIRST_CODE, "undecodable");
    }),
    ("a dead letter counts its replays anew", LETTERS, |run| {
        set(run.last_letter("STRANGER-6"), REPLAYS, "1");
        run.evidence.relist();
    }),
    ("a replayed dead letter is still open", LISTED, |run| {
        let shown = run.evidence.listed.iter_mut().find(|shown| shown.state == "replayed");
        shown.expect("a replayed one").state = "open".to_owned();
    }),
    ("a discarded dead letter is still counted", LISTED, |run| {
        *run.evidence.dlq.by_state.get_mut("open").expect("counted") += 1
    }),
    ("a settled dead letter is not listed", LISTED, |run| {
        run.evidence.listed.retain(|shown| shown.state != "discarded")
    }),
    ("a replay is answered with 500", CONTRACT, |run| {
        run.managed[1].body = json!({"all": true, "dryRun": true});
        run.managed[1].status = Some(500);
    }),
    ("a partition is not paused", FLOODED, |run| run.floods[0].paused = None),
    ("a partition is paused too late", FLOODED, |run| {
        run.floods[0].paused = Some(run.floods[0].end);
        run.floods[0].after_kill = run.floods[0].paused;
    }),
    ("a partition is not paused after a kill", FLOODED, |run| {
        run.floods[0].after_kill = None
    }),
    ("a paused partition is read on after a kill", FLOODED, |run| {
        run.floods[0].after_kill = Some(1_005)
    }),
    ("a partition is not resumed", FLOODED, |run| {
        run.floods[0].resumed.clear()
    }),
    ("a partition is not read on", FLOODED, |run| run.floods[0].reached -= 1),
];
