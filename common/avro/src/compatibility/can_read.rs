//! Everything that keeps a reader's schema from reading what a writer's schema can write, after Avro's rules of
//! [schema resolution](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution). Pure.
//!
//! Of a reader's union any branch will do, as in Avro's Java library, where the specification speaks of the first that
//! matches: the two differ only for branches of the same unqualified name. Logical types are not looked at, as there: what
//! may become of them is the business of `house_rules` and of the decoder.

use std::collections::{HashMap, HashSet};
use std::mem::discriminant;

use super::parsed::Parsed;
use super::reason::{Reason, field_path, items_path, values_path};
use crate::schema::{Field, Kind, Type, TypeId, Types, short};

/// Beyond this number of reasons nobody reads on.
const MOST_REASONS: usize = 20;

/// How many types may lie inside one another; a chain of references can be longer than the stack is deep.
const DEEPEST: usize = 200;

/// Why `reader` cannot read all that `writer` can write; empty when it can. At most 20 reasons.
pub fn obstacles(writer: &Parsed, reader: &Parsed) -> Vec<Reason> {
    let (written, read) = (writer.types(), reader.types());
    Walk {
        written,
        read,
        known: HashMap::new(),
        readable: Vec::new(),
        depth: 0,
    }
    .compare(written.root(), read.root(), "")
}

/// A named type of the writer's and one of the reader's.
type Pair = (TypeId, TypeId);

struct Walk<'s> {
    written: &'s Types,
    read: &'s Types,
    /// Pairs of named types met before. While a pair is being compared it counts as readable, so that a type that
    /// contains itself comes to an end.
    known: HashMap<Pair, Vec<Reason>>,
    /// Those found readable, in the order in which they were.
    readable: Vec<Pair>,
    depth: usize,
}

impl<'s> Walk<'s> {
    fn compare(&mut self, writer: TypeId, reader: TypeId, path: &str) -> Vec<Reason> {
        if self.depth == DEEPEST {
            let text = format!("more than {DEEPEST} types inside one another");
            return vec![Reason::new("TYPE_MISMATCH", path, text)];
        }
        self.depth += 1;
        let reasons = if self.written.get(writer).name.is_some() && self.read.get(reader).name.is_some() {
            self.compare_named((writer, reader), path)
        } else {
            self.compare_types(writer, reader, path)
        };
        self.depth -= 1;
        reasons
    }

    fn compare_named(&mut self, pair: Pair, path: &str) -> Vec<Reason> {
        if let Some(reasons) = self.known.get(&pair) {
            return reasons.clone();
        }
        self.known.insert(pair, Vec::new());
        let before = self.readable.len();
        let reasons = self.compare_types(pair.0, pair.1, path);
        if reasons.is_empty() {
            self.readable.push(pair);
        } else {
            // What was found readable meanwhile may be so only because this pair was taken to be.
            for other in self.readable.drain(before..) {
                self.known.remove(&other);
            }
        }
        self.known.insert(pair, reasons.clone());
        reasons
    }

    fn compare_types(&mut self, writer: TypeId, reader: TypeId, path: &str) -> Vec<Reason> {
        let (w, r) = (self.written.get(writer), self.read.get(reader));
        match (&w.kind, &r.kind) {
            (Kind::Union(branches), _) => {
                let mut reasons = Vec::new();
                for branch in branches {
                    add(&mut reasons, self.compare(*branch, reader, path));
                }
                reasons
            }
            (_, Kind::Union(branches)) => self.compare_with_branches(writer, branches, path),
            (Kind::Array(w), Kind::Array(r)) => self.compare(*w, *r, &items_path(path)),
            (Kind::Map(w), Kind::Map(r)) => self.compare(*w, *r, &values_path(path)),
            (Kind::Record(w_fields), Kind::Record(r_fields)) if same_name(w, r) => {
                self.compare_fields(w_fields, r_fields, path)
            }
            _ => compare_whole(w, r, path),
        }
    }

    /// A union reads what one of its branches reads. Where a branch is plainly meant, its reasons are the useful ones.
    fn compare_with_branches(&mut self, writer: TypeId, branches: &[TypeId], path: &str) -> Vec<Reason> {
        let w = self.written.get(writer);
        let mut meant = None;
        for branch in branches {
            let reasons = self.compare(writer, *branch, path);
            if reasons.is_empty() {
                return reasons;
            }
            if is_alike(w, self.read.get(*branch)) {
                meant = Some(reasons);
            }
        }
        let text = format!("the reader's union has no branch for the writer's {w}");
        meant.unwrap_or_else(|| vec![Reason::new("MISSING_UNION_BRANCH", path, text)])
    }

