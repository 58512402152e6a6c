//! A schema, as reading and comparing need it: its types in one list, each named by its place, every reference followed, and
//! without what says nothing.
//!
//! Foreign schemas are made of foreign text, so this is not apache-avro's: there a few kilobytes of text can take
//! gigabytes (it copies a type for each of its aliases, and a namespace for each name), hours (it completes defaults of
//! defaults), or the stack (it follows references into one another). Here work and memory grow with the text only.

mod again;
mod definition;
mod json;
mod logical;
mod name;
mod parse;
mod same;
mod valid_default;

pub use json::{json, plain_json};
pub use logical::Logical;
pub use name::{Name, short};
pub use parse::{MAX_SCHEMA_BYTES, parse, too_long};
pub use same::same_data;
use serde_json::Value as Json;
pub use valid_default::parsed_double;

/// How strict a schema is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// As a registry looks at one that is to be registered: names, defaults and everything else must be right. Which is
    /// what Java's parser (Avro 1.12.1) says.
    New,
    /// As a reader looks at one that a registry holds: what says nothing about bytes does not matter. Everything is read
    /// that Java's parser reads without validation in any version from 1.8 on.
    Held,
}

/// A type, by its place in its [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeId(usize);

/// The types of one schema.
#[derive(Clone, Debug)]
pub struct Types {
    list: Vec<Type>,
    root: TypeId,
}

impl Types {
    /// The type of a whole datum.
    pub fn root(&self) -> TypeId {
        self.root
    }

    /// The type of that place, which this schema gave out.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.list[id.0]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }
}

impl TypeId {
    /// Its place in the list.
    pub fn index(self) -> usize {
        self.0
    }
}

/// A type: what it is made of, what it means, and what it is called.
#[derive(Clone, Debug)]
pub struct Type {
    pub kind: Kind,
    pub logical: Option<Logical>,
    /// Records, enums and fixed types have one.
    pub name: Option<Name>,
    /// Whether a `doc` says something.
    pub is_documented: bool,
}

/// A type without its meaning.
#[derive(Clone, Debug)]
pub enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    /// That many bytes.
    Fixed(usize),
    Enum {
        symbols: Vec<String>,
        default: Option<String>,
    },
    Record(Vec<Field>),
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
}

/// A field of a record.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub aliases: Vec<String>,
    pub of: TypeId,
    pub default: Option<Json>,
    pub is_documented: bool,
}

impl Type {
    fn plain(kind: Kind) -> Self {
        Self {
            kind,
            logical: None,
            name: None,
            is_documented: false,
        }
    }
}

impl std::fmt::Display for Type {
    /// As a reason names it: what it means, else what it is made of, and its name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.logical.map_or(self.kind.name(), |logical| logical.name))?;
        match &self.name {
            Some(name) => write!(f, " {}", short(name.full())),
            None => Ok(()),
        }
    }
}

impl Kind {
    /// As the specification calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Fixed(_) => "fixed",
            Self::Enum { .. } => "enum",
            Self::Record(_) => "record",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
        }
    }

    /// The types that it is made of, in the order of the text.
    pub fn parts(&self) -> Box<dyn DoubleEndedIterator<Item = TypeId> + '_> {
        match self {
            Self::Array(of) | Self::Map(of) => Box::new(std::iter::once(*of)),
            Self::Union(branches) => Box::new(branches.iter().copied()),
            Self::Record(fields) => Box::new(fields.iter().map(|field| field.of)),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The same, to be changed.
    fn parts_mut(&mut self) -> Box<dyn Iterator<Item = &mut TypeId> + '_> {
        match self {
            Self::Array(of) | Self::Map(of) => Box::new(std::iter::once(of)),
            Self::Union(branches) => Box::new(branches.iter_mut()),
            Self::Record(fields) => Box::new(fields.iter_mut().map(|field| &mut field.of)),
            _ => Box::new(std::iter::empty()),
        }
    }
}
