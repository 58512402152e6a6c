//! Where Avro is lax and this house is not: a change that every reader survives, but after which data is read as
//! something else, or lost without a word. Pure; what Avro itself forbids is `can_read`'s business.
//!
//! Sections are those of the [Avro 1.12 specification](https://avro.apache.org/docs/1.12.0/specification/).
//!
//! Of one version (`alone`):
//!
//! | rule | why |
//! |---|---|
//! | `DOC_MISSING` | "Records", "Enums": a `doc` is optional; to the next reader of the contract it is not |
//! | `ENUM_DEFAULT_MISSING` | "Schema Resolution": without one, the first new symbol stops every older reader |
//! | `DEFAULT_MISMATCH` | "Records", table of default values. Of a union any branch will do since 1.12 (AVRO-3649); readers by older libraries expect the first |
//! | `ALIAS_COLLISION` | "Aliases": they are "subject to the same uniqueness constraints as names", which parsers check in part or not at all |
//! | `LOGICAL_TYPE_IGNORED` | "Logical Types": one that is unknown, or on another type, is ignored, so it promises what nobody keeps |
//!
//! Of two versions (`between`):
//!
//! | rule | why |
//! |---|---|
//! | `FULL_NAME_CHANGED` | "Schema Resolution" compares unqualified names; code generators and our structs go by the full one |
//! | `TYPE_CHANGED` | "Schema Resolution" lets string and bytes read each other, and a type and the union of it alone |
//! | `LOGICAL_TYPE_CHANGED` | resolution looks at the underlying type, so timestamp-millis is read as timestamp-micros, another time |
//! | `ENUM_DEFAULT_CHANGED` | two readers would disagree about a symbol that they do not know |
//! | `ENUM_SYMBOL_REMOVED` | "Schema Resolution": old data that has it would be read as the default |
//! | `ENUM_SYMBOL_MOVED` | "Sort Order": enums are ordered by position; so symbols are only appended |
//! | `UNION_REORDERED` | "Binary Encoding" writes a branch's position, and the first branch is the default's |
//! | `FIELD_DEFAULT_CHANGED` | two readers would disagree about a missing value |
//! | `RENAMED` | "Aliases": "an implementation may optionally use aliases". Older readers have none, and miss the value or take their default for it |

mod alone;
mod between;
mod default_value;

use super::parsed::Parsed;
use super::{Incompatibility, named};

/// Every breach of the rules above by the versions of a schema, oldest first, each with its name: each version alone,
/// and each against every earlier one.
pub fn house_rules(versions: &[(String, &Parsed)]) -> Vec<Incompatibility> {
    let mut found = Vec::new();
    for (n, (newer, new)) in versions.iter().enumerate() {
        found.extend(named(newer, newer, alone::breaches(new)));
        for (older, old) in &versions[..n] {
            found.extend(named(older, newer, between::breaches(old, new)));
        }
    }
    found
}

#[cfg(test)]
mod tests;
