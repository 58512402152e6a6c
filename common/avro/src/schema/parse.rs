//! Text to types: "Schema Declaration" of the Avro 1.12 specification, as Java's parser understands it. A type may be used
//! before it is defined, and defined twice if both definitions are alike; no union has a union in it, or two branches of one
//! kind.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::default_check::Defaults;
use super::json::json;
use super::logical::IgnoredLogicalType;
use super::name::qualify;
use super::{Kind, Schema, SchemaError, SchemaText, Type, TypeId, Validation};
use crate::path;
use crate::path::short;

/// Maximum size of a schema in bytes, with all that it refers to.
pub const MAX_SCHEMA_BYTES: usize = 1024 * 1024;

/// Maximum number of ignored logical types that are noted.
const MAX_IGNORED: usize = 20;

/// The types that need no definition. They are the first of every schema, in this order.
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

pub(super) fn parse(schema: &SchemaText, validation: Validation) -> Result<Schema, SchemaError> {
    if schema.schema_type != "AVRO" {
        let schema_type = schema.schema_type.clone();
        return Err(SchemaError::NotAvro { schema_type });
    }
    let size = schema.size();
    if size > MAX_SCHEMA_BYTES {
        return Err(SchemaError::TooLong { size });
    }
    let texts = schema.references.iter().chain([&schema.text]);
    let texts = texts
        .map(|text| json(text, validation))
        .collect::<Result<Vec<_>, _>>()?;
    let mut parser = Parser::new(validation);
    let mut root = TypeId(0);
    for text in &texts {
        root = parser.text(text)?;
    }
    Ok(Schema {
        types: parser.types,
        root,
        ignored_logical_types: parser.ignored_logical_types,
    })
}

/// The types met so far. Its recursion is bounded by serde_json, which reads at most 128 levels of JSON.
pub(super) struct Parser<'j> {
    pub(super) validation: Validation,
    pub(super) types: Vec<Type>,
    /// The types with a name.
    pub(super) named: HashMap<Arc<str>, Named<'j>>,
    /// Placeholders for types that were used before they were defined, by namespace and name.
    forward: HashMap<(Arc<str>, &'j str), TypeId>,
    /// Where in the text the parser is: fields, `[]` and `{}`.
    pub(super) path: Vec<&'j str>,
    /// Of the current text.
    pub(super) ignored_logical_types: Vec<IgnoredLogicalType>,
}

/// A type with a name, and its first definition.
pub(super) struct Named<'j> {
    pub id: TypeId,
    pub definition: &'j Map<String, Json>,
    /// False while its parts are being parsed.
    pub is_complete: bool,
}

impl<'j> Parser<'j> {
    fn new(validation: Validation) -> Self {
        Self {
            validation,
            types: PRIMITIVES.into_iter().map(Type::plain).collect(),
            named: HashMap::new(),
            forward: HashMap::new(),
            path: Vec::new(),
            ignored_logical_types: Vec::new(),
        }
    }

    pub(super) fn is_strict(&self) -> bool {
        self.validation == Validation::Strict
    }

    /// The types of one text, which may use those of the texts before it.
    fn text(&mut self, json: &'j Json) -> Result<TypeId, SchemaError> {
        let known = self.types.len();
        self.ignored_logical_types.clear();
        let root = self.type_of(json, &"".into())?;
        self.resolve_forward_references(known)?;
        self.forward.clear();
        self.check_unions(known)?;
        if self.is_strict() {
            Defaults::new(&self.types).check(known)?;
        }
        Ok(root)
    }

    /// The type that this JSON is, within a namespace.
    pub(super) fn type_of(&mut self, json: &'j Json, namespace: &Arc<str>) -> Result<TypeId, SchemaError> {
        match json {
            Json::String(name) => self.reference(name, namespace),
            Json::Array(branches) => {
                let branches = branches.iter().map(|branch| self.type_of(branch, namespace));
                let branches = branches.collect::<Result<_, _>>()?;
                Ok(self.add(Kind::Union(branches)))
            }
            Json::Object(definition) => self.definition(definition, namespace),
            _ => Err(SchemaError::invalid(
                "a type is neither a name nor a list nor an object",
            )),
        }
    }

    pub(super) fn reference(&mut self, name: &'j str, namespace: &Arc<str>) -> Result<TypeId, SchemaError> {
        if let Some(primitive) = PRIMITIVES.iter().position(|kind| kind.name() == name) {
            return Ok(TypeId(primitive));
        }
        if name.starts_with('.') && self.is_strict() {
            // Before 1.12, Java treated this as a type without a namespace.
            return Err(undefined(name));
        }
        // Java falls back to the type without a namespace, and so does every registry that is written in Java.
        for full in [qualify(name, namespace)?, qualify(name, "")?] {
            if let Some(known) = self.named.get(&*full) {
                return Ok(known.id);
            }
        }
        if let Some(placeholder) = self.forward.get(&(namespace.clone(), name)) {
            return Ok(*placeholder);
        }
        // A placeholder has neither a name nor fields, and is replaced at the end of the text.
        let placeholder = self.add(Kind::Record(Vec::new()));
        self.forward.insert((namespace.clone(), name), placeholder);
        Ok(placeholder)
    }

    /// Replaces the placeholders of types that were used before they were defined.
    fn resolve_forward_references(&mut self, known: usize) -> Result<(), SchemaError> {
        let mut defined = HashMap::with_capacity(self.forward.len());
        for ((namespace, name), placeholder) in &self.forward {
            let found = self.named.get(&*qualify(name, namespace)?);
            defined.insert(*placeholder, found.ok_or_else(|| undefined(name))?.id);
        }
        if !defined.is_empty() {
            let parts = self.types[known..].iter_mut().flat_map(|it| it.kind.children_mut());
            for part in parts {
                *part = defined.get(part).copied().unwrap_or(*part);
            }
        }
        Ok(())
    }

    fn check_unions(&self, known: usize) -> Result<(), SchemaError> {
        for it in &self.types[known..] {
            let Kind::Union(branches) = &it.kind else { continue };
            let mut seen = HashSet::new();
            for branch in branches {
                let branch = &self.types[branch.0];
                if matches!(branch.kind, Kind::Union(_)) {
                    return Err(SchemaError::invalid("a union is directly inside a union"));
                }
                // One branch of each kind, logical types aside; for named types, one of each name.
                let name = branch.name.as_ref().map_or(branch.kind.name(), |name| name.full());
                if !seen.insert(name) {
                    return Err(SchemaError::invalid(
                        "a union has two branches of the same kind or name",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Notes a logical type that has no effect at the current path.
    pub(super) fn ignore_logical_type(&mut self, name: &Json, is_misplaced: bool) {
        if self.ignored_logical_types.len() < MAX_IGNORED {
            self.ignored_logical_types.push(IgnoredLogicalType {
                path: path::of(&self.path),
                name: short(&name.to_string()),
                is_misplaced,
            });
        }
    }

    pub(super) fn add(&mut self, kind: Kind) -> TypeId {
        self.types.push(Type::plain(kind));
        TypeId(self.types.len() - 1)
    }
}

/// Whether a type with this name needs no definition.
pub(super) fn is_primitive(name: &str) -> bool {
    PRIMITIVES.iter().any(|kind| kind.name() == name)
}

fn undefined(name: &str) -> SchemaError {
    SchemaError::Invalid(format!("the type {} is not defined", short(name)))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
