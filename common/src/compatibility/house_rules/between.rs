//! The rules that a version keeps or breaks by what it changes. Never judges a version by itself.

use std::collections::{HashMap, HashSet};

use apache_avro::Schema;
use apache_avro::schema::{EnumSchema, RecordField, RecordSchema, UnionSchema};

use crate::compatibility::logical::logical_type;
use crate::compatibility::parsed::Parsed;
use crate::compatibility::reason::{Reason, field_path, items_path, values_path};
use crate::compatibility::shape::{Shape, alike, shape};

/// What the new version changes and may not, in the order of its text.
pub fn breaches(old: &Parsed, new: &Parsed) -> Vec<Reason> {
    let (old_types, new_types) = (old.named_types(), new.named_types());
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(String::new(), old.avro(), new.avro())];
    // Not by recursion: a chain of references can be longer than the stack is deep.
    while let Some((path, old, new)) = open.pop() {
        let (old, new) = (old_types.resolved(old), new_types.resolved(new));
        if let (Some(old), Some(new)) = (old.name(), new.name())
            && !seen.insert((old, new))
        {
            continue;
        }
        found.extend(types(old, new, &path));
        let inside = match (shape(old), shape(new)) {
            (Shape::Array(old), Shape::Array(new)) => vec![(items_path(&path), old, new)],
            (Shape::Map(old), Shape::Map(new)) => vec![(values_path(&path), old, new)],
            (Shape::Enum(old), Shape::Enum(new)) => {
                found.extend(symbols(old, new, &path));
                Vec::new()
            }
            (Shape::Union(old), Shape::Union(new)) => {
                let pairs = branches(old, new, |it| old_types.resolved(it), |it| new_types.resolved(it));
                found.extend(order(&pairs, &path));
                pairs
                    .into_iter()
                    .map(|(_, old, new)| (path.clone(), old, new))
                    .collect()
            }
            (Shape::Record(old), Shape::Record(new)) => {
                let (pairs, reasons) = fields(old, new, &path);
                found.extend(reasons);
                pairs
            }
            _ => Vec::new(),
        };
        open.extend(inside.into_iter().rev());
    }
    found
}

/// What two types that stand in the same place owe one another, whatever is inside them.
fn types(old: &Schema, new: &Schema, path: &str) -> Option<Reason> {
    let (kind_before, kind) = (kind(old), kind(new));
    if kind_before != kind {
        // Mostly Avro says so too, of one direction or the other; of string and bytes, or a type and its union, it does not.
        return Some(changed("TYPE_CHANGED", path, "the type", &kind_before, &kind));
    }
    if let (Some(old), Some(new)) = (old.name(), new.name())
        && old != new
    {
        return Some(changed(
            "FULL_NAME_CHANGED",
            path,
            "the type's full name",
            old.as_ref(),
            new.as_ref(),
        ));
    }
    let none = || "none".to_owned();
    let (old, new) = (
        logical_type(old).unwrap_or_else(none),
        logical_type(new).unwrap_or_else(none),
    );
    (old != new).then(|| changed("LOGICAL_TYPE_CHANGED", path, "the logical type", &old, &new))
}

fn symbols(old: &EnumSchema, new: &EnumSchema, path: &str) -> Vec<Reason> {
    let mut found = Vec::new();
    if let Some(default) = &old.default
        && new.default != old.default
    {
        let now = new.default.as_deref().unwrap_or("none");
        found.push(changed(
            "ENUM_DEFAULT_CHANGED",
            path,
            &format!("the default of the enum {}", new.name),
            default,
            now,
        ));
    }
    let removed: Vec<&str> = old
        .symbols
        .iter()
        .filter(|symbol| !new.symbols.contains(symbol))
        .map(String::as_str)
        .collect();
    if !removed.is_empty() {
        let text = format!(
            "the enum {} loses {}: old data would be read as the default",
            new.name,
            removed.join(", ")
        );
        found.push(Reason::new("ENUM_SYMBOL_REMOVED", path, text));
    } else if let Some((old, new_symbol)) = old.symbols.iter().zip(&new.symbols).find(|(old, new)| old != new) {
        let text = format!(
            "the enum {} has {new_symbol} where {old} was; symbols are appended only",
            new.name
        );
        found.push(Reason::new("ENUM_SYMBOL_MOVED", path, text));
    }
    found
}

