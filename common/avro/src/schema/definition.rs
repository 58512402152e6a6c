//! Definitions: the types that are written as JSON objects.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::name::{Name, aliases, is_simple};
use super::parse::{Named, Parser, is_primitive};
use super::redefinition::is_alike;
use super::{Field, Kind, Logical, SchemaError, Type, TypeId};

type Definition = Map<String, Json>;

/// Largest fixed type that Java accepts in a new schema, in bytes.
const MAX_NEW_FIXED: usize = i32::MAX as usize - 8;

impl<'j> Parser<'j> {
    pub(super) fn definition(
        &mut self,
        definition: &'j Definition,
        namespace: &Arc<str>,
    ) -> Result<TypeId, SchemaError> {
        let known = self.types.len();
        let what = get(definition, "type", "an object has no type")?;
        let id = match what.as_str() {
            // An error is a record that a protocol may answer with.
            Some("record" | "error") => self.record(definition, namespace),
            Some("enum") => self.enumeration(definition, namespace),
            Some("fixed") => self.fixed(definition, namespace),
            Some("array") => {
                let items = get(definition, "items", "an array has no items")?;
                let items = self.part("[]", items, namespace)?;
                Ok(self.add(Kind::Array(items)))
            }
            Some("map") => {
                let values = get(definition, "values", "a map has no values")?;
                let values = self.part("{}", values, namespace)?;
                Ok(self.add(Kind::Map(values)))
            }
            Some(name) => self.reference(name, namespace),
            // {"type": {"type": …}} is not in the specification, but some libraries write it.
            None if !self.is_strict() => self.type_of(what, namespace),
            None => Err(SchemaError::invalid("the type of an object is not a name")),
        }?;
        Ok(self.apply_logical_type(id, definition, known))
    }

    /// Applies the logical type that a definition has, if any.
    fn apply_logical_type(&mut self, id: TypeId, definition: &Definition, known: usize) -> TypeId {
        let Some(name) = definition.get("logicalType") else {
            return id;
        };
        let Some(logical) = Logical::of(definition, &self.types[id.0].kind) else {
            self.ignore_logical_type(name, false);
            return id;
        };
        let plain = match self.types[id.0].kind {
            Kind::Int => Kind::Int,
            Kind::Long => Kind::Long,
            Kind::Bytes => Kind::Bytes,
            Kind::String => Kind::String,
            // A fixed type has its logical type at its definition, not at references to it.
            _ if id.0 >= known => {
                self.types[id.0].logical = Some(logical);
                return id;
            }
            _ => {
                if self.types[id.0].logical != Some(logical) {
                    self.ignore_logical_type(name, false);
                }
                return id;
            }
        };
        let id = self.add(plain);
        self.types[id.0].logical = Some(logical);
        id
    }

    fn part(&mut self, path: &'j str, part: &'j Json, namespace: &Arc<str>) -> Result<TypeId, SchemaError> {
        self.path.push(path);
        let id = self.type_of(part, namespace)?;
        self.path.pop();
        Ok(id)
    }

    /// Begins a named type. From here on it is known, even to its own parts.
    fn begin(&mut self, definition: &'j Definition, namespace: &str, kind: Kind) -> Result<TypeId, SchemaError> {
        let name = Name::of(definition, namespace, self.validation)?;
        if self.is_strict() && is_primitive(name.full()) {
            let name = name.full();
            return Err(SchemaError::Invalid(format!("{name} is the name of a primitive type")));
        }
        let id = TypeId(self.types.len());
        self.named.entry(name.to_arc()).or_insert(Named {
            id,
            definition,
            is_complete: false,
        });
        self.types.push(Type {
            name: Some(name),
            is_documented: is_documented(definition),
            ..Type::plain(kind)
        });
        Ok(id)
    }

    /// Ends a named type. If it was defined before, both definitions must be alike.
    fn end(&mut self, id: TypeId, definition: &'j Definition) -> Result<TypeId, SchemaError> {
        let name = self.types[id.0].name.as_ref().map(Name::to_arc).unwrap_or_default();
        let Some(first) = self.named.get_mut(&name) else {
            return Ok(id);
        };
        if first.id == id {
            first.is_complete = true;
        } else if !first.is_complete || !is_alike(&self.types, first, (id, definition), self.validation) {
            let name = crate::path::short(&name);
            return Err(SchemaError::Invalid(format!("the type {name} is defined twice")));
        }
        Ok(first.id)
    }

