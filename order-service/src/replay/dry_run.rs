//! What a replay would do, without doing it: each record is read from the dead-letter topic, decoded with the schemas that are
//! known now, and folded into its order as it is now, one dead letter after the other, so that one that would be applied
//! counts for the next.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use orderlog_contract::event::OrderEvent;
use orderlog_contract::order::{OrderState, Outcome, fold};
use orderlog_contract::rejection::Code;
use orderlog_projection::store::{Store, blocking};
use uuid::Uuid;

use super::job::{LetterOutcome, LetterResult};
use super::plan::{self, Plan, ReplayRecord};
use super::select::{Selecting, count, select};
use super::selection::Selection;
use super::{ReplayError, Replays};
use crate::dead_letter::DeadLetterId;

/// How many dead letters are examined at most.
pub const MAX_EXAMINED: usize = 1_000;
/// How many are read at a time.
const CHUNK: usize = 100;
/// After that time no more are examined. One chunk may take longer.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long reading a chunk may take.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// What would become of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// Its event would be applied.
    WouldApply,
    /// Its event is the one that the order has already.
    WouldDuplicate,
    /// Its order is newer.
    WouldSupersede,
    /// It would be rejected again, or cannot be sent.
    WouldFail,
}

impl Forecast {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WouldApply => "wouldApply",
            Self::WouldDuplicate => "wouldDuplicate",
            Self::WouldSupersede => "wouldSupersede",
            Self::WouldFail => "wouldFail",
        }
    }
}

/// What would become of one dead letter, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastLetter {
    /// The dead letter.
    pub id: String,
    /// The key of its record.
    pub key: Option<String>,
    /// What would become of it.
    pub forecast: Forecast,
    /// The code that it would be rejected with.
    pub code: Option<Code>,
    /// Why, as a sentence.
    pub reason: Option<String>,
}

/// What a replay would do.
#[derive(Clone, Debug, Default)]
pub struct DryRun {
    /// How many dead letters are selected.
    pub total: u64,
    /// What would become of those that were examined, the oldest ones.
    pub letters: Vec<ForecastLetter>,
}

impl Replays {
    /// What a replay of that selection would do.
    ///
    /// # Errors
    /// [`ReplayError`]; also when the registry does not answer, as without it nothing can be said.
    pub async fn dry_run(&self, selection: Selection) -> Result<DryRun, ReplayError> {
        let begun = Instant::now();
        let below = self.index.next_offsets()?;
        let (index, selected, bounds) = (self.index.clone(), selection.clone(), below.clone());
        let total = blocking(move || count(&index, &selected, &bounds)).await?;
        let mut orders = Orders::new(self.view.store().clone());
        let mut dry_run = DryRun {
            total,
            letters: Vec::new(),
        };
        let mut cursor = None;
        while dry_run.letters.len() < MAX_EXAMINED && begun.elapsed() < TIME_LIMIT {
            let (index, selected, bounds) = (self.index.clone(), selection.clone(), below.clone());
            let page = blocking(move || select(&index, &selected, cursor, &bounds, CHUNK, Selecting::Open)).await?;
            cursor = page.last;
            let was_named = matches!(selection, Selection::Ids(_));
            let mut open = Vec::new();
            let mut letters = BTreeMap::new();
            for selected in page.selected {
                match plan::plan(&selected, &self.topic, Uuid::nil(), was_named) {
                    Plan::Send(row) => open.push((selected.0, row)),
                    Plan::Refuse(result) => drop(letters.insert(selected.0, refused(result))),
                    Plan::SentBefore | Plan::Skip => {}
                }
            }
            let positions: Vec<(i32, i64)> = open.iter().map(|(id, _)| (id.partition, id.offset)).collect();
            let records = self.reader.read(&positions, Instant::now() + READ_TIMEOUT).await?;
            for ((id, row), record) in open.into_iter().zip(records) {
                let letter = match plan::replay(id, row, record, Uuid::nil()) {
                    Ok(record) => self.forecast(&record, &mut orders, begun).await?,
                    Err(result) => refused(result),
                };
                letters.insert(id, letter);
            }
            dry_run.letters.extend(letters.into_values());
            if page.is_last {
                break;
            }
        }
        Ok(dry_run)
    }

    async fn forecast(
        &self,
        record: &ReplayRecord,
        orders: &mut Orders,
        begun: Instant,
    ) -> Result<ForecastLetter, ReplayError> {
        let (key, value) = (record.key.as_deref(), Some(record.value.as_slice()));
        let inspection = self.inspector.inspect(key, value, &record.headers, begun).await;
        if let Some(outage) = inspection.outage {
            return Err(ReplayError::Registry(outage));
        }
        let outcome = match (inspection.rejection, inspection.event) {
            (Some(rejection), _) => Outcome::Rejected(rejection),
            (None, Some((event, _, partial))) => orders.fold(event, partial, record.id).await?,
            // Not reached: what is not rejected has an event.
            (None, None) => Outcome::Ignored,
        };
        Ok(ForecastLetter {
            id: record.id.to_string(),
            key: record.row.key.clone(),
            ..forecast(outcome)
        })
    }
}

/// Orders as they are, and as the dead letters before would have made them.
struct Orders {
    store: Store,
    states: HashMap<String, Option<OrderState>>,
}

impl Orders {
    fn new(store: Store) -> Self {
        Self {
            store,
            states: HashMap::new(),
        }
    }

    async fn fold(&mut self, event: OrderEvent, partial: bool, id: DeadLetterId) -> Result<Outcome, ReplayError> {
        let order_id = event.order.order_id.clone();
        if !self.states.contains_key(&order_id) {
            let stored = self.store.order(std::slice::from_ref(&order_id)).await?;
            self.states.insert(order_id.clone(), stored);
        }
        let state = self.states.entry(order_id).or_default();
        let outcome = fold(state.as_ref(), &event);
        if matches!(outcome, Outcome::Applied { .. }) {
            *state = Some(OrderState {
                event_id: event.event_id,
                order: event.order,
                // Where it would be is not known, and does not matter.
                partition: id.partition,
                offset: id.offset,
                partial,
            });
        }
        Ok(outcome)
    }
}

fn forecast(outcome: Outcome) -> ForecastLetter {
    let (forecast, code, reason) = match outcome {
        Outcome::Applied { gap: false } => (Forecast::WouldApply, None, None),
        Outcome::Applied { gap: true } => (
            Forecast::WouldApply,
            None,
            Some("it does not follow the order's current event, but carries the whole order".to_owned()),
        ),
        Outcome::Duplicate => (
            Forecast::WouldDuplicate,
            None,
            Some("the order has this very event already".to_owned()),
        ),
        Outcome::Superseded => (
            Forecast::WouldSupersede,
            None,
            Some("the order is at this version or a later one".to_owned()),
        ),
        Outcome::Rejected(rejection) => (Forecast::WouldFail, Some(rejection.code), Some(rejection.reason)),
        Outcome::Ignored => (Forecast::WouldFail, None, Some("the record has no value".to_owned())),
    };
    ForecastLetter {
        id: String::new(),
        key: None,
        forecast,
        code,
        reason,
    }
}

fn refused(result: LetterResult) -> ForecastLetter {
    debug_assert!(matches!(result.outcome, LetterOutcome::Failed | LetterOutcome::Parked));
    ForecastLetter {
        id: result.id,
        key: result.key,
        forecast: Forecast::WouldFail,
        code: None,
        reason: result.reason,
    }
}
