//! How far one record gets on its way to an event, step by step, and where exactly it fails: for people who look into a dead
//! letter. Pure, given what is known of the record's schema. It judges a record by itself, with the same functions as every
//! reader; whether an event fits its order is up to the [fold](crate::order::fold).

mod sentence;

use orderlog_avro::{ReadError, ReadErrorKind};

use crate::decode::{DecodeError, WriterSchema, try_decode};
use crate::event::OrderEvent;
use crate::frame::{self, SchemaRef};
use crate::order::{check, check_key};
use crate::rejection::{Code, Rejection};

/// The steps from a record's value to an event, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepName {
    /// The value, or a header, names a schema.
    Frame,
    /// The schema is known.
    Schema,
    /// Data of the schema can be read as order events.
    Resolve,
    /// The bytes are exactly one datum of the schema.
    Decode,
    /// The event keeps every rule, and the key is its order's id.
    Rules,
}

impl StepName {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Frame, Self::Schema, Self::Resolve, Self::Decode, Self::Rules];

    /// The name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Schema => "schema",
            Self::Resolve => "resolve",
            Self::Decode => "decode",
            Self::Rules => "rules",
        }
    }
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It succeeded.
    Passed,
    /// It is where the record is rejected.
    Failed,
    /// An earlier one failed.
    NotReached,
    /// It cannot be told now.
    Unknown,
}

impl StepState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Failed, Self::NotReached, Self::Unknown];

    /// The state, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not reached",
            Self::Unknown => "unknown",
        }
    }
}

/// A step, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which one.
    pub name: StepName,
    /// How it went.
    pub state: StepState,
    /// More about it, for people; empty if there is nothing to say.
    pub detail: String,
}

/// What is known of the schema that a record names.
#[derive(Clone, Debug)]
pub enum Known<'a> {
    /// How its data are read.
    Writer(&'a WriterSchema),
    /// There is no such schema, and why.
    Missing(String),
    /// It cannot be told now, and why.
    Outage(String),
}

/// Where in a record a fault is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, in a sentence for people, without any payload.
    pub sentence: String,
    /// The field, by its path in the event: `order.items[3].quantity`.
    pub field: Option<String>,
    /// The byte of the value at which reading stopped, frame included; the value's length if it ends too early.
    pub byte: Option<usize>,
}

/// How far a record gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Every step.
    pub steps: [Step; 5],
    /// Why it is rejected; `None` if it is not, as far as can be told.
    pub rejection: Option<Rejection>,
    /// Where the fault is, if it is rejected.
    pub fault: Option<Fault>,
    /// The event, as soon as it can be decoded: it may break a rule all the same.
    pub event: Option<OrderEvent>,
}

impl Explanation {
    /// A record of which no step can be told, and why.
    pub fn unknown(detail: &str) -> Self {
        let mut explanation = Self::new();
        for step in &mut explanation.steps {
            step.state = StepState::Unknown;
        }
        explanation.steps[0].detail = detail.to_owned();
        explanation
    }

    fn new() -> Self {
        let step = |name| Step {
            name,
            state: StepState::NotReached,
            detail: String::new(),
        };
        Self {
            steps: StepName::ALL.map(step),
            rejection: None,
            fault: None,
            event: None,
        }
    }

    fn set(&mut self, name: StepName, state: StepState, detail: impl Into<String>) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.name == name) {
            (step.state, step.detail) = (state, detail.into());
        }
    }

    fn passed(&mut self, name: StepName, detail: impl Into<String>) {
        self.set(name, StepState::Passed, detail);
    }

    fn rejected(mut self, name: StepName, rejection: Rejection, fault: Fault) -> Self {
        self.set(name, StepState::Failed, &rejection.reason);
        (self.rejection, self.fault) = (Some(rejection), Some(fault));
        self
    }
}

