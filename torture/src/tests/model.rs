//! Builds the results of a run, with an order-service that reflects the topic.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::good_run::WRITTEN;
use super::sample::{DATE, PARTITIONS, SCHEMA_ID, datum, shown};
use crate::checks::{Case, Run, jobs};
use crate::cluster::TOPIC;
use crate::decode::Event;
use crate::evidence::Evidence;
use crate::fold::{Outcome, Reference, partition_of};
use crate::history::{InjectedRecord, KEY};
use crate::letters::{
    self, ADDED, AT, CODE, DEAD_LETTERS, FIRST_CODE, ID, JOB, Letters, MARK, REASON, REPLAY_OF, REPLAYS,
};
use crate::management::{LateSchema, Managed};
use testbed::api_types::{DeadLetter, DlqInfo, Outcomes, PartitionStats, Stats};
use testbed::log::{self, Header, Record};

impl Run {
    /// An empty run.
    pub fn empty() -> Self {
        let stats = Stats {
            topic: TOPIC.to_owned(),
            orders: 0,
            records: 0,
            lag: Some(0),
            lag_unknown_since: None,
            partitions: Vec::new(),
            totals: Outcomes::default(),
        };
        let dlq = DlqInfo {
            topic: format!("{TOPIC}-dlq"),
            count: 0,
            by_code: Default::default(),
            by_state: Default::default(),
            complete: true,
            as_of: None,
        };
        let evidence = Evidence {
            records: Vec::new(),
            dead_letters: Vec::new(),
            schema_id: SCHEMA_ID,
            other_schema_ids: vec![SCHEMA_ID + 1],
            late_schemas: vec![LateSchema {
                id: SCHEMA_ID + 2,
                registered: DATE.0 + 1,
            }],
            partitions: PARTITIONS,
            brokers: 3,
            ids: Vec::new(),
            details: Default::default(),
            stats,
            dlq,
            listed: Vec::new(),
            elsewhere: Vec::new(),
        };
        Self {
            history: Vec::new(),
            injected: Vec::new(),
            rounds: Vec::new(),
            endings: Vec::new(),
            managed: Vec::new(),
            jobs: Vec::new(),
            floods: Vec::new(),
            evidence,
        }
    }

    /// Appends a record to the topic, and returns its place.
    pub fn append(&mut self, key: &str, value: Option<Vec<u8>>, headers: Vec<Header>) -> (i32, i64) {
        let partition = partition_of(key.as_bytes(), PARTITIONS);
        self.append_to(partition, Some(key.as_bytes().to_vec()), value, headers)
    }

    /// Appends a record with which a cart-service checked the quorum.
    pub fn append_barrier(&mut self) -> (i32, i64) {
        let headers = vec![("orderlog.barrier".to_owned(), None)];
        self.append_to(0, None, None, headers)
    }

    /// Appends a record to that partition.
    pub fn append_to(
        &mut self,
        partition: i32,
        key: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
        headers: Vec<Header>,
    ) -> (i32, i64) {
        let records = &mut self.evidence.records;
        let last = records
            .iter()
            .filter(|record| record.partition == partition)
            .map(|record| record.offset)
            .max();
        let offset = last.map_or(0, |last| last + 1);
        records.push(Record {
            partition,
            offset,
            timestamp: Some(DATE.0),
            key,
            value,
            headers,
        });
        records.sort_by_key(Record::place);
        (partition, offset)
    }

    /// Appends an event that was written for that key.
    pub fn append_event(&mut self, event: &Event, key: &str) -> (i32, i64) {
        let value = [&[0][..], &SCHEMA_ID.to_be_bytes(), &datum(event)].concat();
        let headers = vec![(KEY.to_owned(), Some(key.as_bytes().to_vec()))];
        self.append(&event.order.id, Some(value), headers)
    }

