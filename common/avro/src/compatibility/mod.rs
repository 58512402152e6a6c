//! What a new version of a schema must keep, and whether it does. Pure: schemas come in as arguments, and nothing here
//! knows which ones are ours or registered.
//!
//! - [`Parsed`]: one schema, ready to be compared;
//! - [`obstacles`]: why a reader cannot read a writer's data, by Avro's own rules;
//! - [`full_transitive`]: the same for every version against every other, both ways;
//! - [`house_rules()`]: what Avro allows, and this house does not.

mod can_read;
mod house_rules;
mod logical;
mod parsed;
mod reason;

use std::fmt;

pub use can_read::obstacles;
pub use house_rules::house_rules;
pub use parsed::Parsed;
pub use reason::Reason;

/// Why two versions of a schema do not go together, or why one cannot stand as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incompatibility {
    /// The version whose data is read.
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

/// Why not every version (oldest first, each with its name) can read what every other one writes; empty when it can.
///
/// It is what a schema registry calls
/// [FULL_TRANSITIVE](https://docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html):
/// consumers and producers may be deployed in any order, and the topic may hold data of every version.
pub fn full_transitive(versions: &[(String, &Parsed)]) -> Vec<Incompatibility> {
    let mut found = Vec::new();
    for (n, (newer, new)) in versions.iter().enumerate() {
        for (older, old) in &versions[..n] {
            found.extend(named(older, newer, obstacles(old, new)));
            found.extend(named(newer, older, obstacles(new, old)));
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
