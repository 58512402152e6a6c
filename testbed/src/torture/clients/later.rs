//! What a client does beside what it means to: requests that are sent later, or again, until it is known what became of them.

use std::time::Duration;

use anyhow::Context;
use tokio::sync::{mpsc, watch};

use super::super::conclusion::{self, Conclusion};
use super::super::history::Op;
use super::super::requests::Request;
use super::Client;

/// Between two questions what became of a request.
const PAUSE: Duration = Duration::from_millis(700);
/// How long is asked yet when all faults are over.
const LAST_WORD_US: u64 = 60_000_000;

/// A request that is sent later, or again, until it is known what became of it.
pub(super) struct Later {
    /// How long to wait; when the faults are over, no longer.
    wait: Duration,
    request: Request,
    /// Which cart-service is asked first.
    cart: usize,
    /// The attempts so far whose outcome has to be found out.
    attempts: Vec<Op>,
}

impl Client<'_> {
    /// Has it sent later.
    pub(super) fn put_off(
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
        later.send(next).ok().context("nobody does what comes later")
    }

    /// Sends a request when its time has come, and again, at one cart-service after the other, until it is known what became
    /// of it, and it was not told "not now".
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
        // An error means that all is over.
        let _ = tokio::time::timeout(wait, stop.wait_for(|stop| *stop)).await;
        let mut end = None;
        let is_open = |attempts: &[Op]| {
            let not_now = attempts.last().is_some_and(|op| op.status == Some(503));
            not_now || conclusion::of(&attempts.iter().collect::<Vec<_>>()) == Conclusion::Unknown
        };
        while is_open(&attempts) {
            if *stop.borrow() && self.clock.now() > *end.get_or_insert(self.clock.now() + LAST_WORD_US) {
                break;
            }
            attempts.push(self.write(http, cart, &request).await?);
            cart = 1 - cart;
            if is_open(&attempts) {
                // As an answer may come at once: "not now".
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}
