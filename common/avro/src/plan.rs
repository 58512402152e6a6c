//! How data of one schema are read as data of another: Avro's schema resolution, worked out once for a pair of schemas.
//! Nothing is read here; that is [`super::read`]'s business.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value as Json;

use super::shape::{ShapeId, Shapes};

/// A plan, by its place in [`Plans`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
        /// The writer's fields that take bytes or have a place, in its order.
        steps: Vec<Step>,
        /// The reader's fields that the writer does not write.
        defaults: Vec<(Box<str>, Json)>,
        /// The first few of the writer's fields that the reader lacks.
        dropped: Vec<Box<str>>,
    },
    Array(Entries),
    Map(Entries),
    /// The plan for each of the writer's branches; `None` where the reader has no place for it.
    Union(Vec<Option<PlanId>>),
    /// Another one: of types that lie in themselves.
    Same(PlanId),
    /// None, of types that lie in themselves, and why.
    Unreadable(Box<str>),
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
    Skip(Box<str>, ShapeId),
}

/// At how many paths a plan is looked at for what it drops: types that lie in themselves have paths without an end.
const MOST_PATHS: usize = 20;

/// All plans of a pair of schemas.
#[derive(Debug, Default)]
pub(super) struct Plans {
    pub plans: Vec<Plan>,
    pub shapes: Shapes,
}

impl Plans {
    pub fn get(&self, id: PlanId) -> &Plan {
        &self.plans[id.0]
    }

    /// Paths of the fields that are dropped from a value of that plan, such as `order.giftNote`.
    pub fn dropped(&self, root: PlanId) -> BTreeSet<String> {
        let mut dropped = BTreeSet::new();
        // A plan may be met at several paths, and by several ways at one.
        let mut left = vec![(root, String::new())];
        let mut seen: HashMap<PlanId, HashSet<String>> = HashMap::new();
        while let Some((id, path)) = left.pop() {
            let paths = seen.entry(id).or_default();
            if paths.len() == MOST_PATHS || !paths.insert(path.clone()) {
                continue;
            }
            match self.get(id) {
                Plan::Record {
                    steps, dropped: here, ..
                } => {
                    dropped.extend(here.iter().map(|field| join(&path, field)));
                    left.extend(steps.iter().filter_map(|step| match step {
                        Step::Read(field, plan) => Some((*plan, join(&path, field))),
                        Step::Skip(..) => None,
                    }));
                }
                Plan::Array(entries) => left.push((entries.plan, format!("{path}[]"))),
                Plan::Map(entries) => left.push((entries.plan, format!("{path}{{}}"))),
                Plan::Same(other) => left.push((*other, path)),
                Plan::Union(branches) => left.extend(branches.iter().flatten().map(|branch| (*branch, path.clone()))),
                _ => {}
            }
        }
        dropped
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
