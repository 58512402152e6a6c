//! House rules for schemas that you own, where Avro itself is lax: they forbid changes that no reader rejects, but
//! after which data are read as something else, or silently lost. Pure; what Avro itself forbids is covered by `check`.
//!
//! Sections are those of the [Avro 1.12 specification](https://avro.apache.org/docs/1.12.0/specification/).
//!
//! For each version (`alone`):
//!
//! | rule | why |
//! |---|---|
//! | `DOC_MISSING` | "Records", "Enums": a `doc` is optional for Avro; the next developer needs it |
//! | `ENUM_DEFAULT_MISSING` | "Schema Resolution": without one, the first new symbol stops every older reader |
//! | `DEFAULT_MISMATCH` | "Records", table of default values. Since 1.12 a union's default may be of any branch (AVRO-3649); readers with older libraries expect the first |
//! | `ALIAS_COLLISION` | "Aliases": they are "subject to the same uniqueness constraints as names", which parsers check partly or not at all |
//! | `LOGICAL_TYPE_IGNORED` | "Logical Types": one that is unknown, or on another type, is ignored, so it promises what no reader does |
//!
//! For each two versions (`between`):
//!
//! | rule | why |
//! |---|---|
//! | `FULL_NAME_CHANGED` | "Schema Resolution" compares unqualified names; code generators use the full one |
//! | `TYPE_CHANGED` | "Schema Resolution" lets string and bytes read each other, and a type and the union of only that type |
//! | `LOGICAL_TYPE_CHANGED` | resolution looks at the underlying type, so timestamp-millis is read as timestamp-micros: another time |
//! | `ENUM_DEFAULT_CHANGED` | two readers would disagree about an unknown symbol |
//! | `ENUM_SYMBOL_REMOVED` | "Schema Resolution": old data with it would be read as the default |
//! | `ENUM_SYMBOL_MOVED` | "Sort Order": enums are ordered by position; so symbols are only appended |
//! | `UNION_REORDERED` | "Binary Encoding" writes a branch's position, and the default is of the first branch |
//! | `FIELD_DEFAULT_CHANGED` | two readers would disagree about a missing value |
//! | `RENAMED` | "Aliases": "an implementation may optionally use aliases". Older readers have none, and fail or read their default instead of the value |

mod alone;
mod between;
mod default_value;

use super::{Incompatibility, named};
use crate::schema::Schema;

/// Violations of house rules by the versions of a schema (oldest first, each with its name): by each version alone, and by each
/// against every earlier one.
///
/// They are for schemas that you own, and stricter than Avro: they forbid changes that no reader rejects, but after which data
/// are read as something else, or silently lost. The rules are the `House rule` kinds of [`ReasonKind`](super::ReasonKind), and
/// `AliasCollision` and `DefaultMismatch`.
pub fn house_rules(versions: &[(String, &Schema)]) -> Vec<Incompatibility> {
    let mut found = Vec::new();
    for (n, (newer, new)) in versions.iter().enumerate() {
        found.extend(named(newer, newer, alone::violations(new)));
        for (older, old) in &versions[..n] {
            found.extend(named(older, newer, between::violations(old, new)));
        }
    }
    found
}

#[cfg(test)]
mod tests;
