//! The compatibility levels: which of a subject's schemas a new one must be compatible with, and in which direction.
//! Whether two schemas are compatible is up to [`orderlog_avro::compatibility`]. Pure.

use std::fmt;
use std::str::FromStr;

use orderlog_avro::compatibility::check;

use super::error::Refusal;
use super::schema::ParsedSchema;

/// A subject's requirement for each new schema; see Confluent's [schema
/// evolution](https://docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// No requirement.
    None,
    /// It can read what the latest schema wrote. Confluent's default.
    #[default]
    Backward,
    /// It can read what any earlier schema wrote.
    BackwardTransitive,
    /// The latest schema can read what it writes.
    Forward,
    /// Every earlier schema can read what it writes.
    ForwardTransitive,
    /// Both ways, with the latest schema.
    Full,
    /// Both ways, with every earlier schema.
    FullTransitive,
}

impl Level {
    const ALL: [(Level, &'static str); 7] = [
        (Level::None, "NONE"),
        (Level::Backward, "BACKWARD"),
        (Level::BackwardTransitive, "BACKWARD_TRANSITIVE"),
        (Level::Forward, "FORWARD"),
        (Level::ForwardTransitive, "FORWARD_TRANSITIVE"),
        (Level::Full, "FULL"),
        (Level::FullTransitive, "FULL_TRANSITIVE"),
    ];

    fn is_transitive(self) -> bool {
        matches!(
            self,
            Level::BackwardTransitive | Level::ForwardTransitive | Level::FullTransitive
        )
    }

    fn new_must_read_old(self) -> bool {
        matches!(
            self,
            Level::Backward | Level::BackwardTransitive | Level::Full | Level::FullTransitive
        )
    }

    fn old_must_read_new(self) -> bool {
        matches!(
            self,
            Level::Forward | Level::ForwardTransitive | Level::Full | Level::FullTransitive
        )
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Level::ALL
            .iter()
            .find(|(level, _)| level == self)
            .map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for Level {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Level, Refusal> {
        let found = Level::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        found
            .map(|(level, _)| *level)
            .ok_or_else(|| Refusal::InvalidLevel(text.to_owned()))
    }
}

/// Why `new` may not follow the `earlier` schemas (oldest first, each with its version) under that level; empty if it
/// may.
pub fn incompatibilities<'s>(
    level: Level,
    new: &ParsedSchema,
    earlier: impl DoubleEndedIterator<Item = (u32, &'s ParsedSchema)>,
) -> Vec<String> {
    let compared_with = if level.is_transitive() { usize::MAX } else { 1 };
    let mut reasons = Vec::new();
    for (version, old) in earlier.rev().take(compared_with) {
        if level.new_must_read_old() {
            let found = check(old.parsed(), new.parsed());
            reasons.extend(
                found
                    .iter()
                    .map(|it| format!("{it} (the new schema reading version {version}, {level})")),
            );
        }
        if level.old_must_read_new() {
            let found = check(new.parsed(), old.parsed());
            reasons.extend(
                found
                    .iter()
                    .map(|it| format!("{it} (version {version} reading the new schema, {level})")),
            );
        }
    }
    reasons
}

#[cfg(test)]
#[path = "compatibility_tests.rs"]
mod tests;
