//! The rules for a single version. Never compares two.

use std::collections::HashSet;

use super::default_value::fits;
use crate::compatibility::reason::{Reason, ReasonKind};
use crate::path;
use crate::path::short;
use crate::schema::{Field, IgnoredLogicalType, Kind, Name, Schema, TypeId};

/// What is wrong with this version, in the order of its text.
pub fn violations(schema: &Schema) -> Vec<Reason> {
    let mut found = Vec::new();
    let mut names = HashSet::new();
    let mut open = vec![(String::new(), schema.root())];
    let mut seen = HashSet::new();
    // Without recursion: a chain of references can be longer than the stack allows.
    while let Some((path, id)) = open.pop() {
        let it = schema.get(id);
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
                Kind::Record(of) => found.extend(fields(of, name, &path, schema)),
                Kind::Enum { default: None, .. } => {
                    let text = format!("the enum {} has no default for symbols of later versions", name.full());
                    found.push(Reason::new(ReasonKind::EnumDefaultMissing, &path, text));
                }
                _ => {}
            }
        }
        open.extend(inside(&it.kind, &path).into_iter().rev());
    }
    found.extend(schema.ignored_logical_types().iter().map(ignored));
    found
}

/// No other type may have a type's name or one of its aliases.
fn type_names(name: &Name, path: &str, names: &mut HashSet<String>) -> Vec<Reason> {
    let all = std::iter::once(name.full().to_owned()).chain(name.aliases());
    all.filter(|it| !names.insert(it.clone()))
        .map(|it| {
            let (it, full) = (short(&it), name.full());
            let text = format!("{it}, a name or an alias of the type {full}, is used for two types");
            Reason::new(ReasonKind::AliasCollision, path, text)
        })
        .collect()
}

fn fields(fields: &[Field], record: &Name, path: &str, schema: &Schema) -> Vec<Reason> {
    let mut found = Vec::new();
    let mut names: HashSet<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    for field in fields {
        let path = path::field(path, &field.name);
        if !field.is_documented {
            found.push(undocumented("field", &field.name, &path));
        }
        if let Some(default) = &field.default
            && !fits(default, field.type_id, schema)
        {
            let text = format!(
                "the default of the field {} is not a value of its type, or not of its union's first branch",
                field.name
            );
            found.push(Reason::new(ReasonKind::DefaultMismatch, &path, text));
        }
        for alias in &field.aliases {
            if !names.insert(alias) {
                let (alias, record) = (short(alias), record.full());
                let text = format!("the alias {alias} is the name or an alias of another field of {record}");
                found.push(Reason::new(ReasonKind::AliasCollision, &path, text));
            }
        }
    }
    found
}

fn inside(kind: &Kind, path: &str) -> Vec<(String, TypeId)> {
    match kind {
        Kind::Array(items) => vec![(path::items(path), *items)],
        Kind::Map(values) => vec![(path::values(path), *values)],
        Kind::Union(branches) => branches.iter().map(|it| (path.to_owned(), *it)).collect(),
        Kind::Record(fields) => fields
            .iter()
            .map(|it| (path::field(path, &it.name), it.type_id))
            .collect(),
        _ => Vec::new(),
    }
}

fn ignored(logical: &IgnoredLogicalType) -> Reason {
    let name = &logical.name;
    let text = if logical.is_misplaced {
        format!("the logical type {name} is next to the field's type; it belongs inside it")
    } else {
        format!("the logical type {name} is unknown, or not one that its type can have")
    };
    Reason::new(ReasonKind::LogicalTypeIgnored, &logical.path, text)
}

fn undocumented(what: &str, name: &str, path: &str) -> Reason {
    Reason::new(ReasonKind::DocMissing, path, format!("the {what} {name} has no doc"))
}