/// Explains a record with that key and value. `framed` is what [`frame::read`] says of it, and `known` what is known of the
/// schema that it names, if it does.
pub fn explain(
    key: Option<&[u8]>,
    value: &[u8],
    framed: Result<(SchemaRef, &[u8]), Rejection>,
    known: &Known<'_>,
) -> Explanation {
    let mut so_far = Explanation::new();
    let (schema, datum) = match framed {
        Ok(parts) => parts,
        Err(rejection) => {
            let fault = Fault {
                sentence: format!("The value names no schema: {}.", rejection.reason),
                field: None,
                byte: Some(0),
            };
            return so_far.rejected(StepName::Frame, rejection, fault);
        }
    };
    let framing = value.len() - datum.len();
    let named = if framing == 0 {
        format!("the header {} names {schema}", frame::SCHEMA_ID_HEADER)
    } else {
        format!("the value names {schema}")
    };
    so_far.passed(StepName::Frame, format!("{named}; {} bytes of data", datum.len()));
    let with_id = |rejection: Rejection| Rejection {
        schema_id: schema.id(),
        ..rejection
    };
    let writer = match known {
        Known::Writer(writer) => *writer,
        Known::Missing(reason) => {
            let fault = Fault {
                sentence: format!("The record names {schema}, but {reason}."),
                // The id in the frame.
                byte: (framing > 0).then_some(1),
                field: None,
            };
            let rejection = Rejection::new(Code::UnknownSchemaId, reason.clone());
            return so_far.rejected(StepName::Schema, with_id(rejection), fault);
        }
        Known::Outage(reason) => {
            for name in &StepName::ALL[1..] {
                so_far.set(*name, StepState::Unknown, "");
            }
            so_far.set(StepName::Schema, StepState::Unknown, reason);
            return so_far;
        }
    };
    so_far.passed(StepName::Schema, format!("{schema} is known"));
    match try_decode(writer, datum) {
        Ok(event) => {
            so_far.passed(StepName::Resolve, "data of this schema can be read as order events");
            so_far.passed(StepName::Decode, "the bytes are exactly one event");
            let checked = rules(key, &event);
            so_far.event = Some(event);
            match checked {
                Ok(()) => {
                    so_far.passed(StepName::Rules, "every rule holds");
                    so_far
                }
                Err((rejection, fault)) => so_far.rejected(StepName::Rules, with_id(rejection), fault),
            }
        }
        Err(error) => {
            let fault = undecoded(&error, schema, framing);
            let step = match error {
                DecodeError::Incompatible(_) => StepName::Resolve,
                DecodeError::Read(_) | DecodeError::Panicked => {
                    so_far.passed(StepName::Resolve, "data of this schema can be read as order events");
                    StepName::Decode
                }
            };
            so_far.rejected(step, with_id(error.into()), fault)
        }
    }
}

fn rules(key: Option<&[u8]>, event: &OrderEvent) -> Result<(), (Rejection, Fault)> {
    let in_field = |field: String, sentence: String| Fault {
        sentence,
        field: Some(field),
        byte: None,
    };
    check(event).map_err(|violation| {
        let sentence = format!("The event can be decoded, but breaks a rule: {violation}.");
        let rejection = Rejection::new(Code::InvalidOrder, violation.to_string());
        (rejection, in_field(violation.field, sentence))
    })?;
    check_key(key, &event.order.order_id).map_err(|what| {
        let sentence = format!("The event can be decoded and keeps the rules, but {what}.");
        let rejection = Rejection::new(Code::KeyMismatch, what);
        (rejection, in_field("order.orderId".to_owned(), sentence))
    })
}

fn undecoded(error: &DecodeError, schema: SchemaRef, framing: usize) -> Fault {
    match error {
        DecodeError::Incompatible(reason) => Fault {
            sentence: format!("No data of {schema} can be read as order events: {reason}."),
            ..Fault::default()
        },
        DecodeError::Read(error) => {
            let byte = framing + stopped_at(error);
            let path = error.path();
            Fault {
                sentence: sentence::of(error, &path, byte),
                field: Some(path).filter(|path| !path.is_empty()),
                byte: Some(byte),
            }
        }
        DecodeError::Panicked => Fault {
            sentence: "The decoder failed with a bug of its own.".to_owned(),
            ..Fault::default()
        },
    }
}

/// The byte of the datum at which reading stopped: the last one that was read, if it is wrong itself.
fn stopped_at(error: &ReadError) -> usize {
    match error.kind() {
        ReadErrorKind::UnexpectedEnd | ReadErrorKind::TrailingBytes => error.offset(),
        _ => error.offset().saturating_sub(1),
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
