//! Carries out a command: decide, write, read back, until the log has decided. What is answered is certain, or said to be
//! unknown.

mod affirm;
mod earlier;

use std::sync::Arc;
use std::time::{Duration, Instant};

use earlier::earlier;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::order::{OrderState, Outcome};
use orderlog_projection::registration::Registration;
use orderlog_projection::store::KeyUse;
use orderlog_projection::{Arrival, NotFresh, Settled, View};
use orderlog_runtime::clock::{self, WrongClock};
use orderlog_runtime::crash_point::{self, Point};
use tokio::time::timeout_at;
use uuid::Uuid;

use crate::catch_up::catch_up;
use crate::decide::{Decision, Stamp};
use crate::done::{CommandOutcome, Failure};
use crate::doubts::Doubts;
use crate::event_id;
use crate::publisher::{NotSent, Publisher};
use crate::turns::StripedLocks;

/// How often a command that lost a race is decided again.
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
    /// A writer whose commands take at most `deadline`.
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

    /// Carries out a command on an order. `decide` is asked as often as the state that it sees may have changed. A request
    /// that has a key is carried out once, however often it comes; where it is known that an earlier attempt was carried
    /// out, that is the answer, whatever stands in the way of this one.
    ///
    /// # Errors
    /// [`Failure`], which says how sure it is.
    pub async fn carry_out(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        decide: impl Fn(Option<&OrderState>, Stamp) -> Decision,
    ) -> Result<CommandOutcome, Failure> {
        if let Some(done) = self.done_before(order_id, keyed) {
            return Ok(done);
        }
        let done = self.take_turn(order_id, keyed, decide).await;
        match done {
            // It may have become known while this attempt was waiting.
            Err(Failure::NotNow(_) | Failure::InDoubt { .. } | Failure::Unknown { .. }) => {
                self.done_before(order_id, keyed).map_or(done, Ok)
            }
            done => done,
        }
    }

    async fn take_turn(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        decide: impl Fn(Option<&OrderState>, Stamp) -> Decision,
    ) -> Result<CommandOutcome, Failure> {
        let arrival = self.view.arrival(order_id);
        let deadline = arrival.at + self.deadline;
        // First the order's turn, then the key's: whoever waits for a busy order holds up nobody else.
        let turns = async {
            let order = self.orders.turn(order_id).await;
            let key = match keyed {
                Some(keyed) => Some(self.keys.turn(keyed.key.as_str()).await),
                None => None,
            };
            (order, key)
        };
        let _turns = timeout_at(deadline.into(), turns).await.map_err(|_| {
            Failure::NotNow("other requests for this order, or under this key, took too long; send it again".to_owned())
        })?;
        self.decide_until_certain(order_id, keyed, arrival, deadline, decide)
            .await
    }

    async fn decide_until_certain(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        arrival: Arrival,
        deadline: Instant,
        decide: impl Fn(Option<&OrderState>, Stamp) -> Decision,
    ) -> Result<CommandOutcome, Failure> {
        // A refusal is as sure as a success: it is given only from a state that is at least as new as the request.
        let refresh = async |partition| {
            let fresh = catch_up(&self.view, &self.publisher, partition, arrival, deadline).await;
            fresh.map_err(|NotFresh(why)| Failure::NotNow(why))
        };
        // Whether the state is known to be so.
        let mut fresh = false;
        let mut attempts = 0;
        loop {
            let rewinds = self.view.rewinds();
            let partition = self.ready(order_id)?;
            let (state, key_use) = self.look_up(order_id, keyed).map_err(unreadable)?;
            if let Some(doubt) = self.doubts.of(order_id).map_err(unreadable)? {
                let seconds_left = self.doubts.seconds_left(&doubt);
                return Err(Failure::InDoubt { doubt, seconds_left });
            }
            // After the doubt, which leaves it behind.
            let reserved = self.doubts.reserved(order_id, state.as_ref()).map_err(unreadable)?;
            // What was looked up may be of the middle of a rewind: an order that is forgotten until its records are read
            // again is not one that does not exist. Such a rewind has shown its partition as not caught up first, has counted
            // itself second, and has forgotten the order (and its doubt) third. So it was counted either before the first
            // look at the count, and then, the partition being ready after that, it was over before the order was looked up;
            // or after the second look, and then it had forgotten nothing yet; or in between, and then the counts differ.
            if self.view.rewinds() != rewinds {
                continue;
            }
            // It may have been used for this order as well, and that not be read yet.
            if key_use == Some(KeyUse::Elsewhere) && !fresh {
                refresh(partition).await?;
                fresh = true;
                continue;
            }
            // Each time: the event that was faster may have been this very request's, sent to another instance.
            let known = keyed.zip(key_use);
            let known = known.map(|(keyed, key_use)| earlier(state.as_ref(), &keyed.hash, &key_use));
            let unsure = |answer| reserved.is_some_and(|reserved| reserved.may_undo(answer));
            if let Some(answer) = known.as_ref().filter(|answer| !unsure(answer)) {
                return answer.clone();
            }
            if let Some(reserved) = &reserved {
                // What is written now is above what others may be writing below it, so that is to be known first.
                if !std::mem::replace(&mut fresh, true) {
                    refresh(partition).await?;
                    continue;
                }
                if let (Some(answer), Some(state)) = (known, &state) {
                    match self.affirm(state, reserved, partition, deadline).await? {
                        Some(_) => return answer,
                        None => continue,
                    }
                }
            }
            let stamp = stamp().map_err(|wrong| Failure::NotNow(wrong.to_string()))?;
            match decide(state.as_ref(), stamp) {
                Decision::Write(event) => {
                    attempts += 1;
                    let event = match &reserved {
                        Some(reserved) => Box::new(reserved.above(*event).map_err(Failure::Refused)?),
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
                            return Err(Failure::NotNow(format!("other writers were faster {ATTEMPTS} times")));
                        }
                        // The event that won lies before ours, so it has been read: the state is newer than the request.
                        Outcome::Superseded => fresh = true,
                        Outcome::Ignored | Outcome::Rejected(_) => return Err(rejected(&settled)),
                    }
                }
                Decision::AlreadySo(state) if fresh => match &reserved {
                    None => return Ok(CommandOutcome::AlreadySo(state)),
                    Some(reserved) => {
                        if let Some(state) = self.affirm(&state, reserved, partition, deadline).await? {
                            return Ok(CommandOutcome::AlreadySo(Box::new(state)));
                        }
                    }
                },
                Decision::Refuse(refusal) if fresh => return Err(Failure::Refused(refusal)),
                Decision::AlreadySo(_) | Decision::Refuse(_) => {
                    refresh(partition).await?;
                    fresh = true;
                }
            }
        }
    }

    /// The order, and what is known of the request's key, if it has one.
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

    /// What an operator should know of the writing, one sentence each.
    pub fn trouble(&self) -> Vec<String> {
        self.publisher.trouble()
    }

    /// Waits for what is under way to be delivered. Every request was answered before, so it is worth no long wait.
    pub fn flush(&self) {
        self.publisher.flush(Duration::from_millis(500));
    }

    /// The order's partition, when it can be written to.
    fn ready(&self, order_id: &str) -> Result<i32, Failure> {
        let Some(partition) = self.view.partition_of(order_id) else {
            let progress = self.view.progress();
            return Err(Failure::NotNow(
                progress
                    .stopped()
                    .cloned()
                    .or(progress.starting)
                    .unwrap_or_else(|| "starting".to_owned()),
            ));
        };
        match self.view.doubt(partition) {
            None => Ok(partition),
            Some(doubt) => Err(Failure::NotNow(doubt)),
        }
    }

    /// Checks that the outcome holds. While the event was under way a record of the order may have been passed over, and what
    /// it said is not known yet; or it is being read after all, which forgets the doubt, but was counted before.
    fn check_settled(&self, order_id: &str, event_id: Uuid, rewinds: u64) -> Result<(), Failure> {
        let reason = match self.doubts.of(order_id) {
            Ok(None) if self.view.rewinds() == rewinds => return Ok(()),
            Ok(None) => "records that had been passed over are being read again".to_owned(),
            Ok(Some(doubt)) => doubt.to_string(),
            Err(error) => format!("{error:#}"),
        };
        Err(Failure::Unknown { event_id, reason })
    }

    /// Sends an event and waits until it is read back.
    async fn write(
        &self,
        event: &OrderEvent,
        keyed: Option<&KeyedRequest>,
        partition: i32,
        deadline: Instant,
    ) -> Result<Settled, Failure> {
        let Some(schema_id) = self.registration.schema_id() else {
            return Err(Failure::NotNow(self.registration.trouble().unwrap_or_default()));
        };
        let event_id = event.event_id;
        let unknown = |reason: &str| Failure::Unknown {
            event_id,
            reason: reason.to_owned(),
        };
        if Instant::now() >= deadline {
            return Err(Failure::NotNow("the deadline was spent waiting".to_owned()));
        }
        // Nothing that is written now can be read back; the event would only be one more of unknown outcome.
        if let Some(transaction) = self.view.blocked(partition) {
            return Err(Failure::NotNow(transaction.to_string()));
        }
        // Registered before the event can be on the topic, so that its reading is not missed.
        let mut waiter = self.view.waiters().event(event);
        let delivery = self
            .publisher
            .send(event, keyed, schema_id, partition)
            .map_err(|error| match error {
                NotSent::NotTaken(_) => Failure::NotNow(error.to_string()),
                NotSent::DoesNotFit => Failure::Rejected(error.to_string()),
            })?;
        let read_back = async {
            tokio::select! {
                // What was read back is certain, whatever the delivery says.
                biased;
                settled = waiter.settled() => settled.ok_or_else(|| {
                    let progress = self.view.progress();
                    unknown(progress.stopped().map_or("the service is stopping", String::as_str))
                }),
                // Not the end of it: a record whose delivery failed may have been written all the same.
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

fn unreadable(error: anyhow::Error) -> Failure {
    Failure::NotNow(format!("{error:#}"))
}

/// A bug: logged where it is answered.
fn rejected(settled: &Settled) -> Failure {
    Failure::Rejected(format!(
        "an own event was rejected: partition {}, offset {}, {:?}",
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

fn stamp() -> Result<Stamp, WrongClock> {
    let now_ms = clock::now_ms()?;
    Ok(Stamp {
        event_id: event_id::event_id(now_ms),
        now_ms,
    })
}
