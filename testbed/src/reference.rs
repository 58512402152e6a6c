//! What a log must result in, counted a second time and naively, so that the services' own numbers are not the only
//! witness. Which records are unusable is not judged here: whoever wrote them knows.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use apache_avro::reader::datum::GenericDatumReader;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::{frame, lineage};
use orderlog_projection::store::Store;

use crate::log::Record;
use crate::views::Outcomes;

/// What a log must result in.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The outcomes of its records.
    pub outcomes: Outcomes,
    /// Each order's current event, by order id.
    pub orders: HashMap<String, OrderEvent>,
}

impl Expected {
    /// Compares the store of a service that ended after it had read the whole log.
    ///
    /// # Errors
    /// How they differ, or that the store cannot be read.
    pub async fn check_store(&self, store: &Store) -> anyhow::Result<()> {
        for (order_id, event) in &self.orders {
            let kept = store.order(std::slice::from_ref(order_id)).await?;
            let kept = kept.with_context(|| format!("order {order_id} is not in the store"))?;
            anyhow::ensure!(
                (kept.event_id, &kept.order) == (event.event_id, &event.order),
                "the store has {kept:?} instead of {event:?}"
            );
        }
        let (mut outcomes, mut orders) = (Outcomes::default(), 0);
        for row in store.partitions().await?.values() {
            let counters = row.counters;
            outcomes.applied += counters.applied;
            outcomes.duplicate += counters.duplicate;
            outcomes.superseded += counters.superseded;
            outcomes.ignored += counters.ignored;
            outcomes.dead_lettered += counters.dead_lettered;
            outcomes.gaps += counters.gaps;
            orders += counters.orders;
        }
        anyhow::ensure!(
            (outcomes, orders) == (self.outcomes, self.orders.len() as u64),
            "the store has counted {outcomes:?} and {orders} orders instead of {:?} and {}",
            self.outcomes,
            self.orders.len()
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

/// Counts a log, whose records are in offset order. `unusable` are the places of the unusable ones.
///
/// # Errors
/// If a record that should be usable cannot be decoded.
pub fn count(log: &[Record], unusable: &HashSet<(i32, i64)>) -> anyhow::Result<Expected> {
    let mut expected = Expected::default();
    for record in log {
        let outcomes = &mut expected.outcomes;
        if unusable.contains(&record.place()) {
            outcomes.dead_lettered += 1;
            continue;
        }
        if record.value.is_none() {
            outcomes.ignored += 1;
            continue;
        }
        let event = event(record).with_context(|| format!("the record at {:?}", record.place()))?;
        let current = expected.orders.get(&event.order.order_id);
        let version = current.map_or(0, |current| current.order.version);
        if event.order.version > version {
            outcomes.applied += 1;
            let forked = matches!((current, event.previous_event_id), (Some(current), Some(previous)) if previous != current.event_id);
            outcomes.gaps += u64::from(event.order.version > version + 1 || forked);
            expected.orders.insert(event.order.order_id.clone(), event);
        } else if current.is_some_and(|current| current.event_id == event.event_id) {
            outcomes.duplicate += 1;
        } else {
            outcomes.superseded += 1;
        }
    }
    Ok(expected)
}

#[cfg(test)]
mod tests {
    use orderlog_contract::event::OrderStatus;

    use super::*;
    use crate::events;

    #[test]
    fn every_record_is_counted_once() {
        let first = events::first("A");
        let rival = events::first("A");
        let second = events::next(&first, OrderStatus::Confirmed);
        let forked = events::next(&events::next(&rival, OrderStatus::Pending), OrderStatus::Shipped);
        let values =
            [&first, &rival, &first, &second, &forked].map(|event| events::record(7, event).expect("encodes").value);
        let values = values.into_iter().chain([None, Some(vec![1])]);
        let record = |(offset, value)| Record {
            partition: 0,
            offset,
            timestamp: None,
            key: None,
            value,
            headers: Vec::new(),
        };
        let log: Vec<Record> = (0..).zip(values).map(record).collect();
        let expected = count(&log, &HashSet::from([(0, 6)])).expect("counts");
        let outcomes = Outcomes {
            applied: 3,
            duplicate: 1,
            superseded: 1,
            ignored: 1,
            dead_lettered: 1,
            gaps: 1,
        };
        assert_eq!((expected.outcomes, &expected.orders["A"]), (outcomes, &forked));
        assert!(count(&log, &HashSet::new()).is_err(), "the last record is none");
    }
}
