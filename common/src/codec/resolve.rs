//! Works out, once for a pair of schemas, how data of the writer's are read as data of the reader's: "Schema Resolution"
//! of the Avro 1.12 specification. Pure.
//!
//! Where the specification is lax, this is strict: a logical type is never read as another one (milliseconds are not
//! microseconds). And a field that the writer says it has renamed is found by the writer's alias too, instead of being
//! silently replaced by a default.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::{Alias, EnumSchema, FixedSchema, Name, RecordField, RecordSchema, SchemaKind, UnionSchema};

use super::default::complete;
use super::kind::{Kind, kind, logical_type};
use super::plan::{Entries, Plan, PlanId, Plans, Step};
use super::shape::{DEEPEST, ShapeMaker, short};

/// Most paths of dropped fields that are told.
const MOST_DROPPED: usize = 20;

pub(super) struct Resolved {
    pub plans: Plans,
    pub root: PlanId,
    /// Paths of the writer's fields that the reader lacks.
    pub dropped: Vec<String>,
}

type Definitions<'s> = HashMap<&'s Name, &'s Schema>;

/// Resolves a writer's schema against a reader's. The definitions are those of every named type of each.
///
/// # Errors
/// Why no datum of the writer's can be read.
pub(super) fn resolve<'s>(
    (writer, written): (&'s Schema, &'s Definitions<'s>),
    (reader, read): (&'s Schema, &'s Definitions<'s>),
) -> Result<Resolved, String> {
    let mut shapes = ShapeMaker::new(written);
    // Looks at all of the writer's types, those that are never read too: one that contains itself is refused.
    shapes.of(writer, 0)?;
    let mut resolver = Resolver {
        written,
        read,
        shapes,
        plans: Vec::new(),
        named: HashMap::new(),
        dropped: Vec::new(),
    };
    let root = resolver.resolve(writer, reader, "", 0)?;
    Ok(Resolved {
        plans: Plans {
            plans: resolver.plans,
            shapes: resolver.shapes.shapes,
        },
        root,
        dropped: resolver.dropped,
    })
}

struct Resolver<'s> {
    written: &'s Definitions<'s>,
    read: &'s Definitions<'s>,
    shapes: ShapeMaker<'s>,
    plans: Vec<Plan>,
    /// Pairs of named types met before: where their plan is, or why there is none.
    named: HashMap<(&'s Name, &'s Name), Result<PlanId, String>>,
    dropped: Vec<String>,
}

impl<'s> Resolver<'s> {
    fn resolve(&mut self, writer: &'s Schema, reader: &'s Schema, path: &str, depth: usize) -> Result<PlanId, String> {
        if depth > DEEPEST {
            return Err(format!("more than {DEEPEST} types lie within one another"));
        }
        let (writer, reader) = (definition(writer, self.written)?, definition(reader, self.read)?);
        let (Some(w), Some(r)) = (writer.name(), reader.name()) else {
            return self.make(writer, reader, path, depth);
        };
        if let Some(known) = self.named.get(&(w, r)) {
            return known.clone();
        }
        let contains_itself = format!("the type {} contains itself", short(r));
        self.named.insert((w, r), Err(contains_itself));
        let made = self.make(writer, reader, path, depth);
        self.named.insert((w, r), made.clone());
        made
    }

