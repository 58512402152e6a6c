//! How data of one schema are read as data of another: a plan for each pair of types. `resolve` makes them, with `default` for
//! fields that the writer lacks and `shape` for those that the reader lacks. No datum is read here.

mod default;
mod error;
mod resolve;
mod shape;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value as Json;

use shape::{ShapeId, Shapes};

use crate::matching::Conversion;
use crate::path;

pub use error::ResolveError;
pub use resolve::resolve;

/// A plan, by its index in [`Plans`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PlanId(usize);

/// How one value is read.
#[derive(Debug)]
pub(crate) enum Plan {
    Scalar(Conversion),
    /// Of this size.
    Fixed(usize),
    /// The reader's symbol for each of the writer's; `None` where the reader has neither the symbol nor a default.
    Enum(Vec<Option<Box<str>>>),
    Record {
        /// The writer's fields in its order, without those that take no bytes and are dropped.
        steps: Vec<Step>,
        /// The reader's fields that the writer does not write.
        defaults: Vec<(Box<str>, Json)>,
        /// The first few of the writer's fields that the reader lacks.
        dropped: Vec<Box<str>>,
    },
    Array(Entries),
    Map(Entries),
    /// The plan for each of the writer's branches; `None` where the reader cannot read it.
    Union(Vec<Option<PlanId>>),
    /// Another plan: of types that contain themselves.
    Same(PlanId),
    /// Of types that contain themselves and cannot be read.
    Unreadable(Box<ResolveError>),
}

/// The entries of an array or a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries {
    pub plan: PlanId,
    /// The fewest bytes that an entry takes.
    pub min_size: usize,
}

/// What to do with one of the writer's fields.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is the reader's field with this name.
    Read(Box<str>, PlanId),
    /// The reader has no such field.
    Skip(Box<str>, ShapeId),
}

/// Maximum number of paths at which one plan is searched for dropped fields: types that contain themselves have
/// infinitely many.
const MAX_PATHS: usize = 20;

/// All plans of a pair of schemas.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    plans: Vec<Plan>,
    pub shapes: Shapes,
}

impl Plans {
    #[inline]
    pub fn get(&self, id: PlanId) -> &Plan {
        &self.plans[id.0]
    }

    /// Paths of the fields that a plan drops, such as `order.giftNote`.
    pub fn dropped_fields(&self, root: PlanId) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        // A plan may be met at several paths, and in several ways at one.
        let mut left = vec![(root, String::new())];
        let mut seen: HashMap<PlanId, HashSet<String>> = HashMap::new();
        while let Some((id, path)) = left.pop() {
            let paths = seen.entry(id).or_default();
            if paths.len() == MAX_PATHS || !paths.insert(path.clone()) {
                continue;
            }
            match self.get(id) {
                Plan::Record { steps, dropped, .. } => {
                    found.extend(dropped.iter().map(|field| path::field(&path, field)));
                    left.extend(steps.iter().filter_map(|step| match step {
                        Step::Read(field, plan) => Some((*plan, path::field(&path, field))),
                        Step::Skip(..) => None,
                    }));
                }
                Plan::Array(entries) => left.push((entries.plan, path::items(&path))),
                Plan::Map(entries) => left.push((entries.plan, path::values(&path))),
                Plan::Same(other) => left.push((*other, path)),
                Plan::Union(branches) => left.extend(branches.iter().flatten().map(|branch| (*branch, path.clone()))),
                Plan::Scalar(_) | Plan::Fixed(_) | Plan::Enum(_) | Plan::Unreadable(_) => {}
            }
        }
        found
    }
}
