//! Why a subject does not take a schema: in the registry's words, or, where it has none (Apicurio), in ours. Nothing here
//! may write to the registry.

use orderlog_avro::SchemaText;
use orderlog_avro::compatibility::{Parsed, full_transitive};
use schema_registry_converter::schema_registry_common::RawRegisteredSchema;
use serde_json::json;

use super::answer::{self, Answer, Verdict, codes, held, one_line};
use super::exchange::Exchange;
use super::outage::Outage;
use super::question::{Question, segment};
use super::references::{self, Incomplete};

/// Lines of a verbose answer that are no reasons: they repeat the whole schema that it was compared with.
const REPETITION: &str = "{oldSchema:";

/// Why the subject would not take that schema if it were FULL_TRANSITIVE, which it becomes when we register; none when it
/// would. `name` names the schema in the reasons.
///
/// # Errors
/// When the registry cannot be asked.
pub(super) async fn find(exchange: &Exchange, subject: &str, name: &str, text: &str) -> Result<Vec<String>, Outage> {
    let verdicts = verdicts(exchange, subject, text).await?;
    let theirs: Vec<String> = verdicts
        .iter()
        .filter(|verdict| !verdict.is_compatible)
        .flat_map(|verdict| &verdict.messages)
        .filter(|message| !message.starts_with(REPETITION))
        .map(|message| one_line(message))
        .collect();
    if !theirs.is_empty() {
        return Ok(theirs);
    }
    let mut ours = beside(exchange, subject, name, text).await?;
    if ours.is_empty() && verdicts.iter().any(|verdict| !verdict.is_compatible) {
        ours.push("the registry finds it incompatible and gives no reason".to_owned());
    }
    Ok(ours)
}

/// Why that schema and what the subject holds cannot be there together; none when they can.
///
/// # Errors
/// When the registry cannot be asked.
pub(super) async fn beside(exchange: &Exchange, subject: &str, name: &str, text: &str) -> Result<Vec<String>, Outage> {
    let mut reasons = Vec::new();
    for version in versions(exchange, subject).await? {
        reasons.extend(against(exchange, subject, version, name, text).await?);
    }
    Ok(reasons)
}

/// What the registry says of that schema: once of all versions together, or, where it cannot be asked so, of each.
async fn verdicts(exchange: &Exchange, subject: &str, text: &str) -> Result<Vec<Verdict>, Outage> {
    match verdict(exchange, subject, "", text).await {
        Ok(verdict) => return Ok(verdict.into_iter().collect()),
        Err(outage) if outage.is_no_such_path() => {}
        Err(outage) => return Err(outage),
    }
    let mut verdicts = Vec::new();
    for version in versions(exchange, subject).await? {
        verdicts.extend(verdict(exchange, subject, &format!("/{version}"), text).await?);
    }
    Ok(verdicts)
}

/// None where there is nothing to compare with.
async fn verdict(exchange: &Exchange, subject: &str, version: &str, text: &str) -> Result<Option<Verdict>, Outage> {
    let question = Question::post(
        format!(
            "/compatibility/subjects/{}/versions{version}?verbose=true",
            segment(subject)
        ),
        json!({"schema": text}),
        &[
            codes::SUBJECT_NOT_FOUND,
            codes::VERSION_NOT_FOUND,
            codes::INVALID_SCHEMA,
        ],
    );
    Ok(match exchange.ask(&question, answer::verdict).await? {
        Answer::Said(verdict) => Some(verdict),
        Answer::Refused(refusal) if refusal.error_code == codes::INVALID_SCHEMA => Some(Verdict {
            is_compatible: false,
            messages: vec![refusal.message],
        }),
        Answer::Refused(_) => None,
    })
}

/// The versions that a subject has; none when there is no such subject.
pub(super) async fn versions(exchange: &Exchange, subject: &str) -> Result<Vec<u32>, Outage> {
    let path = format!("/subjects/{}/versions", segment(subject));
    let question = Question::get(path, &[codes::SUBJECT_NOT_FOUND]).look_up();
    Ok(match exchange.ask(&question, answer::versions).await? {
        Answer::Said(versions) => versions,
        Answer::Refused(_) => Vec::new(),
    })
}

/// A version of a subject; none when it was deleted since it was listed.
pub(super) async fn version(
    exchange: &Exchange,
    subject: &str,
    version: u32,
) -> Result<Option<RawRegisteredSchema>, Outage> {
    let question = Question::get(
        format!("/subjects/{}/versions/{version}", segment(subject)),
        &[codes::SUBJECT_NOT_FOUND, codes::VERSION_NOT_FOUND],
    )
    .look_up();
    Ok(match exchange.ask(&question, held).await? {
        Answer::Said(held) => Some(held),
        Answer::Refused(_) => None,
    })
}

/// Why that schema and a version of the subject could not be there together.
async fn against(
    exchange: &Exchange,
    subject: &str,
    version: u32,
    name: &str,
    text: &str,
) -> Result<Vec<String>, Outage> {
    let Some(held) = self::version(exchange, subject, version).await? else {
        return Ok(Vec::new());
    };
    let theirs = match references::complete(exchange, held).await {
        Ok(theirs) => theirs,
        Err(Incomplete::Unknown(reason)) => return Ok(vec![format!("version {version} {reason}")]),
        Err(Incomplete::Outage(outage)) => return Err(outage),
    };
    if theirs.schema_type != "AVRO" {
        return Ok(vec![format!(
            "version {version} is not Avro but {}",
            theirs.schema_type
        )]);
    }
    Ok(compare(name, text, &format!("version {version}"), &theirs))
}

/// Why not both can read what the other writes; none when they can. Pure.
pub(super) fn compare(ours: &str, our_text: &str, theirs: &str, their_schema: &SchemaText) -> Vec<String> {
    let references: Vec<_> = their_schema.references.iter().map(String::as_str).collect();
    let told = |name: &str, reason: String| vec![format!("{name} cannot be parsed: {reason}")];
    let both = (
        Parsed::held(&their_schema.text, &references).map_err(|reason| told(theirs, reason)),
        Parsed::parse(our_text, &[]).map_err(|reason| told(ours, reason)),
    );
    let (them, us) = match &both {
        (Ok(them), Ok(us)) => (them, us),
        (Err(reason), _) | (_, Err(reason)) => return reason.clone(),
    };
    full_transitive(&[(theirs.to_owned(), them), (ours.to_owned(), us)])
        .iter()
        .map(ToString::to_string)
        .collect()
}
