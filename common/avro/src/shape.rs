//! The shape of a writer's types: enough to pass over a value without looking at it. Like types, shapes are kept in one
//! list and named by their place in it, so a type that is used a thousand times is there once, and one that contains itself
//! comes to an end.

use super::fault::Fault;
use super::input::Input;
use super::schema::{Kind, TypeId, Types};

/// A shape, by its place in [`Shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShapeId(usize);

#[derive(Debug)]
enum Shape {
    /// Takes no bytes.
    Nothing,
    /// Has no value: a record that contains itself, whatever its data.
    Never,
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
    /// Another one.
    Same(ShapeId),
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
    /// It is being made; where it will be, if another asked for it meanwhile: that one lies in it.
    Begun(Option<ShapeId>),
    Made(ShapeId),
}

/// What is left to do for a type.
enum Step {
    Begin(TypeId),
    /// Its parts are made, but for those that it lies in.
    End(TypeId),
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

    /// The shape of a type. Not by recursion: types may lie in one another deeper than the stack is.
    pub fn of(&mut self, id: TypeId) -> ShapeId {
        let mut left = vec![Step::Begin(id)];
        while let Some(step) = left.pop() {
            match step {
                Step::Begin(id) => {
                    if let Known::Nothing = self.known[id.index()] {
                        self.known[id.index()] = Known::Begun(None);
                        left.push(Step::End(id));
                        left.extend(self.types.get(id).kind.parts().map(Step::Begin));
                    }
                }
                Step::End(id) => self.end(id),
            }
        }
        self.part(id)
    }

    fn end(&mut self, id: TypeId) {
        let shape = match &self.types.get(id).kind {
            Kind::Null => Shape::Nothing,
            Kind::Boolean => Shape::Boolean,
            Kind::Int => Shape::Int,
            Kind::Long => Shape::Long,
            Kind::Float => Shape::Fixed(4),
            Kind::Double => Shape::Fixed(8),
            Kind::Bytes | Kind::String => Shape::Bytes,
            Kind::Fixed(size) => Shape::Fixed(*size),
            Kind::Enum { symbols, .. } => Shape::Enum(symbols.len()),
            Kind::Array(items) => Shape::Array(self.part(*items)),
            Kind::Map(values) => Shape::Map(self.part(*values)),
            Kind::Union(branches) => Shape::Union(branches.iter().map(|branch| self.part(*branch)).collect()),
            Kind::Record(fields) => Shape::Record(fields.iter().map(|field| self.part(field.of)).collect()),
        };
        let made = match self.known[id.index()] {
            Known::Begun(Some(place)) => self.shapes.put(place, shape),
            _ => self.shapes.add(shape),
        };
        self.known[id.index()] = Known::Made(made);
    }

    /// The shape of a part; of one that is not made yet, where it will be.
    fn part(&mut self, id: TypeId) -> ShapeId {
        match self.known[id.index()] {
            Known::Made(shape) | Known::Begun(Some(shape)) => shape,
            Known::Nothing | Known::Begun(None) => {
                let place = self.shapes.reserve();
                self.known[id.index()] = Known::Begun(Some(place));
                place
            }
        }
    }
}

impl Shapes {
    /// A place for a shape that is made later. Of what lies in itself, a value takes at least a byte, if there is one: that
    /// of a union's index, or of the end of a list.
    fn reserve(&mut self) -> ShapeId {
        self.push(Shape::Never, 1)
    }

    /// Puts a shape into its place.
    fn put(&mut self, place: ShapeId, shape: Shape) -> ShapeId {
        let (shape, least) = match self.simplified(shape) {
            Ok(shape) => shape,
            Err(only) if only == place => return place,
            Err(only) => (Shape::Same(only), self.least(only)),
        };
        self.shapes[place.0] = shape;
        self.least[place.0] = least;
        place
    }

    fn add(&mut self, shape: Shape) -> ShapeId {
        match self.simplified(shape) {
            Ok((shape, least)) => self.push(shape, least),
            Err(only) => only,
        }
    }

    fn push(&mut self, shape: Shape, least: usize) -> ShapeId {
        self.shapes.push(shape);
        self.least.push(least);
        ShapeId(self.shapes.len() - 1)
    }

    /// A shape without what takes no bytes, and the fewest that it takes; or the only one that it is made of. Passing over
    /// a value must not cost more steps than it has bytes: a record of ten thousand empty fields costs none, and sixty
    /// records that are each the only field of the next one cost one.
    fn simplified(&self, mut shape: Shape) -> Result<(Shape, usize), ShapeId> {
        if let Shape::Record(fields) = &mut shape {
            fields.retain(|field| self.least(*field) > 0);
            match fields[..] {
                [] => shape = Shape::Nothing,
                [only] => return Err(only),
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
            Shape::Same(other) => self.least(*other),
            Shape::Never
            | Shape::Boolean
            | Shape::Int
            | Shape::Long
            | Shape::Bytes
            | Shape::Enum(_)
            | Shape::Array(_)
            | Shape::Map(_) => 1,
        };
        Ok((shape, least))
    }

    /// The fewest bytes that a value of it takes.
    pub fn least(&self, id: ShapeId) -> usize {
        self.least[id.0]
    }

    /// Passes over a value.
    pub fn skip(&self, mut id: ShapeId, input: &mut Input<'_>) -> Result<(), Fault> {
        // The last of a value's parts is passed over here, so that a list of any length takes no stack.
        loop {
            match &self.shapes[id.0] {
                Shape::Nothing => return Ok(()),
                Shape::Never => return Err(Fault::Is("a record contains itself without an end")),
                Shape::Boolean => return input.boolean().map(|_| ()),
                Shape::Int => return input.int().map(|_| ()),
                Shape::Long => return input.long().map(|_| ()),
                Shape::Fixed(size) => return input.take(*size).map(|_| ()),
                Shape::Bytes => return input.bytes().map(|_| ()),
                Shape::Enum(symbols) => return input.index(*symbols, "an enum has no such symbol").map(|_| ()),
                Shape::Array(items) => return self.skip_blocks(*items, false, input),
                Shape::Map(values) => return self.skip_blocks(*values, true, input),
                Shape::Record(fields) => {
                    let [first @ .., last] = &fields[..] else { return Ok(()) };
                    for field in first {
                        self.skip_within(*field, input)?;
                    }
                    id = *last;
                }
                Shape::Union(branches) => {
                    let branch = input.index(branches.len(), "a union has no such branch")?;
                    let Some(branch) = branches.get(branch) else {
                        return Ok(());
                    };
                    id = *branch;
                }
                Shape::Same(other) => id = *other,
            }
        }
    }

    fn skip_within(&self, part: ShapeId, input: &mut Input<'_>) -> Result<(), Fault> {
        input.enter()?;
        self.skip(part, input)?;
        input.leave();
        Ok(())
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
                self.skip_within(entry, input)?;
            }
            block.check(input)?;
        }
    }
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
