//! How data of one schema are read as data of another: Avro's schema resolution, worked out once for a pair of schemas.
//! Nothing is read here; that is [`super::read`]'s business.

use serde_json::Value as Json;

use super::shape::{ShapeId, Shapes};

/// A plan, by its place in [`Plans`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlanId(pub(super) usize);

/// How one value is read.
#[derive(Debug)]
pub(super) enum Plan {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    IntAsFloat,
    IntAsDouble,
    LongAsFloat,
    LongAsDouble,
    FloatAsDouble,
    String,
    Bytes,
    StringAsBytes,
    BytesAsString,
    /// That many bytes.
    Fixed(usize),
    /// The reader's symbol for each of the writer's; `None` where the reader has neither the symbol nor a default.
    Enum(Vec<Option<Box<str>>>),
    Record {
        /// The writer's fields, in its order.
        steps: Vec<Step>,
        /// The reader's fields that the writer does not write.
        defaults: Vec<(Box<str>, Json)>,
    },
    Array(Entries),
    Map(Entries),
    /// The plan for each of the writer's branches; `None` where the reader has no place for it.
    Union(Vec<Option<PlanId>>),
}

/// The entries of an array or a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entries {
    pub plan: PlanId,
    /// The fewest bytes that one takes.
    pub least: usize,
}

/// What is done with one of the writer's fields.
#[derive(Debug)]
pub(super) enum Step {
    /// It is the reader's field of that name.
    Read(Box<str>, PlanId),
    /// The reader has no such field.
    Skip(ShapeId),
}

/// All plans of a pair of schemas.
#[derive(Debug, Default)]
pub(super) struct Plans {
    pub plans: Vec<Plan>,
    pub shapes: Shapes,
}

impl Plans {
    pub fn get(&self, id: PlanId) -> Option<&Plan> {
        self.plans.get(id.0)
    }
}
