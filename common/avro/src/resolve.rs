//! Works out, once for a pair of schemas, how data of the writer's are read as data of the reader's: "Schema Resolution"
//! of the Avro 1.12 specification. Pure.
//!
//! Where the specification is lax, this is strict: a logical type is never read as another one (milliseconds are not
//! microseconds). And a field that the writer says it has renamed is found by the writer's alias too, instead of being
//! silently replaced by a default.

use std::collections::HashMap;
use std::mem::discriminant;

use super::default::complete;
use super::fault::Located;
use super::input::DEEPEST;
use super::places::places;
use super::plan::{Entries, Plan, PlanId, Plans, Step};
use super::schema::{Field, Kind, Type, TypeId, Types, short};
use super::shape::ShapeMaker;

/// Most dropped fields of one record that are told.
const MOST_DROPPED: usize = 20;

/// Resolves a writer's schema against a reader's.
///
/// # Errors
/// Why no datum of the writer's can be read.
pub(super) fn resolve(writer: &Types, reader: &Types) -> Result<(Plans, PlanId), String> {
    let mut resolver = Resolver {
        writer,
        reader,
        shapes: ShapeMaker::new(writer),
        plans: Vec::new(),
        known: HashMap::new(),
        depth: 0,
    };
    let root = resolver.resolve(writer.root(), reader.root());
    let root = root.map_err(|fault| fault.to_string())?;
    let plans = Plans {
        plans: resolver.plans,
        shapes: resolver.shapes.shapes,
    };
    Ok((plans, root))
}

struct Resolver<'s> {
    writer: &'s Types,
    reader: &'s Types,
    shapes: ShapeMaker<'s>,
    plans: Vec<Plan>,
    known: HashMap<(TypeId, TypeId), Known>,
    /// How many pairs lie around the one that is being resolved.
    depth: usize,
}

/// What is known of a pair of types.
enum Known {
    /// It is being resolved; where its plan will be, if another asked for it meanwhile: that one lies in it.
    Begun(Option<PlanId>),
    /// Where its plan is, or why there is none.
    Made(Result<PlanId, Located>),
}

impl<'s> Resolver<'s> {
    fn resolve(&mut self, writer: TypeId, reader: TypeId) -> Result<PlanId, Located> {
        let pair = (writer, reader);
        match self.known.get(&pair) {
            Some(Known::Made(made)) => return made.clone(),
            Some(Known::Begun(Some(place))) => return Ok(*place),
            Some(Known::Begun(None)) => {
                // Until it is known better, it is taken to be readable.
                let place = self.add(Plan::Unreadable("".into()));
                self.known.insert(pair, Known::Begun(Some(place)));
                return Ok(place);
            }
            None => {}
        }
        // A reader that contains itself may be resolved against a writer's types of any number.
        if self.depth == DEEPEST {
            return Err(Located::new(format!(
                "more than {DEEPEST} types lie within one another"
            )));
        }
        self.known.insert(pair, Known::Begun(None));
        self.depth += 1;
        let made = self.make(writer, reader);
        self.depth -= 1;
        if let Some(Known::Begun(Some(place))) = self.known.insert(pair, Known::Made(made.clone())) {
            self.plans[place.0] = match &made {
                Ok(plan) => Plan::Same(*plan),
                // Who took it to be readable meets the reason when it reads such a value.
                Err(why) => Plan::Unreadable(why.to_string().into()),
            };
        }
        made
    }

    fn make(&mut self, writer: TypeId, reader: TypeId) -> Result<PlanId, Located> {
        let (w, r) = (self.writer.get(writer), self.reader.get(reader));
        if let Kind::Union(branches) = &w.kind {
            return self.union_written(branches, reader);
        }
        if let Kind::Union(branches) = &r.kind {
            return self.union_read(writer, branches);
        }
        if let (Some(w), Some(r)) = (w.logical, r.logical)
            && w != r
        {
            return Err(Located::new(format!("{w} cannot be read as {r}")));
        }
        let plan = match (&w.kind, &r.kind) {
            (Kind::Null, Kind::Null) => Plan::Null,
            (Kind::Boolean, Kind::Boolean) => Plan::Boolean,
            (Kind::Int, Kind::Int | Kind::Long) => Plan::Int,
            (Kind::Int, Kind::Float) => Plan::IntAsFloat,
            (Kind::Int, Kind::Double) => Plan::IntAsDouble,
            (Kind::Long, Kind::Long) => Plan::Long,
            (Kind::Long, Kind::Float) => Plan::LongAsFloat,
            (Kind::Long, Kind::Double) => Plan::LongAsDouble,
            (Kind::Float, Kind::Float) => Plan::Float,
            (Kind::Float, Kind::Double) => Plan::FloatAsDouble,
            (Kind::Double, Kind::Double) => Plan::Double,
            (Kind::String, Kind::String) => Plan::String,
            (Kind::String, Kind::Bytes) => Plan::StringAsBytes,
            (Kind::Bytes, Kind::Bytes) => Plan::Bytes,
            (Kind::Bytes, Kind::String) => Plan::BytesAsString,
            (Kind::Array(w), Kind::Array(r)) => Plan::Array(self.entries(*w, *r, "[]")?),
            (Kind::Map(w), Kind::Map(r)) => Plan::Map(self.entries(*w, *r, "{}")?),
            (Kind::Fixed(w_size), Kind::Fixed(r_size)) if w_size == r_size && names_match(w, r) => Plan::Fixed(*w_size),
            (
                Kind::Enum { symbols, .. },
                Kind::Enum {
                    symbols: known,
                    default,
                },
            ) if names_match(w, r) => enumeration(symbols, known, default.as_ref()),
            (Kind::Record(w_fields), Kind::Record(r_fields)) if names_match(w, r) => self.record(w_fields, r_fields)?,
            _ => return Err(Located::new(format!("{w} cannot be read as {r}"))),
        };
        Ok(self.add(plan))
    }

