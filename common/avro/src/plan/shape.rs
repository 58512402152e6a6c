//! The shapes of a writer's types: just enough to skip a value. Like types, shapes are in one list and identified by their
//! index, so a type that is used a thousand times is there once, and one that contains itself is finite.

use crate::input::{Input, ReadErrorKind};
use crate::schema::{Kind, Schema, TypeId};

/// A shape, by its index in [`Shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShapeId(usize);

#[derive(Debug)]
enum Shape {
    /// Takes no bytes.
    Nothing,
    /// Has no value: a record that always contains itself.
    Uninhabited,
    Boolean,
    Int,
    Long,
    /// This many bytes.
    Fixed(usize),
    /// A length, then as many bytes.
    Bytes,
    /// An index below this number of symbols.
    Enum(usize),
    /// The fields that take bytes; at least two.
    Record(Vec<ShapeId>),
    Array(ShapeId),
    Map(ShapeId),
    Union(Vec<ShapeId>),
    /// Another shape.
    Same(ShapeId),
}

/// The shapes of one schema's types.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    shapes: Vec<Shape>,
    /// The fewest bytes that a value of each takes.
    min_sizes: Vec<usize>,
}

/// How far a type's shape has been made.
#[derive(Clone, Copy)]
enum Progress {
    None,
    /// Not completely. If a part of it needed it in the meantime, its index is reserved.
    Begun(Option<ShapeId>),
    Done(ShapeId),
}

/// A step of making a type's shape.
enum Step {
    Begin(TypeId),
    /// Its parts are made, except for those that contain it.
    End(TypeId),
}

/// Makes shapes of a schema's types, each once.
pub(super) struct ShapeBuilder<'s> {
    schema: &'s Schema,
    progress: Vec<Progress>,
    pub shapes: Shapes,
}

impl<'s> ShapeBuilder<'s> {
    pub fn new(schema: &'s Schema) -> Self {
        Self {
            schema,
            progress: vec![Progress::None; schema.len()],
            shapes: Shapes::default(),
        }
    }

    /// The shape of a type. Without recursion: types can be nested deeper than the stack allows.
    pub fn of(&mut self, id: TypeId) -> ShapeId {
        let mut left = vec![Step::Begin(id)];
        while let Some(step) = left.pop() {
            match step {
                Step::Begin(id) => {
                    if let Progress::None = self.progress[id.index()] {
                        self.progress[id.index()] = Progress::Begun(None);
                        left.push(Step::End(id));
                        left.extend(self.schema.get(id).kind.children().map(Step::Begin));
                    }
                }
                Step::End(id) => self.end(id),
            }
        }
        self.part(id)
    }

    fn end(&mut self, id: TypeId) {
        let shape = match &self.schema.get(id).kind {
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
            Kind::Record(fields) => Shape::Record(fields.iter().map(|field| self.part(field.type_id)).collect()),
        };
        let made = match self.progress[id.index()] {
            Progress::Begun(Some(reserved)) => self.shapes.put(reserved, shape),
            _ => self.shapes.add(shape),
        };
        self.progress[id.index()] = Progress::Done(made);
    }

    /// The shape of a part. One that is not made yet gets an index reserved.
    fn part(&mut self, id: TypeId) -> ShapeId {
        match self.progress[id.index()] {
            Progress::Done(shape) | Progress::Begun(Some(shape)) => shape,
            Progress::None | Progress::Begun(None) => {
                let reserved = self.shapes.reserve();
                self.progress[id.index()] = Progress::Begun(Some(reserved));
                reserved
            }
        }
    }
}

impl Shapes {
    /// Reserves the index of a shape that is made later. It contains itself, so any value of it takes at least a byte: a
    /// union's index, or the end of a list.
    fn reserve(&mut self) -> ShapeId {
        self.push(Shape::Uninhabited, 1)
    }

    /// Sets a shape whose index was reserved.
    fn put(&mut self, reserved: ShapeId, shape: Shape) -> ShapeId {
        let (shape, min_size) = match self.simplified(shape) {
            Ok(simplified) => simplified,
            Err(only) if only == reserved => return reserved,
            Err(only) => (Shape::Same(only), self.min_size(only)),
        };
        self.shapes[reserved.0] = shape;
        self.min_sizes[reserved.0] = min_size;
        reserved
    }