    /// Marks a record as written behind the services' backs at that time.
    pub fn note(&mut self, kind: &str, poisoned: bool, place: (i32, i64), at: u64) {
        let records = &self.evidence.records;
        let Record {
            key, value, headers, ..
        } = records
            .iter()
            .find(|record| record.place() == place)
            .expect("a record")
            .clone();
        self.injected.push(InjectedRecord {
            kind: kind.to_owned(),
            at,
            poisoned,
            place: Some(place),
            key,
            value,
            headers,
        });
    }

    /// Makes order-service and its dead letters reflect the topic.
    pub fn derive(&mut self) {
        let before = self.evidence.clone();
        let reference = Reference::of(&before);
        let evidence = &mut self.evidence;
        evidence.details = reference
            .orders()
            .map(|(id, event)| (id.to_owned(), serde_json::from_str(&shown(event)).expect("an order")))
            .collect();
        evidence.ids = evidence.details.keys().cloned().collect();
        // Marks stay, and so do the ids that they name.
        evidence.dead_letters.retain(|record| record.value.is_none());
        let known = before.dead_letters.iter().filter(|record| record.value.is_some());
        let known: BTreeMap<String, i64> = known.rev().map(|record| (record.header(AT), record.offset)).collect();
        let mut partitions = vec![(0, Outcomes::default()); PARTITIONS as usize];
        for judged in &reference.judged {
            let (position, counts) = &mut partitions[judged.record.partition as usize];
            *position = judged.record.offset + 1;
            match judged.outcome {
                Outcome::Applied { gap } => {
                    counts.applied += 1;
                    counts.gaps += u64::from(gap);
                }
                Outcome::Duplicate => counts.duplicate += 1,
                Outcome::Superseded => counts.superseded += 1,
                Outcome::Ignored => counts.ignored += 1,
                Outcome::Invalid(code) => {
                    counts.dead_lettered += 1;
                    let next = before.next_dead_letter().max(evidence.next_dead_letter());
                    let offset = known.get(&at(judged.record)).copied().unwrap_or(next);
                    evidence.push_dead_letter(judged.record, code, offset);
                }
            }
        }
        evidence.dead_letters.sort_by_key(Record::place);
        evidence.relist();
        let total = |count: fn(&Outcomes) -> u64| partitions.iter().map(|(_, counts)| count(counts)).sum();
        let totals = Outcomes {
            applied: total(|counts| counts.applied),
            duplicate: total(|counts| counts.duplicate),
            superseded: total(|counts| counts.superseded),
            ignored: total(|counts| counts.ignored),
            dead_lettered: total(|counts| counts.dead_lettered),
            gaps: total(|counts| counts.gaps),
        };
        let partition = |(n, (position, outcomes)): (i32, (i64, Outcomes))| PartitionStats {
            partition: n,
            position,
            end: Some(position),
            lag: Some(0),
            lag_unknown_since: None,
            paused: None,
            open_transaction: None,
            outcomes,
        };
        evidence.stats.partitions = (0..).zip(partitions).map(partition).collect();
        (evidence.stats.orders, evidence.stats.records, evidence.stats.totals) =
            (evidence.ids.len() as u64, totals.records(), totals);
        self.derive_jobs();
    }

    /// Makes the replays tell what became of their records.
    fn derive_jobs(&mut self) {
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

fn at(record: &Record) -> String {
    format!("{TOPIC}-{}-{}", record.partition, record.offset)
}

impl Evidence {
    /// Makes that record a dead letter, which is listed and counted.
    pub fn add_dead_letter(&mut self, record: &Record, code: &str) {
        self.push_dead_letter(record, code, self.next_dead_letter());
        self.relist();
    }

    fn next_dead_letter(&self) -> i64 {
        let last = self.dead_letters.iter().map(|record| record.offset).max();
        last.map_or(0, |last| last + 1)
    }

    fn push_dead_letter(&mut self, record: &Record, code: &str, offset: i64) {
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
