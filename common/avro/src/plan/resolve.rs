//! Works out the plans for a pair of schemas: "Schema Resolution" of the Avro 1.12 specification. Which types and fields
//! match is decided in [`crate::matching`]. Pure.

use std::collections::HashMap;

use super::ResolveError;
use super::default::complete;
use super::shape::ShapeBuilder;
use super::{Entries, Plan, PlanId, Plans, Step};
use crate::compatibility::ReasonKind;
use crate::input::MAX_DEPTH;
use crate::matching::{self, Mismatch, Pair, Purpose, is_alike};
use crate::path::short;
use crate::schema::{Field, Schema, Type, TypeId};

/// How many dropped fields of one record are noted.
const MAX_DROPPED: usize = 20;

/// Makes the plans for a writer's schema and a reader's, and returns that of a whole datum.
pub fn resolve(writer: &Schema, reader: &Schema) -> Result<(Plans, PlanId), ResolveError> {
    let mut resolver = Resolver {
        writer,
        reader,
        shapes: ShapeBuilder::new(writer),
        plans: Vec::new(),
        known: HashMap::new(),
        depth: 0,
    };
    let root = resolver.resolve(writer.root(), reader.root())?;
    let plans = Plans {
        plans: resolver.plans,
        shapes: resolver.shapes.shapes,
    };
    Ok((plans, root))
}

struct Resolver<'s> {
    writer: &'s Schema,
    reader: &'s Schema,
    shapes: ShapeBuilder<'s>,
    plans: Vec<Plan>,
    known: HashMap<(TypeId, TypeId), Progress>,
    /// How many pairs enclose the one that is being resolved.
    depth: usize,
}

/// How far a pair of types has been resolved.
enum Progress {
    /// Not completely. If a part of it needed its plan in the meantime, the index is reserved here.
    Begun(Option<PlanId>),
    Done(Result<PlanId, ResolveError>),
}

impl<'s> Resolver<'s> {
    fn resolve(&mut self, writer: TypeId, reader: TypeId) -> Result<PlanId, ResolveError> {
        let pair = (writer, reader);
        match self.known.get(&pair) {
            Some(Progress::Done(result)) => return result.clone(),
            Some(Progress::Begun(Some(reserved))) => return Ok(*reserved),
            Some(Progress::Begun(None)) => {
                // The pair contains itself. Until its end it is assumed to be readable.
                let reserved = self.add(Plan::Unreadable(Box::new(too_deep())));
                self.known.insert(pair, Progress::Begun(Some(reserved)));
                return Ok(reserved);
            }
            None => {}
        }
        // A reader's type that contains itself may be resolved against any number of the writer's.
        if self.depth == MAX_DEPTH {
            return Err(too_deep());
        }
        self.known.insert(pair, Progress::Begun(None));
        self.depth += 1;
        let result = self.plan(writer, reader);
        self.depth -= 1;
        let begun = self.known.insert(pair, Progress::Done(result.clone()));
        if let Some(Progress::Begun(Some(reserved))) = begun {
            self.plans[reserved.0] = match &result {
                Ok(plan) => Plan::Same(*plan),
                // The error is reported when such a value is read.
                Err(error) => Plan::Unreadable(Box::new(error.clone())),
            };
        }
        result
    }

    fn plan(&mut self, writer: TypeId, reader: TypeId) -> Result<PlanId, ResolveError> {
        let (w, r) = (self.writer.get(writer), self.reader.get(reader));
        let pair = matching::pair(w, r, Purpose::Read).map_err(|mismatch| mismatched(mismatch, w, r))?;
        let plan = match pair {
            Pair::WriterUnion(branches) => self.written_union(branches, reader)?,
            Pair::ReaderUnion(branches) => return self.read_union(writer, branches),
            Pair::Scalar(conversion) => Plan::Scalar(conversion),
            Pair::Fixed(size) => Plan::Fixed(size),
            Pair::Enum(enums) => Plan::Enum(enums.symbols().map(|(_, read)| read.map(Into::into)).collect()),
            Pair::Array(w, r) => Plan::Array(self.entries(w, r, "[]")?),
            Pair::Map(w, r) => Plan::Map(self.entries(w, r, "{}")?),
            Pair::Record(w, r) => self.record(w, r)?,
        };
        Ok(self.add(plan))
    }

    fn add(&mut self, plan: Plan) -> PlanId {
        self.plans.push(plan);
        PlanId(self.plans.len() - 1)
    }

