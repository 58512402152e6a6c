//! The rules for what a version may change. Never judges a single version.

use std::collections::{HashMap, HashSet};

use crate::compatibility::reason::{Reason, ReasonKind};
use crate::matching::is_alike;
use crate::path;
use crate::schema::{Field, Kind, Schema, Type, TypeId};

/// What the new version changes although it must not, in the order of its text.
pub fn violations(before: &Schema, after: &Schema) -> Vec<Reason> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(String::new(), before.root(), after.root())];
    // Without recursion: a chain of references can be longer than the stack allows.
    while let Some((path, old_id, new_id)) = open.pop() {
        let (old, new) = (before.get(old_id), after.get(new_id));
        if old.name.is_some() && new.name.is_some() && !seen.insert((old_id, new_id)) {
            continue;
        }
        found.extend(types(old, new, &path));
        let inside = match (&old.kind, &new.kind) {
            (Kind::Array(old), Kind::Array(new)) => vec![(path::items(&path), *old, *new)],
            (Kind::Map(old), Kind::Map(new)) => vec![(path::values(&path), *old, *new)],
            (Kind::Enum { .. }, Kind::Enum { .. }) => {
                found.extend(symbols(old, new, &path));
                Vec::new()
            }
            (Kind::Union(old), Kind::Union(new)) => {
                let pairs = branches((old, before), (new, after));
                found.extend(order(&pairs, &path));
                let inside = pairs.into_iter().map(|(_, old, new)| (path.clone(), old, new));
                inside.collect()
            }
            (Kind::Record(old), Kind::Record(new)) => {
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

/// Compares two types at the same path, without what is inside them.
fn types(old: &Type, new: &Type, path: &str) -> Option<Reason> {
    if old.kind.name() != new.kind.name() {
        // Avro itself mostly refuses this in one direction; but not string and bytes, or a type and its union.
        let (old, new) = (old.kind.name(), new.kind.name());
        return Some(changed(ReasonKind::TypeChanged, path, "the type", old, new));
    }
    if old.full_name() != new.full_name() {
        let (old, new) = (old.full_name(), new.full_name());
        return Some(changed(
            ReasonKind::FullNameChanged,
            path,
            "the type's full name",
            old,
            new,
        ));
    }
    let meaning = |it: &Type| {
        it.logical
            .map_or_else(|| "none".to_owned(), |logical| logical.to_string())
    };
    let (old, new) = (meaning(old), meaning(new));
    (old != new).then(|| changed(ReasonKind::LogicalTypeChanged, path, "the logical type", &old, &new))
}

fn symbols(old: &Type, new: &Type, path: &str) -> Vec<Reason> {
    let mut found = Vec::new();
    let name = new.full_name();
    let (
        Kind::Enum {
            symbols: before,
            default: default_before,
        },
        Kind::Enum {
            symbols: after,
            default,
        },
    ) = (&old.kind, &new.kind)
    else {
        return found;
    };
    if let Some(before) = default_before
        && default_before != default
    {
        let what = format!("the default of the enum {name}");
        let now = default.as_deref().unwrap_or("none");
        found.push(changed(ReasonKind::EnumDefaultChanged, path, &what, before, now));
    }
    let removed = before.iter().filter(|symbol| !after.contains(symbol));
    let removed: Vec<&str> = removed.map(String::as_str).collect();
    if !removed.is_empty() {
        let removed = removed.join(", ");
        let text = format!("the enum {name} no longer has {removed}: old data would be read as the default");
        found.push(Reason::new(ReasonKind::EnumSymbolRemoved, path, text));
    } else if let Some((old, new_symbol)) = before.iter().zip(after).find(|(old, new)| old != new) {
        let text = format!("the enum {name} has {new_symbol} where {old} was; symbols are appended only");
        found.push(Reason::new(ReasonKind::EnumSymbolMoved, path, text));
    }
    found
}

/// The branches that both unions have, in the order of the old one, with their positions in the new one. Avro itself refuses
/// to add or remove one.
fn branches((old, before): (&[TypeId], &Schema), (new, after): (&[TypeId], &Schema)) -> Vec<(usize, TypeId, TypeId)> {
    let pair = |old_id: &TypeId| {
        let old = before.get(*old_id);
        let candidates = || {
            new.iter()
                .enumerate()
                .filter(|(_, new)| is_alike(old, after.get(**new)))
        };
        let same = candidates().find(|(_, new)| old.full_name() == after.get(**new).full_name());
        let (position, new_id) = same.or_else(|| candidates().next())?;
        Some((position, *old_id, *new_id))
    };
    old.iter().filter_map(pair).collect()
}

fn order(pairs: &[(usize, TypeId, TypeId)], path: &str) -> Option<Reason> {
    let kept = pairs.is_sorted_by_key(|(position, ..)| position);
    (!kept).then(|| Reason::new(ReasonKind::UnionReordered, path, "the union's branches were reordered"))
}

type Pairs = Vec<(String, TypeId, TypeId)>;

/// The fields that both records have, and what is wrong with those and with renamed ones.
fn fields(old: &[Field], new: &[Field], path: &str) -> (Pairs, Vec<Reason>) {
    let (before, after) = (by_name(old), by_name(new));
    let (mut pairs, mut found) = (Vec::new(), Vec::new());
    for field in new {
        let path = path::field(path, &field.name);
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
                    ReasonKind::FieldDefaultChanged,
                    &path,
                    &what,
                    &default.to_string(),
                    &now,
                ));
            }
            pairs.push((path, earlier.type_id, field.type_id));
        } else if let Some(alias) = field.aliases.iter().find(|alias| before.contains_key(alias.as_str())) {
            found.push(renamed(&field.name, alias, &path));
        }
    }
    for field in old.iter().filter(|field| !after.contains_key(field.name.as_str())) {
        if let Some(alias) = field.aliases.iter().find(|alias| after.contains_key(alias.as_str())) {
            found.push(renamed(alias, &field.name, &path::field(path, alias)));
        }
    }
    (pairs, found)
}

fn by_name(fields: &[Field]) -> HashMap<&str, &Field> {
    fields.iter().map(|field| (field.name.as_str(), field)).collect()
}

fn renamed(now: &str, before: &str, path: &str) -> Reason {
    let text = format!("the field {now} was {before}: an alias is needed to read it, and only one of the two has it");
    Reason::new(ReasonKind::Renamed, path, text)
}

fn changed(kind: ReasonKind, path: &str, what: &str, old: &str, new: &str) -> Reason {
    Reason::new(kind, path, format!("{what} changed from {old} to {new}"))
}