    fn fixed(&mut self, definition: &'j Definition, namespace: &str) -> Result<TypeId, SchemaError> {
        let size = definition.get("size").and_then(Json::as_u64);
        let size = size.and_then(|size| usize::try_from(size).ok());
        let size = size.filter(|size| !self.is_strict() || *size <= MAX_NEW_FIXED);
        let size = size.ok_or_else(|| SchemaError::invalid("a fixed type has no size, or an impossible one"))?;
        let id = self.begin(definition, namespace, Kind::Fixed(size))?;
        self.end(id, definition)
    }

    fn enumeration(&mut self, definition: &'j Definition, namespace: &str) -> Result<TypeId, SchemaError> {
        let given = array(definition, "symbols", "an enum has no symbols")?;
        // A symbol that is not a string takes up its index, and matches no other.
        let symbols: Vec<&str> = given.iter().map(|it| it.as_str().unwrap_or_default()).collect();
        let different: HashSet<&str> = symbols.iter().copied().collect();
        if different.len() < given.len() {
            return Err(SchemaError::invalid("an enum has the same symbol twice"));
        }
        if self.is_strict() && !symbols.iter().all(|symbol| is_simple(symbol)) {
            return Err(SchemaError::invalid("a symbol of an enum is not a valid name"));
        }
        let default = definition.get("default").and_then(Json::as_str);
        if self.is_strict() && default.is_some_and(|default| !different.contains(default)) {
            return Err(SchemaError::invalid("the default of an enum is not one of its symbols"));
        }
        let kind = Kind::Enum {
            default: default.filter(|it| different.contains(it)).map(str::to_owned),
            symbols: symbols.into_iter().map(str::to_owned).collect(),
        };
        let id = self.begin(definition, namespace, kind)?;
        self.end(id, definition)
    }

    fn record(&mut self, definition: &'j Definition, namespace: &Arc<str>) -> Result<TypeId, SchemaError> {
        let given = array(definition, "fields", "a record has no fields")?;
        let id = self.begin(definition, namespace, Kind::Record(Vec::new()))?;
        let inner = self.types[id.0].name.as_ref().map_or("", Name::namespace);
        let namespace = if *inner == **namespace {
            namespace.clone()
        } else {
            inner.into()
        };
        let mut names = HashSet::new();
        let mut fields = Vec::with_capacity(given.len());
        for field in given {
            let field = field
                .as_object()
                .ok_or_else(|| SchemaError::invalid("a field is not an object"))?;
            let field = self.field(field, &namespace)?;
            if !names.insert(field.name.clone()) {
                return Err(SchemaError::invalid("a record has two fields of the same name"));
            }
            fields.push(field);
        }
        self.types[id.0].kind = Kind::Record(fields);
        self.end(id, definition)
    }

    fn field(&mut self, field: &'j Definition, namespace: &Arc<str>) -> Result<Field, SchemaError> {
        let name = field.get("name").and_then(Json::as_str);
        let name = name.ok_or_else(|| SchemaError::invalid("a field has no name"))?;
        if self.is_strict() {
            if !is_simple(name) {
                return Err(SchemaError::invalid("the name of a field is not valid"));
            }
            if !field.get("order").is_none_or(is_order) {
                return Err(SchemaError::invalid("a field has an unknown order"));
            }
        }
        let field_type = get(field, "type", "a field has no type")?;
        if let Some(logical) = field.get("logicalType") {
            self.path.push(name);
            self.ignore_logical_type(logical, true);
            self.path.pop();
        }
        Ok(Field {
            name: name.to_owned(),
            aliases: aliases(field, self.validation)?,
            type_id: self.part(name, field_type, namespace)?,
            default: field.get("default").cloned(),
            is_documented: is_documented(field),
        })
    }
}

fn get<'j>(definition: &'j Definition, attribute: &str, missing: &str) -> Result<&'j Json, SchemaError> {
    definition.get(attribute).ok_or_else(|| SchemaError::invalid(missing))
}

fn array<'j>(definition: &'j Definition, attribute: &str, missing: &str) -> Result<&'j Vec<Json>, SchemaError> {
    let array = definition.get(attribute).and_then(Json::as_array);
    array.ok_or_else(|| SchemaError::invalid(missing))
}

fn is_documented(definition: &Definition) -> bool {
    let doc = definition.get("doc").and_then(Json::as_str);
    doc.is_some_and(|doc| !doc.trim().is_empty())
}

fn is_order(order: &Json) -> bool {
    let orders = ["ascending", "descending", "ignore"];
    order
        .as_str()
        .is_some_and(|order| orders.iter().any(|known| known.eq_ignore_ascii_case(order)))
}
