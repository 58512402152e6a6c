//! The projection's thread: one loop, one straight method for each thing that it does.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rdkafka::Message;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::lookup::Lookup;
use super::part::{Hold, Part};
use super::prepare::{NotReady, Prepared, not_this_topic, prepare};
use super::progress::Progress;
use super::share::{Share, hash};
use super::unusables::{Refused, Unusables};
use super::waiters::Waiters;
use super::{Command, Settings};
use crate::kafka::link::Link;
use crate::kafka::log_reader::{LogReader, Seen};
use crate::registry::Registry;
use crate::store::Store;

/// Most records of one batch: bounds what is held in memory and how long a commit takes.
const MOST: usize = 2_000;
/// How long to wait for the first record of a batch; commands wait as long at the most.
const PATIENCE: Duration = Duration::from_millis(20);
/// The same while a partition waits for a schema, whose arrival does not wake the consumer.
const SHORT_PATIENCE: Duration = Duration::from_millis(2);
/// Between two tries to begin.
const RETRY: Duration = Duration::from_millis(500);
/// Between two times that progress is shown in Kafka and in metrics.
const SHOW_EVERY: Duration = Duration::from_secs(2);

/// All that the thread owns, but for the reader: its records are borrowed while the rest changes.
pub(super) struct Runner<U> {
    settings: Settings,
    store: Store,
    lookup: Lookup,
    waiters: Waiters,
    progress: watch::Sender<Progress>,
    link: Link,
    unusables: U,
    parts: Vec<Part>,
    halted: bool,
    shown: Instant,
}

impl<U: Unusables> Runner<U> {
    pub fn new(
        settings: Settings,
        store: Store,
        registry: Arc<Registry>,
        waiters: Waiters,
        progress: watch::Sender<Progress>,
        link: Link,
        unusables: U,
    ) -> Self {
        let lookup = Lookup::new(
            registry,
            store.clone(),
            Handle::current(),
            settings.unknown_schema_grace,
        );
        progress.send_modify(|progress| progress.starting = Some("starting".to_owned()));
        Self {
            settings,
            store,
            lookup,
            waiters,
            progress,
            link,
            unusables,
            parts: Vec::new(),
            halted: false,
            shown: Instant::now(),
        }
    }

