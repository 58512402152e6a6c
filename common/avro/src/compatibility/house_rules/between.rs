//! The rules that a version keeps or breaks by what it changes. Never judges a version by itself.

use std::collections::{HashMap, HashSet};

use crate::compatibility::can_read::is_alike;
use crate::compatibility::parsed::Parsed;
use crate::compatibility::reason::{Reason, field_path, items_path, values_path};
use crate::schema::{Field, Kind, Type, TypeId, Types};

/// What the new version changes and may not, in the order of its text.
pub fn breaches(old: &Parsed, new: &Parsed) -> Vec<Reason> {
    let (before, after) = (old.types(), new.types());
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(String::new(), before.root(), after.root())];
    // Not by recursion: a chain of references can be longer than the stack is deep.
    while let Some((path, old_id, new_id)) = open.pop() {
        let (old, new) = (before.get(old_id), after.get(new_id));
        if old.name.is_some() && new.name.is_some() && !seen.insert((old_id, new_id)) {
            continue;
        }
        found.extend(types(old, new, &path));
        let inside = match (&old.kind, &new.kind) {
            (Kind::Array(old), Kind::Array(new)) => vec![(items_path(&path), *old, *new)],
            (Kind::Map(old), Kind::Map(new)) => vec![(values_path(&path), *old, *new)],
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

/// What two types that stand in the same place owe one another, whatever is inside them.
fn types(old: &Type, new: &Type, path: &str) -> Option<Reason> {
    if old.kind.name() != new.kind.name() {
        // Mostly Avro says so too, of one direction or the other; of string and bytes, or a type and its union, it does not.
        let (old, new) = (old.kind.name(), new.kind.name());
        return Some(changed("TYPE_CHANGED", path, "the type", old, new));
    }
    if full_name(old) != full_name(new) {
        let (old, new) = (full_name(old), full_name(new));
        return Some(changed("FULL_NAME_CHANGED", path, "the type's full name", old, new));
    }
    let meaning = |it: &Type| {
        it.logical
            .map_or_else(|| "none".to_owned(), |logical| logical.to_string())
    };
    let (old, new) = (meaning(old), meaning(new));
    (old != new).then(|| changed("LOGICAL_TYPE_CHANGED", path, "the logical type", &old, &new))
}

fn full_name(it: &Type) -> &str {
    it.name.as_ref().map_or("", |name| name.full())
}

fn symbols(old: &Type, new: &Type, path: &str) -> Vec<Reason> {
    let mut found = Vec::new();
    let name = full_name(new);
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
        found.push(changed("ENUM_DEFAULT_CHANGED", path, &what, before, now));
    }
    let removed = before.iter().filter(|symbol| !after.contains(symbol));
    let removed: Vec<&str> = removed.map(String::as_str).collect();
    if !removed.is_empty() {
        let removed = removed.join(", ");
        let text = format!("the enum {name} loses {removed}: old data would be read as the default");
        found.push(Reason::new("ENUM_SYMBOL_REMOVED", path, text));
    } else if let Some((old, new_symbol)) = before.iter().zip(after).find(|(old, new)| old != new) {
        let text = format!("the enum {name} has {new_symbol} where {old} was; symbols are appended only");
        found.push(Reason::new("ENUM_SYMBOL_MOVED", path, text));
    }
    found
}

/// The branches that both unions have, in the order of the old one, with their positions in the new one. Those that
/// come or go Avro itself refuses.
fn branches((old, before): (&[TypeId], &Types), (new, after): (&[TypeId], &Types)) -> Vec<(usize, TypeId, TypeId)> {
    let pair = |old_id: &TypeId| {
        let old = before.get(*old_id);
        let candidates = || {
            new.iter()
                .enumerate()
                .filter(|(_, new)| is_alike(old, after.get(**new)))
        };
        let same = candidates().find(|(_, new)| full_name(old) == full_name(after.get(**new)));
        let (position, new_id) = same.or_else(|| candidates().next())?;
        Some((position, *old_id, *new_id))
    };
    old.iter().filter_map(pair).collect()
}

fn order(pairs: &[(usize, TypeId, TypeId)], path: &str) -> Option<Reason> {
    let kept = pairs.is_sorted_by_key(|(position, ..)| position);
    (!kept).then(|| {
        Reason::new(
            "UNION_REORDERED",
            path,
            "the union's branches are in another order than before",
        )
    })
}

type Pairs = Vec<(String, TypeId, TypeId)>;

/// The fields that both records have, and what is wrong with those, or with the ones that changed their name.
fn fields(old: &[Field], new: &[Field], path: &str) -> (Pairs, Vec<Reason>) {
    let (before, after) = (by_name(old), by_name(new));
    let (mut pairs, mut found) = (Vec::new(), Vec::new());
    for field in new {
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
            pairs.push((path, earlier.of, field.of));
        } else if let Some(alias) = field.aliases.iter().find(|alias| before.contains_key(alias.as_str())) {
            found.push(renamed(&field.name, alias, &path));
        }
    }
    for field in old.iter().filter(|field| !after.contains_key(field.name.as_str())) {
        if let Some(alias) = field.aliases.iter().find(|alias| after.contains_key(alias.as_str())) {
            found.push(renamed(alias, &field.name, &field_path(path, alias)));
        }
    }
    (pairs, found)
}

fn by_name(fields: &[Field]) -> HashMap<&str, &Field> {
    fields.iter().map(|field| (field.name.as_str(), field)).collect()
}

fn renamed(now: &str, before: &str, path: &str) -> Reason {
    let text = format!("the field {now} was {before}: an alias is needed to read it, and only one of the two has it");
    Reason::new("RENAMED", path, text)
}

fn changed(kind: &'static str, path: &str, what: &str, old: &str, new: &str) -> Reason {
    Reason::new(kind, path, format!("{what} was {old} and is {new}"))
}
