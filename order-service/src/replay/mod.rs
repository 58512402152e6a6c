//! Replays dead letters: writes their records back to the event topic, once each, and says what became of them. Which were
//! replayed or discarded is in the dead-letter topic, as marks, and nowhere else; jobs are in the store, for progress and the
//! record of who did what.
//!
//! A [`Selection`] says which dead letters, and [`Replays`] what to do with them: a dry run tells what would become of them. A
//! real run is a [`Job`], kept with the others in [`Jobs`]: the `runner` takes one `chunk` after the other, makes a `plan` of
//! each dead letter, and has the `writer` write records and marks in one transaction. [`ReplayOutcomes`] notes what became of
//! each record when the projection folds it. Nothing here decides whether a record is valid.

mod chunk;
mod discard;
mod dry_run;
mod error;
mod id;
mod job;
mod job_list;
mod job_rows;
mod jobs;
mod letter_result;
mod outcomes;
mod plan;
mod replays;
mod runner;
mod select;
mod selection;
mod steps;
mod thread;
mod turn;
mod writer;

pub use discard::Discarded;
pub use dry_run::{DryRun, Forecast, ForecastLetter, MAX_EXAMINED};
pub use error::ReplayError;
pub use job::{Job, JobState, LetterOutcome, LetterResult, Outcomes};
pub use jobs::{Jobs, MAX_RUNNING};
pub use outcomes::ReplayOutcomes;
pub use replays::{ReplayParts, Replays, RunningReplays};
pub use selection::{MAX_IDS, Selection};
