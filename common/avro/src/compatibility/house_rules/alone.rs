//! The rules that a version keeps or breaks by itself. Never compares two.

use std::collections::HashSet;

use super::default_value::fits;
use crate::compatibility::parsed::Parsed;
use crate::compatibility::reason::{Reason, field_path, items_path, values_path};
use crate::schema::{Field, Kind, Name, TypeId, Types, short};

/// What is wrong with this version, in the order of its text.
pub fn breaches(schema: &Parsed) -> Vec<Reason> {
    let types = schema.types();
    let mut found = Vec::new();
    let mut names = HashSet::new();
    let mut open = vec![(String::new(), types.root())];
    let mut seen = HashSet::new();
    // Not by recursion: a chain of references can be longer than the stack is deep.
    while let Some((path, id)) = open.pop() {
        let it = types.get(id);
        if let Some(name) = &it.name {
            if !seen.insert(id) {
                continue;
            }
            found.extend(type_names(name, &path, &mut names));
            let kind = it.kind.name();
            if !it.is_documented && kind != "fixed" {
                found.push(undocumented(kind, name.full(), &path));
            }
            match &it.kind {
                Kind::Record(of) => found.extend(fields(of, name, &path, types)),
                Kind::Enum { default: None, .. } => {
                    let text = format!("the enum {} has no default for symbols of later versions", name.full());
                    found.push(Reason::new("ENUM_DEFAULT_MISSING", &path, text));
                }
                _ => {}
            }
        }
        open.extend(inside(&it.kind, &path).into_iter().rev());
    }
    found.extend_from_slice(schema.ignored_logical_types());
    found
}

/// A type's name and aliases stand for no other type.
fn type_names(name: &Name, path: &str, names: &mut HashSet<String>) -> Vec<Reason> {
    let all = std::iter::once(name.full().to_owned()).chain(name.aliases());
    all.filter(|it| !names.insert(it.clone()))
        .map(|it| {
            let (it, full) = (short(&it), name.full());
            let text = format!("{it}, a name or an alias of the type {full}, stands for two types");
            Reason::new("ALIAS_COLLISION", path, text)
        })
        .collect()
}

fn fields(fields: &[Field], record: &Name, path: &str, types: &Types) -> Vec<Reason> {
    let mut found = Vec::new();
    let mut names: HashSet<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    for field in fields {
        let path = field_path(path, &field.name);
        if !field.is_documented {
            found.push(undocumented("field", &field.name, &path));
        }
        if let Some(default) = &field.default
            && !fits(default, field.of, types)
        {
            let text = format!(
                "the default of the field {} is no value of its type, or not of its union's first branch",
                field.name
            );
            found.push(Reason::new("DEFAULT_MISMATCH", &path, text));
        }
        for alias in &field.aliases {
            if !names.insert(alias) {
                let (alias, record) = (short(alias), record.full());
                let text = format!("the alias {alias} is the name or an alias of another field of {record}");
                found.push(Reason::new("ALIAS_COLLISION", &path, text));
            }
        }
    }
    found
}

fn inside(kind: &Kind, path: &str) -> Vec<(String, TypeId)> {
    match kind {
        Kind::Array(items) => vec![(items_path(path), *items)],
        Kind::Map(values) => vec![(values_path(path), *values)],
        Kind::Union(branches) => branches.iter().map(|it| (path.to_owned(), *it)).collect(),
        Kind::Record(fields) => fields.iter().map(|it| (field_path(path, &it.name), it.of)).collect(),
        _ => Vec::new(),
    }
}

fn undocumented(what: &str, name: &str, path: &str) -> Reason {
    Reason::new("DOC_MISSING", path, format!("the {what} {name} has no doc"))
}