    fn add(&mut self, plan: Plan) -> PlanId {
        self.plans.push(plan);
        PlanId(self.plans.len() - 1)
    }

    fn entries(&mut self, writer: TypeId, reader: TypeId, of: &'static str) -> Result<Entries, Located> {
        let shape = self.shapes.of(writer);
        let plan = self.resolve(writer, reader).map_err(|why| why.within_entries(of))?;
        let least = self.shapes.shapes.least(shape);
        Ok(Entries { plan, least })
    }

    /// Whichever branch the writer chose is read, if it can be: that is known only from the data.
    fn union_written(&mut self, writer: &[TypeId], reader: TypeId) -> Result<PlanId, Located> {
        let mut why = None;
        let mut branches = Vec::with_capacity(writer.len());
        for branch in writer {
            let plan = self.resolve(*branch, reader);
            branches.push(plan.map_err(|reason| why = Some(reason)).ok());
        }
        match why {
            Some(reason) if branches.iter().all(Option::is_none) => Err(reason),
            _ => Ok(self.add(Plan::Union(branches))),
        }
    }

    /// The reader's branch of the same kind, else the first one that fits.
    fn union_read(&mut self, writer: TypeId, reader: &[TypeId]) -> Result<PlanId, Located> {
        let w = self.writer.get(writer);
        let mut why = Located::new(format!("the reader's union has no branch for {w}"));
        for same in [true, false] {
            for branch in reader {
                if is_alike(w, self.reader.get(*branch)) != same {
                    continue;
                }
                match self.resolve(writer, *branch) {
                    Ok(plan) => return Ok(plan),
                    // That of the branch which is plainly meant tells more.
                    Err(reason) if same => why = reason,
                    Err(_) => {}
                }
            }
        }
        Err(why)
    }

    fn record(&mut self, writer: &[Field], reader: &[Field]) -> Result<Plan, Located> {
        let mut steps = Vec::new();
        let mut dropped: Vec<Box<str>> = Vec::new();
        let mut found = vec![false; reader.len()];
        for (field, place) in writer.iter().zip(places(writer, reader)) {
            let Some(place) = place else {
                let shape = self.shapes.of(field.of);
                if self.shapes.shapes.least(shape) > 0 {
                    steps.push(Step::Skip(short(&field.name).into(), shape));
                }
                if dropped.len() < MOST_DROPPED {
                    dropped.push(short(&field.name).into());
                }
                continue;
            };
            let target = &reader[place];
            let plan = self
                .resolve(field.of, target.of)
                .map_err(|why| why.within(&target.name))?;
            steps.push(Step::Read(target.name.as_str().into(), plan));
            found[place] = true;
        }
        let mut defaults = Vec::new();
        for (field, _) in reader.iter().zip(found).filter(|(_, found)| !found) {
            let why = |what| Located::new(what).within(&field.name);
            let Some(default) = &field.default else {
                return Err(why("the writer does not write it, and it has no default".to_owned()));
            };
            let default = complete(default, field.of, self.reader).map_err(why)?;
            defaults.push((field.name.as_str().into(), default));
        }
        Ok(Plan::Record {
            steps,
            defaults,
            dropped,
        })
    }
}

fn enumeration(symbols: &[String], known: &[String], default: Option<&String>) -> Plan {
    let of = |symbol: &String| {
        let found = known.iter().find(|known| *known == symbol).or(default);
        found.map(|symbol| symbol.as_str().into())
    };
    Plan::Enum(symbols.iter().map(of).collect())
}

fn names_match(writer: &Type, reader: &Type) -> bool {
    match (&writer.name, &reader.name) {
        (Some(writer), Some(reader)) => writer.matches(reader),
        _ => false,
    }
}

/// Whether both are made of the same and mean the same.
fn is_alike(writer: &Type, reader: &Type) -> bool {
    discriminant(&writer.kind) == discriminant(&reader.kind)
        && writer.logical.map(|it| it.name) == reader.logical.map(|it| it.name)
}
