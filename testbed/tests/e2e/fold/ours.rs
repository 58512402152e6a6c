//! What a log means under our own contract: the outcome of each record, and the resulting orders.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use orderlog_contract::decode::{WriterSchema, decode};
use orderlog_contract::order::{OrderState, Outcome, check, fold};
use orderlog_contract::rejection::{Code, Rejection};
use orderlog_contract::testing::state_after;
use orderlog_contract::{frame, lineage};
use orderlog_kafka::partition::Partitioner;
use sandbox::third_party;
use serde::Deserialize;
use serde_json::Value;
use testbed::log::{Record, header};
use testbed::registry::GREETING;
use uuid::Uuid;

use super::life::Schemas;

/// The outcomes that are not rejection codes.
const OTHERS: [&str; 5] = ["applied", "gap", "duplicate", "superseded", "ignored"];

/// Every outcome that a record can have.
pub const ALL: [&str; 13] = {
    let [a, b, c, d, e] = OTHERS;
    [
        a,
        b,
        c,
        d,
        e,
        "not_framed",
        "unknown_schema_id",
        "wrong_schema",
        "undecodable",
        "invalid_order",
        "key_mismatch",
        "wrong_partition",
        "illegal_transition",
    ]
};

/// An order, as far as the programs print it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shown {
    pub order_id: String,
    pub version: i32,
    pub status: String,
    pub event_id: Uuid,
    pub total_minor: i64,
    pub currency: String,
}

/// What a reader makes of a topic.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// By partition and offset.
    pub outcomes: BTreeMap<(i32, i64), String>,
    /// By order id.
    pub orders: BTreeMap<String, Shown>,
}

impl Read {
    /// The output of a program: JSON lines, first those of the records, then those of the orders.
    pub fn printed(text: &str) -> anyhow::Result<Self> {
        let mut read = Self::default();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?;
            match value["outcome"].as_str() {
                Some(outcome) => {
                    let number = |name: &str| value[name].as_i64().with_context(|| format!("no {name}: {line}"));
                    let place = (i32::try_from(number("partition")?)?, number("offset")?);
                    let before = read.outcomes.insert(place, outcome.to_owned());
                    anyhow::ensure!(before.is_none(), "twice: {line}");
                }
                None => {
                    let shown: Shown = serde_json::from_value(value)?;
                    read.orders.insert(shown.order_id.clone(), shown);
                }
            }
        }
        Ok(read)
    }

    /// How many records had one of those outcomes.
    pub fn count(&self, outcomes: &[&str]) -> u64 {
        let wanted = |outcome: &&String| outcomes.contains(&outcome.as_str());
        self.outcomes.values().filter(wanted).count() as u64
    }
}

/// Reads a log with the contract's own functions.
pub fn read(log: &[Record], schemas: Schemas, partitions: usize) -> anyhow::Result<Read> {
    let other = |text: String| {
        let mut schema = lineage::newest_text();
        schema.text = text;
        WriterSchema::new(&schema)
    };
    let writers = HashMap::from([
        (schemas.ours, WriterSchema::new(&lineage::newest_text())),
        (schemas.next, other(third_party::with_a_new_field()?)),
        (schemas.other, other(GREETING.to_owned())),
    ]);
    let partitions = i32::try_from(partitions)?;
    let mut states: HashMap<String, OrderState> = HashMap::new();
    let mut read = Read::default();
    for record in log {
        let outcome = outcome(record, &writers, partitions, &mut states);
        let name = match outcome {
            Outcome::Applied { gap: false } => OTHERS[0],
            Outcome::Applied { gap: true } => OTHERS[1],
            Outcome::Duplicate => OTHERS[2],
            Outcome::Superseded => OTHERS[3],
            Outcome::Ignored => OTHERS[4],
            Outcome::Rejected(rejection) => rejection.code.as_str(),
        };
        read.outcomes.insert(record.place(), name.to_owned());
    }
    read.orders = states.into_iter().map(|(id, state)| (id, shown(state))).collect();
    Ok(read)
}

fn shown(state: OrderState) -> Shown {
    Shown {
        order_id: state.order.order_id,
        version: state.order.version,
        status: state.order.status.as_str().to_owned(),
        event_id: state.event_id,
        total_minor: state.order.total_minor,
        currency: state.order.currency,
    }
}

fn outcome(
    record: &Record,
    writers: &HashMap<u32, WriterSchema>,
    partitions: i32,
    states: &mut HashMap<String, OrderState>,
) -> Outcome {
    let Some(value) = &record.value else {
        return Outcome::Ignored;
    };
    let event = frame::read(value, |name| {
        assert!(
            header(&record.headers, name).is_empty(),
            "no record here names its schema in a header"
        );
        None
    })
    .and_then(|(schema, datum)| {
        let writer = schema.id().and_then(|id| writers.get(&id));
        let event = decode(writer.ok_or_else(|| rejection(Code::UnknownSchemaId))?, datum)?;
        check(&event).map_err(|_| rejection(Code::InvalidOrder))?;
        let id = event.order.order_id.as_bytes();
        if record.key.as_deref() != Some(id) {
            return Err(rejection(Code::KeyMismatch));
        }
        if Partitioner::default().of_key(id, partitions) != record.partition {
            return Err(rejection(Code::WrongPartition));
        }
        Ok(event)
    });
    let event = match event {
        Ok(event) => event,
        Err(rejection) => return Outcome::Rejected(rejection),
    };
    let outcome = fold(states.get(&event.order.order_id), &event);
    if matches!(outcome, Outcome::Applied { .. }) {
        let state = state_after(&event, record.place());
        states.insert(event.order.order_id, state);
    }
    outcome
}

fn rejection(code: Code) -> Rejection {
    Rejection::new(code, "")
}
