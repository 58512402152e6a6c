//! Compatibility: whether a reader's schema can read all data of a writer's, and whether the versions of a schema can live
//! side by side. Pure: schemas come in as arguments, and nothing here knows which are registered.
//!
//! - [`check()`]: why a reader's schema cannot read a writer's data, by Avro's own rules;
//! - [`full_transitive`]: the same for every version against every other, both ways;
//! - [`house_rules()`]: stricter rules for schemas that you own, against changes that Avro allows but that change what data mean.

mod check;
mod house_rules;
mod reason;

use std::fmt;

use crate::schema::Schema;

pub use check::check;
pub use house_rules::house_rules;
pub use reason::{Reason, ReasonKind};

/// Why two versions of a schema are incompatible, or what is wrong with one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incompatibility {
    /// The version whose data are read.
    pub writer: String,
    /// The version that reads; the same as the writer where a rule is about one version alone.
    pub reader: String,
    /// What is wrong.
    pub reason: Reason,
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { writer, reader, reason } = self;
        if writer == reader {
            write!(f, "{reason} ({writer})")
        } else {
            write!(f, "{reason} ({reader} reading {writer})")
        }
    }
}

/// Why not every version (oldest first, each with its name) can read the data of every other one; empty if all can.
///
/// This is what a schema registry calls
/// [FULL_TRANSITIVE](https://docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html):
/// readers and writers may be deployed in any order, and a topic may hold data of every version.
pub fn full_transitive(versions: &[(String, &Schema)]) -> Vec<Incompatibility> {
    let mut found = Vec::new();
    for (n, (newer, new)) in versions.iter().enumerate() {
        for (older, old) in &versions[..n] {
            found.extend(named(older, newer, check(old, new)));
            found.extend(named(newer, older, check(new, old)));
        }
    }
    found
}

fn named(writer: &str, reader: &str, reasons: Vec<Reason>) -> impl Iterator<Item = Incompatibility> {
    reasons.into_iter().map(move |reason| Incompatibility {
        writer: writer.to_owned(),
        reader: reader.to_owned(),
        reason,
    })
}
