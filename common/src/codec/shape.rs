//! The shape of a writer's types: enough to pass over a value without looking at it. Like types, shapes are kept in one
//! list and named by their place in it, so a type that is used a thousand times is there once.

use super::fault::Fault;
use super::input::Input;
use super::schema::{Kind, TypeId, Types, short};

/// Most types that may lie within one another. It bounds the stack that reading takes.
pub(super) const DEEPEST: usize = 64;

/// A shape, by its place in [`Shapes`].
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
    /// Its fields that take bytes, of which there are at least two.
    Record(Vec<ShapeId>),
    Array(ShapeId),
    Map(ShapeId),
    Union(Vec<ShapeId>),
}

/// The shapes of one schema's types.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    shapes: Vec<Shape>,
    /// The fewest bytes of each.
    least: Vec<usize>,
}

/// What is known of a type's shape.
#[derive(Clone, Copy)]
enum Known {
    /// Not looked at yet.
    Nothing,
    /// It is being made; who meets it again lies in it.
    Begun,
    /// Made, and how many types lie within one another in it, itself included.
    Made(ShapeId, usize),
}

/// Makes shapes of a schema's types, each once.
pub(super) struct ShapeMaker<'s> {
    types: &'s Types,
    known: Vec<Known>,
    pub shapes: Shapes,
}

impl<'s> ShapeMaker<'s> {
    pub fn new(types: &'s Types) -> Self {
        Self {
            types,
            known: vec![Known::Nothing; types.len()],
            shapes: Shapes::default(),
        }
    }

    /// The shape of a type.
    ///
    /// # Errors
    /// A type in it contains itself, or lies too deep.
    pub fn of(&mut self, id: TypeId) -> Result<ShapeId, String> {
        self.make(id, 1).map(|(shape, _)| shape)
    }

    /// The shape of a type that is the `depth`th of those within one another, and how many lie in it.
    fn make(&mut self, id: TypeId, depth: usize) -> Result<(ShapeId, usize), String> {
        let of = self.types.get(id);
        match self.known[id.index()] {
            Known::Made(shape, height) => return Ok((shape, height)),
            Known::Begun => {
                let name = of.name.as_ref().map_or("", |name| name.full());
                return Err(format!("the type {} contains itself", short(name)));
            }
            Known::Nothing => {}
        }
        // Types are met once, so the depth at which one is met bounds the stack here, and its height where it is used.
        if depth > DEEPEST {
            return Err(too_deep());
        }
        self.known[id.index()] = Known::Begun;
        let mut inner = 0;
        let mut part = |maker: &mut Self, id| {
            let (shape, height) = maker.make(id, depth + 1)?;
            inner = inner.max(height);
            Ok::<_, String>(shape)
        };
        let shape = match &of.kind {
            Kind::Null => Shape::Nothing,
            Kind::Boolean => Shape::Boolean,
            Kind::Int => Shape::Int,
            Kind::Long => Shape::Long,
            Kind::Float => Shape::Fixed(4),
            Kind::Double => Shape::Fixed(8),
            Kind::Bytes | Kind::String => Shape::Bytes,
            Kind::Fixed(size) => Shape::Fixed(*size),
            Kind::Enum { symbols, .. } => Shape::Enum(symbols.len()),
            Kind::Array(items) => Shape::Array(part(self, *items)?),
            Kind::Map(values) => Shape::Map(part(self, *values)?),
            Kind::Union(branches) => {
                let branches = branches.iter().map(|branch| part(self, *branch));
                Shape::Union(branches.collect::<Result<_, _>>()?)
            }
            Kind::Record(fields) => {
                let fields = fields.iter().map(|field| part(self, field.of));
                Shape::Record(fields.collect::<Result<_, _>>()?)
            }
        };
        let height = 1 + inner;
        if height > DEEPEST {
            return Err(too_deep());
        }
        let shape = self.shapes.add(shape);
        self.known[id.index()] = Known::Made(shape, height);
        Ok((shape, height))
    }
}

fn too_deep() -> String {
    format!("more than {DEEPEST} types lie within one another")
}

impl Shapes {
    fn add(&mut self, mut shape: Shape) -> ShapeId {
        if let Shape::Record(fields) = &mut shape {
            // Passing over a value must not cost more steps than it has bytes: a record of ten thousand empty fields
            // costs none, and sixty records that are each the only field of the next one cost one.
            fields.retain(|field| self.least(*field) > 0);
            match fields[..] {
                [] => shape = Shape::Nothing,
                [only] => return only,
                _ => {}
            }
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
        ShapeId(self.shapes.len() - 1)
    }

    /// The fewest bytes that a value of it takes.
    pub fn least(&self, id: ShapeId) -> usize {
        self.least[id.0]
    }

    /// Passes over a value.
    pub fn skip(&self, id: ShapeId, input: &mut Input<'_>) -> Result<(), Fault> {
        match &self.shapes[id.0] {
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
        let least = self.least(entry).saturating_add(usize::from(keys));
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
