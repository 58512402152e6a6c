//! A writer's schema and a reader's, resolved once to read any number of data.

use serde::Deserialize;

use crate::plan::{PlanId, Plans, ResolveError, resolve};
use crate::read::{self, ReadError};
use crate::schema::Schema;

/// How data of a writer's schema are read as data of a reader's, by Avro's rules of
/// [schema resolution](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution) with three differences, each on
/// purpose: a logical type is never read as another one (milliseconds are not microseconds); a field or a type that the
/// *writer* says it has renamed is found by that alias too, instead of being replaced by a default; and records match by
/// name, which Java's reader does not check.
#[derive(Debug)]
pub struct Resolution {
    plans: Plans,
    root: PlanId,
    dropped_fields: Vec<String>,
}

impl Resolution {
    /// Resolves a writer's schema against a reader's. This takes time and memory in proportion to the schemas, so do it once
    /// for a pair and keep the result.
    ///
    /// # Errors
    /// No datum of the writer's can be read as one of the reader's.
    pub fn new(writer: &Schema, reader: &Schema) -> Result<Self, ResolveError> {
        let (plans, root) = resolve(writer, reader)?;
        let dropped_fields = plans.dropped_fields(root).into_iter().collect();
        Ok(Self {
            plans,
            root,
            dropped_fields,
        })
    }

    /// Paths of the writer's fields that the reader does not have, such as `order.giftNote`, sorted; at most 20 of each
    /// record.
    pub fn dropped_fields(&self) -> &[String] {
        &self.dropped_fields
    }

    /// Reads a datum, which must end with the last byte.
    ///
    /// # Errors
    /// The bytes are not such a datum, go beyond [the limits](crate#limits), or have a value that the reader's schema
    /// or `T` cannot represent.
    pub fn read<'d, T: Deserialize<'d>>(&'d self, datum: &'d [u8]) -> Result<T, ReadError> {
        read::read(&self.plans, self.root, datum)
    }
}
