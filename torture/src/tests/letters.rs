//! Adds dead letters, replays and discards to a run, with an order-service that reflects them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::good_run::WRITTEN;
use super::model::at;
use super::sample::DATE;
use crate::checks::{Case, Run, jobs};
use crate::cluster::TOPIC;
use crate::evidence::Evidence;
use crate::letters::{
    self, ADDED, AT, CODE, DEAD_LETTERS, FIRST_CODE, ID, JOB, Letters, MARK, REASON, REPLAY_OF, REPLAYS,
};
use crate::management::Managed;
use testbed::api_types::DeadLetter;
use testbed::log::{self, Header, Record};

impl Run {
    /// Makes the replays tell what became of their records.
    pub(super) fn derive_jobs(&mut self) {
        let case = Case::of(self);
        let (log, mut jobs) = (jobs::of_the_log(&case), self.jobs.clone());
        for job in &mut jobs {
            job.outcomes = log.get(&job.id).copied().unwrap_or_default();
            job.sent = job.outcomes.sum();
            // Those that are named and were not sent are parked.
            let named = job.selection["ids"].as_array().map_or(0, |ids| ids.len() as u64);
            job.outcomes.parked += named.saturating_sub(job.sent);
            job.total = job.outcomes.sum();
        }
        self.jobs = jobs;
    }

    /// Starts a replay.
    pub fn start_job(&mut self, id: &str, selection: Value) {
        self.managed.push(Managed {
            path: "/dlq/replay".to_owned(),
            body: selection.clone(),
            begun: WRITTEN,
            ended: WRITTEN + 1,
            status: Some(202),
            answer: json!({"id": id}),
        });
        let job = json!({
            "id": id, "state": "done", "selection": selection, "total": 0, "sent": 0, "waiting": null, "error": null,
            "outcomes": {"applied": 0, "duplicate": 0, "superseded": 0, "deadLettered": 0, "parked": 0, "failed": 0},
        });
        self.jobs.push(serde_json::from_value(job).expect("a job"));
    }

    /// The id of the last dead letter of that key.
    pub fn letter_id(&self, key: &str) -> String {
        let letter = self.letter(key);
        format!("{}-{}", letter.partition, letter.offset)
    }

    fn letter(&self, key: &str) -> &Record {
        let mut letters = self.evidence.dead_letters.iter().rev();
        letters
            .find(|record| record.key.as_deref() == Some(key.as_bytes()))
            .expect("a dead letter")
    }

    /// Replays the last dead letter of that key, after the late schema was registered.
    pub fn replay(&mut self, key: &str, job: &str) {
        let (id, letter) = (self.letter_id(key), self.letter(key).clone());
        let (own, before) = letters::split(&letter.headers);
        let first = log::header(before, FIRST_CODE);
        let first = if first.is_empty() {
            log::header(before, CODE)
        } else {
            first
        };
        let replays = log::header(before, REPLAYS).parse::<u32>().expect("a number") + 1;
        let added = added(&[
            (ID, &log::header(before, ID)),
            (AT, &log::header(before, AT)),
            (REPLAYS, &replays.to_string()),
            (REPLAY_OF, &id),
            (JOB, job),
            (FIRST_CODE, &first),
        ]);
        let place = self.append(key, letter.value.clone(), [own, &added].concat());
        let sent = self.evidence.records.iter_mut().find(|record| record.place() == place);
        sent.expect("the replay").timestamp = Some(DATE.0 + 2);
        self.mark(&[(MARK, "replayed"), (DEAD_LETTERS, &id), (JOB, job)]);
        self.derive();
    }

    /// Discards a dead letter.
    pub fn discard(&mut self, id: &str, reason: &str) {
        self.mark(&[(MARK, "discarded"), (DEAD_LETTERS, id), (REASON, reason)]);
    }

    fn mark(&mut self, says: &[(&str, &str)]) {
        self.evidence.dead_letters.push(Record {
            partition: 0,
            offset: self.evidence.next_dead_letter(),
            timestamp: Some(DATE.0),
            key: None,
            value: None,
            headers: added(says),
        });
    }
}

/// Those headers, and their number.
fn added(headers: &[(&str, &str)]) -> Vec<Header> {
    let count = (headers.len() + 1).to_string();
    let all = headers.iter().copied().chain([(ADDED, count.as_str())]);
    all.map(|(name, value)| (name.to_owned(), Some(value.as_bytes().to_vec())))
        .collect()
}

impl Evidence {
    /// Makes that record a dead letter, which is listed and counted.
    pub fn add_dead_letter(&mut self, record: &Record, code: &str) {
        self.push_dead_letter(record, code, self.next_dead_letter());
        self.relist();
    }

    pub(super) fn next_dead_letter(&self) -> i64 {
        let last = self.dead_letters.iter().map(|record| record.offset).max();
        last.map_or(0, |last| last + 1)
    }

    pub(super) fn push_dead_letter(&mut self, record: &Record, code: &str, offset: i64) {
        let (own, replay) = letters::split(&record.headers);
        let at = at(record);
        let (id, replays) = match replay {
            [] => (at.clone(), "0".to_owned()),
            replay => (log::header(replay, ID), log::header(replay, REPLAYS)),
        };
        let first = log::header(replay, FIRST_CODE);
        let says = [
            ("kafka_dlt-original-topic", TOPIC),
            (CODE, code),
            (ID, &id),
            (AT, &at),
            (REPLAYS, &replays),
            (FIRST_CODE, &first),
        ];
        let says = if first.is_empty() { &says[..5] } else { &says[..] };
        self.dead_letters.push(Record {
            partition: 0,
            offset,
            headers: [own, &added(says)].concat(),
            ..record.clone()
        });
    }

    /// Makes order-service list and count what the dead-letter topic says.
    pub fn relist(&mut self) {
        let letters = Letters::of(self);
        let (mut listed, mut by_code) = (Vec::new(), BTreeMap::new());
        for letter in &letters.letters {
            let (state, code) = (letters.state(letter), letter.record.header(CODE));
            let shown = json!({
                "id": letter.id, "timestamp": null, "key": null, "code": code, "reason": null, "schemaId": null, "size": 0,
                "replays": letter.replays(), "origin": null, "state": state, "firstCode": null, "settled": null,
            });
            listed.push(serde_json::from_value::<DeadLetter>(shown).expect("a letter"));
            if ["open", "parked"].contains(&state) {
                *by_code.entry(code).or_default() += 1;
            }
        }
        let by_state = letters.by_state();
        self.dlq.by_state = by_state
            .into_iter()
            .map(|(state, count)| (state.to_owned(), count))
            .collect();
        self.dlq.count = by_code.values().sum();
        (self.listed, self.dlq.by_code) = (listed, by_code);
    }
}
