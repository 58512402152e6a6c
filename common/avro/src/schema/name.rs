//! Names of types: "Names" and "Aliases" of the Avro 1.12 specification.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{SchemaError, Validation};
use crate::path::short;

/// Full names are shorter than this, in bytes. A namespace is written once and is part of every name within it, so without
/// a limit a short text could make many long names.
pub const MAX_NAME_BYTES: usize = 1024;

/// The name of a record, an enum or a fixed type, and its aliases.
#[derive(Clone, Debug)]
pub struct Name {
    full: Arc<str>,
    /// As written: one without a dot is in the namespace of its type.
    aliases: Vec<String>,
}

impl Name {
    /// The name in a definition that is within a namespace.
    pub fn of(definition: &Map<String, Json>, namespace: &str, validation: Validation) -> Result<Self, SchemaError> {
        let name = definition.get("name").and_then(Json::as_str);
        let name = name.ok_or_else(|| SchemaError::invalid("a record, an enum or a fixed type has no name"))?;
        let own = definition.get("namespace").and_then(Json::as_str);
        let full = qualify(name, own.unwrap_or(namespace))?;
        let aliases = aliases(definition, validation)?;
        if validation == Validation::Strict {
            let shown = short(&full);
            if !full.split('.').all(is_simple) {
                let rule = "letters, digits and underscores, no digit first";
                return Err(SchemaError::Invalid(format!("{shown} is not a valid name: {rule}")));
            }
            let last = |alias: &str| is_simple(alias.rsplit_once('.').map_or(alias, |(_, last)| last));
            if !aliases.iter().all(|alias| last(alias)) {
                return Err(SchemaError::Invalid(format!("an alias of {shown} is not a valid name")));
            }
        }
        let full = full.into();
        Ok(Self { full, aliases })
    }

    pub fn full(&self) -> &str {
        &self.full
    }

    /// The full name, shared.
    pub fn to_arc(&self) -> Arc<str> {
        self.full.clone()
    }

    /// Without the namespace.
    pub fn simple(&self) -> &str {
        self.full.rsplit_once('.').map_or(&*self.full, |(_, simple)| simple)
    }

    pub fn namespace(&self) -> &str {
        self.full.rsplit_once('.').map_or("", |(space, _)| space)
    }

    /// The aliases as full names.
    pub fn aliases(&self) -> impl Iterator<Item = String> {
        self.aliases.iter().map(|alias| joined(alias, self.namespace()))
    }

    /// Whether one of its aliases is the other's full name.
    pub fn has_alias(&self, other: &Self) -> bool {
        self.aliases.iter().any(|alias| match alias.rsplit_once('.') {
            Some((namespace, simple)) => namespace == other.namespace() && simple == other.simple(),
            None => self.namespace() == other.namespace() && alias == other.simple(),
        })
    }
}

/// The full name of a name within a namespace. One with a dot is full already; a leading dot means no namespace.
pub(super) fn qualify(name: &str, namespace: &str) -> Result<String, SchemaError> {
    let namespace = if name.contains('.') { "" } else { namespace };
    if name.len().saturating_add(namespace.len()) >= MAX_NAME_BYTES {
        return Err(SchemaError::Invalid(format!(
            "a name is longer than {MAX_NAME_BYTES} bytes"
        )));
    }
    Ok(joined(name, namespace))
}

fn joined(name: &str, namespace: &str) -> String {
    match name.rsplit_once('.') {
        Some(("", simple)) => simple.to_owned(),
        None if !namespace.is_empty() => format!("{namespace}.{name}"),
        _ => name.to_owned(),
    }
}

/// Whether this is a valid name without dots, of a type, a field or a symbol: letters, digits and underscores, no digit
/// first. The specification allows ASCII only, but Java takes letters of any script (those that its `char` can hold), and so
/// does every registry that is written in it.
pub(super) fn is_simple(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().all(|c| c.len_utf16() == 1)
}

/// The aliases of a type or a field.
///
/// # Errors
/// In a new schema they must be a list of strings.
pub(super) fn aliases(definition: &Map<String, Json>, validation: Validation) -> Result<Vec<String>, SchemaError> {
    let given = definition.get("aliases");
    let list = given.and_then(Json::as_array).into_iter().flatten();
    let aliases: Vec<String> = list.filter_map(Json::as_str).map(str::to_owned).collect();
    let written = given.map_or(Some(0), |given| given.as_array().map(Vec::len));
    if validation == Validation::Strict && written != Some(aliases.len()) {
        return Err(SchemaError::invalid("aliases are not a list of strings"));
    }
    Ok(aliases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn named(definition: &Json, validation: Validation) -> Result<Name, SchemaError> {
        Name::of(definition.as_object().expect("an object"), "enclosing", validation)
    }

    #[test]
    fn a_name_is_qualified_by_its_own_namespace_before_the_enclosing_one() {
        for (definition, full) in [
            (json!({"name": "A"}), "enclosing.A"),
            (json!({"name": "A", "namespace": "x.y"}), "x.y.A"),
            (json!({"name": "z.A", "namespace": "x.y"}), "z.A"),
            (json!({"name": "A", "namespace": ""}), "A"),
            (json!({"name": "A", "namespace": 1}), "enclosing.A"),
            (json!({"name": ".A"}), "A"),
            (json!({"name": "größe_1"}), "enclosing.größe_1"),
        ] {
            assert_eq!(named(&definition, Validation::Strict).expect("a name").full(), full);
        }
    }

    #[test]
    fn a_registered_schema_may_have_names_that_a_new_one_may_not() {
        for name in [
            "",
            ".",
            "a b",
            "1a",
            "a..b",
            "a.",
            "€",
            "a\nb",
            "a\u{202e}b",
            "a-b.c",
            "𝒜",
        ] {
            let definition = json!({"name": name});
            assert!(named(&definition, Validation::Strict).is_err(), "{name}");
            let held = named(&definition, Validation::Lenient).expect("a name");
            assert!(!short(held.full()).contains(|c: char| c.is_control() || c == '\u{202e}'));
        }
        for validation in [Validation::Strict, Validation::Lenient] {
            assert!(named(&json!({"name": 1}), validation).is_err());
            assert!(named(&json!({"name": "a".repeat(1025)}), validation).is_err());
            assert!(named(&json!({"name": "A", "namespace": "n".repeat(1024)}), validation).is_err());
        }
    }

    #[test]
    fn aliases_of_a_new_schema_are_names() {
        let aliased = |aliases: Json, validation| named(&json!({"name": "A", "aliases": aliases}), validation);
        for aliases in [json!("B"), json!([1]), json!(["b-c"]), json!(null)] {
            assert!(aliased(aliases.clone(), Validation::Strict).is_err(), "{aliases}");
            assert!(aliased(aliases, Validation::Lenient).is_ok());
        }
        let name = aliased(json!(["B", "x.C", ".D"]), Validation::Strict).expect("a name");
        assert_eq!(name.aliases().collect::<Vec<_>>(), ["enclosing.B", "x.C", "D"]);
    }

    #[test]
    fn an_alias_is_a_full_name() {
        let name = |definition| named(&definition, Validation::Lenient).expect("a name");
        let a = name(json!({"name": "x.A"}));
        assert!(!a.has_alias(&name(json!({"name": "x.B"}))));
        assert!(name(json!({"name": "x.B", "aliases": ["A"]})).has_alias(&a));
        assert!(!name(json!({"name": "y.B", "aliases": ["A"]})).has_alias(&a));
        assert!(name(json!({"name": "y.B", "aliases": ["x.A"]})).has_alias(&a));
    }
}
