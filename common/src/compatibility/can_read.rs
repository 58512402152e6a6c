//! Everything that keeps a reader's schema from reading what a writer's schema can write, after Avro's rules of
//! [schema resolution](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution). Pure.
//!
//! apache-avro's own `SchemaCompatibility` is not asked: it stops at the first reason, names no path, ignores aliases of
//! types, and takes a named type's second use for another type than its definition, so that two records that use the
//! type in another order would not go together.
//!
//! Of a reader's union any branch will do, as in Avro's Java library, where the specification speaks of the first that
//! matches: the two differ only for branches of the same unqualified name.

use std::collections::{HashMap, HashSet};

use apache_avro::Schema;
use apache_avro::schema::{DecimalSchema, EnumSchema, Name, RecordField, RecordSchema, SchemaKind, UnionSchema};

use super::parsed::{NamedTypes, Parsed};
use super::reason::{Reason, field_path, items_path, values_path};
use super::shape::{Shape, alike, shape};

/// Beyond this number of reasons nobody reads on.
const MOST_REASONS: usize = 20;

/// How many types may lie inside one another; a chain of references can be longer than the stack is deep.
const DEEPEST: usize = 200;

/// Why `reader` cannot read all that `writer` can write; empty when it can. At most 20 reasons.
pub fn obstacles(writer: &Parsed, reader: &Parsed) -> Vec<Reason> {
    let (written, read) = (writer.named_types(), reader.named_types());
    Walk {
        written: &written,
        read: &read,
        known: HashMap::new(),
        readable: Vec::new(),
        depth: 0,
    }
    .compare(writer.avro(), reader.avro(), "")
}

/// A named type of the writer's and one of the reader's.
type Pair<'s> = (&'s Name, &'s Name);

struct Walk<'s> {
    written: &'s NamedTypes<'s>,
    read: &'s NamedTypes<'s>,
    /// Pairs of named types met before. While a pair is being compared it counts as readable, so that a type that
    /// contains itself comes to an end.
    known: HashMap<Pair<'s>, Vec<Reason>>,
    /// Those found readable, in the order in which they were.
    readable: Vec<Pair<'s>>,
    depth: usize,
}

impl<'s> Walk<'s> {
    fn compare(&mut self, writer: &'s Schema, reader: &'s Schema, path: &str) -> Vec<Reason> {
        if self.depth == DEEPEST {
            let text = format!("more than {DEEPEST} types inside one another");
            return vec![Reason::new("TYPE_MISMATCH", path, text)];
        }
        self.depth += 1;
        let (writer, reader) = (self.written.resolved(writer), self.read.resolved(reader));
        let reasons = match (writer.name(), reader.name()) {
            (Some(w), Some(r)) => self.compare_named((w, r), writer, reader, path),
            _ => self.compare_resolved(writer, reader, path),
        };
        self.depth -= 1;
        reasons
    }

