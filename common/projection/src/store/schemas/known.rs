//! Which schema ids the store knows, what depends on them, and forgetting those that nothing depends on.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use anyhow::Context;

use super::{OURS, OWN, OwnRow, UNREADABLE};
use crate::store::Store;
use crate::store::rows::schema_id_of_order;

/// Key of the ids whose loss an operator has accepted.
const ACCEPTED: &str = "accepted-schemas";

/// The schema ids that a store knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownSchemas {
    /// The id under which events are written, if our schema was registered.
    pub own: Option<u32>,
    /// All of them, ascending.
    pub ids: Vec<u32>,
    /// Those that the registry may have lost: an operator has said so.
    pub accepted: BTreeSet<u32>,
}

impl Store {
    /// The schema ids that were seen; what is known by a GUID only is not among them.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn known_schemas(&self) -> anyhow::Result<KnownSchemas> {
        let id = |entry: fjall::Guard| {
            let key = entry.key()?;
            Ok(u32::from_be_bytes(key.as_ref().try_into().context("a schema's key")?))
        };
        let of_a_registry = |id: &anyhow::Result<u32>| !matches!(id, Ok(OURS..));
        let own = self.meta.get(OWN).context(UNREADABLE)?;
        let own = own.map(|value| serde_json::from_slice::<OwnRow>(&value).context("the own schema's row"));
        Ok(KnownSchemas {
            own: own.transpose()?.map(|row| row.id),
            ids: self
                .schemas
                .table
                .iter()
                .map(id)
                .filter(of_a_registry)
                .collect::<anyhow::Result<_>>()?,
            accepted: self.accepted()?,
        })
    }

    fn accepted(&self) -> anyhow::Result<BTreeSet<u32>> {
        let value = self.meta.get(ACCEPTED).context(UNREADABLE)?;
        let ids = value.map(|value| serde_json::from_slice(&value).context("the accepted schema ids"));
        Ok(ids.transpose()?.unwrap_or_default())
    }

    /// The schema ids under which the newest events of the stored orders were written. It reads all orders.
    ///
    /// # Errors
    /// When the disk fails, or an order has another format.
    pub fn schemas_of_orders(&self) -> anyhow::Result<BTreeSet<u32>> {
        let id = |entry: fjall::Guard| schema_id_of_order(&entry.value().context(UNREADABLE)?);
        self.orders.iter().map(id).collect()
    }

    /// Whether any record was read.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn has_read(&self) -> anyhow::Result<bool> {
        Ok(self.partitions()?.values().any(|row| row.next > 0))
    }

    /// Forgets what those ids mean, so that they can be learned anew. Nothing may depend on them.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget_schemas(&self, ids: &BTreeSet<u32>) -> anyhow::Result<()> {
        let _learning = self.schemas.learning.lock().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = self.begin();
        for id in ids {
            transaction.batch.remove(&self.schemas.table, id.to_be_bytes());
        }
        if self.known_schemas()?.own.is_some_and(|own| ids.contains(&own)) {
            transaction.batch.remove(&self.meta, OWN);
        }
        transaction.commit()?;
        let mut resolved = self.schemas.resolved.write().unwrap_or_else(PoisonError::into_inner);
        resolved.retain(|id, _| !ids.contains(id));
        Ok(())
    }

    /// Notes that the registry may have lost those ids. What they mean is kept: records that name them are read as before.
    /// Events are not written under them any more.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn accept_loss(&self, ids: &BTreeSet<u32>) -> anyhow::Result<()> {
        let known = self.known_schemas()?;
        let accepted: BTreeSet<u32> = known.accepted.union(ids).copied().collect();
        let mut transaction = self.begin();
        let value = serde_json::to_vec(&accepted)?;
        transaction.batch.insert(&self.meta, ACCEPTED, value);
        if known.own.is_some_and(|own| ids.contains(&own)) {
            transaction.batch.remove(&self.meta, OWN);
        }
        transaction.commit()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orderlog_avro::SchemaText;
    use orderlog_contract::decode::WriterSchema;
    use orderlog_contract::order::OrderState;
    use orderlog_contract::testing::an_event;

    use super::*;
    use crate::store::PartitionRow;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("opens");
        store.learn_own_schema("orders-value", 7).expect("learns");
        let other = SchemaText::avro(r#""string""#);
        let writer = Arc::new(WriterSchema::of(&other));
        store.learn_schema(9, &other, writer).expect("learns");
        (dir, store)
    }

    fn known(own: Option<u32>, ids: &[u32], accepted: &[u32]) -> KnownSchemas {
        KnownSchemas {
            own,
            ids: ids.to_vec(),
            accepted: accepted.iter().copied().collect(),
        }
    }

    #[test]
    fn what_is_forgotten_can_be_learned_anew() {
        let (_dir, store) = store();
        assert_eq!(store.known_schemas().expect("reads"), known(Some(7), &[7, 9], &[]));
        store.forget_schemas(&[7].into()).expect("forgets");
        assert_eq!(store.known_schemas().expect("reads"), known(None, &[9], &[]));
        assert!(store.writer_schema(7).expect("reads").is_none());
        let other = SchemaText::avro(r#""int""#);
        let writer = Arc::new(WriterSchema::of(&other));
        store.learn_schema(7, &other, writer).expect("learns");
        store.forget_schemas(&[7, 9].into()).expect("forgets");
        assert_eq!(store.known_schemas().expect("reads"), known(None, &[], &[]));
    }

    #[test]
    fn what_was_accepted_as_lost_is_read_as_before_and_not_written_with() {
        let (dir, store) = store();
        store.accept_loss(&[9].into()).expect("notes");
        assert_eq!(store.known_schemas().expect("reads").own, Some(7));
        store.accept_loss(&[7].into()).expect("notes");
        drop(store);
        let store = Store::open(dir.path()).expect("opens");
        assert_eq!(store.known_schemas().expect("reads"), known(None, &[7, 9], &[7, 9]));
        assert_eq!(store.own_schema_id("orders-value").expect("reads"), None);
        assert!(store.writer_schema(7).expect("reads").is_some());
        store.forget().expect("forgets");
        assert_eq!(store.known_schemas().expect("reads"), KnownSchemas::default());
    }

    #[test]
    fn the_ids_that_orders_were_written_under_are_told() {
        let (_dir, store) = store();
        assert!(store.schemas_of_orders().expect("reads").is_empty());
        assert!(!store.has_read().expect("reads"));
        let mut transaction = store.begin();
        let event = an_event("A-1", 1);
        let state = OrderState {
            event_id: event.event_id,
            order: event.order,
            partition: 0,
            offset: 0,
            partial: false,
        };
        transaction.put_order(&state, 7, b"its datum");
        let row = PartitionRow {
            next: 1,
            ..PartitionRow::default()
        };
        transaction.put_partition(0, &row).expect("a row");
        transaction.commit().expect("written");
        assert_eq!(store.schemas_of_orders().expect("reads"), [7].into());
        assert!(store.has_read().expect("reads"));
    }
}
