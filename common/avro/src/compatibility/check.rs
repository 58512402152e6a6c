//! Everything that prevents a reader's schema from reading what a writer's schema can write. Which types and fields
//! match is decided in [`crate::matching`]. Pure.
//!
//! Any matching branch of a reader's union is accepted, as in Avro's Java library, although the specification says the
//! first: the two differ only for branches with the same unqualified name.

use std::collections::HashMap;

use super::reason::{Reason, ReasonKind};
use crate::matching::{self, Enums, Mismatch, Pair, Purpose, is_alike};
use crate::path;
use crate::path::short;
use crate::schema::{Field, Schema, Type, TypeId};

/// Maximum number of reasons that are reported.
const MAX_REASONS: usize = 20;

/// How deep types may be nested; a chain of references can be longer than the stack allows.
const MAX_DEPTH: usize = 200;

/// Why `reader` cannot read all that `writer` can write, as a schema registry sees it; empty if it can. At most 20 reasons.
///
/// Logical types do not matter to a registry, so a [`Resolution`](crate::Resolution) may still refuse data of
/// compatible schemas, rather than read one logical type as another.
pub fn check(writer: &Schema, reader: &Schema) -> Vec<Reason> {
    let mut walk = Walk {
        writer,
        reader,
        known: HashMap::new(),
        readable: Vec::new(),
        depth: 0,
    };
    walk.compare(writer.root(), reader.root(), "")
}

/// A named type of the writer's and one of the reader's.
type NamedPair = (TypeId, TypeId);

struct Walk<'s> {
    writer: &'s Schema,
    reader: &'s Schema,
    /// Pairs of named types met before. While a pair is being compared it counts as readable, so that a type that contains
    /// itself ends the recursion.
    known: HashMap<NamedPair, Vec<Reason>>,
    /// Those found readable, in the order in which they were.
    readable: Vec<NamedPair>,
    depth: usize,
}

impl<'s> Walk<'s> {
    fn compare(&mut self, writer: TypeId, reader: TypeId, path: &str) -> Vec<Reason> {
        if self.depth == MAX_DEPTH {
            let text = format!("types nested more than {MAX_DEPTH} deep");
            return vec![Reason::new(ReasonKind::TypeMismatch, path, text)];
        }
        self.depth += 1;
        let reasons = if self.writer.get(writer).name.is_some() && self.reader.get(reader).name.is_some() {
            self.compare_named((writer, reader), path)
        } else {
            self.compare_types(writer, reader, path)
        };
        self.depth -= 1;
        reasons
    }

    fn compare_named(&mut self, pair: NamedPair, path: &str) -> Vec<Reason> {
        if let Some(reasons) = self.known.get(&pair) {
            return reasons.clone();
        }
        self.known.insert(pair, Vec::new());
        let before = self.readable.len();
        let reasons = self.compare_types(pair.0, pair.1, path);
        if reasons.is_empty() {
            self.readable.push(pair);
        } else {
            // Pairs found readable in the meantime may be so only because this pair was assumed to be.
            for other in self.readable.drain(before..) {
                self.known.remove(&other);
            }
        }
        self.known.insert(pair, reasons.clone());
        reasons
    }

    fn compare_types(&mut self, writer: TypeId, reader: TypeId, path: &str) -> Vec<Reason> {
        let (w, r) = (self.writer.get(writer), self.reader.get(reader));
        match matching::pair(w, r, Purpose::Check) {
            Ok(Pair::WriterUnion(branches)) => {
                let mut reasons = Vec::new();
                for branch in branches {
                    add(&mut reasons, self.compare(*branch, reader, path));
                }
                reasons
            }
            Ok(Pair::ReaderUnion(branches)) => self.compare_with_branches(writer, branches, path),
            Ok(Pair::Array(w, r)) => self.compare(w, r, &path::items(path)),
            Ok(Pair::Map(w, r)) => self.compare(w, r, &path::values(path)),
            Ok(Pair::Record(w, r)) => self.compare_fields(w, r, path),
            Ok(Pair::Enum(enums)) => lost_symbols(enums, r, path).into_iter().collect(),
            Ok(Pair::Scalar(_) | Pair::Fixed(_)) => Vec::new(),
            Err(mismatch) => vec![mismatched(mismatch, w, r, path)],
        }
    }

    /// A union reads what one of its branches reads. If one branch is clearly meant, its reasons are the useful ones.
    fn compare_with_branches(&mut self, writer: TypeId, branches: &[TypeId], path: &str) -> Vec<Reason> {
        let w = self.writer.get(writer);
        let mut meant = None;
        for branch in branches {
            let reasons = self.compare(writer, *branch, path);
            if reasons.is_empty() {
                return reasons;
            }
            if is_alike(w, self.reader.get(*branch)) {
                meant = Some(reasons);
            }
        }
        let text = format!("the reader's union has no branch for the writer's {w}");
        meant.unwrap_or_else(|| vec![Reason::new(ReasonKind::MissingUnionBranch, path, text)])
    }

    fn compare_fields(&mut self, writer: &'s [Field], reader: &'s [Field], path: &str) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for (field, found) in reader.iter().zip(matching::fields(writer, reader, Purpose::Check)) {
            if reasons.len() == MAX_REASONS {
                break;
            }
            let path = path::field(path, &field.name);
            match found.written.and_then(|written| writer.get(written)) {
                // Java does not choose one, and a registry reports that as incompatible.
                Some(_) if found.is_ambiguous => add(&mut reasons, vec![ambiguous(field, &path)]),
                Some(written) => add(&mut reasons, self.compare(written.type_id, field.type_id, &path)),
                None if field.default.is_none() => add(&mut reasons, vec![without_default(writer, field, &path)]),
                None => {}
            }
        }
        reasons
    }
}

fn ambiguous(field: &Field, path: &str) -> Reason {
    let name = short(&field.name);
    let text = format!("several of the writer's fields match the reader's field {name}, by its name or its aliases");
    Reason::new(ReasonKind::AliasCollision, path, text)
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
    Reason::new(ReasonKind::ReaderFieldMissingDefaultValue, path, text)
}

fn lost_symbols(enums: Enums<'_>, reader: &Type, path: &str) -> Option<Reason> {
    let lost = enums.symbols().filter(|(_, read)| read.is_none());
    let lost: Vec<String> = lost.map(|(symbol, _)| short(symbol)).collect();
    if lost.is_empty() {
        return None;
    }
    let text = format!("the reader's {reader} has no default and lacks {}", lost.join(", "));
    Some(Reason::new(ReasonKind::MissingEnumSymbols, path, text))
}

fn mismatched(mismatch: Mismatch, writer: &Type, reader: &Type, path: &str) -> Reason {
    let mut text = format!("a reader's {reader} cannot read a writer's {writer}");
    if let Mismatch::FixedSize(written, read) = mismatch {
        text += &format!(": {written} bytes are written, {read} expected");
    }
    Reason::new(mismatch.into(), path, text)
}

fn add(reasons: &mut Vec<Reason>, more: Vec<Reason>) {
    for reason in more {
        if reasons.len() < MAX_REASONS && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
