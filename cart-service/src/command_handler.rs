//! Carries out a command: decide, write, read back, until the log has decided. Every answer is certain, or says that the
//! outcome is unknown.

mod reaffirm;
mod replay;

use std::sync::Arc;
use std::time::{Duration, Instant};

use orderlog_contract::event::OrderEvent;
use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::order::{OrderState, Outcome};
use orderlog_projection::registration::Registration;
use orderlog_projection::store::KeyUse;
use orderlog_projection::{Arrival, NotFresh, Settled, View};
use orderlog_runtime::clock::{self, WrongClock};
use orderlog_runtime::crash_point::{self, Point};
use replay::replay;
use tokio::time::timeout_at;
use uuid::Uuid;

use crate::catch_up::catch_up;
use crate::command_outcome::{CommandError, CommandOutcome};
use crate::decide::{Decision, EventStamp};
use crate::doubts::Doubts;
use crate::event_id;
use crate::order_locks::StripedLocks;
use crate::publisher::{NotSent, Publisher};

/// How often a command is decided when it keeps losing races.
const ATTEMPTS: u32 = 3;

/// Carries out commands.
pub struct CommandHandler {
    view: View,
    publisher: Arc<Publisher>,
    registration: Registration,
    doubts: Doubts,
    orders: StripedLocks,
    keys: StripedLocks,
    deadline: Duration,
}

impl CommandHandler {
    /// Commands take at most `deadline`.
    pub fn new(
        view: View,
        publisher: Arc<Publisher>,
        registration: Registration,
        doubts: Doubts,
        deadline: Duration,
    ) -> Self {
        Self {
            view,
            publisher,
            registration,
            doubts,
            orders: StripedLocks::new(),
            keys: StripedLocks::new(),
            deadline,
        }
    }

    /// Carries out a command on an order. `decide` is called again whenever the state may have changed. A request with a key
    /// is carried out once, however often it is sent; when an earlier attempt is known to have succeeded, its answer is
    /// returned even if this attempt could not be carried out.
    ///
    /// # Errors
    /// [`CommandError`], which says how certain it is.
    pub async fn handle(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        decide: impl Fn(Option<&OrderState>, EventStamp) -> Decision,
    ) -> Result<CommandOutcome, CommandError> {
        if let Some(done) = self.find_replay(order_id, keyed) {
            return Ok(done);
        }
        let done = self.with_locks(order_id, keyed, decide).await;
        match done {
            // The outcome of an earlier attempt may have become known in the meantime.
            Err(
                CommandError::Unavailable(_)
                | CommandError::OrderUnresolved { .. }
                | CommandError::OutcomeUnknown { .. },
            ) => self.find_replay(order_id, keyed).map_or(done, Ok),
            done => done,
        }
    }

    async fn with_locks(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        decide: impl Fn(Option<&OrderState>, EventStamp) -> Decision,
    ) -> Result<CommandOutcome, CommandError> {
        let arrival = self.view.arrival(order_id);
        let deadline = arrival.at + self.deadline;
        // First the order, then the key: a request that waits for a busy order blocks nobody else.
        let turns = async {
            let order = self.orders.lock(order_id).await;
            let key = match keyed {
                Some(keyed) => Some(self.keys.lock(keyed.key.as_str()).await),
                None => None,
            };
            (order, key)
        };
        let _turns = timeout_at(deadline.into(), turns).await.map_err(|_| {
            CommandError::Unavailable("timed out waiting for other requests for this order or key; retry".to_owned())
        })?;
        self.decide_until_settled(order_id, keyed, arrival, deadline, decide)
            .await
    }

