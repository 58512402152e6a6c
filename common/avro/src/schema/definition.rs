//! Definitions: the types that are written as JSON objects.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::again::is_alike;
use super::name::{Name, aliases, is_simple};
use super::parse::{Named, Parser, is_primitive};
use super::{Field, Kind, Logical, Rules, Type, TypeId};

type Definition = Map<String, Json>;

/// Largest fixed type that Java lets in.
const LARGEST_NEW_FIXED: usize = i32::MAX as usize - 8;

impl<'j> Parser<'j> {
    pub(super) fn definition(&mut self, definition: &'j Definition, space: &Arc<str>) -> Result<TypeId, String> {
        let known = self.list.len();
        let what = definition.get("type").ok_or("an object has no type")?;
        let id = match what.as_str() {
            // An error is a record that a protocol may answer with.
            Some("record" | "error") => self.record(definition, space),
            Some("enum") => self.enumeration(definition, space),
            Some("fixed") => self.fixed(definition, space),
            Some("array") => {
                let of = self.part(definition, "items", space)?;
                Ok(self.add(Kind::Array(of)))
            }
            Some("map") => {
                let of = self.part(definition, "values", space)?;
                Ok(self.add(Kind::Map(of)))
            }
            Some(name) => self.reference(name, space),
            // {"type": {"type": …}} is not in the specification, but libraries write it.
            None if self.rules == Rules::Held => self.type_of(what, space),
            None => Err("the type of an object is not a name".to_owned()),
        }?;
        Ok(self.mean(id, definition, known))
    }

    /// Gives a type the meaning that its definition says, if any.
    fn mean(&mut self, id: TypeId, definition: &Definition, known: usize) -> TypeId {
        let Some(logical) = Logical::of(definition, &self.list[id.0].kind) else {
            return id;
        };
        let plain = match self.list[id.0].kind {
            Kind::Int => Kind::Int,
            Kind::Long => Kind::Long,
            Kind::Bytes => Kind::Bytes,
            Kind::String => Kind::String,
            // A fixed type has its meaning where it is defined, and not where it is referred to.
            _ => {
                if id.0 >= known {
                    self.list[id.0].logical = Some(logical);
                }
                return id;
            }
        };
        let id = self.add(plain);
        self.list[id.0].logical = Some(logical);
        id
    }

    fn part(&mut self, definition: &'j Definition, what: &str, space: &Arc<str>) -> Result<TypeId, String> {
        let part = definition.get(what);
        self.type_of(part.ok_or_else(|| format!("an array or a map has no {what}"))?, space)
    }

    /// Begins a type that has a name. It is known from here on, to its own parts too.
    fn begin(&mut self, definition: &'j Definition, space: &str, kind: Kind) -> Result<TypeId, String> {
        let name = Name::of(definition, space, self.rules)?;
        if self.rules == Rules::New && is_primitive(name.full()) {
            return Err(format!("{} is the name of a primitive type", name.full()));
        }
        let id = TypeId(self.list.len());
        self.named.entry(name.shared()).or_insert(Named {
            id,
            definition,
            is_complete: false,
        });
        self.list.push(Type {
            name: Some(name),
            is_documented: is_documented(definition),
            ..Type::plain(kind)
        });
        Ok(id)
    }

    /// Ends a type that has a name. One that was defined before must be what it was.
    fn end(&mut self, id: TypeId, definition: &'j Definition) -> Result<TypeId, String> {
        let name = self.list[id.0].name.as_ref().map(Name::shared).unwrap_or_default();
        let Some(first) = self.named.get_mut(&name) else {
            return Ok(id);
        };
        if first.id == id {
            first.is_complete = true;
        } else if !first.is_complete || !is_alike(&self.list, first, (id, definition), self.rules) {
            return Err(format!("the type {} is defined twice", super::short(&name)));
        }
        Ok(first.id)
    }

    fn fixed(&mut self, definition: &'j Definition, space: &str) -> Result<TypeId, String> {
        let size = definition.get("size").and_then(Json::as_u64);
        let size = size.and_then(|size| usize::try_from(size).ok());
        let size = size.filter(|size| self.rules == Rules::Held || *size <= LARGEST_NEW_FIXED);
        let kind = Kind::Fixed(size.ok_or("a fixed type has no size, or none that it can have")?);
        let id = self.begin(definition, space, kind)?;
        self.end(id, definition)
    }

    fn enumeration(&mut self, definition: &'j Definition, space: &str) -> Result<TypeId, String> {
        let given = definition.get("symbols").and_then(Json::as_array);
        let given = given.ok_or("an enum has no symbols")?;
        // What is no text takes its place, and is nobody's.
        let symbols: Vec<&str> = given.iter().map(|it| it.as_str().unwrap_or_default()).collect();
        let different: HashSet<&str> = symbols.iter().copied().collect();
        if different.len() < given.len() {
            return Err("an enum has a symbol twice".to_owned());
        }
        if self.rules == Rules::New && !symbols.iter().all(|symbol| is_simple(symbol)) {
            return Err("an enum has a symbol that is not a name".to_owned());
        }
        let default = definition.get("default").and_then(Json::as_str);
        if self.rules == Rules::New && default.is_some_and(|default| !different.contains(default)) {
            return Err("the default of an enum is not one of its symbols".to_owned());
        }
        let kind = Kind::Enum {
            default: default.filter(|it| different.contains(it)).map(str::to_owned),
            symbols: symbols.into_iter().map(str::to_owned).collect(),
        };
        let id = self.begin(definition, space, kind)?;
        self.end(id, definition)
    }

    fn record(&mut self, definition: &'j Definition, space: &Arc<str>) -> Result<TypeId, String> {
        let given = definition.get("fields").and_then(Json::as_array);
        let given = given.ok_or("a record has no fields")?;
        let id = self.begin(definition, space, Kind::Record(Vec::new()))?;
        let inner = self.list[id.0].name.as_ref().map_or("", Name::namespace);
        let space = if *inner == **space { space.clone() } else { inner.into() };
        let mut names = HashSet::new();
        let mut fields = Vec::with_capacity(given.len());
        for field in given {
            let field = self.field(field.as_object().ok_or("a field is not an object")?, &space)?;
            if !names.insert(field.name.clone()) {
                return Err("a record has two fields of the same name".to_owned());
            }
            fields.push(field);
        }
        self.list[id.0].kind = Kind::Record(fields);
        self.end(id, definition)
    }

    fn field(&mut self, field: &'j Definition, space: &Arc<str>) -> Result<Field, String> {
        let name = field.get("name").and_then(Json::as_str).ok_or("a field has no name")?;
        if self.rules == Rules::New {
            if !is_simple(name) {
                return Err("a field has a name that is none".to_owned());
            }
            if !field.get("order").is_none_or(is_order) {
                return Err("a field has an unknown order".to_owned());
            }
        }
        Ok(Field {
            name: name.to_owned(),
            aliases: aliases(field, self.rules)?,
            of: self.type_of(field.get("type").ok_or("a field has no type")?, space)?,
            default: field.get("default").cloned(),
            is_documented: is_documented(field),
        })
    }
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
