//! Finds selected dead letters in the index, in the order of their ids. All of it blocks.

use std::collections::BTreeMap;
use std::ops::Bound;

use orderlog_projection::store::StoreError;

use super::selection::{Selected, Selection};
use crate::dead_letter::{DeadLetterId, DeadLetterState, Index};

/// Which dead letters a filter finds. Those with ids are found in any state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selecting {
    /// Those that can be replayed.
    Open,
    /// Those that can be discarded: parked ones, too.
    Unsettled,
}

/// Some of the selected dead letters.
pub(super) struct SelectedPage {
    pub selected: Vec<Selected>,
    /// The next page is after this one.
    pub last: Option<DeadLetterId>,
    pub is_last: bool,
}

/// The selected dead letters after `cursor`, at most `limit`. Filters find those below `below` only.
///
/// # Errors
/// The disk fails.
pub(super) fn select(
    index: &Index,
    selection: &Selection,
    cursor: Option<DeadLetterId>,
    below: &BTreeMap<i32, i64>,
    limit: usize,
    selecting: Selecting,
) -> Result<SelectedPage, StoreError> {
    let state = (selecting == Selecting::Open).then_some(DeadLetterState::Open);
    if let Selection::Ids(ids) = selection {
        let after = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = ids.range((after, Bound::Unbounded)).copied();
        let mut selected = Vec::new();
        for id in rest.by_ref().take(limit) {
            selected.push((id, index.get(id)?));
        }
        return Ok(SelectedPage {
            last: selected.last().map(|(id, _)| *id),
            selected,
            is_last: rest.next().is_none(),
        });
    }
    let filter = selection.filter(state).unwrap_or_default();
    let page = index.oldest_first(cursor, below, limit, &filter)?;
    let is_unsettled = |state| selecting == Selecting::Open || DeadLetterState::UNSETTLED.contains(&state);
    let found = page.dead_letters.into_iter().filter(|(_, row)| is_unsettled(row.state));
    Ok(SelectedPage {
        selected: found.map(|(id, row)| (id, Some(row))).collect(),
        last: page.next,
        is_last: page.next.is_none(),
    })
}

/// How many dead letters are selected.
///
/// # Errors
/// The disk fails.
pub(super) fn count(index: &Index, selection: &Selection, below: &BTreeMap<i32, i64>) -> Result<u64, StoreError> {
    match selection {
        Selection::Ids(ids) => Ok(ids.len() as u64),
        // It is counted already, without those that have come since.
        Selection::All => {
            let by_state = index.summary()?.by_state;
            Ok(by_state.get(&DeadLetterState::Open).copied().unwrap_or(0))
        }
        Selection::Code(_) | Selection::Written { .. } => {
            let filter = selection.filter(None).unwrap_or_default();
            index.count(DeadLetterState::Open, &filter, below)
        }
    }
}
