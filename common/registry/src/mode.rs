//! The mode of the registry, or of a subject in it: whether schemas are taken at all.

use serde_json::Value;

use super::answer::{Answer, codes, parsed};
use super::exchange::Exchange;
use super::question::{Question, segment};

/// The modes in which a registry takes no schema from those who want an id of it.
const CLOSED: [&str; 4] = ["READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD"];

/// The mode in which no schema can be registered under that subject; `None` where one can be, or where the registry does
/// not tell: not all of them have modes.
pub(super) async fn closed(exchange: &Exchange, subject: &str) -> Option<String> {
    const UNSET: &[u32] = &[codes::SUBJECT_NOT_FOUND, codes::MODE_NOT_CONFIGURED];
    let of_subject = format!("/mode/{}?defaultToGlobal=true", segment(subject));
    // Older servers do not know the parameter.
    for path in [of_subject, "/mode".to_owned()] {
        if let Ok(Answer::Said(mode)) = exchange.ask(&Question::get(path, UNSET), name).await {
            return Some(mode).filter(|mode| CLOSED.contains(&mode.as_str()));
        }
    }
    None
}

fn name(body: &[u8]) -> Option<String> {
    let answer: Value = parsed(body)?;
    Some(answer["mode"].as_str()?.to_ascii_uppercase())
}
