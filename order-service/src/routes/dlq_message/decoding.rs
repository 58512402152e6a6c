//! What decoding says of a dead letter now.

use std::sync::Arc;

use orderlog_contract::explain::{StepName, StepState};
use orderlog_contract::frame::{self, SchemaRef};
use orderlog_contract::order::{OrderState, Outcome, fold};
use orderlog_contract::rejection::Code;
use orderlog_kafka::headers::OwnedHeader;
use orderlog_registry::RegisteredVersion;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::inspect::advice::Replay;
use crate::inspect::{self, Inspection, Inspector};
use crate::schema_versions::is_ours;

/// What decoding says of the record now, which may differ from why it was rejected then.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decoding {
    /// The five steps from the value to an event, in order.
    steps: Vec<Step>,
    /// The code with which the record would be rejected now; null if it would not be, or if that cannot be told.
    #[schema(example = "undecodable")]
    pub code: Option<&'static str>,
    /// How it stands, in a sentence for people. It contains no values of the record.
    #[schema(example = "The data ends inside order.items[1].unitPriceMinor: more bytes are needed at byte 140.")]
    sentence: String,
    /// The field of the event that is at fault; null if none is.
    #[schema(example = "order.items[1].unitPriceMinor")]
    field: Option<String>,
    /// The byte of the value at which decoding stopped, counted from 0, with the frame; the value's size if it ends too early. Null if no byte is at fault.
    #[schema(example = 140)]
    byte: Option<usize>,
    /// The event, with the fields that this release knows, as in its Avro schema; null if it cannot be decoded. It may break a rule all the same.
    #[schema(value_type = Option<Object>)]
    event: Option<Value>,
    /// The schema that the record names; null if it names none, or if it is not known.
    schema: Option<Schema>,
    /// Versions that read the whole value, if it cannot be decoded as it is: one of them may be what the producer used.
    candidates: Vec<Candidate>,
    /// Why the registry does not list the subject's versions now, so that `schema.version` and `candidates` may lack some; null if it does, or was not asked.
    versions_error: Option<String>,
}

/// One step.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Step {
    /// `frame`: the record names a schema. `schema`: it is known. `resolve`: its data can be read as order events. `decode`: the bytes are one event. `rules`: the event keeps every rule.
    #[schema(example = "decode")]
    step: &'static str,
    /// `passed`, `failed`, `not reached` or `unknown`.
    #[schema(example = "failed")]
    state: &'static str,
    /// More about it; may be empty.
    detail: String,
}

/// The schema that a record was written with.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Schema {
    /// Its id; null if the record names it by its GUID.
    #[schema(example = 1)]
    id: Option<u32>,
    /// The topic's subject, if the schema is one of its versions; else null.
    #[schema(example = "order-events-value")]
    subject: Option<String>,
    /// Its version in the subject; null if it is none, or if the registry does not tell.
    #[schema(example = 1)]
    version: Option<u32>,
    /// Its text, as the registry has it; null if it was too long to be kept.
    text: Option<String>,
    /// `ours` if it writes the same bytes as one of the versions that this release knows, else `other`.
    #[schema(example = "ours")]
    same: &'static str,
}

/// A version that reads the value.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Candidate {
    /// Its version in the subject; for one that is not registered, in this release.
    #[schema(example = 1)]
    version: u32,
    /// Its schema id; null if it is not registered in the subject.
    #[schema(example = 1)]
    id: Option<u32>,
}

/// What is said of a record, and what a replay would do with it.
pub struct Evaluation {
    pub decoding: Decoding,
    pub code: Option<Code>,
    pub replay: Option<Replay>,
}

