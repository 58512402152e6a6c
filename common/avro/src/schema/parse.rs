//! Text to types: "Schema Declaration" of the Avro 1.12 specification, as Java's parser understands it: nothing is defined
//! twice in two ways, a type may be used before it is defined, no union has a union in it or two branches of one kind.
//! Reasons are short and never hold the text.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::json::json;
use super::name::qualified;
use super::valid_default::Defaults;
use super::{Kind, Rules, Type, TypeId, Types, short};
use crate::SchemaText;

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

/// Parses a schema.
///
/// # Errors
/// It is not Avro's, is too long, or is not valid by those rules.
pub fn parse(schema: &SchemaText, rules: Rules) -> Result<Types, String> {
    if schema.schema_type != "AVRO" {
        return Err(format!(
            "the schema is of type {}, not AVRO",
            short(&schema.schema_type)
        ));
    }
    let bytes = schema.bytes();
    if bytes > MAX_SCHEMA_BYTES {
        return Err(too_long(bytes));
    }
    parsed(schema, rules).map_err(|what| format!("the schema is not valid Avro: {what}"))
}

/// Why a schema of that many bytes is not read.
pub fn too_long(bytes: usize) -> String {
    format!("the schema has {bytes} bytes; at most {MAX_SCHEMA_BYTES} are read")
}

fn parsed(schema: &SchemaText, rules: Rules) -> Result<Types, String> {
    let texts = schema.references.iter().chain([&schema.text]);
    let texts = texts.map(|text| json(text, rules)).collect::<Result<Vec<_>, _>>()?;
    let mut parser = Parser::new(rules);
    let mut root = TypeId(0);
    for text in &texts {
        root = parser.text(text)?;
    }
    Ok(Types {
        list: parser.list,
        root,
    })
}

/// The types met so far. How deep it goes is bounded by serde_json, which reads no more than 128 levels of JSON.
pub(super) struct Parser<'j> {
    pub(super) rules: Rules,
    pub(super) list: Vec<Type>,
    /// Those that have a name.
    pub(super) named: HashMap<Arc<str>, Named<'j>>,
    /// Types that were used before they were defined: where one stands in for each, by namespace and name.
    ahead: HashMap<(Arc<str>, &'j str), TypeId>,
}

/// A type that has a name, and where it was defined first.
pub(super) struct Named<'j> {
    pub id: TypeId,
    pub definition: &'j Map<String, Json>,
    /// Not as long as its parts are being parsed.
    pub is_complete: bool,
}

impl<'j> Parser<'j> {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            list: PRIMITIVES.into_iter().map(Type::plain).collect(),
            named: HashMap::new(),
            ahead: HashMap::new(),
        }
    }

    /// The types of one text, which may use those of the texts before it.
    fn text(&mut self, json: &'j Json) -> Result<TypeId, String> {
        let known = self.list.len();
        let root = self.type_of(json, &"".into())?;
        self.settle(known)?;
        self.ahead.clear();
        self.check_unions(known)?;
        if self.rules == Rules::New {
            Defaults::new(&self.list).check(known)?;
        }
        Ok(root)
    }

    /// The type that stands there, within that namespace.
    pub(super) fn type_of(&mut self, json: &'j Json, space: &Arc<str>) -> Result<TypeId, String> {
        match json {
            Json::String(name) => self.reference(name, space),
            Json::Array(branches) => {
                let branches = branches.iter().map(|branch| self.type_of(branch, space));
                let branches = branches.collect::<Result<_, _>>()?;
                Ok(self.add(Kind::Union(branches)))
            }
            Json::Object(definition) => self.definition(definition, space),
            _ => Err("a type is neither a name nor a list nor an object".to_owned()),
        }
    }

    pub(super) fn reference(&mut self, name: &'j str, space: &Arc<str>) -> Result<TypeId, String> {
        if let Some(primitive) = PRIMITIVES.iter().position(|kind| kind.name() == name) {
            return Ok(TypeId(primitive));
        }
        if name.starts_with('.') && self.rules == Rules::New {
            // Java took that for a type of no namespace before 1.12.
            return Err(undefined(name));
        }
        // Java looks for it without a namespace too, and so does every registry that is written in Java.
        for full in [qualified(name, space)?, qualified(name, "")?] {
            if let Some(known) = self.named.get(&*full) {
                return Ok(known.id);
            }
        }
        if let Some(stand_in) = self.ahead.get(&(space.clone(), name)) {
            return Ok(*stand_in);
        }
        // What stands in has neither a name nor fields, and is gone when the text has ended.
        let stand_in = self.add(Kind::Record(Vec::new()));
        self.ahead.insert((space.clone(), name), stand_in);
        Ok(stand_in)
    }

    /// Puts the types that were used before they were defined in the place of those that stand in for them.
    fn settle(&mut self, known: usize) -> Result<(), String> {
        let mut defined = HashMap::with_capacity(self.ahead.len());
        for ((space, name), stand_in) in &self.ahead {
            let found = self.named.get(&*qualified(name, space)?);
            defined.insert(*stand_in, found.ok_or_else(|| undefined(name))?.id);
        }
        if !defined.is_empty() {
            let parts = self.list[known..].iter_mut().flat_map(|it| it.kind.parts_mut());
            for part in parts {
                *part = defined.get(part).copied().unwrap_or(*part);
            }
        }
        Ok(())
    }

    fn check_unions(&self, known: usize) -> Result<(), String> {
        for it in &self.list[known..] {
            let Kind::Union(branches) = &it.kind else { continue };
            let mut seen = HashSet::new();
            for branch in branches {
                let branch = &self.list[branch.0];
                if matches!(branch.kind, Kind::Union(_)) {
                    return Err("a union lies directly in a union".to_owned());
                }
                // One of each kind, whatever it means; of those that have a name, one of each name.
                let name = branch.name.as_ref().map_or(branch.kind.name(), |name| name.full());
                if !seen.insert(name) {
                    return Err("a union has two branches of the same kind or name".to_owned());
                }
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, kind: Kind) -> TypeId {
        self.list.push(Type::plain(kind));
        TypeId(self.list.len() - 1)
    }
}

/// Whether that is a type that needs no definition.
pub(super) fn is_primitive(name: &str) -> bool {
    PRIMITIVES.iter().any(|kind| kind.name() == name)
}

fn undefined(name: &str) -> String {
    format!("the type {} is not defined", short(name))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
