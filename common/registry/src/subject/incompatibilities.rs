//! Why a subject rejects a schema: the registry's reasons, or ours where it gives none (Apicurio).

use orderlog_avro::compatibility::full_transitive;
use orderlog_avro::{Schema, SchemaError, SchemaText};
use serde_json::json;

use super::Subject;
use super::references::{self, Incomplete};
use crate::outage::Outage;
use crate::request::{Request, segment};
use crate::response::{CompatibilityResult, Response, codes, one_line, parse_compatibility};

/// Prefix of lines in a verbose response that are not reasons: they repeat the whole other schema.
const REPETITION: &str = "{oldSchema:";

impl Subject<'_> {
    /// Why the subject would reject this schema at level FULL_TRANSITIVE, which it gets when we register; empty when it would
    /// not. `name` names the schema in the reasons.
    pub async fn incompatibilities(self, name: &str, text: &str) -> Result<Vec<String>, Outage> {
        let results = self.check(text).await?;
        let incompatible = || results.iter().filter(|result| !result.is_compatible);
        let theirs: Vec<String> = incompatible()
            .flat_map(|result| &result.messages)
            .filter(|message| !message.starts_with(REPETITION))
            .map(|message| one_line(message))
            .collect();
        if !theirs.is_empty() {
            return Ok(theirs);
        }
        let mut ours = self.incompatible_versions(name, text).await?;
        if ours.is_empty() && incompatible().next().is_some() {
            ours.push("the registry finds it incompatible but gives no reason".to_owned());
        }
        Ok(ours)
    }

    /// Why this schema and the versions in the subject are incompatible by our own rules; empty when they are not.
    pub async fn incompatible_versions(self, name: &str, text: &str) -> Result<Vec<String>, Outage> {
        let mut reasons = Vec::new();
        for version in self.versions().await? {
            reasons.extend(self.compare_with(version, name, text).await?);
        }
        Ok(reasons)
    }

    /// The registry's own compatibility check: against all versions at once, or one by one where it only offers that.
    async fn check(self, text: &str) -> Result<Vec<CompatibilityResult>, Outage> {
        match self.check_against("", text).await {
            Ok(result) => return Ok(result.into_iter().collect()),
            Err(outage) if outage.is_unknown_path() => {}
            Err(outage) => return Err(outage),
        }
        let mut results = Vec::new();
        for version in self.versions().await? {
            results.extend(self.check_against(&format!("/{version}"), text).await?);
        }
        Ok(results)
    }

    /// `None` where there is nothing to compare with.
    async fn check_against(self, version: &str, text: &str) -> Result<Option<CompatibilityResult>, Outage> {
        let request = Request::post(
            format!(
                "/compatibility/subjects/{}/versions{version}?verbose=true",
                segment(self.name)
            ),
            json!({"schema": text}),
            &[
                codes::SUBJECT_NOT_FOUND,
                codes::VERSION_NOT_FOUND,
                codes::INVALID_SCHEMA,
            ],
        );
        Ok(match self.transport.send(&request, parse_compatibility).await? {
            Response::Success(result) => Some(result),
            Response::Refused(error) if error.error_code == codes::INVALID_SCHEMA => Some(CompatibilityResult {
                is_compatible: false,
                messages: vec![error.message],
            }),
            Response::Refused(_) => None,
        })
    }

    async fn compare_with(self, version: u32, name: &str, text: &str) -> Result<Vec<String>, Outage> {
        let Some(stored) = self.version(version).await? else {
            return Ok(Vec::new());
        };
        let theirs = match references::complete(self.transport, stored).await {
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
}

/// Why the two schemas cannot read each other's data; empty when they can. Pure.
pub(super) fn compare(ours: &str, our_text: &str, theirs: &str, their_schema: &SchemaText) -> Vec<String> {
    let unparsed = |name: &str, error: SchemaError| vec![format!("{name} cannot be parsed: {error}")];
    let them = match Schema::parse_lenient(their_schema) {
        Ok(them) => them,
        Err(error) => return unparsed(theirs, error),
    };
    let us = match Schema::parse(&SchemaText::avro(our_text)) {
        Ok(us) => us,
        Err(error) => return unparsed(ours, error),
    };
    full_transitive(&[(theirs.to_owned(), &them), (ours.to_owned(), &us)])
        .iter()
        .map(ToString::to_string)
        .collect()
}
