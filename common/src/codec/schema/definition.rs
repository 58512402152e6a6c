//! Definitions: the types that are written as JSON objects.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::name::{Name, is_simple, strings};
use super::parse::Parser;
use super::{Field, Kind, Logical, Type, TypeId};

type Definition = Map<String, Json>;

impl Parser {
    pub(super) fn definition(&mut self, definition: &Definition, space: &str) -> Result<TypeId, String> {
        let known = self.list.len();
        let what = definition.get("type").ok_or("an object has no type")?;
        let id = match what.as_str() {
            Some("record") => self.record(definition, space),
            Some("enum") => self.enumeration(definition, space),
            Some("fixed") => self.fixed(definition, space),
            Some("array") => self
                .part(definition, "items", space)
                .map(|of| self.add(Kind::Array(of))),
            Some("map") => self.part(definition, "values", space).map(|of| self.add(Kind::Map(of))),
            Some(name) => self.reference(name, space),
            // {"type": {"type": …}} is not in the specification, but libraries write it.
            None => self.type_of(what, space),
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

    fn part(&mut self, definition: &Definition, what: &str, space: &str) -> Result<TypeId, String> {
        let part = definition.get(what);
        self.type_of(part.ok_or_else(|| format!("an array or a map has no {what}"))?, space)
    }

    /// Takes a name. What bears it is known from then on, to its own parts too.
    fn name(&mut self, definition: &Definition, space: &str, kind: Kind) -> Result<TypeId, String> {
        let name = Name::of(definition, space)?;
        let id = TypeId(self.list.len());
        if self.named.insert(name.full().to_owned(), id).is_some() {
            return Err(format!("the type {} is defined twice", super::short(name.full())));
        }
        self.list.push(Type {
            kind,
            logical: None,
            name: Some(name),
        });
        Ok(id)
    }

    fn fixed(&mut self, definition: &Definition, space: &str) -> Result<TypeId, String> {
        let size = definition.get("size").and_then(Json::as_u64);
        let size = size.and_then(|size| usize::try_from(size).ok());
        self.name(definition, space, Kind::Fixed(size.ok_or("a fixed type has no size")?))
    }

    fn enumeration(&mut self, definition: &Definition, space: &str) -> Result<TypeId, String> {
        let given = definition.get("symbols").and_then(Json::as_array);
        let given = given.ok_or("an enum has no symbols")?;
        let symbols = strings(definition.get("symbols"));
        let different: HashSet<&String> = symbols.iter().collect();
        if different.len() < given.len() || !symbols.iter().all(|symbol| is_simple(symbol)) {
            return Err("an enum has a symbol twice, or one that is not a name".to_owned());
        }
        let default = match definition.get("default") {
            None => None,
            Some(Json::String(default)) if different.contains(default) => Some(default.clone()),
            Some(_) => return Err("the default of an enum is not one of its symbols".to_owned()),
        };
        self.name(definition, space, Kind::Enum { symbols, default })
    }

    fn record(&mut self, definition: &Definition, space: &str) -> Result<TypeId, String> {
        let given = definition.get("fields").and_then(Json::as_array);
        let given = given.ok_or("a record has no fields")?;
        let id = self.name(definition, space, Kind::Record(Vec::new()))?;
        let space = self.list[id.0].name.as_ref().map_or("", Name::namespace).to_owned();
        let mut names = HashSet::new();
        let mut fields = Vec::with_capacity(given.len());
        for field in given {
            let field = field.as_object().ok_or("a field is not an object")?;
            let name = field.get("name").and_then(Json::as_str);
            let name = name.filter(|name| is_simple(name)).ok_or("a field has no name")?;
            if !names.insert(name) {
                return Err("a record has two fields of the same name".to_owned());
            }
            fields.push(Field {
                name: name.to_owned(),
                aliases: strings(field.get("aliases")),
                of: self.type_of(field.get("type").ok_or("a field has no type")?, &space)?,
                default: field.get("default").cloned(),
            });
        }
        self.list[id.0].kind = Kind::Record(fields);
        Ok(id)
    }
}
