//! Carries out a command: decide, write, read back, until the log has decided. What is answered is certain, or said to be
//! unknown.

use std::time::{Duration, Instant};

use common::clock::{self, WrongClock};
use common::crash_point::{self, Point};
use common::event::OrderEvent;
use common::idempotency::{KeyedRequest, RequestHash};
use common::order::{OrderState, Outcome};
use common::projection::{Settled, View};
use common::registration::Registration;
use common::store::KeyUse;
use tokio::time::timeout_at;
use uuid::Uuid;

use crate::decide::{Decision, Refusal, Stamp, as_answered};
use crate::done::{Done, Failure};
use crate::doubts::Doubts;
use crate::publisher::{NotSent, Publisher};
use crate::turns::Turns;

/// How often a command that lost a race is decided again.
const ATTEMPTS: u32 = 3;

/// Carries out commands.
pub struct Writer {
    view: View,
    publisher: Publisher,
    registration: Registration,
    doubts: Doubts,
    orders: Turns,
    keys: Turns,
    deadline: Duration,
}

impl Writer {
    /// A writer whose commands take at most `deadline`.
    pub fn new(
        view: View,
        publisher: Publisher,
        registration: Registration,
        doubts: Doubts,
        deadline: Duration,
    ) -> Self {
        Self {
            view,
            publisher,
            registration,
            doubts,
            orders: Turns::new(),
            keys: Turns::new(),
            deadline,
        }
    }

    /// Carries out a command on an order. `decide` is asked as often as the state that it sees may have changed. A request
    /// that has a key is carried out once, however often it comes.
    ///
    /// # Errors
    /// [`Failure`], which says how sure it is.
    pub async fn carry_out(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        decide: impl Fn(Option<&OrderState>, Stamp) -> Decision,
    ) -> Result<Done, Failure> {
        let deadline = Instant::now() + self.deadline;
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
        // Whether the state is known to be at least as new as this request.
        let mut fresh = false;
        let mut attempts = 0;
        loop {
            // In this order: when an order is forgotten to be read again, its partition is in doubt before, and its own
            // doubt is gone not earlier.
            let (state, key_use) = self.look_up(order_id, keyed).map_err(unreadable)?;
            if let Some(doubt) = self.doubts.of(order_id).map_err(unreadable)? {
                let seconds_left = self.doubts.seconds_left(&doubt);
                return Err(Failure::InDoubt { doubt, seconds_left });
            }
            let partition = self.ready(order_id)?;
            // Each time: the event that was faster may have been this very request's, sent to another instance.
            if let (Some(keyed), Some(key_use)) = (keyed, key_use) {
                return earlier(state.as_ref(), &keyed.hash, &key_use);
            }
            let stamp = stamp().map_err(|wrong| Failure::NotNow(wrong.to_string()))?;
            match decide(state.as_ref(), stamp) {
                Decision::Write(event) => {
                    attempts += 1;
                    let settled = self.write(&event, keyed, partition, deadline).await?;
                    crash_point::reached(Point::EventReadBack);
                    self.check_settled(order_id, event.event_id)?;
                    match settled.outcome {
                        Outcome::Applied { .. } | Outcome::Duplicate => {
                            return Ok(Done::Written(Box::new(won(*event, &settled))));
                        }
                        Outcome::Superseded if attempts == ATTEMPTS => {
                            return Err(Failure::NotNow(format!("other writers were faster {ATTEMPTS} times")));
                        }
                        // The event that won lies before ours, so it has been read: the state is newer than the request.
                        Outcome::Superseded => fresh = true,
                        Outcome::Ignored | Outcome::Rejected(_) => return Err(rejected(&settled)),
                    }
                }
                Decision::AlreadySo(state) if fresh => return Ok(Done::AlreadySo(state)),
                Decision::Refuse(refusal) if fresh => return Err(Failure::Refused(refusal)),
                // A refusal is as sure as a success: it is given only from a state that is as new as the request.
                Decision::AlreadySo(_) | Decision::Refuse(_) => {
                    self.view
                        .catch_up_with_now(partition, deadline)
                        .await
                        .map_err(|e| Failure::NotNow(e.to_string()))?;
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
    /// it said is not known yet.
    fn check_settled(&self, order_id: &str, event_id: Uuid) -> Result<(), Failure> {
        let reason = match self.doubts.of(order_id) {
            Ok(None) => return Ok(()),
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
        // Registered before the event can be on the topic, so that its reading is not missed.
        let mut waiter = self.view.waiters().event(event_id);
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
        in_time.unwrap_or_else(|_| Err(unknown("the event was not read back in time")))
    }
}

/// What a request gets whose key was used before: the order as it was then, when it was the same request.
fn earlier(state: Option<&OrderState>, hash: &RequestHash, key_use: &KeyUse) -> Result<Done, Failure> {
    match (key_use, state) {
        (KeyUse::Here(answer), Some(state)) if answer.hash == *hash => {
            Ok(Done::Replayed(Box::new(as_answered(answer, state))))
        }
        (KeyUse::Here(answer), None) if answer.hash == *hash => {
            Err(Failure::NotNow("the order is being read again".to_owned()))
        }
        _ => Err(Failure::Refused(Refusal::KeyReused)),
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
        event_id: clock::event_id(now_ms),
        now_ms,
    })
}
