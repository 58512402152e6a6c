//! How a schema stands with a subject: whether it is registered, could be, or could not. Nothing here may write to the
//! registry.

use apache_avro::Schema;
use schema_registry_converter::schema_registry_common::RawRegisteredSchema;
use serde_json::json;

use super::answer::{Answer, codes, held, one_line};
use super::exchange::Exchange;
use super::outage::Outage;
use super::question::{Question, segment};
use super::{Registry, RegistryError, reasons};

/// What the registry says when it does not have a schema, or will not look for such a one.
const MISSING: &[u32] = &[codes::SUBJECT_NOT_FOUND, codes::SCHEMA_NOT_FOUND, codes::INVALID_SCHEMA];

/// How a schema stands with a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is registered.
    Registered {
        /// Its id, the same in every subject.
        id: u32,
        /// Its version in the subject.
        version: u32,
    },
    /// It is not, but could be.
    Registrable,
    /// It cannot be registered, and why not.
    Incompatible(Vec<String>),
}

/// What a look-up found.
pub(super) enum Found {
    Here {
        id: u32,
        version: u32,
    },
    /// Not there, with the registry's reason.
    Missing(String),
}

impl Registry {
    /// How that schema stands with the subject, as if the subject were FULL_TRANSITIVE. `name` names it in reasons.
    ///
    /// # Errors
    /// [`RegistryError::Outage`] when the registry gives no usable answer.
    pub async fn standing(&self, subject: &str, name: &str, text: &str) -> Result<Standing, RegistryError> {
        let standing = self.ask_standing(subject, name, text).await;
        self.note(standing.is_ok());
        Ok(standing?)
    }

    async fn ask_standing(&self, subject: &str, name: &str, text: &str) -> Result<Standing, Outage> {
        if let Found::Here { id, version } = find(&self.exchange, subject, text).await? {
            return Ok(Standing::Registered { id, version });
        }
        let reasons = reasons::find(&self.exchange, subject, name, text).await?;
        Ok(if reasons.is_empty() {
            Standing::Registrable
        } else {
            Standing::Incompatible(reasons)
        })
    }
}

/// Looks a schema up under a subject (Confluent API reference, `POST /subjects/(string: subject)`).
pub(super) async fn find(exchange: &Exchange, subject: &str, text: &str) -> Result<Found, Outage> {
    let body = json!({"schema": text, "schemaType": "AVRO"});
    let question = Question::post(format!("/subjects/{}", segment(subject)), body, MISSING);
    Ok(match exchange.ask(&question, looked_up).await? {
        Answer::Said((_, _, found)) if !writes_the_same(&found, text) => {
            Found::Missing("the registry answers with another schema".to_owned())
        }
        Answer::Said((id, version, _)) => Found::Here { id, version },
        Answer::Refused(refusal) => Found::Missing(one_line(&refusal.message)),
    })
}

fn looked_up(body: &[u8]) -> Option<(u32, u32, String)> {
    let RawRegisteredSchema {
        id, version, schema, ..
    } = held(body)?;
    Some((id?, version?, schema?))
}

/// Equal Parsing Canonical Forms: a registry may know a schema by another text of the same meaning.
fn writes_the_same(theirs: &str, ours: &str) -> bool {
    let canonical = |text: &str| Schema::parse_str(text).ok().map(|schema| schema.canonical_form());
    canonical(theirs) == canonical(ours)
}
