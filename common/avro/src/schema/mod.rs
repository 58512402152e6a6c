//! A schema, parsed: its types in one list, each identified by its index, with all references resolved, and without the
//! attributes that neither reading nor comparing needs.
//!
//! Foreign schemas are untrusted text, so apache-avro's parser is not used: with it, a few kilobytes of text can take
//! gigabytes (it copies a type for each of its aliases, and a namespace for each name), hours (it completes the
//! defaults of defaults), or the whole stack (it follows references recursively). Here, time and memory are
//! proportional to the text.

mod canonical;
mod default_check;
mod definition;
mod error;
mod json;
mod logical;
mod name;
mod parse;
mod redefinition;
mod text;

use serde_json::Value as Json;

use crate::path::short;

pub use error::SchemaError;
pub use json::plain_json;
pub use name::MAX_NAME_BYTES;
pub use parse::MAX_SCHEMA_BYTES;
pub use text::SchemaText;

pub(crate) use default_check::parse_double;
pub(crate) use logical::{IgnoredLogicalType, Logical};
pub(crate) use name::Name;

/// A valid schema, together with those that it refers to.
#[derive(Clone, Debug)]
pub struct Schema {
    types: Vec<Type>,
    root: TypeId,
    ignored_logical_types: Vec<IgnoredLogicalType>,
}

/// How strictly a schema is validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validation {
    /// See [`Schema::parse`].
    Strict,
    /// See [`Schema::parse_lenient`].
    Lenient,
}

/// A type, by its index in its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TypeId(usize);

impl Schema {
    /// Parses a new schema, as strictly as a registry that is written in Java does: names, defaults and everything else
    /// must satisfy Avro's Java library (1.12.1).
    ///
    /// # Errors
    /// It is not Avro, too long, or not valid.
    pub fn parse(text: &SchemaText) -> Result<Self, SchemaError> {
        parse::parse(text, Validation::Strict)
    }

    /// Parses a schema that data have been written with. Whatever does not change the bytes does not matter: it accepts
    /// everything that any version of Avro's Java library since 1.8 reads without validation.
    ///
    /// # Errors
    /// It is not Avro, too long, or says too little to read data by.
    pub fn parse_lenient(text: &SchemaText) -> Result<Self, SchemaError> {
        parse::parse(text, Validation::Lenient)
    }

    /// Whether both write the same bytes for the same data: whether their
    /// [Parsing Canonical Forms](https://avro.apache.org/docs/1.12.0/specification/#parsing-canonical-form-for-schemas) are
    /// equal, except for where a type is defined.
    pub fn writes_the_same_as(&self, other: &Self) -> bool {
        canonical::same((&self.types, self.root), (&other.types, other.root))
    }

    /// The type of a whole datum.
    pub(crate) fn root(&self) -> TypeId {
        self.root
    }

    /// A type of this schema.
    pub(crate) fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0]
    }

    /// How many types there are.
    pub(crate) fn len(&self) -> usize {
        self.types.len()
    }

    /// The first of the logical types in the schema's own text that Avro ignores.
    pub(crate) fn ignored_logical_types(&self) -> &[IgnoredLogicalType] {
        &self.ignored_logical_types
    }
}

impl TypeId {
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// A type: its structure, its meaning and its name.
#[derive(Clone, Debug)]
pub(crate) struct Type {
    pub kind: Kind,
    pub logical: Option<Logical>,
    /// Records, enums and fixed types have one.
    pub name: Option<Name>,
    /// Whether it has a `doc` that is not blank.
    pub is_documented: bool,
}

/// The structure of a type.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    /// Its size in bytes.
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
pub(crate) struct Field {
    pub name: String,
    pub aliases: Vec<String>,
    pub type_id: TypeId,
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

    /// Its full name; empty for a type that has none.
    pub(crate) fn full_name(&self) -> &str {
        self.name.as_ref().map_or("", Name::full)
    }
}

impl std::fmt::Display for Type {
    /// For messages: the logical type or else the kind, and the name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.logical.map_or(self.kind.name(), |logical| logical.name))?;
        match &self.name {
            Some(name) => write!(f, " {}", short(name.full())),
            None => Ok(()),
        }
    }
}

impl Kind {
    /// Its name in the specification.
    pub(crate) fn name(&self) -> &'static str {
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
    pub(crate) fn children(&self) -> Box<dyn DoubleEndedIterator<Item = TypeId> + '_> {
        match self {
            Self::Array(part) | Self::Map(part) => Box::new(std::iter::once(*part)),
            Self::Union(branches) => Box::new(branches.iter().copied()),
            Self::Record(fields) => Box::new(fields.iter().map(|field| field.type_id)),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn children_mut(&mut self) -> Box<dyn Iterator<Item = &mut TypeId> + '_> {
        match self {
            Self::Array(part) | Self::Map(part) => Box::new(std::iter::once(part)),
            Self::Union(branches) => Box::new(branches.iter_mut()),
            Self::Record(fields) => Box::new(fields.iter_mut().map(|field| &mut field.type_id)),
            _ => Box::new(std::iter::empty()),
        }
    }
}