    async fn decide_until_settled(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        arrival: Arrival,
        deadline: Instant,
        decide: impl Fn(Option<&OrderState>, EventStamp) -> Decision,
    ) -> Result<CommandOutcome, CommandError> {
        // A refusal is as certain as a success: it is only based on a state that is at least as new as the request.
        let refresh = async |partition| {
            let fresh = catch_up(&self.view, &self.publisher, partition, arrival, deadline).await;
            fresh.map_err(|NotFresh(why)| CommandError::Unavailable(why))
        };
        // Whether the state is known to be that new.
        let mut fresh = false;
        let mut attempts = 0;
        loop {
            let rewinds = self.view.rewinds();
            let partition = self.ready(order_id)?;
            let (state, key_use) = self.look_up(order_id, keyed).map_err(unreadable)?;
            if let Some(doubt) = self.doubts.of(order_id).map_err(unreadable)? {
                let seconds_left = self.doubts.seconds_left(&doubt);
                return Err(CommandError::OrderUnresolved { doubt, seconds_left });
            }
            // After checking for an unresolved order: resolving one leaves reserved versions behind.
            let reserved = self.doubts.reserved(order_id, state.as_ref()).map_err(unreadable)?;
            // The lookup may have seen the middle of a rewind, which forgets an order until its records are read again. A
            // rewind first marks its partition as not caught up, then increments the count, then forgets the order. If it
            // incremented before our first read of the count, it was over before the lookup, because the partition was ready.
            // If it incremented after our second read, it had forgotten nothing yet. Otherwise the counts differ.
            if self.view.rewinds() != rewinds {
                continue;
            }
            // The key may also have been used for this order, by an event that is not read yet.
            if key_use == Some(KeyUse::Elsewhere) && !fresh {
                refresh(partition).await?;
                fresh = true;
                continue;
            }
            // In every iteration: the event that won the race may be this same request, sent to another instance.
            let known = keyed.zip(key_use);
            let known = known.map(|(keyed, key_use)| replay(state.as_ref(), &keyed.hash, &key_use));
            let unsure = |answer| reserved.is_some_and(|reserved| reserved.may_undo(answer));
            if let Some(answer) = known.as_ref().filter(|answer| !unsure(answer)) {
                return answer.clone();
            }
            if let Some(reserved) = &reserved {
                // Our event will be above the reserved versions, so first read what others have written below it.
                if !std::mem::replace(&mut fresh, true) {
                    refresh(partition).await?;
                    continue;
                }
                if let (Some(answer), Some(state)) = (known, &state) {
                    match self.reaffirm(state, reserved, partition, deadline).await? {
                        Some(_) => return answer,
                        None => continue,
                    }
                }
            }
            let stamp = stamp().map_err(|wrong| CommandError::Unavailable(wrong.to_string()))?;
            match decide(state.as_ref(), stamp) {
                Decision::Write(event) => {
                    attempts += 1;
                    let event = match &reserved {
                        Some(reserved) => Box::new(reserved.above(*event).map_err(CommandError::Refused)?),
                        None => event,
                    };
                    let settled = self.write(&event, keyed, partition, deadline).await?;
                    crash_point::reached(Point::EventReadBack);
                    self.check_settled(order_id, event.event_id, rewinds)?;
                    match settled.outcome {
                        Outcome::Applied { .. } | Outcome::Duplicate => {
                            return Ok(CommandOutcome::Written(Box::new(won(*event, &settled))));
                        }
                        Outcome::Superseded if attempts == ATTEMPTS => {
                            return Err(CommandError::Unavailable(format!("lost {ATTEMPTS} write races; retry")));
                        }
                        // The event that won precedes ours, so it has been read: the state is newer than the request.
                        Outcome::Superseded => fresh = true,
                        Outcome::Ignored | Outcome::Rejected(_) => return Err(rejected(&settled)),
                    }
                }
                Decision::AlreadySo(state) if fresh => match &reserved {
                    None => return Ok(CommandOutcome::AlreadySo(state)),
                    Some(reserved) => {
                        if let Some(state) = self.reaffirm(&state, reserved, partition, deadline).await? {
                            return Ok(CommandOutcome::AlreadySo(Box::new(state)));
                        }
                    }
                },
                Decision::Refuse(refusal) if fresh => return Err(CommandError::Refused(refusal)),
                Decision::AlreadySo(_) | Decision::Refuse(_) => {
                    refresh(partition).await?;
                    fresh = true;
                }
            }
        }
    }

    /// The order, and the use of the request's key, if it has one.
    fn look_up(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
    ) -> anyhow::Result<(Option<OrderState>, Option<KeyUse>)> {
        let store = self.view.store();
        match keyed {
            Some(keyed) => store.order_and_key_use(order_id, &keyed.key),
            None => Ok((store.order(order_id)?, None)),
        }
    }

    /// Problems with writing, one sentence each.
    pub fn trouble(&self) -> Vec<String> {
        self.publisher.trouble()
    }