/// Evaluates a record against the order as it is now.
pub async fn evaluate(
    inspector: &Inspector,
    inspection: &Inspection,
    (value, headers): (Option<&[u8]>, &[OwnedHeader]),
    current: Option<&OrderState>,
) -> Evaluation {
    let mut steps = inspection.steps.clone();
    let mut code = inspection.rejection.as_ref().map(|rejection| rejection.code);
    let (mut field, mut byte, mut sentence, mut replay) = (None, None, String::new(), None);
    if let Some(fault) = &inspection.fault {
        (field, byte) = (fault.field.clone(), fault.byte);
        sentence.clone_from(&fault.sentence);
    } else if let Some(outage) = &inspection.outage {
        sentence = format!("It cannot be told now what is wrong: {outage}.");
    } else if let Some((event, ..)) = &inspection.event {
        let outcome = fold(current, event);
        (replay, sentence) = outlook(&outcome);
        if let Outcome::Rejected(rejection) = outcome {
            code = Some(rejection.code);
            field = Some("order.status".to_owned());
            let rules = steps.iter_mut().filter(|step| step.name == StepName::Rules);
            rules.for_each(|step| (step.state, step.detail) = (StepState::Failed, rejection.reason.clone()));
        }
    } else {
        sentence = "There is no value to decode.".to_owned();
    }
    let subject = match (inspection.schema, inspection.outage.is_some()) {
        (Some(_), false) => inspector.versions().await,
        _ => Arc::default(),
    };
    let schema = match inspection.schema {
        Some(schema) => known_schema(inspector, schema, &subject.versions).await,
        None => None,
    };
    let undecoded = [Code::UnknownSchemaId, Code::WrongSchema, Code::Undecodable];
    let datum = value.and_then(|value| frame::read(value, |name| inspect::last(headers, name)).ok());
    let candidates = match datum {
        Some((_, datum)) if code.is_some_and(|code| undecoded.contains(&code)) => {
            inspector.candidates(datum, subject.clone()).await
        }
        _ => Vec::new(),
    };
    let event = inspection.event.as_ref().map(|(event, ..)| event);
    let decoding = Decoding {
        steps: steps.into_iter().map(Step::from).collect(),
        code: code.map(Code::as_str),
        sentence,
        field,
        byte,
        event: event.and_then(|event| serde_json::to_value(event).ok()),
        schema,
        candidates: candidates.into_iter().map(Candidate::from).collect(),
        versions_error: subject.error.clone(),
    };
    Evaluation { decoding, code, replay }
}

/// What a replay would do, if it is not rejected, and how it stands in words.
fn outlook(outcome: &Outcome) -> (Option<Replay>, String) {
    let sound = "The event can be decoded and keeps every rule";
    match outcome {
        Outcome::Applied { .. } => (Some(Replay::Applies), format!("{sound}: it could be applied now.")),
        Outcome::Duplicate => (
            Some(Replay::Duplicate),
            format!("{sound}, and it has been applied already."),
        ),
        Outcome::Superseded | Outcome::Ignored => (
            Some(Replay::Superseded),
            format!("{sound}, but its order has a newer state already."),
        ),
        Outcome::Rejected(rejection) => (
            None,
            format!(
                "{sound}, but it does not fit its order as it is now: {}.",
                rejection.reason
            ),
        ),
    }
}

async fn known_schema(inspector: &Inspector, schema: SchemaRef, versions: &[RegisteredVersion]) -> Option<Schema> {
    let text = inspector.schema_text(schema).await?;
    let version = versions
        .iter()
        .find(|version| match schema.id() {
            Some(id) => version.id == id,
            None => version.schema == text,
        })
        .map(|version| version.version);
    Some(Schema {
        id: schema.id(),
        subject: version.map(|_| inspector.subject().to_owned()),
        version,
        same: if is_ours(&text) { "ours" } else { "other" },
        text: Some(text.text),
    })
}

impl From<orderlog_contract::explain::Step> for Step {
    fn from(step: orderlog_contract::explain::Step) -> Self {
        Self {
            step: step.name.as_str(),
            state: step.state.as_str(),
            detail: step.detail,
        }
    }
}

impl From<inspect::Candidate> for Candidate {
    fn from(candidate: inspect::Candidate) -> Self {
        Self {
            version: candidate.version,
            id: candidate.id,
        }
    }
}
