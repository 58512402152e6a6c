//! The compatibility level of a subject: which one holds, and giving it another.

use reqwest::Method;
use serde_json::{Value, json};

use super::Registry;
use super::answer::{Answer, codes, one_line, parsed};
use super::exchange::Exchange;
use super::outage::Outage;
use super::question::{Question, segment};

/// The level that the subject of our schema has: every version can read what every other one wrote.
pub const FULL_TRANSITIVE: &str = "FULL_TRANSITIVE";

/// The level that holds for a subject.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub name: String,
    /// Whether it is the subject's own, and not that of the whole registry.
    pub is_own: bool,
}

impl Level {
    /// Whether it is as we set it.
    pub fn is_ours(&self) -> bool {
        self.is_own && self.name == FULL_TRANSITIVE
    }
}

impl Registry {
    /// The compatibility level that holds for that subject; `None` where the registry does not tell (us).
    pub async fn level(&self, subject: &str) -> Option<String> {
        of(&self.exchange, subject).await.ok().map(|level| level.name)
    }
}

/// The level that holds for a subject.
///
/// # Errors
/// When the registry does not tell it.
pub(super) async fn of(exchange: &Exchange, subject: &str) -> Result<Level, Outage> {
    const UNSET: &[u32] = &[codes::SUBJECT_NOT_FOUND, codes::LEVEL_NOT_CONFIGURED];
    let own = exchange
        .ask(&Question::get(path(subject), UNSET).look_up(), name)
        .await?;
    if let Answer::Said(name) = own {
        return Ok(Level { name, is_own: true });
    }
    match exchange.ask(&Question::get("/config".to_owned(), UNSET), name).await? {
        Answer::Said(name) => Ok(Level { name, is_own: false }),
        Answer::Refused(refusal) => Err(Outage::denied(one_line(&refusal.message))),
    }
}

/// Gives a subject a level of its own.
///
/// # Errors
/// When the registry does not do it.
pub(super) async fn set(exchange: &Exchange, subject: &str, level: &str) -> Result<(), Outage> {
    let question = Question {
        method: Method::PUT,
        path: path(subject),
        body: Some(json!({"compatibility": level})),
        refusals: &[codes::NOT_PERMITTED],
        absent: None,
    };
    // Servers differ in what they answer; that it is theirs shows in its being JSON.
    match exchange.ask(&question, parsed::<Value>).await? {
        Answer::Said(_) => Ok(()),
        Answer::Refused(refusal) => Err(Outage::denied(one_line(&refusal.message))),
    }
}

/// Gives a subject back the level that it had.
///
/// # Errors
/// When the registry does not do it.
pub(super) async fn set_back(exchange: &Exchange, subject: &str, before: &Level) -> Result<(), Outage> {
    if before.is_own {
        return set(exchange, subject, &before.name).await;
    }
    let question = Question {
        method: Method::DELETE,
        path: path(subject),
        body: None,
        refusals: &[codes::SUBJECT_NOT_FOUND, codes::LEVEL_NOT_CONFIGURED],
        absent: None,
    };
    exchange.ask(&question, parsed::<Value>).await?;
    Ok(())
}

fn path(subject: &str) -> String {
    format!("/config/{}", segment(subject))
}

/// The API reads a level under one name and writes it under another, and not every server keeps them apart.
fn name(body: &[u8]) -> Option<String> {
    let answer: Value = parsed(body)?;
    let name = answer["compatibilityLevel"]
        .as_str()
        .or(answer["compatibility"].as_str())?;
    Some(name.to_ascii_uppercase())
}
