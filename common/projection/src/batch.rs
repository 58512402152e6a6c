//! What one batch does: fold, dispose of what cannot be used, write, and only then tell. Each step sees the batch as a
//! whole; a partition in which one fails is put back to where it was.

use std::collections::{BTreeMap, BTreeSet};

use orderlog_kafka::log_reader::{LogEvent, LogReader};
use orderlog_kafka::partition::Partitioning;
use orderlog_runtime::crash_point::{self, Point};
use rdkafka::Message;

use super::holds::put;
use super::part::Hold;
use super::prepare::{made_anew, not_this_topic};
use super::rejections::{Refused, RejectionHandler};
use super::run::Runner;
use super::share::{Awaited, Share, hash};
use crate::store::{BatchChanges, KeyChanges, Store, StoreError};

impl<U: RejectionHandler> Runner<U> {
    pub(super) fn process(&mut self, reader: &LogReader, batch: &[LogEvent<'_>]) {
        if batch.iter().any(|seen| matches!(seen, LogEvent::TopicRecreated)) {
            return self.meet_new_topic();
        }
        let shares = match self.fold(reader, batch) {
            Ok(shares) => shares,
            Err(error) => return self.put_back_all(reader, batch, &format!("the store cannot be read: {error:#}")),
        };
        if self.halted {
            return;
        }
        let mut shares = self.dispose(reader, shares);
        let has_records = shares.values().any(Share::has_records);
        if has_records {
            crash_point::reached(Point::BatchFolded);
        }
        let written = self.write(&mut shares);
        if has_records {
            crash_point::reached(Point::BatchWritten);
        }
        for (partition, share) in shares {
            match &written {
                Ok(()) => self.accept(reader, partition, share),
                Err(error) => self.hold(
                    reader,
                    partition,
                    Hold::backoff(format!("the store cannot be written: {error:#}")),
                ),
            }
        }
    }

    /// What is known came from the old topic, so nothing of the new one may be read or written on the strength of it. Where
    /// nothing was read yet, there is nothing to mistake.
    pub(super) fn meet_new_topic(&mut self) {
        let Store::Embedded(store) = &self.store;
        match store.partitions() {
            Ok(rows) if rows.values().all(|row| row.next == 0) => self.lost = Some("the topic was made anew"),
            Ok(_) => self.halt(made_anew(&self.settings.topic.name)),
            Err(error) => self.halt(format!(
                "the topic was made anew, and the store cannot be read: {error:#}"
            )),
        }
    }

    /// What the batch's records do, by partition, in memory only.
    fn fold<'a>(&mut self, reader: &LogReader, batch: &'a [LogEvent<'a>]) -> anyhow::Result<BTreeMap<i32, Share<'a>>> {
        let partitioning = Partitioning {
            partitioner: self.settings.cluster.partitioner,
            partitions: i32::try_from(self.parts.len()).unwrap_or(i32::MAX),
        };
        let keeps_keys = self.settings.most_keys > 0;
        let Store::Embedded(store) = self.store.clone();
        let mut shares = BTreeMap::new();
        for seen in batch {
            match seen {
                // The client stops reading that partition; which one, and what is right, is found out by beginning anew.
                LogEvent::OutOfRange => self.lost = Some("the broker has not got an offset that comes next"),
                // It may only be a broker that has not heard of the topic yet.
                LogEvent::TopicMissing => self.lost = Some("a broker says that the topic is not there"),
                // It comes alone.
                LogEvent::TopicRecreated => {}
                LogEvent::Record(record) => {
                    let partition = record.partition();
                    let Some(part) = self.part(partition) else { continue };
                    if let Err(why) = part.verify(record.offset(), || hash(record)) {
                        self.halt(not_this_topic(reader.topic(), partition, &why));
                        break;
                    }
                    let share = shares
                        .entry(partition)
                        .or_insert_with(|| part.share(partition, partitioning, keeps_keys));
                    share.take(record, &self.lookup, &store, &self.waiters)?;
                }
                LogEvent::End { partition, offset } => {
                    let Some(part) = self.part(*partition) else { continue };
                    if part.is_unverified() {
                        self.halt(not_this_topic(
                            reader.topic(),
                            *partition,
                            "the last record that was read is not there",
                        ));
                        break;
                    }
                    shares
                        .entry(*partition)
                        .or_insert_with(|| part.share(*partition, partitioning, keeps_keys))
                        .meet_end(*offset);
                }
            }
        }
        Ok(shares)
    }

    /// Disposes of what cannot be used. A partition in which that fails is put back as a whole, and waits.
    fn dispose<'a>(&mut self, reader: &LogReader, mut shares: BTreeMap<i32, Share<'a>>) -> BTreeMap<i32, Share<'a>> {
        let refused: Vec<Refused<'_>> = shares.values().flat_map(Share::refused).collect();
        if refused.is_empty() {
            return shares;
        }
        let results = self.unusables.dispose(&refused);
        let mut failed = BTreeMap::new();
        for (refused, result) in refused.iter().zip(results) {
            if let Err(reason) = result {
                failed.insert(refused.record.partition(), reason);
            }
        }
        for refused in refused
            .iter()
            .filter(|refused| !failed.contains_key(&refused.record.partition()))
        {
            metrics::counter!("orderlog_unusable_records_total", "service" => self.settings.service, "code" => refused.why.code.as_str()).increment(1);
        }
        for (partition, reason) in failed {
            shares.remove(&partition);
            self.hold(reader, partition, Hold::backoff(reason));
        }
        shares
    }