    fn add(&mut self, shape: Shape) -> ShapeId {
        match self.simplified(shape) {
            Ok((shape, min_size)) => self.push(shape, min_size),
            Err(only) => only,
        }
    }

    fn push(&mut self, shape: Shape, min_size: usize) -> ShapeId {
        self.shapes.push(shape);
        self.min_sizes.push(min_size);
        ShapeId(self.shapes.len() - 1)
    }

    /// A shape without the parts that take no bytes, and the fewest bytes that it takes; or, as an error, the only shape
    /// that it is made of. Skipping a value must not take more steps than it has bytes: a record of ten thousand empty fields
    /// takes none, and sixty records that are each the only field of the next one take one.
    fn simplified(&self, mut shape: Shape) -> Result<(Shape, usize), ShapeId> {
        if let Shape::Record(fields) = &mut shape {
            fields.retain(|field| self.min_size(*field) > 0);
            match fields[..] {
                [] => shape = Shape::Nothing,
                [only] => return Err(only),
                _ => {}
            }
        }
        let min_size = match &shape {
            Shape::Nothing => 0,
            Shape::Fixed(size) => *size,
            Shape::Record(fields) => fields
                .iter()
                .map(|id| self.min_size(*id))
                .fold(0, usize::saturating_add),
            Shape::Union(branches) => {
                let min_size = branches.iter().map(|id| self.min_size(*id)).min();
                min_size.unwrap_or(0).saturating_add(1)
            }
            Shape::Same(other) => self.min_size(*other),
            Shape::Uninhabited
            | Shape::Boolean
            | Shape::Int
            | Shape::Long
            | Shape::Bytes
            | Shape::Enum(_)
            | Shape::Array(_)
            | Shape::Map(_) => 1,
        };
        Ok((shape, min_size))
    }

    /// The fewest bytes that a value of it takes.
    pub fn min_size(&self, id: ShapeId) -> usize {
        self.min_sizes[id.0]
    }

    /// Skips a value.
    pub fn skip(&self, mut id: ShapeId, input: &mut Input<'_>) -> Result<(), ReadErrorKind> {
        // The last part of a value is skipped in this loop, so that a linked list of any length takes no stack.
        loop {
            match &self.shapes[id.0] {
                Shape::Nothing => return Ok(()),
                Shape::Uninhabited => return Err(ReadErrorKind::EndlessRecord),
                Shape::Boolean => return input.boolean().map(|_| ()),
                Shape::Int => return input.int().map(|_| ()),
                Shape::Long => return input.long().map(|_| ()),
                Shape::Fixed(size) => return input.take(*size).map(|_| ()),
                Shape::Bytes => return input.bytes().map(|_| ()),
                Shape::Enum(symbols) => {
                    return input.index(*symbols, ReadErrorKind::EnumIndexOutOfRange).map(|_| ());
                }
                Shape::Array(items) => return self.skip_blocks(*items, false, input),
                Shape::Map(values) => return self.skip_blocks(*values, true, input),
                Shape::Record(fields) => {
                    let [first @ .., last] = &fields[..] else { return Ok(()) };
                    for field in first {
                        self.skip_nested(*field, input)?;
                    }
                    id = *last;
                }
                Shape::Union(branches) => {
                    let branch = input.index(branches.len(), ReadErrorKind::UnionIndexOutOfRange)?;
                    let Some(branch) = branches.get(branch) else {
                        return Ok(());
                    };
                    id = *branch;
                }
                Shape::Same(other) => id = *other,
            }
        }
    }

    fn skip_nested(&self, part: ShapeId, input: &mut Input<'_>) -> Result<(), ReadErrorKind> {
        input.enter_nested()?;
        self.skip(part, input)?;
        input.leave_nested();
        Ok(())
    }

    fn skip_blocks(&self, entry: ShapeId, keys: bool, input: &mut Input<'_>) -> Result<(), ReadErrorKind> {
        let min_size = self.min_size(entry).saturating_add(usize::from(keys));
        loop {
            let block = input.block(min_size)?;
            if block.entries == 0 {
                return block.check(input);
            }
            // Entries that take no bytes need no skipping, and their number cannot be trusted.
            for _ in 0..if min_size == 0 { 0 } else { block.entries } {
                if keys {
                    input.bytes()?;
                }
                self.skip_nested(entry, input)?;
            }
            block.check(input)?;
        }
    }
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
