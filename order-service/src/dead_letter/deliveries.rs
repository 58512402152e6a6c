//! Gets letters acknowledged: all of a batch are sent together and awaited once, for a bounded time. What is still under
//! way then is not sent a second time; the record is offered again later, and its report will have come.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::letter::{Form, Letter};
use super::writer::{NotWritten, Report, Writer};
use crate::SERVICE;

/// How long a batch's letters are awaited. A healthy broker takes milliseconds; all partitions wait meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);
/// The same after a batch that was not written: the other partitions must not suffer for one topic.
const LITTLE_PATIENCE: Duration = Duration::from_millis(50);

/// What is known of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    UnderWay,
    Acknowledged,
    /// Acknowledged, and told to log and metrics.
    Noted,
    /// Refused together with others: their request was too large, which says nothing of each.
    Crowded,
    /// Too large in that form.
    TooLarge(Form),
    Failed(String),
}

/// The letters of this process that the index does not have yet.
pub(super) struct Deliveries {
    writer: Writer,
    /// By coordinates of their records.
    letters: HashMap<String, State>,
    patience: Duration,
    /// The highest partition of the topic that a letter was written to; -1 before the first.
    highest_partition: i32,
}

impl Deliveries {
    pub fn new(writer: Writer) -> Self {
        Self {
            writer,
            letters: HashMap::new(),
            patience: PATIENCE,
            highest_partition: -1,
        }
    }

    /// Sends what was not sent yet and waits for the acknowledgements. One result for each letter.
    pub fn deliver(&mut self, letters: &[&Letter<'_>]) -> Vec<Result<(), String>> {
        self.collect();
        let until = Instant::now() + self.patience;
        self.send_new(letters, until);
        if self.is_any_crowded(letters) {
            self.writer.send_one_by_one();
            self.send_new(letters, until);
        }
        while self.shrink(letters, until) {
            self.await_reports(letters, until);
        }
        let results: Vec<_> = letters.iter().map(|letter| self.result(letter)).collect();
        self.patience = if results.iter().all(Result::is_ok) {
            PATIENCE
        } else {
            LITTLE_PATIENCE
        };
        results
    }

    /// Takes in the reports that have come.
    pub fn collect(&mut self) {
        while let Some(report) = self.writer.next_report(Instant::now()) {
            self.take(report);
        }
    }

    /// Forgets a letter that the index has.
    pub fn forget(&mut self, coordinates: &str) {
        if matches!(self.letters.get(coordinates), Some(State::Acknowledged | State::Noted)) {
            self.letters.remove(coordinates);
        }
    }

    /// The highest partition of the topic that a letter was written to; -1 before the first.
    pub fn highest_partition(&self) -> i32 {
        self.highest_partition
    }

    /// Sends what is not under way, and waits for the reports.
    fn send_new(&mut self, letters: &[&Letter<'_>], until: Instant) {
        for letter in letters {
            let state = self.letters.get(letter.coordinates());
            if matches!(state, None | Some(State::Failed(_) | State::Crowded)) {
                self.send(letter, Form::Copy, until);
            }
        }
        self.await_reports(letters, until);
    }

    fn is_any_crowded(&self, letters: &[&Letter<'_>]) -> bool {
        let mut states = letters
            .iter()
            .filter_map(|letter| self.letters.get(letter.coordinates()));
        states.any(|state| *state == State::Crowded)
    }

    fn send(&mut self, letter: &Letter<'_>, form: Form, until: Instant) {
        let state = loop {
            match self.writer.send(letter, form) {
                Ok(()) => break State::UnderWay,
                Err(NotWritten::QueueFull) => match self.writer.next_report(until) {
                    Some(report) => self.take(report),
                    None => break State::Failed("more letters wait to be sent than fit the queue".to_owned()),
                },
                Err(NotWritten::TooLarge) => break State::TooLarge(form),
                Err(NotWritten::Failed(reason)) => break State::Failed(reason),
            }
        };
        self.letters.insert(letter.coordinates().to_owned(), state);
    }

    /// Sends those that were too large again, with less in them. Returns whether there were any.
    fn shrink(&mut self, letters: &[&Letter<'_>], until: Instant) -> bool {
        let mut any = false;
        for letter in letters {
            let Some(State::TooLarge(form)) = self.letters.get(letter.coordinates()) else {
                continue;
            };
            any = true;
            match form.smaller() {
                Some(smaller) => self.send(letter, smaller, until),
                None => {
                    let reason = "the topic takes not even a letter without key and value: raise its max.message.bytes";
                    self.letters
                        .insert(letter.coordinates().to_owned(), State::Failed(reason.to_owned()));
                }
            }
        }
        any
    }

    fn await_reports(&mut self, letters: &[&Letter<'_>], until: Instant) {
        for letter in letters {
            while self.letters.get(letter.coordinates()) == Some(&State::UnderWay) {
                let Some(report) = self.writer.next_report(until) else {
                    return;
                };
                self.take(report);
            }
        }
    }

    fn take(&mut self, report: Report) {
        let state = match report.result {
            Ok(partition) => {
                self.highest_partition = self.highest_partition.max(partition);
                State::Acknowledged
            }
            Err(NotWritten::TooLarge) if !report.sent.alone => State::Crowded,
            Err(NotWritten::TooLarge) => State::TooLarge(report.sent.form),
            Err(NotWritten::QueueFull) => State::Failed("the queue is full".to_owned()),
            Err(NotWritten::Failed(reason)) => State::Failed(reason),
        };
        self.letters.insert(report.sent.coordinates, state);
    }

    fn result(&mut self, letter: &Letter<'_>) -> Result<(), String> {
        match self.letters.get(letter.coordinates()) {
            Some(State::Acknowledged) => {
                note(letter);
                self.letters.insert(letter.coordinates().to_owned(), State::Noted);
                Ok(())
            }
            Some(State::Noted) => Ok(()),
            Some(State::Failed(reason)) => {
                let reason = reason.clone();
                // It is sent anew when its record is offered again.
                self.letters.remove(letter.coordinates());
                Err(reason)
            }
            Some(State::UnderWay | State::Crowded | State::TooLarge(_)) | None => {
                Err(format!("no acknowledgement within {} ms", self.patience.as_millis()))
            }
        }
    }
}

/// Says once that a record was dead-lettered; never what was in it.
fn note(letter: &Letter<'_>) {
    let place = letter.place();
    tracing::warn!(
        code = letter.code().as_str(),
        kafka.topic = place.topic,
        kafka.partition = place.partition,
        kafka.offset = place.offset,
        reason = letter.why().reason,
        "record dead-lettered"
    );
    metrics::counter!("orderlog_dead_letters_total", "service" => SERVICE, "code" => letter.code().as_str())
        .increment(1);
}
