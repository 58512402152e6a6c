//! Schemas that a schema refers to, and those that they refer to. A schema without all of them cannot be parsed, so there
//! are all or none.

use std::collections::HashSet;
use std::vec;

use schema_registry_converter::schema_registry_common::{RawRegisteredSchema, RegisteredReference};

use super::answer::{Answer, codes, held};
use super::exchange::Exchange;
use super::outage::Outage;
use super::question::{Question, segment};
use crate::schemas::SchemaText;

/// Most schemas that one may refer to, directly or through one another.
const MOST_SCHEMAS: usize = 64;
/// Most bytes that their texts may have together.
const MOST_BYTES: usize = 1024 * 1024;

/// Why a schema is not complete.
pub(super) enum Incomplete {
    /// It cannot become so; what it refers to, to be read after the schema's name.
    Unknown(String),
    /// The registry did not answer.
    Outage(Outage),
}

/// Subject and version.
type Name = (String, u32);

/// A schema whose references are being fetched.
struct Open {
    /// None for the schema with which it began.
    name: Option<Name>,
    text: String,
    left: vec::IntoIter<RegisteredReference>,
}

impl Open {
    fn new(name: Option<Name>, held: RawRegisteredSchema) -> Self {
        Self {
            name,
            text: held.schema.unwrap_or_default(),
            left: held.references.unwrap_or_default().into_iter(),
        }
    }
}

/// That schema with all that it refers to, each once and before those that refer to it.
///
/// # Errors
/// Unknown when the registry says that it has no such subject or version, when schemas refer to each other in a circle,
/// and when they are too many or too large; otherwise an outage.
pub(super) async fn complete(exchange: &Exchange, mut held: RawRegisteredSchema) -> Result<SchemaText, Incomplete> {
    // A registry leaves the type out for Avro.
    let schema_type = held.schema_type.take().unwrap_or_else(|| "AVRO".to_owned());
    let mut references = Vec::new();
    let mut seen = HashSet::new();
    let mut bytes = 0;
    // Depth first: the last is being fetched, and each refers to the one after it.
    let mut path = Vec::new();
    let mut open = Open::new(None, held);
    loop {
        let Some(reference) = open.left.next() else {
            match path.pop() {
                Some(parent) => references.push(std::mem::replace(&mut open, parent).text),
                None => {
                    return Ok(SchemaText {
                        schema_type,
                        text: open.text,
                        references,
                    });
                }
            }
            continue;
        };
        let name = (reference.subject, reference.version);
        let (subject, version) = (&name.0, name.1);
        if is_open(&path, &open, &name) {
            return Err(Incomplete::Unknown(format!(
                "refers to version {version} of subject {subject}, which refers to itself"
            )));
        }
        if !seen.insert(name.clone()) {
            continue;
        }
        if seen.len() > MOST_SCHEMAS {
            return Err(Incomplete::Unknown(format!(
                "refers to more than {MOST_SCHEMAS} schemas"
            )));
        }
        let referred = fetch(exchange, subject, version)
            .await
            .map_err(Incomplete::Outage)?
            .ok_or_else(|| {
                Incomplete::Unknown(format!(
                    "refers to version {version} of subject {subject}, which the registry does not have"
                ))
            })?;
        let inner = Open::new(Some(name), referred);
        bytes += inner.text.len();
        if bytes > MOST_BYTES {
            return Err(Incomplete::Unknown(format!(
                "refers to schemas of more than {MOST_BYTES} bytes"
            )));
        }
        path.push(std::mem::replace(&mut open, inner));
    }
}

fn is_open(path: &[Open], open: &Open, name: &Name) -> bool {
    path.iter().chain([open]).any(|open| open.name.as_ref() == Some(name))
}

/// A version of a subject, also one that was deleted since; none where the registry says that there is none.
async fn fetch(exchange: &Exchange, subject: &str, version: u32) -> Result<Option<RawRegisteredSchema>, Outage> {
    // As a segment of a path they would mean another place.
    if matches!(subject, "." | ".." | "") {
        return Ok(None);
    }
    let question = Question::get(
        format!("/subjects/{}/versions/{version}?deleted=true", segment(subject)),
        &[codes::SUBJECT_NOT_FOUND, codes::VERSION_NOT_FOUND],
    );
    Ok(match exchange.ask(&question, held).await? {
        Answer::Said(held) => Some(held),
        Answer::Refused(_) => None,
    })
}
