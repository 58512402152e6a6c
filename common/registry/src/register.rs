//! Our lineage, written: every version that is missing, at the level that keeps readers and writers able to read each
//! other. What only asks comes first, so that a refusal leaves the registry as it was.

use serde_json::json;

use super::answer::{Answer, codes, given_id, one_line};
use super::level::{self, FULL_TRANSITIVE, Level};
use super::outage::Outage;
use super::question::{Question, segment};
use super::standing::{Found, find};
use super::{RegisterError, Registry, mode, reasons};

/// What the registry says when it will not have a schema.
const REFUSALS: &[u32] = &[
    codes::CONFLICT,
    codes::INCOMPATIBLE,
    codes::INVALID_SCHEMA,
    codes::NOT_PERMITTED,
];

/// What to do where a schema is missing and cannot be registered.
const VERIFY: &str =
    "register it where schemas are written; SCHEMAS=verify only looks up, for schemas that somebody else registers";

impl Registry {
    /// Registers every version of the lineage that the subject does not have, in order, and sets the subject to
    /// FULL_TRANSITIVE where it is not. Returns the id of the newest. Where all are there, a level that cannot be set is no
    /// obstacle.
    ///
    /// # Errors
    /// [`RegisterError::Refused`] when a version is incompatible with what the subject holds, with the reasons; the subject
    /// is as it was then. [`RegisterError::Outage`] for everything that may pass.
    pub async fn register_lineage(&self, subject: &str, lineage: &[&str]) -> Result<u32, RegisterError> {
        let answer = self.try_register(subject, lineage).await;
        self.note(!matches!(answer, Err(RegisterError::Outage(_))));
        answer
    }

    async fn try_register(&self, subject: &str, lineage: &[&str]) -> Result<u32, RegisterError> {
        let (mut newest, mut missing) = (None, Vec::new());
        for (version, text) in (1..).zip(lineage) {
            newest = match find(&self.exchange, subject, text).await.map_err(outage)? {
                Found::Here { id, .. } => Some(id),
                Found::Missing(_) => {
                    missing.push((format!("v{version}.avsc"), *text));
                    None
                }
            };
        }
        if missing.is_empty() {
            self.keep_level(subject).await;
            return newest.ok_or_else(|| RegisterError::Refused("there is no schema to register".to_owned()));
        }
        for (name, text) in &missing {
            let reasons = reasons::find(&self.exchange, subject, name, text)
                .await
                .map_err(outage)?;
            if !reasons.is_empty() {
                let why = "it does not go together with what is registered there";
                return Err(self.refused(subject, name, why, &listed(&reasons)));
            }
        }
        if let Some(mode) = mode::closed(&self.exchange, subject).await {
            return Err(RegisterError::Outage(format!(
                "the registry at {} is in mode {mode} and does not have {} for subject {subject}: {VERIFY}",
                self.url(),
                missing[0].0
            )));
        }
        let before = level::of(&self.exchange, subject).await.ok();
        if before.as_ref().is_some_and(Level::is_ours) {
            return self.register_all(subject, lineage).await;
        }
        level::set(&self.exchange, subject, FULL_TRANSITIVE)
            .await
            .map_err(|outage| level_not_set(outage, subject))?;
        let registered = self.register_all(subject, lineage).await;
        if let (Err(_), Some(before)) = (&registered, before)
            && let Err(outage) = level::set_back(&self.exchange, subject, &before).await
        {
            tracing::warn!(subject, level = before.name, reason = %outage, "the subject's compatibility level could not be set back");
        }
        registered
    }

    /// Sets the level of a subject that has our versions, where that is possible.
    async fn keep_level(&self, subject: &str) {
        let is_set = level::of(&self.exchange, subject).await;
        if is_set.is_ok_and(|level| level.name == FULL_TRANSITIVE) {
            return;
        }
        if let Err(outage) = level::set(&self.exchange, subject, FULL_TRANSITIVE).await {
            tracing::warn!(subject, reason = %outage, "the subject's compatibility level could not be set to {FULL_TRANSITIVE}");
        }
    }

    /// Registers every version; those that are there keep their ids.
    async fn register_all(&self, subject: &str, lineage: &[&str]) -> Result<u32, RegisterError> {
        let mut newest = None;
        for (version, text) in (1..).zip(lineage) {
            newest = Some(self.register(subject, &format!("v{version}.avsc"), text).await?);
        }
        newest.ok_or_else(|| RegisterError::Refused("there is no schema to register".to_owned()))
    }

    async fn register(&self, subject: &str, name: &str, text: &str) -> Result<u32, RegisterError> {
        let path = format!("/subjects/{}/versions", segment(subject));
        // Without its type, which registries of before there were others do not know: Avro is what all of them take it for.
        let question = Question::post(path, json!({"schema": text}), REFUSALS);
        let refusal = match self.exchange.ask(&question, given_id).await.map_err(not_written)? {
            Answer::Said(id) => return Ok(id),
            Answer::Refused(refusal) => refusal,
        };
        let why = one_line(&refusal.message);
        if refusal.error_code == codes::NOT_PERMITTED {
            return Err(RegisterError::Outage(format!(
                "the registry at {} does not take {name} for subject {subject} ({why}): {VERIFY}",
                self.url()
            )));
        }
        let reasons = match reasons::find(&self.exchange, subject, name, text).await {
            Ok(reasons) => listed(&reasons),
            Err(outage) => format!("\n  - the reasons could not be asked for: {outage}"),
        };
        Err(self.refused(subject, name, &why, &reasons))
    }

    fn refused(&self, subject: &str, name: &str, why: &str, reasons: &str) -> RegisterError {
        RegisterError::Refused(format!(
            "the registry at {} refuses {name} for subject {subject}: {why}{reasons}",
            self.url()
        ))
    }
}

fn listed(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("\n  - {reason}")).collect()
}

fn outage(outage: Outage) -> RegisterError {
    RegisterError::Outage(outage.to_string())
}

/// An outage while the level was to be set, which some registries cannot be asked for.
fn level_not_set(outage: Outage, subject: &str) -> RegisterError {
    if !outage.is_no_such_path() {
        return not_written(outage);
    }
    RegisterError::Outage(format!(
        "{outage}; the level of subject {subject} cannot be set this way. Set it to {FULL_TRANSITIVE} by hand, for the subject itself, or, where it cannot be read here either, have somebody else register the schemas and set SCHEMAS=verify, which only looks up"
    ))
}

/// An outage while something was to be written.
fn not_written(outage: Outage) -> RegisterError {
    let advice = if outage.is_denied() {
        "; the account may not write there, or nobody may in the registry's mode. SCHEMAS=verify only looks up, for schemas that somebody else registers"
    } else {
        ""
    };
    RegisterError::Outage(format!("{outage}{advice}"))
}
