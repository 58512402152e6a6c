//! Delayed requests of a client: sent later, or again until the outcome is known.

use std::time::Duration;

use anyhow::Context;
use tokio::sync::{mpsc, watch};

use super::Client;
use crate::conclusion::{self, Conclusion};
use crate::history::Op;
use crate::requests::Request;

/// Pause between two attempts to resolve an outcome.
const RETRY_PAUSE: Duration = Duration::from_millis(700);
/// How long clients keep resolving outcomes after the last fault.
const RESOLVE_TIMEOUT_US: u64 = 60_000_000;

/// A request that is sent later, or again until its outcome is known.
pub(super) struct Later {
    /// How long to wait; the wait ends early once the faults are over.
    wait: Duration,
    request: Request,
    /// Which cart-service to ask first.
    cart: usize,
    /// The attempts so far whose outcome has to be resolved.
    attempts: Vec<Op>,
}

impl Client<'_> {
    /// Schedules it.
    pub(super) fn schedule_later(
        &self,
        later: &mpsc::UnboundedSender<Later>,
        wait: Duration,
        cart: usize,
        request: &Request,
        attempts: Vec<Op>,
    ) -> anyhow::Result<()> {
        let request = request.clone();
        let next = Later {
            wait,
            request,
            cart,
            attempts,
        };
        later.send(next).ok().context("nobody handles delayed requests")
    }

    /// Sends a request when its time has come, and again, to one cart-service after the other, until its outcome is
    /// known and is not "not now".
    pub(super) async fn follow(
        &self,
        http: &reqwest::Client,
        next: Later,
        mut stop: watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let Later {
            wait,
            request,
            mut cart,
            mut attempts,
        } = next;
        // An error means that the run is over.
        let _ = tokio::time::timeout(wait, stop.wait_for(|stop| *stop)).await;
        let mut end = None;
        let is_open = |attempts: &[Op]| {
            let not_now = attempts.last().is_some_and(|op| op.status == Some(503));
            not_now || conclusion::of(&attempts.iter().collect::<Vec<_>>()) == Conclusion::Unknown
        };
        while is_open(&attempts) {
            if *stop.borrow() && self.clock.now() > *end.get_or_insert(self.clock.now() + RESOLVE_TIMEOUT_US) {
                break;
            }
            attempts.push(self.write(http, cart, &request).await?);
            cart = 1 - cart;
            if is_open(&attempts) {
                // "Not now" may be answered immediately.
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
        Ok(())
    }
}