    /// Waits for records in flight. All requests have been answered, so a short wait is enough.
    pub fn flush(&self) {
        self.publisher.flush(Duration::from_millis(500));
    }

    /// The order's partition, if it can be written to.
    fn ready(&self, order_id: &str) -> Result<i32, CommandError> {
        let Some(partition) = self.view.partition_of(order_id) else {
            let progress = self.view.progress();
            return Err(CommandError::Unavailable(
                progress
                    .stopped()
                    .cloned()
                    .or(progress.starting)
                    .unwrap_or_else(|| "starting".to_owned()),
            ));
        };
        match self.view.doubt(partition) {
            None => Ok(partition),
            Some(doubt) => Err(CommandError::Unavailable(doubt)),
        }
    }

    /// Checks that the outcome is final. While the event was in flight, a record of the order may have been skipped, which
    /// leaves the order unresolved; or a skipped record is now being read, which the rewind count shows.
    fn check_settled(&self, order_id: &str, event_id: Uuid, rewinds: u64) -> Result<(), CommandError> {
        let reason = match self.doubts.of(order_id) {
            Ok(None) if self.view.rewinds() == rewinds => return Ok(()),
            Ok(None) => "skipped records are being read again".to_owned(),
            Ok(Some(doubt)) => doubt.to_string(),
            Err(error) => format!("{error:#}"),
        };
        Err(CommandError::OutcomeUnknown { event_id, reason })
    }

    /// Sends an event and waits until it is read back.
    async fn write(
        &self,
        event: &OrderEvent,
        keyed: Option<&KeyedRequest>,
        partition: i32,
        deadline: Instant,
    ) -> Result<Settled, CommandError> {
        let Some(schema_id) = self.registration.schema_id() else {
            return Err(CommandError::Unavailable(
                self.registration.trouble().unwrap_or_default(),
            ));
        };
        let event_id = event.event_id;
        let unknown = |reason: &str| CommandError::OutcomeUnknown {
            event_id,
            reason: reason.to_owned(),
        };
        if Instant::now() >= deadline {
            return Err(CommandError::Unavailable(
                "the write deadline expired before the event was sent".to_owned(),
            ));
        }
        // Behind an open transaction nothing can be read back: the outcome would be unknown.
        if let Some(transaction) = self.view.blocked(partition) {
            return Err(CommandError::Unavailable(transaction.to_string()));
        }
        // Register before sending, so that the event cannot be read back unnoticed.
        let mut waiter = self.view.waiters().event(event);
        let delivery = self
            .publisher
            .send(event, keyed, schema_id, partition)
            .map_err(|error| match error {
                NotSent::NotTaken(_) => CommandError::Unavailable(error.to_string()),
                NotSent::DoesNotFit => CommandError::Internal(error.to_string()),
            })?;
        let read_back = async {
            tokio::select! {
                // What was read back is certain, whatever the delivery report says.
                biased;
                settled = waiter.settled() => settled.ok_or_else(|| {
                    let progress = self.view.progress();
                    unknown(progress.stopped().map_or("the service is stopping", String::as_str))
                }),
                // Not final: a record whose delivery failed may still have been written.
                Ok(error) = delivery => Err(unknown(&format!("the broker did not acknowledge the event: {error}"))),
            }
        };
        let in_time = timeout_at(deadline.into(), read_back).await;
        in_time.unwrap_or_else(|_| {
            let why = self
                .view
                .waited_in_vain(partition)
                .map(|transaction| transaction.to_string());
            Err(unknown(why.as_deref().unwrap_or("the event was not read back in time")))
        })
    }
}

fn unreadable(error: anyhow::Error) -> CommandError {
    CommandError::Unavailable(format!("{error:#}"))
}

/// A bug; logged where it is answered.
fn rejected(settled: &Settled) -> CommandError {
    CommandError::Internal(format!(
        "our own event was rejected: partition {}, offset {}, {:?}",
        settled.partition, settled.offset, settled.outcome
    ))
}

fn won(event: OrderEvent, settled: &Settled) -> OrderState {
    OrderState {
        event_id: event.event_id,
        order: event.order,
        partition: settled.partition,
        offset: settled.offset,
        partial: false,
    }
}

fn stamp() -> Result<EventStamp, WrongClock> {
    let now_ms = clock::now_ms()?;
    Ok(EventStamp {
        event_id: event_id::event_id(now_ms),
        now_ms,
    })
}