/// The branches that both unions have, in the order of the old one, with their positions in the new one. Those that
/// come or go Avro itself refuses.
fn branches<'s>(
    old: &'s UnionSchema,
    new: &'s UnionSchema,
    old_type: impl Fn(&'s Schema) -> &'s Schema,
    new_type: impl Fn(&'s Schema) -> &'s Schema,
) -> Vec<(usize, &'s Schema, &'s Schema)> {
    let old_branches = old.variants().iter().map(old_type);
    old_branches
        .filter_map(|old| {
            let candidates = || new.variants().iter().map(&new_type).enumerate();
            let same = candidates().find(|(_, new)| alike(old, new) && old.name() == new.name());
            let (position, new) = same.or_else(|| candidates().find(|(_, new)| alike(old, new)))?;
            Some((position, old, new))
        })
        .collect()
}

fn order(pairs: &[(usize, &Schema, &Schema)], path: &str) -> Option<Reason> {
    let kept = pairs.is_sorted_by_key(|(position, ..)| position);
    (!kept).then(|| {
        Reason::new(
            "UNION_REORDERED",
            path,
            "the union's branches are in another order than before",
        )
    })
}

type Pairs<'s> = Vec<(String, &'s Schema, &'s Schema)>;

/// The fields that both records have, and what is wrong with those, or with the ones that changed their name.
fn fields<'s>(old: &'s RecordSchema, new: &'s RecordSchema, path: &str) -> (Pairs<'s>, Vec<Reason>) {
    let by_name = |record: &'s RecordSchema| -> HashMap<&'s str, &'s RecordField> {
        record.fields.iter().map(|field| (field.name.as_str(), field)).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let (mut pairs, mut found) = (Vec::new(), Vec::new());
    for field in &new.fields {
        let path = field_path(path, &field.name);
        if let Some(earlier) = before.get(field.name.as_str()) {
            if let Some(default) = &earlier.default
                && field.default != earlier.default
            {
                let now = field
                    .default
                    .as_ref()
                    .map_or_else(|| "none".to_owned(), ToString::to_string);
                let what = format!("the default of the field {}", field.name);
                found.push(changed(
                    "FIELD_DEFAULT_CHANGED",
                    &path,
                    &what,
                    &default.to_string(),
                    &now,
                ));
            }
            pairs.push((path, &earlier.schema, &field.schema));
        } else if let Some(alias) = field.aliases.iter().find(|alias| before.contains_key(alias.as_str())) {
            found.push(renamed(&field.name, alias, &path));
        }
    }
    for field in old
        .fields
        .iter()
        .filter(|field| !after.contains_key(field.name.as_str()))
    {
        if let Some(alias) = field.aliases.iter().find(|alias| after.contains_key(alias.as_str())) {
            found.push(renamed(alias, &field.name, &field_path(path, alias)));
        }
    }
    (pairs, found)
}

fn renamed(now: &str, before: &str, path: &str) -> Reason {
    let text = format!("the field {now} was {before}: an alias is needed to read it, and only one of the two has it");
    Reason::new("RENAMED", path, text)
}

fn changed(kind: &'static str, path: &str, what: &str, old: &str, new: &str) -> Reason {
    Reason::new(kind, path, format!("{what} was {old} and is {new}"))
}

fn kind(schema: &Schema) -> String {
    match shape(schema) {
        Shape::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
        Shape::Fixed(_) => "fixed".to_owned(),
        Shape::Enum(_) => "enum".to_owned(),
        Shape::Array(_) => "array".to_owned(),
        Shape::Map(_) => "map".to_owned(),
        Shape::Union(_) => "union".to_owned(),
        Shape::Record(_) => "record".to_owned(),
        Shape::Undefined => "undefined".to_owned(),
    }
}
