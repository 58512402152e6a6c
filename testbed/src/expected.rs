//! What a log must result in: the contract's fold over its events, as apache-avro decodes them. Which records are
//! invalid is not judged here: whoever wrote them knows. (`torture` has a fold that shares no code with the services.)

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use apache_avro::reader::datum::GenericDatumReader;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::order::{OrderState, Outcome, fold};
use orderlog_contract::testing::state_after;
use orderlog_contract::{frame, lineage};
use orderlog_projection::store::{Counters, Store};

use crate::api_types::Outcomes;
use crate::log::Record;

/// What a log must result in.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The outcomes of its records, and how many orders there are.
    pub counters: Counters,
    /// Each order's current state, by order id.
    pub orders: HashMap<String, OrderState>,
}

impl Expected {
    /// Folds a log, whose records are in offset order. `invalid` are the places of the invalid ones.
    ///
    /// # Errors
    /// If a record that should be usable cannot be decoded, or the fold rejects it.
    pub fn of(log: &[Record], invalid: &HashSet<(i32, i64)>) -> anyhow::Result<Self> {
        let mut expected = Self::default();
        for record in log {
            if invalid.contains(&record.place()) {
                expected.counters.dead_lettered += 1;
            } else if record.value.is_none() {
                expected.counters.ignored += 1;
            } else {
                expected
                    .apply(record)
                    .with_context(|| format!("the record at {:?}", record.place()))?;
            }
        }
        expected.counters.orders = expected.orders.len() as u64;
        Ok(expected)
    }

    fn apply(&mut self, record: &Record) -> anyhow::Result<()> {
        let event = event(record)?;
        let outcome = fold(self.orders.get(&event.order.order_id), &event);
        self.counters.count(&outcome);
        match outcome {
            Outcome::Applied { .. } => {
                let state = state_after(&event, record.place());
                self.orders.insert(event.order.order_id, state);
            }
            Outcome::Rejected(rejection) => anyhow::bail!("rejected: {rejection:?}"),
            Outcome::Duplicate | Outcome::Superseded | Outcome::Ignored => {}
        }
        Ok(())
    }

    /// The outcomes, as order-service returns them.
    pub fn outcomes(&self) -> Outcomes {
        Outcomes {
            applied: self.counters.applied,
            duplicate: self.counters.duplicate,
            superseded: self.counters.superseded,
            ignored: self.counters.ignored,
            dead_lettered: self.counters.dead_lettered,
            gaps: self.counters.gaps,
        }
    }

    /// Compares the store of a service that was stopped after it had read the whole log.
    ///
    /// # Errors
    /// How they differ, or that the store cannot be read.
    pub async fn check_store(&self, store: &Store) -> anyhow::Result<()> {
        for (order_id, state) in &self.orders {
            let stored = store.order(std::slice::from_ref(order_id)).await?;
            let stored = stored.with_context(|| format!("order {order_id} is not in the store"))?;
            anyhow::ensure!(
                (stored.event_id, &stored.order) == (state.event_id, &state.order),
                "the store has {stored:?} instead of {state:?}"
            );
        }
        let mut counters = Counters::default();
        for row in store.partitions().await?.values() {
            counters.add(&row.counters);
        }
        anyhow::ensure!(
            counters == self.counters,
            "the store has counted {counters:?} instead of {:?}",
            self.counters
        );
        Ok(())
    }
}

/// The event in a usable record, as apache-avro reads it; it must have been written with our newest schema.
///
/// # Errors
/// If it cannot be read.
pub fn event(record: &Record) -> anyhow::Result<OrderEvent> {
    let value = record.value.as_deref().context("a null value")?;
    let (_, mut datum) = frame::split(value).map_err(|fault| anyhow::anyhow!("{fault}"))?;
    let newest = apache_avro::Schema::parse_str(&lineage::newest_text().text)?;
    let reader = GenericDatumReader::builder(&newest).human_readable(true).build()?;
    Ok(reader.read_deser(&mut datum)?)
}
