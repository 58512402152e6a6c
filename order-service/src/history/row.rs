//! An event of an order in the store. Compact, because one is written for every event. Pure.

use anyhow::{Context, ensure};
use orderlog_contract::order::Outcome;
use orderlog_contract::rejection::Code;
use orderlog_projection::FoldedRecord;
use uuid::Uuid;

/// This byte, the outcome (1), version (4), partition (4), offset (8), timestamp (8) and schema id (4), big endian, the
/// event's id (16), then its status as text, and the code after a comma.
const FORMAT: u8 = 1;
const TRUNCATED: &str = "an event of an order's history in the store is truncated";

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventOutcome {
    /// It became the order's state.
    Applied {
        /// Whether it did not follow the state before it.
        gap: bool,
    },
    /// It was there already.
    Duplicate,
    /// It lost a race, or came too late.
    Superseded,
    /// It was rejected.
    DeadLettered,
}

/// One event of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The version that it gave the order, or would have; `None` where the event could not be read.
    pub version: Option<i32>,
    /// Partition of its record.
    pub partition: i32,
    /// Offset of its record.
    pub offset: i64,
    /// Timestamp of its record, in milliseconds since 1970-01-01 UTC.
    pub timestamp: Option<i64>,
    /// Schema id of its record.
    pub schema_id: Option<u32>,
    /// What became of it.
    pub outcome: EventOutcome,
    /// Why it was rejected.
    pub code: Option<Code>,
    /// Its id.
    pub event_id: Option<Uuid>,
    /// The order's status in it.
    pub status: Option<String>,
}

impl EventOutcome {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Duplicate => "duplicate",
            Self::Superseded => "superseded",
            Self::DeadLettered => "dead_lettered",
        }
    }

    /// Whether it became the order's state.
    pub fn is_applied(self) -> bool {
        matches!(self, Self::Applied { .. })
    }

    fn to_byte(self) -> u8 {
        match self {
            Self::Applied { gap: false } => 0,
            Self::Applied { gap: true } => 1,
            Self::Duplicate => 2,
            Self::Superseded => 3,
            Self::DeadLettered => 4,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        let all = [
            Self::Applied { gap: false },
            Self::Applied { gap: true },
            Self::Duplicate,
            Self::Superseded,
            Self::DeadLettered,
        ];
        all.get(usize::from(byte)).copied()
    }
}

impl EventRow {
    /// What is kept of a record; `None` for one without a value.
    pub fn of(record: &FoldedRecord) -> Option<Self> {
        let (outcome, code) = match &record.outcome {
            Outcome::Applied { gap } => (EventOutcome::Applied { gap: *gap }, None),
            Outcome::Duplicate => (EventOutcome::Duplicate, None),
            Outcome::Superseded => (EventOutcome::Superseded, None),
            Outcome::Rejected(rejection) => (EventOutcome::DeadLettered, Some(rejection.code)),
            Outcome::Ignored => return None,
        };
        let event = record.event.as_ref();
        Some(Self {
            version: event.map(|event| event.version),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            schema_id: record.schema_id,
            outcome,
            code,
            event_id: event.map(|event| event.event_id),
            status: event.map(|event| event.status.as_str().to_owned()),
        })
    }

    /// The row in the store.
    pub(super) fn encode(&self) -> Vec<u8> {
        let status = self.status.as_deref().unwrap_or_default();
        let code = self.code.map_or("", Code::as_str);
        let mut row = Vec::with_capacity(47 + status.len() + code.len());
        row.extend_from_slice(&[FORMAT, self.outcome.to_byte()]);
        row.extend_from_slice(&self.version.unwrap_or(0).to_be_bytes());
        row.extend_from_slice(&self.partition.to_be_bytes());
        row.extend_from_slice(&self.offset.to_be_bytes());
        row.extend_from_slice(&self.timestamp.unwrap_or(i64::MIN).to_be_bytes());
        row.extend_from_slice(&self.schema_id.unwrap_or(0).to_be_bytes());
        row.extend_from_slice(self.event_id.unwrap_or_default().as_bytes());
        row.extend_from_slice(status.as_bytes());
        row.push(b',');
        row.extend_from_slice(code.as_bytes());
        row
    }

    /// The row read back.
    ///
    /// # Errors
    /// It has another format, or is damaged.
    pub(super) fn decode(row: &[u8]) -> anyhow::Result<Self> {
        let (&[format, outcome], row) = row.split_first_chunk().context(TRUNCATED)?;
        ensure!(
            format == FORMAT,
            "an event of an order's history in the store has format {format}; this release reads {FORMAT}. Start once with --rebuild"
        );
        let (version, row) = row.split_first_chunk().context(TRUNCATED)?;
        let (partition, row) = row.split_first_chunk().context(TRUNCATED)?;
        let (offset, row) = row.split_first_chunk().context(TRUNCATED)?;
        let (timestamp, row) = row.split_first_chunk().context(TRUNCATED)?;
        let (schema_id, row) = row.split_first_chunk().context(TRUNCATED)?;
        let (event_id, texts) = row.split_first_chunk().context(TRUNCATED)?;
        let texts = std::str::from_utf8(texts).context("decoding an event of an order's history")?;
        let (status, code) = texts.split_once(',').context(TRUNCATED)?;
        Ok(Self {
            version: Some(i32::from_be_bytes(*version)).filter(|version| *version != 0),
            partition: i32::from_be_bytes(*partition),
            offset: i64::from_be_bytes(*offset),
            timestamp: Some(i64::from_be_bytes(*timestamp)).filter(|timestamp| *timestamp != i64::MIN),
            schema_id: Some(u32::from_be_bytes(*schema_id)).filter(|id| *id != 0),
            outcome: EventOutcome::from_byte(outcome).context("an unknown outcome in an order's history")?,
            code: Code::parse(code),
            event_id: Some(Uuid::from_bytes(*event_id)).filter(|id| !id.is_nil()),
            status: Some(status.to_owned()).filter(|status| !status.is_empty()),
        })
    }
}
