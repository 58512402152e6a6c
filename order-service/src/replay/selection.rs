//! Which dead letters a request is about. Pure.

use std::collections::BTreeSet;

use orderlog_contract::rejection::Code;
use serde::{Deserialize, Serialize};

use crate::dead_letter::{DeadLetterId, DeadLetterRow, DeadLetterState, Filter};

/// How many ids one request may name.
pub const MAX_IDS: usize = 1_000;

/// Which dead letters a request is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub enum Selection {
    /// Those with these ids.
    Ids(BTreeSet<DeadLetterId>),
    /// Those with that code.
    Code(Code),
    /// Those written in that time: milliseconds since 1970-01-01 UTC.
    Written {
        /// Then or later.
        since: Option<i64>,
        /// Before that.
        until: Option<i64>,
    },
    /// All.
    All,
}

impl Selection {
    /// The filter that finds them in the index; `None` for those with ids, which are looked up.
    pub(super) fn filter(&self, state: Option<DeadLetterState>) -> Option<Filter> {
        let filter = Filter {
            state,
            ..Filter::default()
        };
        match self {
            Self::Ids(_) => None,
            Self::Code(code) => Some(Filter {
                code: Some(*code),
                ..filter
            }),
            Self::Written { since, until } => Some(Filter {
                since: *since,
                until: *until,
                ..filter
            }),
            Self::All => Some(filter),
        }
    }
}

/// A dead letter that was selected; without a row if there is none with that id.
pub(super) type Selected = (DeadLetterId, Option<DeadLetterRow>);

/// As it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

impl From<Selection> for Stored {
    fn from(selection: Selection) -> Self {
        match selection {
            Selection::Ids(ids) => Self {
                ids: Some(ids.iter().map(DeadLetterId::to_string).collect()),
                ..Self::default()
            },
            Selection::Code(code) => Self {
                code: Some(code),
                ..Self::default()
            },
            Selection::Written { since, until } => Self {
                since,
                until,
                ..Self::default()
            },
            Selection::All => Self::default(),
        }
    }
}

impl TryFrom<Stored> for Selection {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Ok(match stored {
            Stored { ids: Some(ids), .. } => Self::Ids(ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?),
            Stored { code: Some(code), .. } => Self::Code(code),
            Stored {
                since: None,
                until: None,
                ..
            } => Self::All,
            Stored { since, until, .. } => Self::Written { since, until },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_read_back_from_its_row() {
        let ids = ["0-1", "1-0"].map(|id| id.parse().expect("an id"));
        for selection in [
            Selection::Ids(ids.into()),
            Selection::Ids(BTreeSet::new()),
            Selection::Code(Code::InvalidOrder),
            Selection::Written {
                since: Some(0),
                until: None,
            },
            Selection::All,
        ] {
            let row = serde_json::to_vec(&selection).expect("JSON");
            assert_eq!(
                serde_json::from_slice::<Selection>(&row).expect("a selection"),
                selection
            );
        }
    }

    #[test]
    fn the_index_filters_by_everything_but_ids() {
        assert!(Selection::Ids(BTreeSet::new()).filter(None).is_none());
        let filter = Selection::Written {
            since: Some(1),
            until: Some(2),
        }
        .filter(Some(DeadLetterState::Open))
        .expect("a filter");
        assert_eq!(
            (filter.since, filter.until, filter.state, filter.code),
            (Some(1), Some(2), Some(DeadLetterState::Open), None)
        );
    }
}
