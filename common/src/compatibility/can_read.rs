//! Everything that keeps a reader's schema from reading what a writer's schema can write, after Avro's rules of
//! [schema resolution](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution). Pure.
//!
//! apache-avro's own `SchemaCompatibility` decides for types without parts. Records, enums, unions and containers are
//! walked here, because it stops at the first reason, names no path, and takes a named type's second use for another
//! type than its definition: two records that use the type in another order would not go together.

use std::collections::HashMap;
use std::fmt;

use apache_avro::Schema;
use apache_avro::error::CompatibilityError;
use apache_avro::schema::{Name, RecordSchema, SchemaKind, UnionSchema};
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};

use super::schema::ParsedSchema;

/// Beyond this number of reasons nobody reads on.
const MOST_REASONS: usize = 20;

/// How many types may lie inside one another; a chain of references can be longer than the stack is deep.
const DEEPEST: usize = 200;

/// One thing that the reader cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The name that Avro's Java library has for it, and tools look for.
    pub kind: &'static str,
    /// The field it is about, as in `order.items[].quantity`; empty for the schema itself.
    pub path: String,
    /// What is wrong, in words.
    pub text: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(schema)" } else { &self.path };
        write!(f, "{} at {path}: {}", self.kind, self.text)
    }
}

/// Why `reader` cannot read all that `writer` can write; empty when it can.
pub fn obstacles(writer: &ParsedSchema, reader: &ParsedSchema) -> Vec<Reason> {
    let (written, read) = (writer.named_types(), reader.named_types());
    Walk {
        written,
        read,
        known: HashMap::new(),
        depth: 0,
    }
    .compare(writer.avro(), reader.avro(), "")
}

struct Walk<'s> {
    written: HashMap<&'s Name, &'s Schema>,
    read: HashMap<&'s Name, &'s Schema>,
    /// Pairs of named types met before. While a pair is being compared it counts as readable, so that a type that
    /// contains itself comes to an end.
    known: HashMap<(&'s Name, &'s Name), Vec<Reason>>,
    depth: usize,
}

impl<'s> Walk<'s> {
    fn compare(&mut self, writer: &'s Schema, reader: &'s Schema, path: &str) -> Vec<Reason> {
        if self.depth == DEEPEST {
            return vec![reason(
                "TYPE_MISMATCH",
                path,
                format!("more than {DEEPEST} types inside one another"),
            )];
        }
        self.depth += 1;
        let (writer, reader) = (resolved(writer, &self.written), resolved(reader, &self.read));
        let reasons = match (writer.name(), reader.name()) {
            (Some(w), Some(r)) => match self.known.get(&(w, r)) {
                Some(reasons) => reasons.clone(),
                None => {
                    self.known.insert((w, r), Vec::new());
                    let reasons = self.compare_resolved(writer, reader, path);
                    self.known.insert((w, r), reasons.clone());
                    reasons
                }
            },
            _ => self.compare_resolved(writer, reader, path),
        };
        self.depth -= 1;
        reasons
    }

    fn compare_resolved(&mut self, writer: &'s Schema, reader: &'s Schema, path: &str) -> Vec<Reason> {
        match (writer, reader) {
            (Schema::Union(w), _) => {
                let mut reasons = Vec::new();
                for branch in w.variants() {
                    add(&mut reasons, self.compare(branch, reader, path));
                }
                reasons
            }
            (_, Schema::Union(r)) => self.compare_with_branches(writer, r, path),
            (Schema::Array(w), Schema::Array(r)) => self.compare(&w.items, &r.items, &format!("{path}[]")),
            (Schema::Map(w), Schema::Map(r)) => self.compare(&w.types, &r.types, &format!("{path}{{}}")),
            (Schema::Record(w), Schema::Record(r)) if w.name.name() == r.name.name() => self.compare_fields(w, r, path),
            (Schema::Enum(w), Schema::Enum(r)) if w.name.name() == r.name.name() => {
                let lost: Vec<&str> = w
                    .symbols
                    .iter()
                    .filter(|symbol| !r.symbols.contains(symbol))
                    .map(String::as_str)
                    .collect();
                if lost.is_empty() || r.default.is_some() {
                    return Vec::new();
                }
                let text = format!(
                    "the reader's enum {} has no default and lacks {}",
                    r.name,
                    lost.join(", ")
                );
                vec![reason("MISSING_ENUM_SYMBOLS", path, text)]
            }
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
            if same_type(writer, resolved(branch, &self.read)) {
                meant = Some(reasons);
            }
        }
        let text = format!("the reader's union has no branch for the writer's {}", shown(writer));
        meant.unwrap_or_else(|| vec![reason("MISSING_UNION_BRANCH", path, text)])
    }

    fn compare_fields(&mut self, writer: &'s RecordSchema, reader: &'s RecordSchema, path: &str) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for field in &reader.fields {
            let path = if path.is_empty() {
                field.name.clone()
            } else {
                format!("{path}.{}", field.name)
            };
            let names = std::iter::once(&field.name).chain(&field.aliases);
            let written = names
                .filter_map(|name| writer.fields.iter().find(|candidate| candidate.name == *name))
                .next();
            match written {
                Some(written) => add(&mut reasons, self.compare(&written.schema, &field.schema, &path)),
                None if field.default.is_none() => {
                    let text = format!(
                        "the reader's field {} has no default, and the writer does not write it",
                        field.name
                    );
                    add(
                        &mut reasons,
                        vec![reason("READER_FIELD_MISSING_DEFAULT_VALUE", &path, text)],
                    );
                }
                None => {}
            }
        }
        reasons
    }
}

/// Types without parts, and types that do not go together at all: what apache-avro says.
fn compare_whole(writer: &Schema, reader: &Schema, path: &str) -> Vec<Reason> {
    let text = format!("a reader's {} cannot read a writer's {}", shown(reader), shown(writer));
    match SchemaCompatibility::can_read(writer, reader) {
        Ok(Compatibility::Full) => Vec::new(),
        Err(CompatibilityError::NameMismatch { .. }) => vec![reason("NAME_MISMATCH", path, text)],
        Err(error @ CompatibilityError::FixedMismatch) => vec![reason("FIXED_SIZE_MISMATCH", path, error.to_string())],
        Err(error @ CompatibilityError::DecimalMismatch { .. }) => {
            vec![reason("TYPE_MISMATCH", path, error.to_string())]
        }
        Ok(Compatibility::Partial) | Err(_) => vec![reason("TYPE_MISMATCH", path, text)],
    }
}

fn resolved<'s>(schema: &'s Schema, named: &HashMap<&'s Name, &'s Schema>) -> &'s Schema {
    match schema {
        Schema::Ref { name } => named.get(name).copied().unwrap_or(schema),
        _ => schema,
    }
}

fn same_type(a: &Schema, b: &Schema) -> bool {
    SchemaKind::from(a) == SchemaKind::from(b) && a.name().map(Name::name) == b.name().map(Name::name)
}

fn shown(schema: &Schema) -> String {
    let kind = SchemaKind::from(schema);
    match schema.name() {
        Some(name) => format!("{kind:?} {name}"),
        None => format!("{kind:?}"),
    }
}

fn reason(kind: &'static str, path: &str, text: String) -> Reason {
    Reason {
        kind,
        path: path.to_owned(),
        text,
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
