//! How a schema stands with a subject: whether it is registered, could be, or could not. Nothing here may write to the
//! registry.

use orderlog_avro::SchemaText;
use schema_registry_converter::schema_registry_common::RawRegisteredSchema;
use serde_json::json;

use super::answer::{Answer, codes, held, one_line, registered};
use super::exchange::Exchange;
use super::outage::Outage;
use super::question::{Question, segment};
use super::references::{self, Incomplete};
use super::{Registry, RegistryError, mode, reasons};

/// What the registry says when it does not have a schema, or will not look for such a one.
const MISSING: &[u32] = &[codes::SUBJECT_NOT_FOUND, codes::SCHEMA_NOT_FOUND, codes::INVALID_SCHEMA];

/// How a schema stands with a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is registered.
    Registered {
        /// Its id, the same in every subject.
        id: u32,
        /// Its version in the subject; `None` where the registry does not tell.
        version: Option<u32>,
        /// Why other versions of the subject do not go together with it.
        beside: Vec<String>,
    },
    /// It is not, but could be.
    Registrable,
    /// It is not, and goes together with what is, but the registry takes no schemas in this mode.
    Closed(String),
    /// It cannot be registered, and why not.
    Incompatible(Vec<String>),
}

/// What a look-up found.
pub(super) enum Found {
    Here {
        id: u32,
        version: Option<u32>,
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
            let beside = reasons::beside(&self.exchange, subject, name, text).await?;
            return Ok(Standing::Registered { id, version, beside });
        }
        let reasons = reasons::find(&self.exchange, subject, name, text).await?;
        if !reasons.is_empty() {
            return Ok(Standing::Incompatible(reasons));
        }
        let closed = mode::closed(&self.exchange, subject).await;
        Ok(closed.map_or(Standing::Registrable, Standing::Closed))
    }
}

/// Looks a schema up under a subject (Confluent API reference, `POST /subjects/(string: subject)`).
pub(super) async fn find(exchange: &Exchange, subject: &str, text: &str) -> Result<Found, Outage> {
    let question = Question::post(
        format!("/subjects/{}", segment(subject)),
        json!({"schema": text}),
        MISSING,
    )
    .look_up();
    let ours = SchemaText::avro(text);
    let why = match exchange.ask(&question, registered).await? {
        Answer::Said(found) => {
            let (id, version) = (found.id.unwrap_or_default(), found.version);
            let theirs = complete(exchange, with_text(exchange, found).await?).await?;
            if theirs.is_some_and(|theirs| theirs.writes_the_same_as(&ours)) {
                return Ok(Found::Here { id, version });
            }
            "the registry answers with another schema".to_owned()
        }
        Answer::Refused(refusal) => one_line(&refusal.message),
    };
    let same = with_references(exchange, subject, &ours).await?;
    Ok(same.unwrap_or(Found::Missing(why)))
}

/// The schema with its text, which some leave out of the answer to a look-up.
async fn with_text(exchange: &Exchange, found: RawRegisteredSchema) -> Result<RawRegisteredSchema, Outage> {
    let (None, Some(id)) = (&found.schema, found.id) else {
        return Ok(found);
    };
    let question = Question::get(format!("/schemas/ids/{id}"), &[codes::SCHEMA_NOT_FOUND]).look_up();
    Ok(match exchange.ask(&question, held).await? {
        Answer::Said(held) => held,
        Answer::Refused(_) => found,
    })
}

/// A version of the subject that is the same schema, but with types of it in schemas of their own: not every registry finds
/// that one by the whole text.
async fn with_references(exchange: &Exchange, subject: &str, ours: &SchemaText) -> Result<Option<Found>, Outage> {
    for number in reasons::versions(exchange, subject).await? {
        let Some(held) = reasons::version(exchange, subject, number).await? else {
            continue;
        };
        let (Some(id), true) = (held.id, held.references.as_ref().is_some_and(|it| !it.is_empty())) else {
            continue;
        };
        let Some(theirs) = complete(exchange, held).await? else {
            continue;
        };
        if theirs.writes_the_same_as(ours) && reasons::compare("ours", &ours.text, "theirs", &theirs).is_empty() {
            let version = Some(number);
            return Ok(Some(Found::Here { id, version }));
        }
    }
    Ok(None)
}

/// The schema with all that it refers to; none when the registry does not have all of that.
async fn complete(exchange: &Exchange, held: RawRegisteredSchema) -> Result<Option<SchemaText>, Outage> {
    match references::complete(exchange, held).await {
        Ok(schema) => Ok(Some(schema)),
        Err(Incomplete::Unknown(_)) => Ok(None),
        Err(Incomplete::Outage(outage)) => Err(outage),
    }
}
