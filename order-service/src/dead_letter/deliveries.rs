//! Gets dead letters acknowledged: those of a batch are sent together and awaited once, for a limited time. A dead
//! letter that is still in flight then is not sent again: its record is offered again later, when there is a report.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use orderlog_kafka::producer::WriteError;
use orderlog_projection::CodeCounters;
use orderlog_runtime::metrics::DEAD_LETTERS;

use super::form::Form;
use super::outgoing::DeadLetter;
use super::sender::{Report, Sender};
use crate::SERVICE;

/// How long a batch's acknowledgments are awaited. A healthy broker takes milliseconds; all partitions wait meanwhile.
const ACK_TIMEOUT: Duration = Duration::from_secs(3);
/// The same after a batch that was not acknowledged: the other partitions must not suffer because of one topic.
const ACK_TIMEOUT_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// Why a dead letter was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DeliveryError {
    /// It was not written.
    #[error(transparent)]
    NotWritten(#[from] WriteError),
    /// Not even its smallest form fits.
    #[error("the topic rejects even a dead letter without key and value: raise its max.message.bytes")]
    NeverFits,
    /// It timed out, and may still be written.
    #[error("no acknowledgment within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

/// How the delivery of a dead letter stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    InFlight,
    Acknowledged,
    /// Acknowledged, and logged and counted.
    Reported,
    /// Its request was too large, which says nothing about the individual dead letters in it.
    RequestTooLarge,
    /// Too large in that form.
    TooLarge(Form),
    Failed(DeliveryError),
}

/// The dead letters of this process that the index does not have yet.
pub(super) struct Deliveries {
    sender: Sender,
    /// By the positions of their records.
    states: HashMap<String, State>,
    timeout: Duration,
    highest_partition: i32,
    counters: CodeCounters,
}

impl Deliveries {
    pub fn new(sender: Sender) -> Self {
        Self {
            sender,
            states: HashMap::new(),
            timeout: ACK_TIMEOUT,
            highest_partition: -1,
            counters: CodeCounters::new(DEAD_LETTERS, SERVICE),
        }
    }

    /// Sends what was not sent yet and waits for the acknowledgments. One result for each dead letter, in order.
    pub fn deliver(&mut self, dead_letters: &[&DeadLetter<'_>]) -> Vec<Result<(), DeliveryError>> {
        self.collect();
        let until = Instant::now() + self.timeout;
        self.send_new(dead_letters, until);
        if self.is_any_request_too_large(dead_letters) {
            self.sender.send_one_by_one();
            self.send_new(dead_letters, until);
        }
        while self.shrink(dead_letters, until) {
            self.await_reports(dead_letters, until);
        }
        let mut results = Vec::with_capacity(dead_letters.len());
        for dead_letter in dead_letters {
            results.push(self.result(dead_letter));
        }
        self.timeout = if results.iter().all(Result::is_ok) {
            ACK_TIMEOUT
        } else {
            ACK_TIMEOUT_AFTER_FAILURE
        };
        results
    }

    /// Processes the reports that have arrived.
    pub fn collect(&mut self) {
        while let Some(report) = self.sender.next_report(Instant::now()) {
            self.observe(report);
        }
    }

    /// Forgets a dead letter that is in the index.
    pub fn forget(&mut self, position: &str) {
        if matches!(self.states.get(position), Some(State::Acknowledged | State::Reported)) {
            self.states.remove(position);
        }
    }

    /// The highest partition of the topic that a dead letter was written to; -1 before the first.
    pub fn highest_partition(&self) -> i32 {
        self.highest_partition
    }

    /// Sends what is not in flight, and waits for the reports.
    fn send_new(&mut self, dead_letters: &[&DeadLetter<'_>], until: Instant) {
        for dead_letter in dead_letters {
            let state = self.states.get(dead_letter.position_text());
            if matches!(state, None | Some(State::Failed(_) | State::RequestTooLarge)) {
                self.send(dead_letter, Form::Copy, until);
            }
        }
        self.await_reports(dead_letters, until);
    }

    fn is_any_request_too_large(&self, dead_letters: &[&DeadLetter<'_>]) -> bool {
        dead_letters
            .iter()
            .any(|dead_letter| self.states.get(dead_letter.position_text()) == Some(&State::RequestTooLarge))
    }

    fn send(&mut self, dead_letter: &DeadLetter<'_>, form: Form, until: Instant) {
        let state = loop {
            match self.sender.send(dead_letter, form) {
                Ok(()) => break State::InFlight,
                Err(WriteError::TooLarge) => break State::TooLarge(form),
                Err(error @ WriteError::QueueFull) => match self.sender.next_report(until) {
                    Some(report) => self.observe(report),
                    None => break State::Failed(error.into()),
                },
                Err(error) => break State::Failed(error.into()),
            }
        };
        self.states.insert(dead_letter.position_text().to_owned(), state);
    }

    /// Resends those that were too large, with less in them. Returns whether there were any.
    fn shrink(&mut self, dead_letters: &[&DeadLetter<'_>], until: Instant) -> bool {
        let mut any = false;
        for dead_letter in dead_letters {
            let Some(State::TooLarge(form)) = self.states.get(dead_letter.position_text()) else {
                continue;
            };
            any = true;
            match form.smaller() {
                Some(smaller) => self.send(dead_letter, smaller, until),
                None => {
                    let failed = State::Failed(DeliveryError::NeverFits);
                    self.states.insert(dead_letter.position_text().to_owned(), failed);
                }
            }
        }
        any
    }

    fn await_reports(&mut self, dead_letters: &[&DeadLetter<'_>], until: Instant) {
        for dead_letter in dead_letters {
            while self.states.get(dead_letter.position_text()) == Some(&State::InFlight) {
                let Some(report) = self.sender.next_report(until) else {
                    return;
                };
                self.observe(report);
            }
        }
    }

    fn observe(&mut self, report: Report) {
        let state = match report.result {
            Ok(partition) => {
                self.highest_partition = self.highest_partition.max(partition);
                State::Acknowledged
            }
            Err(WriteError::TooLarge) if !report.sent.alone => State::RequestTooLarge,
            Err(WriteError::TooLarge) => State::TooLarge(report.sent.form),
            Err(error) => State::Failed(error.into()),
        };
        self.states.insert(report.sent.position, state);
    }

    fn result(&mut self, dead_letter: &DeadLetter<'_>) -> Result<(), DeliveryError> {
        let position = dead_letter.position_text();
        match self.states.get(position) {
            Some(State::Acknowledged) => {
                self.report(dead_letter);
                self.states.insert(position.to_owned(), State::Reported);
                Ok(())
            }
            Some(State::Reported) => Ok(()),
            Some(State::Failed(error)) => {
                let error = error.clone();
                // It is sent again when its record is offered again.
                self.states.remove(position);
                Err(error)
            }
            Some(State::InFlight | State::RequestTooLarge | State::TooLarge(_)) | None => {
                Err(DeliveryError::TimedOut(self.timeout))
            }
        }
    }

    /// Logs and counts a dead letter once, never with its content.
    fn report(&self, dead_letter: &DeadLetter<'_>) {
        let position = dead_letter.position();
        let code = dead_letter.code();
        tracing::warn!(
            code = code.as_str(),
            kafka.topic = position.topic,
            kafka.partition = position.partition,
            kafka.offset = position.offset,
            reason = dead_letter.why().reason,
            "record dead-lettered"
        );
        self.counters.count(code);
    }
}