    /// Writes everything at once.
    fn write(&self, shares: &mut BTreeMap<i32, Share<'_>>) -> Result<(), StoreError> {
        let keys = KeyChanges {
            changes: Vec::new(),
            max_keys: self.settings.most_keys,
        };
        let mut changes = BatchChanges {
            keys: (self.settings.most_keys > 0).then_some(keys),
            ..BatchChanges::default()
        };
        for share in shares.values_mut().filter(|share| share.has_records()) {
            share.write(&mut changes);
        }
        let Store::Embedded(store) = &self.store;
        store.commit(&changes)
    }

    /// Takes over what was written, and tells those who wait for it.
    fn accept(&mut self, reader: &LogReader, partition: i32, mut share: Share<'_>) {
        let Some(part) = self.part(partition) else { return };
        let awaited = share.take_awaited();
        part.keep_asked(share.take_asked());
        part.met(share.has_records(), share.met_end(), share.is_at_end());
        let (row, settled, orders) = share.into_written();
        let before = std::mem::replace(&mut part.row, row);
        let after = part.row.counters;
        self.count(&before.counters, &after);
        self.tell_when_caught_up();
        match awaited {
            Some(awaited) => self.await_schemas(reader, partition, awaited),
            None => self.publish(partition),
        }
        self.waiters.tell(
            settled.into_iter(),
            orders
                .iter()
                .map(|state| (state.order.order_id.as_str(), state.order.version)),
        );
    }

    fn put_back_all(&mut self, reader: &LogReader, batch: &[LogEvent<'_>], reason: &str) {
        let touched: BTreeSet<i32> = batch
            .iter()
            .filter_map(|seen| match seen {
                LogEvent::Record(record) => Some(record.partition()),
                LogEvent::End { partition, .. } => Some(*partition),
                LogEvent::OutOfRange | LogEvent::TopicMissing | LogEvent::TopicRecreated => None,
            })
            .collect();
        for partition in touched {
            self.hold(reader, partition, Hold::backoff(reason.to_owned()));
        }
    }

    /// Pauses a partition at its next record until the registry has told what it knows of these schemas.
    fn await_schemas(&mut self, reader: &LogReader, partition: i32, awaited: Awaited) {
        let Some(part) = self.part(partition) else { return };
        let mut wait = part.await_schemas(awaited);
        for schema in wait.schemas() {
            put(&mut self.lookup, partition, &mut wait, schema);
        }
        self.hold(reader, partition, Hold::Schema(wait));
    }

    /// Pauses a partition at its next record.
    fn hold(&mut self, reader: &LogReader, partition: i32, hold: Hold) {
        let why = match &hold {
            Hold::Schema(wait) => self.lookup.outage(wait.first()),
            Hold::Until { reason, .. } => Some(reason.clone()),
        };
        let Some(part) = self.part(partition) else { return };
        if let Hold::Until { reason, .. } = &hold
            && part.is_news(reason)
        {
            tracing::error!(
                kafka.topic = reader.topic(),
                kafka.partition = partition,
                reason,
                "partition paused"
            );
        }
        let from = part.put_on_hold(hold, why);
        reader.pause_at(partition, from);
        self.publish(partition);
    }
}