    fn entries(&mut self, writer: TypeId, reader: TypeId, path: &str) -> Result<Entries, ResolveError> {
        let shape = self.shapes.of(writer);
        let plan = self.resolve(writer, reader).map_err(|error| error.within(path))?;
        let min_size = self.shapes.shapes.min_size(shape);
        Ok(Entries { plan, min_size })
    }

    /// Which branch was written is known only from the data, so it is enough that one of them can be read.
    fn written_union(&mut self, writer: &[TypeId], reader: TypeId) -> Result<Plan, ResolveError> {
        let mut last_error = None;
        let mut branches = Vec::with_capacity(writer.len());
        for branch in writer {
            match self.resolve(*branch, reader) {
                Ok(plan) => branches.push(Some(plan)),
                Err(error) => {
                    last_error = Some(error);
                    branches.push(None);
                }
            }
        }
        match last_error {
            Some(error) if branches.iter().all(Option::is_none) => Err(error),
            _ => Ok(Plan::Union(branches)),
        }
    }

    /// The branch that is like the writer's type, or else the first one that can be read.
    fn read_union(&mut self, writer: TypeId, reader: &[TypeId]) -> Result<PlanId, ResolveError> {
        let w = self.writer.get(writer);
        let text = format!("the reader's union has no branch for {w}");
        let mut error = ResolveError::new(ReasonKind::MissingUnionBranch, text);
        for alike in [true, false] {
            for branch in reader {
                if is_alike(w, self.reader.get(*branch)) != alike {
                    continue;
                }
                match self.resolve(writer, *branch) {
                    Ok(plan) => return Ok(plan),
                    // The branch that is clearly meant has the more useful error.
                    Err(found) if alike => error = found,
                    Err(_) => {}
                }
            }
        }
        Err(error)
    }

    fn record(&mut self, writer: &'s [Field], reader: &'s [Field]) -> Result<Plan, ResolveError> {
        let targets = targets(writer, reader);
        let mut steps = Vec::new();
        let mut dropped: Vec<Box<str>> = Vec::new();
        let mut is_written = vec![false; reader.len()];
        for (field, target) in writer.iter().zip(targets) {
            let Some(target) = target else {
                let shape = self.shapes.of(field.type_id);
                if self.shapes.shapes.min_size(shape) > 0 {
                    steps.push(Step::Skip(short(&field.name).into(), shape));
                }
                if dropped.len() < MAX_DROPPED {
                    dropped.push(short(&field.name).into());
                }
                continue;
            };
            let read = &reader[target];
            let plan = self.resolve(field.type_id, read.type_id);
            let plan = plan.map_err(|error| error.within(&short(&read.name)))?;
            steps.push(Step::Read(read.name.as_str().into(), plan));
            is_written[target] = true;
        }
        let mut defaults = Vec::new();
        for (field, _) in reader.iter().zip(is_written).filter(|(_, is_written)| !is_written) {
            defaults.push((field.name.as_str().into(), self.default(field)?));
        }
        Ok(Plan::Record {
            steps,
            defaults,
            dropped,
        })
    }

    fn default(&self, field: &Field) -> Result<serde_json::Value, ResolveError> {
        let error = |kind, text: &str| ResolveError::new(kind, text).within(&short(&field.name));
        let Some(default) = &field.default else {
            let text = "the writer does not write it, and it has no default";
            return Err(error(ReasonKind::ReaderFieldMissingDefaultValue, text));
        };
        let completed = complete(default, field.type_id, self.reader);
        completed.map_err(|invalid| error(ReasonKind::DefaultMismatch, &invalid.to_string()))
    }
}

/// For each of the writer's fields the index of the reader's field that it becomes, if any.
fn targets(writer: &[Field], reader: &[Field]) -> Vec<Option<usize>> {
    let mut targets = vec![None; writer.len()];
    for (n, found) in matching::fields(writer, reader, Purpose::Read).enumerate() {
        // Each of the writer's fields becomes only one of the reader's: the first.
        if let Some(target) = found.written.and_then(|written| targets.get_mut(written))
            && target.is_none()
        {
            *target = Some(n);
        }
    }
    targets
}

fn mismatched(mismatch: Mismatch, writer: &Type, reader: &Type) -> ResolveError {
    let kind = ReasonKind::from(mismatch);
    let text = match (mismatch, writer.logical, reader.logical) {
        // Shown with precision and scale.
        (Mismatch::LogicalType, Some(writer), Some(reader)) => format!("{writer} cannot be read as {reader}"),
        _ => format!("{writer} cannot be read as {reader}"),
    };
    ResolveError::new(kind, text)
}

fn too_deep() -> ResolveError {
    let text = format!("types nested more than {MAX_DEPTH} deep");
    ResolveError::new(ReasonKind::TypeMismatch, text)
}
