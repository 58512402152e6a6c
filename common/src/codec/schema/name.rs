//! Names of types: "Names" and "Aliases" of the Avro 1.12 specification.

use serde_json::{Map, Value as Json};

/// Longest full name, in bytes. A namespace is written once and is part of every name within it, so a long one could
/// make a short text into many long names.
const MOST_NAME_BYTES: usize = 1024;

/// What a record, an enum or a fixed type is called.
#[derive(Debug)]
pub struct Name {
    full: String,
    /// As they are written: one without a dot is in the namespace of its type.
    aliases: Vec<String>,
}

impl Name {
    /// The name that a definition gives itself, within that namespace.
    pub fn of(definition: &Map<String, Json>, space: &str) -> Result<Self, String> {
        let name = definition.get("name").and_then(Json::as_str);
        let name = name.ok_or("a record, an enum or a fixed type has no name")?;
        let space = definition.get("namespace").and_then(Json::as_str).unwrap_or(space);
        let full = qualified(name, space)?;
        let aliases = strings(definition.get("aliases"));
        Ok(Self { full, aliases })
    }

    pub fn full(&self) -> &str {
        &self.full
    }

    /// Without the namespace.
    pub fn simple(&self) -> &str {
        self.full.rsplit_once('.').map_or(&*self.full, |(_, simple)| simple)
    }

    pub fn namespace(&self) -> &str {
        self.full.rsplit_once('.').map_or("", |(space, _)| space)
    }

    /// Whether types of these names match: by their names without the namespace, or by an alias of either.
    pub fn matches(&self, other: &Self) -> bool {
        self.simple() == other.simple() || self.is_also(other) || other.is_also(self)
    }

    /// Whether an alias of this one is the other's full name.
    fn is_also(&self, other: &Self) -> bool {
        self.aliases.iter().any(|alias| match alias.rsplit_once('.') {
            Some((space, simple)) => space == other.namespace() && simple == other.simple(),
            None => self.namespace() == other.namespace() && alias == other.simple(),
        })
    }
}

/// A name within that namespace, in full. One with a dot is full already; a leading dot stands for no namespace.
pub(super) fn qualified(name: &str, space: &str) -> Result<String, String> {
    let full = match name.strip_prefix('.') {
        Some(name) => name.to_owned(),
        None if name.contains('.') || space.is_empty() => name.to_owned(),
        None if space.len() + name.len() < MOST_NAME_BYTES => format!("{space}.{name}"),
        None => String::new(),
    };
    if full.is_empty() || full.len() > MOST_NAME_BYTES {
        return Err(format!("a name is empty or longer than {MOST_NAME_BYTES} bytes"));
    }
    if !full.split('.').all(is_simple) {
        return Err("a name has characters that names may not have".to_owned());
    }
    Ok(full)
}

/// Whether that is a name without dots, also of a field or a symbol: letters, digits and underscores, no digit first. The
/// specification has ASCII only, but Java takes letters of any script, and so does every registry that is written in it.
/// Such names may stand in a log as they are.
pub(super) fn is_simple(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// The strings of a list; anything else says nothing.
pub(super) fn strings(list: Option<&Json>) -> Vec<String> {
    let list = list.and_then(Json::as_array).into_iter().flatten();
    list.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// A name, cut to what a reason can hold.
pub fn short(name: &str) -> String {
    name.chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn named(definition: &Json) -> Result<Name, String> {
        Name::of(definition.as_object().expect("an object"), "enclosing")
    }

    #[test]
    fn a_name_is_qualified_by_its_own_namespace_before_the_enclosing_one() {
        for (definition, full) in [
            (json!({"name": "A"}), "enclosing.A"),
            (json!({"name": "A", "namespace": "x.y"}), "x.y.A"),
            (json!({"name": "z.A", "namespace": "x.y"}), "z.A"),
            (json!({"name": "A", "namespace": ""}), "A"),
            (json!({"name": ".A"}), "A"),
            (json!({"name": "größe_1"}), "enclosing.größe_1"),
        ] {
            assert_eq!(named(&definition).expect("a name").full(), full);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
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
            &"a".repeat(1025),
        ] {
            assert!(named(&json!({"name": name})).is_err(), "{name}");
        }
        assert!(named(&json!({"name": "A", "namespace": "n".repeat(1024)})).is_err());
        assert!(named(&json!({"name": 1})).is_err());
    }

    #[test]
    fn names_match_by_the_last_part_or_by_an_alias_of_either() {
        let name = |definition| named(&definition).expect("a name");
        let a = name(json!({"name": "x.A"}));
        assert!(a.matches(&name(json!({"name": "y.A"}))));
        assert!(!a.matches(&name(json!({"name": "x.B"}))));
        assert!(a.matches(&name(json!({"name": "x.B", "aliases": ["A"]}))));
        assert!(!a.matches(&name(json!({"name": "y.B", "aliases": ["A"]}))));
        assert!(name(json!({"name": "y.B", "aliases": ["x.A"]})).matches(&a));
    }
}
