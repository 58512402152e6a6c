//! The shape of a writer's types: enough to pass over a value without looking at it. Types are kept in one list and named
//! by their place in it, so a type that is used a thousand times is there once.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::Name;

use super::fault::Fault;
use super::input::Input;
use super::kind::{Kind, kind};

/// Most types that may lie within one another. It bounds the stack that reading takes.
pub(super) const DEEPEST: usize = 64;

/// A type, by its place in [`Shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShapeId(usize);

#[derive(Debug)]
enum Shape {
    /// Takes no bytes.
    Nothing,
    Boolean,
    Int,
    Long,
    /// That many bytes.
    Fixed(usize),
    /// A length, then as many bytes.
    Bytes,
    /// One of that many symbols.
    Enum(usize),
    /// Its fields that take bytes.
    Record(Vec<ShapeId>),
    Array(ShapeId),
    Map(ShapeId),
    Union(Vec<ShapeId>),
}

/// What a schema's definition of a name is; `None` while it is being looked at.
type Named<'s> = HashMap<&'s Name, Option<ShapeId>>;

/// The shapes of one schema's types.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    shapes: Vec<Shape>,
    /// The fewest bytes of each.
    least: Vec<usize>,
    /// How many types lie within one another in each, itself included.
    height: Vec<usize>,
}

/// Makes shapes of a schema's types, each named one once.
pub(super) struct ShapeMaker<'s> {
    definitions: &'s HashMap<&'s Name, &'s Schema>,
    named: Named<'s>,
    pub shapes: Shapes,
}

impl<'s> ShapeMaker<'s> {
    pub fn new(definitions: &'s HashMap<&'s Name, &'s Schema>) -> Self {
        Self {
            definitions,
            named: HashMap::new(),
            shapes: Shapes::default(),
        }
    }

    /// The shape of a type that lies within `depth` others.
    ///
    /// # Errors
    /// A type that contains itself, lies too deep, or is not defined.
    pub fn of(&mut self, schema: &'s Schema, depth: usize) -> Result<ShapeId, String> {
        if depth > DEEPEST {
            return Err(format!("more than {DEEPEST} types lie within one another"));
        }
        let schema = match schema {
            Schema::Ref { name } => *self
                .definitions
                .get(name)
                .ok_or_else(|| format!("the type {} is not defined", short(name)))?,
            _ => schema,
        };
        let Some(name) = schema.name() else {
            return self.make(schema, depth);
        };
        match self.named.get(name) {
            Some(Some(id)) => return Ok(*id),
            Some(None) => return Err(format!("the type {} contains itself", short(name))),
            None => {}
        }
        self.named.insert(name, None);
        let id = self.make(schema, depth)?;
        self.named.insert(name, Some(id));
        Ok(id)
    }

    fn make(&mut self, schema: &'s Schema, depth: usize) -> Result<ShapeId, String> {
        let shape = match kind(schema) {
            Kind::Null => Shape::Nothing,
            Kind::Boolean => Shape::Boolean,
            Kind::Int => Shape::Int,
            Kind::Long => Shape::Long,
            Kind::Float => Shape::Fixed(4),
            Kind::Double => Shape::Fixed(8),
            Kind::Bytes | Kind::String => Shape::Bytes,
            Kind::Fixed(fixed) => Shape::Fixed(fixed.size),
            Kind::Enum(symbols) => Shape::Enum(symbols.symbols.len()),
            Kind::Array(items) => Shape::Array(self.of(items, depth + 1)?),
            Kind::Map(values) => Shape::Map(self.of(values, depth + 1)?),
            Kind::Union(union) => {
                let branches = union.variants().iter().map(|branch| self.of(branch, depth + 1));
                Shape::Union(branches.collect::<Result<_, _>>()?)
            }
            Kind::Record(record) => {
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    let id = self.of(&field.schema, depth + 1)?;
                    // A record of ten thousand empty fields in an array must not cost ten thousand steps an entry.
                    if self.shapes.least(id) > 0 {
                        fields.push(id);
                    }
                }
                Shape::Record(fields)
            }
            Kind::Reference(name) => return Err(format!("the type {} is not defined", short(name))),
        };
        self.shapes.add(shape)
    }
}

impl Shapes {
    fn add(&mut self, shape: Shape) -> Result<ShapeId, String> {
        let parts: &[ShapeId] = match &shape {
            Shape::Record(parts) | Shape::Union(parts) => parts,
            Shape::Array(part) | Shape::Map(part) => std::slice::from_ref(part),
            _ => &[],
        };
        let inner = parts.iter().filter_map(|id| self.height.get(id.0)).max();
        let height = 1 + inner.copied().unwrap_or(0);
        // Named types are met once, so the depth at which one is met says little of where it is used.
        if height > DEEPEST {
            return Err(format!("more than {DEEPEST} types lie within one another"));
        }
        let least = match &shape {
            Shape::Nothing => 0,
            Shape::Fixed(size) => *size,
            Shape::Record(fields) => fields.iter().map(|id| self.least(*id)).fold(0, usize::saturating_add),
            Shape::Union(branches) => {
                let least = branches.iter().map(|id| self.least(*id)).min();
                least.unwrap_or(0).saturating_add(1)
            }
            Shape::Boolean
            | Shape::Int
            | Shape::Long
            | Shape::Bytes
            | Shape::Enum(_)
            | Shape::Array(_)
            | Shape::Map(_) => 1,
        };
        self.shapes.push(shape);
        self.least.push(least);
        self.height.push(height);
        Ok(ShapeId(self.shapes.len() - 1))
    }

    /// The fewest bytes that a value of it takes.
    pub fn least(&self, id: ShapeId) -> usize {
        self.least.get(id.0).copied().unwrap_or(0)
    }

    /// Passes over a value.
    pub fn skip(&self, id: ShapeId, input: &mut Input<'_>) -> Result<(), Fault> {
        let Some(shape) = self.shapes.get(id.0) else {
            return Err(Fault::Is("its type is missing"));
        };
        match shape {
            Shape::Nothing => Ok(()),
            Shape::Boolean => input.boolean().map(|_| ()),
            Shape::Int => input.int().map(|_| ()),
            Shape::Long => input.long().map(|_| ()),
            Shape::Fixed(size) => input.take(*size).map(|_| ()),
            Shape::Bytes => input.bytes().map(|_| ()),
            Shape::Enum(symbols) => input.index(*symbols, "an enum has no such symbol").map(|_| ()),
            Shape::Record(fields) => fields.iter().try_for_each(|field| self.skip(*field, input)),
            Shape::Union(branches) => {
                let branch = input.index(branches.len(), "a union has no such branch")?;
                branches.get(branch).map_or(Ok(()), |branch| self.skip(*branch, input))
            }
            Shape::Array(items) => self.skip_blocks(*items, false, input),
            Shape::Map(values) => self.skip_blocks(*values, true, input),
        }
    }

    fn skip_blocks(&self, entry: ShapeId, keys: bool, input: &mut Input<'_>) -> Result<(), Fault> {
        let least = self.least(entry) + usize::from(keys);
        loop {
            let block = input.block(least)?;
            if block.entries == 0 {
                return block.check(input);
            }
            // Entries without bytes need no passing over, however many there are said to be.
            for _ in 0..if least == 0 { 0 } else { block.entries } {
                if keys {
                    input.bytes()?;
                }
                self.skip(entry, input)?;
            }
            block.check(input)?;
        }
    }
}

/// A name, cut to what a reason can hold.
pub(super) fn short(name: &Name) -> String {
    name.fullname(None).chars().take(128).collect()
}
