//! Names of types: "Names" and "Aliases" of the Avro 1.12 specification.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::Rules;

/// Longest full name, in bytes. A namespace is written once and is part of every name within it, so a long one could
/// make a short text into many long names.
const MOST_NAME_BYTES: usize = 1024;

/// What a record, an enum or a fixed type is called.
#[derive(Clone, Debug)]
pub struct Name {
    full: Arc<str>,
    /// As they are written: one without a dot is in the namespace of its type.
    aliases: Vec<String>,
}

impl Name {
    /// The name that a definition gives itself, within that namespace.
    pub fn of(definition: &Map<String, Json>, space: &str, rules: Rules) -> Result<Self, String> {
        let name = definition.get("name").and_then(Json::as_str);
        let name = name.ok_or("a record, an enum or a fixed type has no name")?;
        let space = definition.get("namespace").and_then(Json::as_str).unwrap_or(space);
        let full = qualified(name, space)?;
        if rules == Rules::New && !full.split('.').all(is_simple) {
            return Err(format!("{} is no name: letters, digits and underscores", short(&full)));
        }
        let aliases = aliases(definition, rules)?;
        let simple = |alias: &str| is_simple(alias.rsplit_once('.').map_or(alias, |(_, simple)| simple));
        if rules == Rules::New && !aliases.iter().all(|alias| simple(alias)) {
            return Err(format!("an alias of {} is no name", short(&full)));
        }
        let full = full.into();
        Ok(Self { full, aliases })
    }

    pub fn full(&self) -> &str {
        &self.full
    }

    /// The same, to be kept elsewhere too.
    pub fn shared(&self) -> Arc<str> {
        self.full.clone()
    }

    /// Without the namespace.
    pub fn simple(&self) -> &str {
        self.full.rsplit_once('.').map_or(&*self.full, |(_, simple)| simple)
    }

    pub fn namespace(&self) -> &str {
        self.full.rsplit_once('.').map_or("", |(space, _)| space)
    }

    /// The other names of its type, in full.
    pub fn aliases(&self) -> impl Iterator<Item = String> {
        self.aliases.iter().map(|alias| joined(alias, self.namespace()))
    }

    /// Whether types of these names match: by their names without the namespace, or by an alias of either.
    pub fn matches(&self, other: &Self) -> bool {
        self.simple() == other.simple() || self.is_also(other) || other.is_also(self)
    }

    /// Whether an alias of this one is the other's full name.
    pub fn is_also(&self, other: &Self) -> bool {
        self.aliases.iter().any(|alias| match alias.rsplit_once('.') {
            Some((space, simple)) => space == other.namespace() && simple == other.simple(),
            None => self.namespace() == other.namespace() && alias == other.simple(),
        })
    }
}

/// A name within that namespace, in full. One with a dot is full already; a leading dot stands for no namespace.
pub(super) fn qualified(name: &str, space: &str) -> Result<String, String> {
    let space = if name.contains('.') { "" } else { space };
    if name.len().saturating_add(space.len()) >= MOST_NAME_BYTES {
        return Err(format!("a name is longer than {MOST_NAME_BYTES} bytes"));
    }
    Ok(joined(name, space))
}

fn joined(name: &str, space: &str) -> String {
    match name.rsplit_once('.') {
        Some(("", simple)) => simple.to_owned(),
        None if !space.is_empty() => format!("{space}.{name}"),
        _ => name.to_owned(),
    }
}

/// Whether that is a name without dots, also of a field or a symbol: letters, digits and underscores, no digit first. The
/// specification has ASCII only, but Java takes letters of any script (of those that its `char` can hold), and so does
/// every registry that is written in it.
pub(super) fn is_simple(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().all(|c| c.len_utf16() == 1)
}

/// The aliases of a type or a field.
///
/// # Errors
/// Those of a new schema are a list of texts.
pub(super) fn aliases(definition: &Map<String, Json>, rules: Rules) -> Result<Vec<String>, String> {
    let given = definition.get("aliases");
    let list = given.and_then(Json::as_array).into_iter().flatten();
    let aliases: Vec<String> = list.filter_map(Json::as_str).map(str::to_owned).collect();
    let written = given.map_or(Some(0), |given| given.as_array().map(Vec::len));
    if rules == Rules::New && written != Some(aliases.len()) {
        return Err("aliases are a list of texts".to_owned());
    }
    Ok(aliases)
}

/// A name, cut to what a reason can hold, and without anything that does more than show: a name that a registry holds may
/// have any characters.
pub fn short(name: &str) -> String {
    let mut short = String::new();
    for c in name.chars().take(128) {
        if short.len() > 128 {
            break;
        }
        if c.is_alphanumeric() || c == ' ' || c.is_ascii_graphic() {
            short.push(c);
        } else {
            short.extend(c.escape_unicode());
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(definition: &Json, rules: Rules) -> Result<Name, String> {
        Name::of(definition.as_object().expect("an object"), "enclosing", rules)
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
            assert_eq!(named(&definition, Rules::New).expect("a name").full(), full);
        }
    }

    #[test]
    fn a_registry_holds_names_that_a_new_schema_may_not_have() {
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
            assert!(named(&definition, Rules::New).is_err(), "{name}");
            let held = named(&definition, Rules::Held).expect("a name");
            assert!(!short(held.full()).contains(|c: char| c.is_control() || c == '\u{202e}'));
        }
        for rules in [Rules::New, Rules::Held] {
            assert!(named(&json!({"name": 1}), rules).is_err());
            assert!(named(&json!({"name": "a".repeat(1025)}), rules).is_err());
            assert!(named(&json!({"name": "A", "namespace": "n".repeat(1024)}), rules).is_err());
        }
    }

    #[test]
    fn aliases_of_a_new_schema_are_names() {
        let aliased = |aliases: Json, rules| named(&json!({"name": "A", "aliases": aliases}), rules);
        for aliases in [json!("B"), json!([1]), json!(["b-c"]), json!(null)] {
            assert!(aliased(aliases.clone(), Rules::New).is_err(), "{aliases}");
            assert!(aliased(aliases, Rules::Held).is_ok());
        }
        let name = aliased(json!(["B", "x.C", ".D"]), Rules::New).expect("a name");
        assert_eq!(name.aliases().collect::<Vec<_>>(), ["enclosing.B", "x.C", "D"]);
    }

    #[test]
    fn names_match_by_the_last_part_or_by_an_alias_of_either() {
        let name = |definition| named(&definition, Rules::Held).expect("a name");
        let a = name(json!({"name": "x.A"}));
        assert!(a.matches(&name(json!({"name": "y.A"}))));
        assert!(!a.matches(&name(json!({"name": "x.B"}))));
        assert!(a.matches(&name(json!({"name": "x.B", "aliases": ["A"]}))));
        assert!(!a.matches(&name(json!({"name": "y.B", "aliases": ["A"]}))));
        assert!(name(json!({"name": "y.B", "aliases": ["x.A"]})).matches(&a));
    }
}
