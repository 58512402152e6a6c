//! Reads the topic, record by record, from where it was asked to begin.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use orderlog_kafka::cluster::Cluster;
use orderlog_kafka::connection::ConnectionState;
use orderlog_kafka::headers;
use orderlog_kafka::log_reader::{LogEvent, LogReader};
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use tokio::runtime::Handle;

use super::line::Read;
use super::schemas::Schemas;
use super::start::{self, Span, Start};
use crate::cli::output::{Output, visible, visible_json};

/// After this time without an answer, it is said what is waited for.
const SILENT_FOR: Duration = Duration::from_millis(1500);
/// How long Kafka may take to be connected.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For its answers.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many records are taken at once.
const BATCH: usize = 500;

/// What to read.
pub struct Tail {
    /// Where the topic is.
    pub cluster: Cluster,
    /// Its name.
    pub topic: String,
    /// Where to begin.
    pub from: Start,
    /// The only key whose records are printed.
    pub key: Option<String>,
    /// Whether to go on at the end.
    pub follow: bool,
    /// How many lines are printed at most.
    pub limit: Option<u64>,
    /// Whether headers are printed.
    pub headers: bool,
}

impl Tail {
    /// Prints the records to `output`, and tells `note` what the user has to know meanwhile.
    ///
    /// # Errors
    /// The topic cannot be read, or nothing can be written.
    pub fn run<W: Write>(
        &self,
        mut schemas: Schemas,
        runtime: &Handle,
        output: &mut Output<W>,
        mut note: impl FnMut(&str),
    ) -> anyhow::Result<()> {
        let new_reader = || LogReader::new(&self.cluster, &self.topic, ConnectionState::default());
        let reader = new_reader()?;
        let count = self.partition_count(&reader, &mut note)?;
        let partitions: Vec<i32> = match &self.key {
            Some(key) => vec![self.cluster.partitioner.of_key(key.as_bytes(), count)],
            None => (0..count).collect(),
        };
        let mut spans = start::spans(&reader, &self.from, &partitions, count, new_reader)?;
        if spans.is_empty() {
            // --order's partition is none of those that --from names.
            bail!("--from names none of the partitions that are read ({partitions:?}); name one of them");
        }
        assign(&reader, &spans)?;
        let mut left = self.limit.unwrap_or(u64::MAX);
        while left > 0 && (self.follow || spans.values().any(|span| span.next < span.end)) {
            for event in reader.next_batch(BATCH, Duration::from_millis(500)) {
                match event {
                    LogEvent::Record(record) => {
                        if left > 0 && self.is_wanted(&record, &mut spans) {
                            let line = self.line(&record, &mut schemas, runtime, &mut note);
                            output.line(&visible_json(&line))?;
                            left -= 1;
                        }
                    }
                    LogEvent::End { partition, .. } => {
                        if let Some(span) = spans.get_mut(&partition) {
                            // What is left are markers of transactions, or records of one that is open.
                            span.next = span.next.max(span.end);
                        }
                    }
                    LogEvent::OutOfRange => {
                        note(
                            "records that were to be read next have been deleted; going on with the oldest that are left",
                        );
                        spans = self.skip_deleted(&reader, &spans)?;
                        assign(&reader, &spans)?;
                        break;
                    }
                    LogEvent::TopicMissing => bail!("topic {} does not exist any more", self.topic),
                    LogEvent::TopicRecreated => {
                        bail!(
                            "topic {} was deleted and created again; start anew to read the new one",
                            self.topic
                        )
                    }
                }
            }
            output.flush()?;
            if let Some(denied) = reader.denied() {
                bail!("{denied}");
            }
        }
        if Some(left) == self.limit.or(Some(u64::MAX)) {
            note(&self.nothing());
        }
        Ok(())
    }

    /// Why nothing was printed.
    fn nothing(&self) -> String {
        let of_key = self
            .key
            .as_deref()
            .map_or(String::new(), |key| format!(" with the key {}", visible(key)));
        let from = match self.from {
            Start::Beginning => "",
            _ => " from where --from says",
        };
        format!(
            "topic {} has no records{of_key}{from}; --follow waits for new ones",
            self.topic
        )
    }

    fn partition_count(&self, reader: &LogReader, note: &mut impl FnMut(&str)) -> anyhow::Result<i32> {
        let until = Instant::now() + CONNECT_TIMEOUT;
        let mut timeout = SILENT_FOR;
        loop {
            match reader.partition_count(timeout) {
                Ok(Some(count)) => return Ok(count),
                Ok(None) => bail!(
                    "there is no topic {} at {}; name another one with --topic or --kafka-topic / KAFKA_TOPIC, or another Kafka with --kafka-bootstrap-servers / KAFKA_BOOTSTRAP_SERVERS",
                    self.topic,
                    self.cluster.bootstrap_servers
                ),
                Err(error) if Instant::now() >= until => return Err(error),
                Err(_) if timeout == SILENT_FOR => {
                    timeout = TIMEOUT;
                    note(&format!(
                        "connecting to {} (KAFKA_BOOTSTRAP_SERVERS); no answer yet",
                        self.cluster.bootstrap_servers
                    ));
                }
                Err(_) => {}
            }
        }
    }

    /// Whether the record is to be printed. Notes that it was read.
    fn is_wanted(&self, record: &BorrowedMessage<'_>, spans: &mut BTreeMap<i32, Span>) -> bool {
        let Some(span) = spans.get_mut(&record.partition()) else {
            return false;
        };
        span.next = record.offset() + 1;
        if !self.follow && record.offset() >= span.end {
            return false;
        }
        if let Some(time) = span.not_before {
            if record.timestamp().to_millis().is_none_or(|at| at < time) {
                return false;
            }
            span.not_before = None;
        }
        let key = self.key.as_ref().map(String::as_bytes);
        key.is_none() || key == record.key()
    }

    fn line(
        &self,
        record: &BorrowedMessage<'_>,
        schemas: &mut Schemas,
        runtime: &Handle,
        note: &mut impl FnMut(&str),
    ) -> String {
        let headers = record.headers().map(headers::list).unwrap_or_default();
        let read = Read {
            partition: record.partition(),
            offset: record.offset(),
            timestamp: record.timestamp().to_millis(),
            key: record.key(),
            value: record.payload(),
            headers: &headers,
        };
        let framed = read.framed();
        let known = match &framed {
            Ok((named, _)) => Some(runtime.block_on(schemas.get(*named, note))),
            Err(_) => None,
        };
        read.line(&framed, known, self.headers)
    }

    fn skip_deleted(&self, reader: &LogReader, spans: &BTreeMap<i32, Span>) -> anyhow::Result<BTreeMap<i32, Span>> {
        let skipped = spans.iter().map(|(&partition, span)| {
            let bounds = reader
                .bounds(partition, TIMEOUT)
                .context("looking for the oldest records")?;
            let next = span.next.clamp(bounds.0, bounds.1);
            let end = span.end.min(bounds.1);
            Ok((partition, Span { next, end, ..*span }))
        });
        skipped.collect()
    }
}

fn assign(reader: &LogReader, spans: &BTreeMap<i32, Span>) -> anyhow::Result<()> {
    reader.assign(spans.iter().map(|(&partition, span)| (partition, span.next)))
}
