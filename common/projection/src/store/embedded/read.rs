//! Reading orders, keys and partitions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use anyhow::Context;
use fjall::{Readable, UserValue};
use orderlog_contract::idempotency::IdempotencyKey;
use orderlog_contract::order::OrderState;

use super::order_row::{decode_order, schema_id_of_order};
use super::{Embedded, UNREADABLE, key_limit};
use crate::store::{KeyUse, PartitionRow, StoreError};

impl Embedded {
    /// The order with that id.
    ///
    /// # Errors
    /// The disk fails, or the value has a format or a schema that this release does not read.
    pub fn order(&self, order_id: &str) -> Result<Option<OrderState>, StoreError> {
        if !key_limit::is_possible(order_id.as_bytes()) {
            return Ok(None);
        }
        self.decoded(self.orders.get(order_id).context(UNREADABLE)?)
    }

    fn decoded(&self, value: Option<UserValue>) -> Result<Option<OrderState>, StoreError> {
        let decode = |value: UserValue| decode_order(&value, |id| Ok(self.schemas.writer_schema(id)?));
        Ok(value.map(decode).transpose()?)
    }

    pub(in crate::store) fn load(
        &self,
        order_ids: &BTreeSet<String>,
    ) -> Result<HashMap<String, OrderState>, StoreError> {
        let mut orders = HashMap::with_capacity(order_ids.len());
        for order_id in order_ids {
            if let Some(state) = self.order(order_id)? {
                orders.insert(order_id.clone(), state);
            }
        }
        Ok(orders)
    }

    /// The order with that id and the use of a key, as one consistent snapshot; no `KeyUse` for a key that was not used
    /// or has been forgotten. Of several records for one key and order, the first is the answer.
    ///
    /// # Errors
    /// The disk fails, or a value has a format that this release does not read.
    pub fn order_and_key_use(
        &self,
        order_id: &str,
        key: &IdempotencyKey,
    ) -> Result<(Option<OrderState>, Option<KeyUse>), StoreError> {
        if !key_limit::is_possible(order_id.as_bytes()) {
            return Ok((None, None));
        }
        // Separate reads could see a commit between them.
        let snapshot = self.db.snapshot();
        let order = self.decoded(snapshot.get(&self.orders, order_id).context(UNREADABLE)?)?;
        let key_use = self.keys.use_of(&snapshot, key, order_id)?;
        Ok((order, key_use))
    }

    /// Order ids in byte order, after `after`, at most `limit`.
    ///
    /// # Errors
    /// The disk fails.
    pub fn order_ids(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        let from = key_limit::lower(after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.as_bytes())));
        let entries = self.orders.range::<&[u8], _>((from, Bound::Unbounded)).take(limit);
        let ids = entries.map(|entry| {
            let key = entry.key().context(UNREADABLE)?;
            String::from_utf8(key.to_vec()).context("decoding an order id")
        });
        Ok(ids.collect::<anyhow::Result<_>>()?)
    }

    /// The states of the orders after the one with the id `after`, in byte order of their ids, at most `limit`.
    ///
    /// # Errors
    /// The disk fails, or a value has a format or a schema that this release does not read.
    pub fn orders(&self, after: Option<&str>, limit: usize) -> Result<Vec<OrderState>, StoreError> {
        let from = key_limit::lower(after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.as_bytes())));
        let entries = self.orders.range::<&[u8], _>((from, Bound::Unbounded)).take(limit);
        let states = entries.map(|entry| self.decoded(Some(entry.value().context(UNREADABLE)?)));
        states.filter_map(Result::transpose).collect()
    }

    /// How far each partition was read.
    ///
    /// # Errors
    /// The disk fails, or a value has another format.
    pub fn partitions(&self) -> Result<BTreeMap<i32, PartitionRow>, StoreError> {
        let rows = self.partitions.iter().map(|entry| {
            let (key, value) = entry.into_inner().context(UNREADABLE)?;
            let partition = i32::from_be_bytes(key.as_ref().try_into().context("decoding a partition's key")?);
            Ok((
                partition,
                serde_json::from_slice(&value).context("decoding a partition's row")?,
            ))
        });
        Ok(rows.collect::<anyhow::Result<_>>()?)
    }

    pub(in crate::store) fn schema_ids_in_use(&self) -> Result<BTreeSet<u32>, StoreError> {
        let id = |entry: fjall::Guard| schema_id_of_order(&entry.value().context(UNREADABLE)?);
        Ok(self.orders.iter().map(id).collect::<anyhow::Result<_>>()?)
    }
}
