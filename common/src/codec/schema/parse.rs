//! Text to types: "Schema Declaration" of the Avro 1.12 specification, as strict as Java's parser is: nothing is defined
//! twice, no union has a union in it or two branches of one kind. Reasons are short and never hold the text.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;

use super::name::qualified;
use super::{Kind, Type, TypeId, Types, short};
use crate::schemas::SchemaText;

/// Longest schema that is parsed, in bytes, with all that it refers to.
pub const MAX_SCHEMA_BYTES: usize = 1024 * 1024;

/// Types that have no more to say than their name. They are the first of every schema, in this order.
const PRIMITIVES: [Kind; 8] = [
    Kind::Null,
    Kind::Boolean,
    Kind::Int,
    Kind::Long,
    Kind::Float,
    Kind::Double,
    Kind::Bytes,
    Kind::String,
];

/// Parses a schema that a registry gave.
///
/// # Errors
/// It is not Avro's, is too long, or is not valid.
pub fn parse(schema: &SchemaText) -> Result<Types, String> {
    if schema.schema_type != "AVRO" {
        let given = short(&schema.schema_type);
        return Err(format!("the schema is of type {}, not AVRO", given.escape_default()));
    }
    let bytes = schema.bytes();
    if bytes > MAX_SCHEMA_BYTES {
        return Err(too_long(bytes));
    }
    let mut parser = Parser::new();
    let not_valid = |what| format!("the schema is not valid Avro: {what}");
    for text in &schema.references {
        parser.text(text).map_err(not_valid)?;
    }
    let root = parser.text(&schema.text).map_err(not_valid)?;
    Ok(parser.finish(root))
}

/// Takes over a schema of our own.
///
/// # Errors
/// It is not valid.
pub fn parse_trusted(schema: &apache_avro::Schema) -> Result<Types, String> {
    let mut parser = Parser::new();
    let json = serde_json::to_value(schema).map_err(|error| error.to_string())?;
    let root = parser.type_of(&json, "")?;
    Ok(parser.finish(root))
}

/// Why a schema of that many bytes is not read.
pub fn too_long(bytes: usize) -> String {
    format!("the schema has {bytes} bytes; at most {MAX_SCHEMA_BYTES} are read")
}

/// The types met so far. How deep it goes is bounded by serde_json, which reads no more than 128 levels of JSON.
pub(super) struct Parser {
    pub(super) list: Vec<Type>,
    /// Those that have a name.
    pub(super) named: HashMap<String, TypeId>,
}

impl Parser {
    fn new() -> Self {
        let mut parser = Self {
            list: Vec::new(),
            named: HashMap::new(),
        };
        for kind in PRIMITIVES {
            parser.add(kind);
        }
        parser
    }

    fn finish(self, root: TypeId) -> Types {
        Types { list: self.list, root }
    }

    fn text(&mut self, text: &str) -> Result<TypeId, String> {
        let json: Json = serde_json::from_str(text).map_err(|_| "it is not JSON, or nested too deeply".to_owned())?;
        self.type_of(&json, "")
    }

    /// The type that stands there, within that namespace.
    pub(super) fn type_of(&mut self, json: &Json, space: &str) -> Result<TypeId, String> {
        match json {
            Json::String(name) => self.reference(name, space),
            Json::Array(branches) => self.union(branches, space),
            Json::Object(definition) => self.definition(definition, space),
            _ => Err("a type is neither a name nor a list nor an object".to_owned()),
        }
    }

    pub(super) fn reference(&self, name: &str, space: &str) -> Result<TypeId, String> {
        if let Some(primitive) = PRIMITIVES.iter().position(|kind| kind.name() == name) {
            return Ok(TypeId(primitive));
        }
        let known = self.named.get(&qualified(name, space)?);
        // Java looks for it without a namespace then, and so does every registry that is written in Java.
        let known = known.or_else(|| self.named.get(name));
        known
            .copied()
            .ok_or_else(|| format!("the type {} is not defined", short(name)))
    }

    fn union(&mut self, branches: &[Json], space: &str) -> Result<TypeId, String> {
        let mut ids = Vec::with_capacity(branches.len());
        let mut seen = HashSet::new();
        for branch in branches {
            let id = self.type_of(branch, space)?;
            let branch = &self.list[id.0];
            if matches!(branch.kind, Kind::Union(_)) {
                return Err("a union lies directly in a union".to_owned());
            }
            // One of each kind, whatever it means; of those that have a name, one of each name.
            let (kind, named) = (std::mem::discriminant(&branch.kind), branch.name.as_ref().map(|_| id));
            if !seen.insert(named.ok_or(kind)) {
                return Err("a union has two branches of the same kind or name".to_owned());
            }
            ids.push(id);
        }
        Ok(self.add(Kind::Union(ids)))
    }

    pub(super) fn add(&mut self, kind: Kind) -> TypeId {
        self.list.push(Type {
            kind,
            logical: None,
            name: None,
        });
        TypeId(self.list.len() - 1)
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