    fn make(&mut self, writer: &'s Schema, reader: &'s Schema, path: &str, depth: usize) -> Result<PlanId, String> {
        if let Schema::Union(union) = writer {
            return self.from_union(union, reader, path, depth);
        }
        if let Schema::Union(union) = reader {
            return self.into_union(writer, union, path, depth);
        }
        if let (Some(w), Some(r)) = (logical_type(writer), logical_type(reader))
            && w != r
        {
            return Err(within(path, &format!("{w} cannot be read as {r}")));
        }
        let plan = match (kind(writer), kind(reader)) {
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
            (Kind::Fixed(w), Kind::Fixed(r)) if fixed_match(w, r) => Plan::Fixed(w.size),
            (Kind::Enum(w), Kind::Enum(r)) if names_match(&w.name, &w.aliases, &r.name, &r.aliases) => symbols(w, r),
            (Kind::Array(w), Kind::Array(r)) => Plan::Array(self.entries(w, r, &format!("{path}[]"), depth)?),
            (Kind::Map(w), Kind::Map(r)) => Plan::Map(self.entries(w, r, &format!("{path}{{}}"), depth)?),
            (Kind::Record(w), Kind::Record(r)) if names_match(&w.name, &w.aliases, &r.name, &r.aliases) => {
                self.record(w, r, path, depth)?
            }
            _ => {
                let what = format!("{} cannot be read as {}", shown(writer), shown(reader));
                return Err(within(path, &what));
            }
        };
        Ok(self.add(plan))
    }

    fn add(&mut self, plan: Plan) -> PlanId {
        self.plans.push(plan);
        PlanId(self.plans.len() - 1)
    }

    fn entries(&mut self, writer: &'s Schema, reader: &'s Schema, path: &str, depth: usize) -> Result<Entries, String> {
        let shape = self.shapes.of(writer, depth + 1)?;
        Ok(Entries {
            plan: self.resolve(writer, reader, path, depth + 1)?,
            least: self.shapes.shapes.least(shape),
        })
    }

    /// Whichever branch the writer chose is read, if it can be: that is known only from the data.
    fn from_union(
        &mut self,
        writer: &'s UnionSchema,
        reader: &'s Schema,
        path: &str,
        depth: usize,
    ) -> Result<PlanId, String> {
        let mut why = None;
        let mut branches = Vec::with_capacity(writer.variants().len());
        for branch in writer.variants() {
            let plan = self.attempt(branch, reader, path, depth + 1);
            branches.push(plan.map_err(|reason| why = Some(reason)).ok());
        }
        match why {
            Some(reason) if branches.iter().all(Option::is_none) => Err(reason),
            _ => Ok(self.add(Plan::Union(branches))),
        }
    }

    /// The reader's branch of the same kind, else the first one that fits.
    fn into_union(
        &mut self,
        writer: &'s Schema,
        reader: &'s UnionSchema,
        path: &str,
        depth: usize,
    ) -> Result<PlanId, String> {
        let wanted = SchemaKind::from(writer);
        let mut why = format!("the reader's union has no branch for {}", shown(writer));
        for same in [true, false] {
            for branch in reader.variants() {
                let branch = definition(branch, self.read)?;
                if (SchemaKind::from(branch) == wanted) != same {
                    continue;
                }
                match self.attempt(writer, branch, path, depth + 1) {
                    Ok(plan) => return Ok(plan),
                    // That of the branch which is plainly meant tells more.
                    Err(reason) if same => why = reason,
                    Err(_) => {}
                }
            }
        }
        Err(why)
    }

    /// Like [`Self::resolve`], but a failure leaves no trace.
    fn attempt(&mut self, writer: &'s Schema, reader: &'s Schema, path: &str, depth: usize) -> Result<PlanId, String> {
        let dropped = self.dropped.len();
        self.resolve(writer, reader, path, depth)
            .inspect_err(|_| self.dropped.truncate(dropped))
    }

    fn record(
        &mut self,
        writer: &'s RecordSchema,
        reader: &'s RecordSchema,
        path: &str,
        depth: usize,
    ) -> Result<Plan, String> {
        let mut steps = Vec::with_capacity(writer.fields.len());
        let mut found = vec![false; reader.fields.len()];
        let places = places(writer, reader);
        for (field, place) in writer.fields.iter().zip(places) {
            let Some((n, target)) = place.and_then(|n| Some((n, reader.fields.get(n)?))) else {
                let shape = self.shapes.of(&field.schema, depth + 1)?;
                steps.push(Step::Skip(shape));
                if self.dropped.len() < MOST_DROPPED {
                    self.dropped.push(join(path, &field.name));
                }
                continue;
            };
            let plan = self.resolve(&field.schema, &target.schema, &join(path, &target.name), depth + 1)?;
            steps.push(Step::Read(target.name.as_str().into(), plan));
            if let Some(found) = found.get_mut(n) {
                *found = true;
            }
        }
        let mut defaults = Vec::new();
        for (field, _) in reader.fields.iter().zip(found).filter(|(_, found)| !found) {
            let Some(default) = &field.default else {
                let what = "the writer does not write it, and it has no default";
                return Err(within(&join(path, &field.name), what));
            };
            defaults.push((field.name.as_str().into(), complete(default, &field.schema, self.read)?));
        }
        Ok(Plan::Record { steps, defaults })
    }
}