    fn compare_fields(&mut self, writer: &'s [Field], reader: &'s [Field], path: &str) -> Vec<Reason> {
        let written: HashMap<&str, &Field> = writer.iter().map(|it| (it.name.as_str(), it)).collect();
        let mut reasons = Vec::new();
        for field in reader {
            if reasons.len() == MOST_REASONS {
                break;
            }
            let path = field_path(path, &field.name);
            // The reader's aliases count, the writer's do not ("Aliases").
            let aliases: HashSet<&String> = field.aliases.iter().collect();
            let mut found = std::iter::once(&field.name)
                .chain(aliases)
                .filter_map(|name| written.get(name.as_str()));
            match (found.next(), found.next()) {
                // Java does not choose among them, and a registry takes that for a reason.
                (Some(_), Some(_)) => add(&mut reasons, vec![ambiguous(field, &path)]),
                (Some(written), None) => add(&mut reasons, self.compare(written.of, field.of, &path)),
                _ if field.default.is_none() => add(&mut reasons, vec![without_default(writer, field, &path)]),
                _ => {}
            }
        }
        reasons
    }
}

fn ambiguous(field: &Field, path: &str) -> Reason {
    let text = format!(
        "several of the writer's fields are the reader's field {}, by its name or its aliases",
        short(&field.name)
    );
    Reason::new("ALIAS_COLLISION", path, text)
}

fn without_default(writer: &[Field], field: &Field, path: &str) -> Reason {
    let name = short(&field.name);
    let mut text = format!("the reader's field {name} has no default, and the writer does not write it");
    if let Some(renamed) = writer.iter().find(|written| written.aliases.contains(&field.name)) {
        text += &format!(
            "; the writer calls it {}, but an alias helps only a reader that has it, so a field cannot be renamed",
            short(&renamed.name)
        );
    }
    Reason::new("READER_FIELD_MISSING_DEFAULT_VALUE", path, text)
}

/// Types that have no parts to compare, and types that do not go together at all.
fn compare_whole(writer: &Type, reader: &Type, path: &str) -> Vec<Reason> {
    let reason = |kind, text| vec![Reason::new(kind, path, text)];
    let text = format!("a reader's {reader} cannot read a writer's {writer}");
    match (&writer.kind, &reader.kind) {
        (Kind::Record(_), Kind::Record(_))
        | (Kind::Enum { .. }, Kind::Enum { .. })
        | (Kind::Fixed(_), Kind::Fixed(_))
            if !same_name(writer, reader) =>
        {
            reason("NAME_MISMATCH", text)
        }
        (
            Kind::Enum { symbols, .. },
            Kind::Enum {
                default: None,
                symbols: known,
            },
        ) => {
            let known: HashSet<&String> = known.iter().collect();
            let lost = symbols.iter().filter(|symbol| !known.contains(symbol));
            let lost: Vec<String> = lost.map(|symbol| short(symbol)).collect();
            if lost.is_empty() {
                return Vec::new();
            }
            let text = format!("the reader's {reader} has no default and lacks {}", lost.join(", "));
            reason("MISSING_ENUM_SYMBOLS", text)
        }
        (Kind::Fixed(written), Kind::Fixed(read)) if written != read => reason(
            "FIXED_SIZE_MISMATCH",
            format!("{text}: {written} bytes are written, {read} expected"),
        ),
        (w, r) if discriminant(w) == discriminant(r) || is_promoted(w, r) => Vec::new(),
        _ => reason("TYPE_MISMATCH", text),
    }
}

/// Whether a reader of the second type reads the first ("Schema Resolution").
fn is_promoted(writer: &Kind, reader: &Kind) -> bool {
    matches!(
        (writer, reader),
        (Kind::Int, Kind::Long | Kind::Float | Kind::Double)
            | (Kind::Long, Kind::Float | Kind::Double)
            | (Kind::Float, Kind::Double)
            | (Kind::String, Kind::Bytes)
            | (Kind::Bytes, Kind::String)
    )
}

/// Named types match by their unqualified names, or through an alias that the reader has for the writer's full name.
fn same_name(writer: &Type, reader: &Type) -> bool {
    match (&writer.name, &reader.name) {
        (Some(writer), Some(reader)) => writer.simple() == reader.simple() || reader.is_also(writer),
        _ => false,
    }
}

/// Whether two types are of one kind, with the same unqualified name if they have one, whatever is inside them.
pub(super) fn is_alike(a: &Type, b: &Type) -> bool {
    let name = |it: &'_ Type| it.name.as_ref().map(|name| name.simple().to_owned());
    discriminant(&a.kind) == discriminant(&b.kind) && name(a) == name(b)
}

fn add(reasons: &mut Vec<Reason>, more: Vec<Reason>) {
    for reason in more {
        if reasons.len() < MOST_REASONS && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
}

#[cfg(test)]
#[path = "can_read_tests.rs"]
mod tests;