    /// Runs until it is told to stop. A panic leaves a reason behind, never a projection that looks alive.
    pub fn run(mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>, runtime: &Handle) {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            self.begin(reader, commands, runtime) && self.read(reader, commands)
        }));
        if ran.is_err() {
            self.halt("the projection panicked; see the log. Restart the service".to_owned());
        }
    }

    /// Tries until reading can begin. Returns whether it can.
    fn begin(&mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>, runtime: &Handle) -> bool {
        loop {
            let prepared = self.unusables.prepare().map_err(|e| NotReady::Yet(format!("{e:#}")));
            match prepared.and_then(|()| prepare(&self.settings, reader, &self.store, runtime)) {
                Ok(prepared) => {
                    self.start_reading(reader, prepared);
                    return true;
                }
                Err(NotReady::Yet(reason)) => {
                    let news = self.progress.borrow().starting.as_ref() != Some(&reason);
                    if news {
                        tracing::info!(kafka.topic = self.settings.topic.name, reason, "not reading yet");
                    }
                    self.progress.send_modify(|progress| progress.starting = Some(reason));
                }
                Err(NotReady::Halt(reason)) => {
                    self.progress.send_modify(|progress| progress.starting = None);
                    self.halt(reason);
                    return true;
                }
            }
            // The broker's callbacks (link, errors) are served by polling.
            drop(reader.next_batch(1, Duration::ZERO));
            match commands.recv_timeout(RETRY) {
                Ok(Command::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return false,
                Ok(Command::Recheck(..)) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn start_reading(&mut self, reader: &LogReader, prepared: Prepared) {
        let from: Vec<_> = (0..)
            .zip(&prepared.begins)
            .map(|(partition, begin)| (partition, begin.from))
            .collect();
        self.parts = prepared.begins.into_iter().map(Part::new).collect();
        self.progress.send_modify(|progress| {
            progress.starting = None;
            progress.warnings = prepared.warnings;
            progress.partitions = self.parts.iter().map(Part::progress).collect();
        });
        if let Err(error) = reader.assign(from) {
            self.halt(format!("the topic cannot be read: {error:#}"));
        }
    }

    /// Reads until it is told to stop.
    fn read(&mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>) -> bool {
        loop {
            for command in commands.try_iter() {
                match command {
                    Command::Stop => {
                        self.show(reader);
                        return true;
                    }
                    Command::Recheck(partition, done) => self.recheck(reader, partition, done),
                }
            }
            self.release(reader);
            let waits = self.parts.iter().any(|part| matches!(part.hold, Some(Hold::Schema(_))));
            let batch = reader.next_batch(MOST, if waits { SHORT_PATIENCE } else { PATIENCE });
            if !batch.is_empty() && !self.halted {
                self.process(reader, &batch);
            }
            self.unusables.tick();
            if self.shown.elapsed() > SHOW_EVERY {
                self.show(reader);
            }
        }
    }

    fn process(&mut self, reader: &LogReader, batch: &[Seen<'_>]) {
        let shares = match self.fold(reader, batch) {
            Ok(shares) => shares,
            Err(error) => return self.put_back_all(reader, batch, &format!("the store cannot be read: {error:#}")),
        };
        if self.halted {
            return;
        }
        let mut shares = self.dispose(reader, shares);
        let written = self.write(&mut shares);
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

    /// What the batch's records do, by partition, in memory only.
    fn fold<'a>(&mut self, reader: &LogReader, batch: &'a [Seen<'a>]) -> anyhow::Result<BTreeMap<i32, Share<'a>>> {
        let partitions = i32::try_from(self.parts.len()).unwrap_or(i32::MAX);
        let mut shares = BTreeMap::new();
        for seen in batch {
            match seen {
                Seen::OutOfRange => self.find_out_of_range(reader),
                Seen::TopicGone => self.halt(format!(
                    "topic {} is gone. Bring it back and restart, or start with --rebuild once it was made anew",
                    self.settings.topic.name
                )),
                Seen::Record(record) => {
                    let partition = record.partition();
                    let Some(part) = self.part(partition) else { continue };
                    if let Err(why) = part.verify(record.offset(), || hash(record)) {
                        self.halt(not_this_topic(reader.topic(), partition, &why));
                        break;
                    }
                    let share = shares
                        .entry(partition)
                        .or_insert_with(|| part.share(partition, partitions));
                    share.take(record, &mut self.lookup, &self.store)?;
                }
                Seen::End(partition) => {
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
                        .or_insert_with(|| part.share(*partition, partitions))
                        .meet_end();
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
            self.hold(
                reader,
                partition,
                Hold::backoff(format!("dead letters cannot be written: {reason}")),
            );
        }
        shares
    }

    /// Writes everything at once.
    fn write(&self, shares: &mut BTreeMap<i32, Share<'_>>) -> anyhow::Result<()> {
        let mut transaction = self.store.begin();
        for share in shares.values_mut().filter(|share| share.has_records()) {
            share.write(&mut transaction)?;
        }
        transaction.commit()
    }

    /// Takes over what was written, and tells those who wait for it.
    fn accept(&mut self, reader: &LogReader, partition: i32, share: Share<'_>) {
        let Some(part) = self.part(partition) else { return };
        let (at_end, waits_for) = (share.is_at_end(), share.waits_for());
        part.met(share.has_records(), at_end);
        let (row, settled, orders) = share.into_written();
        let before = std::mem::replace(&mut part.row, row);
        let after = part.row.counters;
        self.count(&before.counters, &after);
        if let Some(id) = waits_for {
            self.hold(reader, partition, Hold::Schema(id));
        } else {
            self.publish(partition);
        }
        self.waiters.tell(
            settled.into_iter(),
            orders
                .values()
                .map(|state| (state.order.order_id.as_str(), state.order.version)),
        );
    }

    fn put_back_all(&mut self, reader: &LogReader, batch: &[Seen<'_>], reason: &str) {
        let touched: std::collections::BTreeSet<i32> = batch
            .iter()
            .filter_map(|seen| match seen {
                Seen::Record(record) => Some(record.partition()),
                Seen::End(partition) => Some(*partition),
                Seen::OutOfRange | Seen::TopicGone => None,
            })
            .collect();
        for partition in touched {
            self.hold(reader, partition, Hold::backoff(reason.to_owned()));
        }
    }

    /// Pauses a partition at its next record.
    fn hold(&mut self, reader: &LogReader, partition: i32, hold: Hold) {
        let why = match &hold {
            Hold::Schema(id) => self.lookup.outage(*id),
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

    /// Lets partitions go on whose schema has come or whose time is up.
    fn release(&mut self, reader: &LogReader) {
        self.lookup.take_answers();
        let mut changed = Vec::new();
        for (partition, part) in (0..).zip(&mut self.parts) {
            match &part.hold {
                Some(Hold::Schema(id)) if self.lookup.is_asking(*id) => {
                    let why = self.lookup.outage(*id).or_else(|| {
                        part.waits_long()
                            .then(|| format!("asking the schema registry for schema id {id}"))
                    });
                    if why.is_some() && part.paused != why {
                        part.paused = why;
                        changed.push(partition);
                    }
                }
                Some(Hold::Until { until, .. }) if Instant::now() < *until => {}
                Some(_) => {
                    part.release();
                    reader.resume(partition);
                    changed.push(partition);
                }
                None => {}
            }
        }
        for partition in changed {
            self.publish(partition);
        }
    }

    /// Reads on from where the partition stands: an end that is met after this is newer than this.
    fn recheck(&mut self, reader: &LogReader, partition: i32, done: tokio::sync::oneshot::Sender<()>) {
        let Some(part) = self.part(partition) else { return };
        if part.hold.is_none() {
            let from = part.recheck(done);
            reader.seek(partition, from);
        }
    }

    fn find_out_of_range(&mut self, reader: &LogReader) {
        for (partition, part) in (0..).zip(&self.parts) {
            if let Ok((first, end)) = reader.bounds(partition, Duration::from_secs(2))
                && !(first..=end).contains(&part.row.next)
            {
                let why = format!(
                    "it holds offsets {first} to {end}, but offset {} comes next",
                    part.row.next
                );
                return self.halt(not_this_topic(reader.topic(), partition, &why));
            }
        }
    }

    fn halt(&mut self, reason: String) {
        if !std::mem::replace(&mut self.halted, true) {
            tracing::error!(
                kafka.topic = self.settings.topic.name,
                reason,
                "nothing is read any more"
            );
            self.progress.send_modify(|progress| progress.halted = Some(reason));
        }
    }

    fn part(&mut self, partition: i32) -> Option<&mut Part> {
        self.parts.get_mut(usize::try_from(partition).ok()?)
    }

    fn publish(&mut self, partition: i32) {
        let Some(now) = self.part(partition).map(|part| part.progress()) else {
            return;
        };
        self.progress.send_modify(|progress| {
            if let Some(shown) = usize::try_from(partition)
                .ok()
                .and_then(|n| progress.partitions.get_mut(n))
            {
                *shown = now;
            }
        });
    }

    fn count(&self, before: &crate::store::Counters, after: &crate::store::Counters) {
        let outcomes = [
            ("applied", before.applied, after.applied),
            ("duplicate", before.duplicate, after.duplicate),
            ("superseded", before.superseded, after.superseded),
            ("ignored", before.ignored, after.ignored),
            ("unusable", before.dead_lettered, after.dead_lettered),
        ];
        for (outcome, before, after) in outcomes.into_iter().filter(|(_, before, after)| after > before) {
            metrics::counter!("orderlog_records_total", "service" => self.settings.service, "outcome" => outcome)
                .increment(after - before);
        }
    }

    fn show(&mut self, reader: &LogReader) {
        self.shown = Instant::now();
        if !self.halted {
            reader.show_progress(
                (0..)
                    .zip(&self.parts)
                    .map(|(partition, part)| (partition, part.row.next)),
            );
        }
        for (partition, part) in (0..).zip(&self.parts) {
            let lag = if part.is_at_end() {
                0
            } else {
                self.link.end(partition).map_or(0, |end| (end - part.row.next).max(0))
            };
            let labels = [
                ("service", self.settings.service.to_owned()),
                ("partition", partition.to_string()),
            ];
            metrics::gauge!("orderlog_lag_records", &labels).set(lag as f64);
            metrics::gauge!("orderlog_partition_paused", &labels).set(f64::from(u8::from(part.hold.is_some())));
        }
        let orders: u64 = self.parts.iter().map(|part| part.row.counters.orders).sum();
        metrics::gauge!("orderlog_orders", "service" => self.settings.service).set(orders as f64);
    }
}
