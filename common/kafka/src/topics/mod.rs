//! The one place that finds, creates and checks topics. No records are read here.

mod admin;
mod find;

pub use admin::Compacted;
pub use find::{FoundTopic, TopicError, TopicPolicy, Unchecked, find};

/// How a topic is created when it is missing.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// The variable that sets its name.
    pub setting: &'static str,
    /// Number of partitions.
    pub partitions: i32,
    /// Largest record in bytes; `None`: the broker's default.
    pub max_message_bytes: Option<u32>,
}
