//! A writer's schema and a reader's, worked out once, to read any number of data with.

use serde::Deserialize;

use super::fault::Located;
use super::input::Input;
use super::plan::{PlanId, Plans};
use super::read::Reader;
use super::resolve::resolve;
use super::schema::{Rules, parse};
use crate::SchemaText;

/// How data of one schema are read as data of another, by Avro's rules of schema resolution
/// ([specification](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution)), and stricter: a logical type
/// is not read as another one.
#[derive(Debug)]
pub struct Resolution {
    plans: Plans,
    root: PlanId,
    dropped: Vec<String>,
}

impl Resolution {
    /// Resolves a writer's schema, as a registry gave it, against a reader's, which is one of our own. It may take as long
    /// as the writer's schema is: make it once and keep it.
    ///
    /// # Errors
    /// Why no datum of the writer's can be read as one of the reader's; a short sentence.
    pub fn of(writer: &SchemaText, reader: &SchemaText) -> Result<Self, String> {
        let (plans, root) = resolve(&parse(writer, Rules::Held)?, &parse(reader, Rules::New)?)?;
        let dropped = plans.dropped(root).into_iter().collect();
        Ok(Self { plans, root, dropped })
    }

    /// Paths of the writer's fields that the reader lacks, such as `order.giftNote`, in alphabetical order; of each record
    /// the first twenty.
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// Reads a datum, which must be one to its last byte.
    ///
    /// # Errors
    /// What is wrong, and in which field; a short sentence without any value.
    pub fn read<'d, T: Deserialize<'d>>(&'d self, datum: &'d [u8]) -> Result<T, String> {
        let mut input = Input::new(datum);
        let reader = Reader {
            plans: &self.plans,
            plan: self.root,
            input: &mut input,
        };
        let read = T::deserialize(reader);
        let at = datum.len() - input.left();
        match read {
            Ok(value) if input.left() == 0 => Ok(value),
            Ok(_) => Err(format!(
                "{} bytes are left over after the datum's end at byte {at}",
                input.left()
            )),
            Err(fault) => Err(located(&fault, at, datum.len())),
        }
    }
}

fn located(fault: &Located, at: usize, length: usize) -> String {
    format!("{fault} (at byte {at} of {length})")
}
