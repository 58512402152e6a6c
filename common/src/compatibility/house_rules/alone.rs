//! The rules that a version keeps or breaks by itself. Never compares two.

use std::collections::HashSet;

use apache_avro::Schema;
use apache_avro::schema::{Name, RecordSchema};

use super::default_value::fits;
use crate::compatibility::parsed::{NamedTypes, Parsed};
use crate::compatibility::reason::{Reason, field_path, items_path, values_path};

/// What is wrong with this version, in the order of its text.
pub fn breaches(schema: &Parsed) -> Vec<Reason> {
    let types = schema.named_types();
    let mut found = Vec::new();
    let mut names = HashSet::new();
    let mut open = vec![(String::new(), schema.avro())];
    let mut seen: HashSet<&Name> = HashSet::new();
    // Not by recursion: a chain of references can be longer than the stack is deep.
    while let Some((path, it)) = open.pop() {
        let it = types.resolved(it);
        if let Some(name) = it.name() {
            if !seen.insert(name) {
                continue;
            }
            found.extend(type_names(it, name, &path, &mut names));
        }
        match it {
            Schema::Record(record) => {
                if is_empty(&record.doc) {
                    found.push(undocumented("record", record.name.as_ref(), &path));
                }
                found.extend(fields(record, &path, &types));
            }
            Schema::Enum(it) => {
                if is_empty(&it.doc) {
                    found.push(undocumented("enum", it.name.as_ref(), &path));
                }
                if it.default.is_none() {
                    let text = format!("the enum {} has no default for symbols of later versions", it.name);
                    found.push(Reason::new("ENUM_DEFAULT_MISSING", &path, text));
                }
            }
            _ => {}
        }
        open.extend(inside(it, &path).into_iter().rev());
    }
    found.extend_from_slice(schema.ignored_logical_types());
    found
}

/// A type's name and aliases stand for no other type.
fn type_names(schema: &Schema, name: &Name, path: &str, names: &mut HashSet<Name>) -> Vec<Reason> {
    let aliases = schema.aliases().into_iter().flatten();
    let all = std::iter::once(name.clone())
        .chain(aliases.map(|alias| alias.fully_qualified_name(name.namespace()).into_owned()));
    all.filter(|it| !names.insert(it.clone()))
        .map(|it| {
            let text = format!("{it}, a name or an alias of the type {name}, stands for two types");
            Reason::new("ALIAS_COLLISION", path, text)
        })
        .collect()
}

fn fields(record: &RecordSchema, path: &str, types: &NamedTypes<'_>) -> Vec<Reason> {
    let mut found = Vec::new();
    let mut names: HashSet<&str> = record.fields.iter().map(|field| field.name.as_str()).collect();
    for field in &record.fields {
        let path = field_path(path, &field.name);
        if is_empty(&field.doc) {
            found.push(undocumented("field", &field.name, &path));
        }
        if let Some(default) = &field.default
            && !fits(default, &field.schema, types)
        {
            let text = format!(
                "the default of the field {} is no value of its type, or not of its union's first branch",
                field.name
            );
            found.push(Reason::new("DEFAULT_MISMATCH", &path, text));
        }
        for alias in &field.aliases {
            if !names.insert(alias) {
                let text = format!(
                    "the alias {alias} is the name or an alias of another field of {}",
                    record.name
                );
                found.push(Reason::new("ALIAS_COLLISION", &path, text));
            }
        }
    }
    found
}

fn inside<'s>(schema: &'s Schema, path: &str) -> Vec<(String, &'s Schema)> {
    match schema {
        Schema::Array(array) => vec![(items_path(path), &array.items)],
        Schema::Map(map) => vec![(values_path(path), &map.types)],
        Schema::Union(union) => union.variants().iter().map(|it| (path.to_owned(), it)).collect(),
        Schema::Record(record) => {
            let fields = record.fields.iter();
            fields.map(|it| (field_path(path, &it.name), &it.schema)).collect()
        }
        _ => Vec::new(),
    }
}

fn is_empty(doc: &Option<String>) -> bool {
    doc.as_deref().is_none_or(|doc| doc.trim().is_empty())
}

fn undocumented(what: &str, name: &str, path: &str) -> Reason {
    Reason::new("DOC_MISSING", path, format!("the {what} {name} has no doc"))
}