    fn compare_named(&mut self, pair: Pair<'s>, writer: &'s Schema, reader: &'s Schema, path: &str) -> Vec<Reason> {
        if let Some(reasons) = self.known.get(&pair) {
            return reasons.clone();
        }
        self.known.insert(pair, Vec::new());
        let before = self.readable.len();
        let reasons = self.compare_resolved(writer, reader, path);
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

    fn compare_resolved(&mut self, writer: &'s Schema, reader: &'s Schema, path: &str) -> Vec<Reason> {
        match (shape(writer), shape(reader)) {
            (Shape::Union(w), _) => {
                let mut reasons = Vec::new();
                for branch in w.variants() {
                    add(&mut reasons, self.compare(branch, reader, path));
                }
                reasons
            }
            (_, Shape::Union(r)) => self.compare_with_branches(writer, r, path),
            (Shape::Array(w), Shape::Array(r)) => self.compare(w, r, &items_path(path)),
            (Shape::Map(w), Shape::Map(r)) => self.compare(w, r, &values_path(path)),
            (Shape::Record(w), Shape::Record(r)) if same_name(writer, reader) => self.compare_fields(w, r, path),
            (Shape::Enum(w), Shape::Enum(r)) if same_name(writer, reader) => compare_symbols(w, r, path),
            _ => compare_whole(writer, reader, path),
        }
    }

    /// A union reads what one of its branches reads. Where a branch is plainly meant, its reasons are the useful ones.
    fn compare_with_branches(&mut self, writer: &'s Schema, union: &'s UnionSchema, path: &str) -> Vec<Reason> {
        let mut meant = None;
        for branch in union.variants() {
            let reasons = self.compare(writer, branch, path);
            if reasons.is_empty() {
                return reasons;
            }
            if alike(writer, self.read.resolved(branch)) {
                meant = Some(reasons);
            }
        }
        let text = format!("the reader's union has no branch for the writer's {}", shown(writer));
        meant.unwrap_or_else(|| vec![Reason::new("MISSING_UNION_BRANCH", path, text)])
    }

    fn compare_fields(&mut self, writer: &'s RecordSchema, reader: &'s RecordSchema, path: &str) -> Vec<Reason> {
        let written: HashMap<&str, &RecordField> = writer.fields.iter().map(|it| (it.name.as_str(), it)).collect();
        let mut reasons = Vec::new();
        for field in &reader.fields {
            if reasons.len() == MOST_REASONS {
                break;
            }
            let path = field_path(path, &field.name);
            // The reader's aliases count, after its name; the writer's do not ("Aliases").
            let mut names = std::iter::once(&field.name).chain(&field.aliases);
            match names.find_map(|name| written.get(name.as_str())) {
                Some(written) => add(&mut reasons, self.compare(&written.schema, &field.schema, &path)),
                None if field.default.is_none() => add(&mut reasons, vec![without_default(writer, field, &path)]),
                None => {}
            }
        }
        reasons
    }
}

fn without_default(writer: &RecordSchema, field: &RecordField, path: &str) -> Reason {
    let name = &field.name;
    let mut text = format!("the reader's field {name} has no default, and the writer does not write it");
    if let Some(renamed) = writer.fields.iter().find(|written| written.aliases.contains(name)) {
        text += &format!(
            "; the writer calls it {}, but an alias helps only a reader that has it, so a field cannot be renamed",
            renamed.name
        );
    }
    Reason::new("READER_FIELD_MISSING_DEFAULT_VALUE", path, text)
}

fn compare_symbols(writer: &EnumSchema, reader: &EnumSchema, path: &str) -> Vec<Reason> {
    let known: HashSet<&String> = reader.symbols.iter().collect();
    let unknown = writer.symbols.iter().filter(|symbol| !known.contains(symbol));
    let lost: Vec<&str> = unknown.map(String::as_str).collect();
    if lost.is_empty() || reader.default.is_some() {
        return Vec::new();
    }
    let text = format!(
        "the reader's enum {} has no default and lacks {}",
        reader.name,
        lost.join(", ")
    );
    vec![Reason::new("MISSING_ENUM_SYMBOLS", path, text)]
}

/// Types that have no parts to compare, and types that do not go together at all.
fn compare_whole(writer: &Schema, reader: &Schema, path: &str) -> Vec<Reason> {
    let reason = |kind, text| vec![Reason::new(kind, path, text)];
    let text = format!("a reader's {} cannot read a writer's {}", shown(reader), shown(writer));
    if let (Some(written), Some(read)) = (decimal(writer), decimal(reader)) {
        // "Two decimal types match if their scales and precisions match" ("Decimal").
        if written != read {
            return reason(
                "TYPE_MISMATCH",
                format!("{text}: {written:?} and {read:?} are (precision, scale)"),
            );
        }
    }
    match (shape(writer), shape(reader)) {
        (Shape::Primitive(w), Shape::Primitive(r)) if w.is_read_as(r) => Vec::new(),
        (Shape::Fixed(w), Shape::Fixed(r)) if same_name(writer, reader) => match (w.size, r.size) {
            (written, read) if written == read => Vec::new(),
            (written, read) => reason(
                "FIXED_SIZE_MISMATCH",
                format!("{text}: {written} bytes are written, {read} expected"),
            ),
        },
        (Shape::Record(_), Shape::Record(_))
        | (Shape::Enum(_), Shape::Enum(_))
        | (Shape::Fixed(_), Shape::Fixed(_)) => reason("NAME_MISMATCH", text),
        _ => reason("TYPE_MISMATCH", text),
    }
}

/// Named types match by their unqualified names, or through an alias that the reader has for the writer's full name.
fn same_name(writer: &Schema, reader: &Schema) -> bool {
    let (Some(written), Some(read)) = (writer.name(), reader.name()) else {
        return false;
    };
    let mut aliases = reader.aliases().into_iter().flatten();
    written.name() == read.name()
        || aliases.any(|alias| alias.fully_qualified_name(read.namespace()).as_ref() == written)
}

fn decimal(schema: &Schema) -> Option<(usize, usize)> {
    match schema {
        Schema::Decimal(DecimalSchema { precision, scale, .. }) => Some((*precision, *scale)),
        _ => None,
    }
}

fn shown(schema: &Schema) -> String {
    let kind = SchemaKind::from(schema);
    match schema.name() {
        Some(name) => format!("{kind:?} {name}"),
        None => format!("{kind:?}"),
    }
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
