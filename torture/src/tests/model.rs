//! Builds the results of a run, with an order-service that reflects the topic.

use std::collections::BTreeMap;

use super::sample::{DATE, PARTITIONS, SCHEMA_ID, datum, shown};
use crate::checks::Run;
use crate::cluster::TOPIC;
use crate::decode::Event;
use crate::evidence::Evidence;
use crate::fold::{Outcome, Reference, partition_of};
use crate::history::{InjectedRecord, KEY};
use crate::letters::AT;
use crate::management::LateSchema;
use testbed::api_types::{DlqInfo, Outcomes, PartitionStats, Stats};
use testbed::log::{Header, Record};

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
}

/// The position of a record, as its dead letter has it.
pub(super) fn at(record: &Record) -> String {
    format!("{TOPIC}-{}-{}", record.partition, record.offset)
}
