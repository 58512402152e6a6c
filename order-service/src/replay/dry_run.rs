//! What a replay would do, without doing it: each record is read from the dead-letter topic, decoded with the schemas that are
//! known now, and folded into its order as it is now, one dead letter after the other, so that one that would be applied
//! counts for the next.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use orderlog_contract::event::OrderEvent;
use orderlog_contract::order::{OrderState, Outcome, fold};
use orderlog_contract::rejection::Code;
use orderlog_projection::store::Store;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::chunk::{Chooser, Chunk};
use super::error::ReplayError;
use super::job::{LetterOutcome, LetterResult};
use super::plan::ReplayRecord;
use super::select::{Scope, count};
use super::selection::Selection;
use crate::dead_letter::DeadLetterId;
use crate::inspect::Inspector;

/// How many dead letters are examined at most.
pub const MAX_EXAMINED: usize = 1_000;
/// How many are read at a time.
const MAX_CHUNK: usize = 100;
/// After that time no more are examined. One chunk may take longer.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How many dry runs there are at once; others wait.
const MAX_CONCURRENT: usize = 4;

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

/// Tells what replays would do. Clones share its slots.
#[derive(Clone)]
pub(super) struct DryRunner {
    chooser: Chooser,
    inspector: Inspector,
    store: Store,
    /// Each takes memory and the reader of dead letters.
    slots: Arc<Semaphore>,
}

impl DryRunner {
    /// One that decodes with that inspector, and folds into the orders of that store.
    pub fn new(chooser: Chooser, inspector: Inspector, store: Store) -> Self {
        Self {
            chooser,
            inspector,
            store,
            slots: Arc::new(Semaphore::new(MAX_CONCURRENT)),
        }
    }

    /// What a replay of that selection would do.
    ///
    /// # Errors
    /// [`ReplayError`]; also when the registry does not answer, as without it nothing can be said.
    pub async fn run(&self, selection: Selection) -> Result<DryRun, ReplayError> {
        // Never closed.
        let _slot = self.slots.acquire().await;
        let begun = Instant::now();
        let mut scope = Scope {
            selection,
            below: self.chooser.index.next_offsets()?,
            cursor: None,
        };
        let (index, all) = (self.chooser.index.clone(), scope.clone());
        let mut dry_run = DryRun {
            total: self.chooser.steps.blocking(move || count(&index, &all)).await?,
            letters: Vec::new(),
        };
        let mut orders = Orders::new(self.store.clone());
        while dry_run.letters.len() < MAX_EXAMINED && begun.elapsed() < TIME_LIMIT {
            let limit = MAX_CHUNK.min(MAX_EXAMINED - dry_run.letters.len());
            let chunk: Chunk = self.chooser.next::<ReplayError>(&scope, Uuid::nil(), limit).await?;
            let refused = chunk.refused.into_iter();
            let mut letters: BTreeMap<DeadLetterId, ForecastLetter> =
                refused.map(|(id, result)| (id, refused_letter(result))).collect();
            for record in &chunk.records {
                letters.insert(record.id, self.forecast(record, &mut orders, begun).await?);
            }
            dry_run.letters.extend(letters.into_values());
            if chunk.is_last {
                break;
            }
            scope.cursor = chunk.cursor;
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

fn refused_letter(result: LetterResult) -> ForecastLetter {
    debug_assert!(matches!(result.outcome, LetterOutcome::Failed | LetterOutcome::Parked));
    ForecastLetter {
        id: result.id,
        key: result.key,
        forecast: Forecast::WouldFail,
        code: None,
        reason: result.reason,
    }
}