/// For each of the writer's fields, which of the reader's it is: by name, else by the reader's aliases, else by its own.
fn places(writer: &RecordSchema, reader: &RecordSchema) -> Vec<Option<usize>> {
    let by_name: HashMap<&str, usize> = writer
        .fields
        .iter()
        .enumerate()
        .map(|(n, it)| (it.name.as_str(), n))
        .collect();
    let by_alias: HashMap<&str, usize> = writer
        .fields
        .iter()
        .enumerate()
        .flat_map(|(n, it)| it.aliases.iter().map(move |alias| (alias.as_str(), n)))
        .collect();
    let mut places = vec![None; writer.fields.len()];
    let of = |field: &RecordField| {
        let name = |name: &String| by_name.get(name.as_str());
        let found = name(&field.name).or_else(|| field.aliases.iter().find_map(name));
        found.or_else(|| by_alias.get(field.name.as_str())).copied()
    };
    for (n, field) in reader.fields.iter().enumerate() {
        // One field of the writer's is one of the reader's.
        if let Some(place) = of(field)
            .and_then(|w| places.get_mut(w))
            .filter(|place| place.is_none())
        {
            *place = Some(n);
        }
    }
    places
}

fn symbols(writer: &EnumSchema, reader: &EnumSchema) -> Plan {
    let of = |symbol: &String| {
        let known = reader.symbols.iter().find(|known| *known == symbol);
        known.or(reader.default.as_ref()).map(|symbol| symbol.as_str().into())
    };
    Plan::Enum(writer.symbols.iter().map(of).collect())
}

fn fixed_match(writer: &FixedSchema, reader: &FixedSchema) -> bool {
    writer.size == reader.size && names_match(&writer.name, &writer.aliases, &reader.name, &reader.aliases)
}

/// Named types match by their names without the namespace, or by an alias of either.
fn names_match(
    writer: &Name,
    writer_aliases: &Option<Vec<Alias>>,
    reader: &Name,
    reader_aliases: &Option<Vec<Alias>>,
) -> bool {
    let is_alias = |aliases: &Option<Vec<Alias>>, enclosing: &Name, name: &Name| {
        let mut aliases = aliases.iter().flatten();
        aliases.any(|alias| alias.fullname(enclosing.namespace()) == name.fullname(None))
    };
    writer.name() == reader.name()
        || is_alias(reader_aliases, reader, writer)
        || is_alias(writer_aliases, writer, reader)
}

fn definition<'s>(schema: &'s Schema, definitions: &Definitions<'s>) -> Result<&'s Schema, String> {
    match schema {
        Schema::Ref { name } => definitions
            .get(name)
            .copied()
            .ok_or_else(|| format!("the type {} is not defined", short(name))),
        _ => Ok(schema),
    }
}

fn shown(schema: &Schema) -> String {
    let kind = format!("{:?}", SchemaKind::from(schema)).to_lowercase();
    schema
        .name()
        .map_or(kind.clone(), |name| format!("{kind} {}", short(name)))
}

fn join(path: &str, name: &str) -> String {
    let name: String = name.chars().take(128).collect();
    if path.is_empty() {
        name
    } else {
        format!("{path}.{name}")
    }
}

fn within(path: &str, what: &str) -> String {
    if path.is_empty() {
        what.to_owned()
    } else {
        format!("{path}: {what}")
    }
}
