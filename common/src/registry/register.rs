//! Our lineage, written: the subject's compatibility level, then every version.

use reqwest::Method;
use serde_json::json;

use super::answer::{Answer, codes, given_id, json, one_line};
use super::outage::Outage;
use super::question::{Question, segment};
use super::{RegisterError, Registry, reasons};
use crate::schemas;

/// What the registry says when it will not have a schema.
const REFUSALS: &[u32] = &[codes::CONFLICT, codes::INCOMPATIBLE, codes::INVALID_SCHEMA];

impl Registry {
    /// Sets the subject to FULL_TRANSITIVE and registers every version of the lineage in order.
    /// Returns the id of the newest.
    ///
    /// # Errors
    /// [`RegisterError::Refused`] when a version is incompatible with what the subject holds, with the reasons;
    /// [`RegisterError::Outage`] for everything that may pass.
    pub async fn register_lineage(&self, subject: &str) -> Result<u32, RegisterError> {
        let answer = self.try_register(subject).await;
        self.note(!matches!(answer, Err(RegisterError::Outage(_))));
        answer
    }

    async fn try_register(&self, subject: &str) -> Result<u32, RegisterError> {
        self.set_compatibility(subject).await.map_err(not_written)?;
        let mut newest = None;
        for (version, text) in (1..).zip(schemas::LINEAGE) {
            newest = Some(self.register(subject, &format!("v{version}.avsc"), text).await?);
        }
        newest.ok_or_else(|| RegisterError::Refused("there is no schema to register".to_owned()))
    }

    async fn set_compatibility(&self, subject: &str) -> Result<(), Outage> {
        let question = Question {
            method: Method::PUT,
            path: format!("/config/{}", segment(subject)),
            body: Some(json!({"compatibility": "FULL_TRANSITIVE"})),
            refusals: &[],
        };
        // Servers differ in what they answer; that it is theirs shows in its being JSON.
        self.exchange.ask(&question, json::<serde_json::Value>).await?;
        Ok(())
    }

    async fn register(&self, subject: &str, name: &str, text: &str) -> Result<u32, RegisterError> {
        let path = format!("/subjects/{}/versions", segment(subject));
        let body = json!({"schema": text, "schemaType": "AVRO"});
        let question = Question::post(path, body, REFUSALS);
        let refusal = match self.exchange.ask(&question, given_id).await.map_err(not_written)? {
            Answer::Said(id) => return Ok(id),
            Answer::Refused(refusal) => one_line(&refusal.message),
        };
        let reasons = reasons::find(&self.exchange, subject, name, text).await;
        let reasons = match reasons {
            Ok(reasons) => reasons.iter().map(|reason| format!("\n  - {reason}")).collect(),
            Err(outage) => format!("\n  - the reasons could not be asked for: {outage}"),
        };
        Err(RegisterError::Refused(format!(
            "the registry at {} refuses {name} for subject {subject}: {refusal}{reasons}",
            self.url()
        )))
    }
}

/// An outage while something was to be written.
fn not_written(outage: Outage) -> RegisterError {
    let advice = if outage.is_denied() {
        "; the account may not write there. SCHEMAS=verify only looks up, for schemas that somebody else registers"
    } else {
        ""
    };
    RegisterError::Outage(format!("{outage}{advice}"))
}
