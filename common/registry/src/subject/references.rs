//! The schemas that a schema refers to, directly or not. Without all of them it cannot be parsed, so it is all or nothing.

use std::collections::HashSet;
use std::fmt;
use std::vec;

use orderlog_avro::SchemaText;
use schema_registry_converter::schema_registry_common::{RawRegisteredSchema, RegisteredReference};

use super::Subject;
use crate::outage::Outage;
use crate::response::LATEST;
use crate::transport::Transport;

/// Maximum number of schemas that one may refer to, directly or not.
const MAX_SCHEMAS: usize = 64;
/// Total bytes of their texts.
const MAX_BYTES: usize = 1024 * 1024;

/// Why a schema cannot be completed.
pub(crate) enum Incomplete {
    /// It never can; the text continues a sentence that begins with the schema's name.
    Unknown(String),
    /// The registry gave no usable response.
    Outage(Outage),
}

/// What a reference names.
#[derive(Clone, PartialEq, Eq, Hash)]
struct RegisteredVersion {
    subject: String,
    /// May be [`LATEST`].
    version: u32,
}

/// A schema whose references are being fetched.
struct Pending {
    /// `None` for the outermost schema.
    name: Option<RegisteredVersion>,
    text: String,
    left: vec::IntoIter<RegisteredReference>,
}

impl Pending {
    fn new(name: Option<RegisteredVersion>, stored: RawRegisteredSchema) -> Self {
        Self {
            name,
            text: stored.schema.unwrap_or_default(),
            left: stored.references.unwrap_or_default().into_iter(),
        }
    }
}

/// Fetches all references of this schema; each comes once, before those that refer to it.
///
/// # Errors
/// Unknown when the registry does not have a subject or version, when references form a cycle, and when they are too many
/// or too large; otherwise an outage.
pub(crate) async fn complete(transport: &Transport, mut stored: RawRegisteredSchema) -> Result<SchemaText, Incomplete> {
    // Registries omit the type for Avro.
    let schema_type = stored.schema_type.take().unwrap_or_else(|| "AVRO".to_owned());
    let mut references = Vec::new();
    let mut seen = HashSet::new();
    let (mut schemas, mut bytes) = (0, 0);
    // Depth first: each refers to the next, and `current` is being fetched.
    let mut path = Vec::new();
    let mut current = Pending::new(None, stored);
    loop {
        let Some(reference) = current.left.next() else {
            match path.pop() {
                Some(parent) => references.push(std::mem::replace(&mut current, parent).text),
                None => {
                    return Ok(SchemaText {
                        schema_type,
                        text: current.text,
                        references,
                    });
                }
            }
            continue;
        };
        let mut name = RegisteredVersion {
            subject: reference.subject,
            version: reference.version,
        };
        reject_cycle(&path, &current, &name)?;
        if !seen.insert(name.clone()) {
            continue;
        }
        schemas += 1;
        if schemas > MAX_SCHEMAS {
            return Err(unknown(format!("more than {MAX_SCHEMAS} schemas")));
        }
        let referred = fetch(transport, &name)
            .await
            .map_err(Incomplete::Outage)?
            .ok_or_else(|| unknown(format!("{name}, which the registry does not have")))?;
        // The response says which version is the latest. It may have been fetched by its number already.
        if let (LATEST, Some(version)) = (name.version, referred.version) {
            name.version = version;
            reject_cycle(&path, &current, &name)?;
            if !seen.insert(name.clone()) {
                continue;
            }
        }
        let referred = Pending::new(Some(name), referred);
        bytes += referred.text.len();
        if bytes > MAX_BYTES {
            return Err(unknown(format!("schemas of more than {MAX_BYTES} bytes")));
        }
        path.push(std::mem::replace(&mut current, referred));
    }
}

fn unknown(reference: String) -> Incomplete {
    Incomplete::Unknown(format!("refers to {reference}"))
}

fn reject_cycle(path: &[Pending], current: &Pending, name: &RegisteredVersion) -> Result<(), Incomplete> {
    let is_pending = path
        .iter()
        .chain([current])
        .any(|pending| pending.name.as_ref() == Some(name));
    if is_pending {
        return Err(unknown(format!("{name}, which refers to itself")));
    }
    Ok(())
}

impl fmt::Display for RegisteredVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, version } = self;
        if *version == LATEST {
            write!(f, "the latest version of subject {subject}")
        } else {
            write!(f, "version {version} of subject {subject}")
        }
    }
}

/// A version of a subject, even a deleted one; `None` where the registry says that there is none.
async fn fetch(transport: &Transport, name: &RegisteredVersion) -> Result<Option<RawRegisteredSchema>, Outage> {
    // As path segments these would mean another path.
    if matches!(name.subject.as_str(), "." | ".." | "") {
        return Ok(None);
    }
    let subject = Subject::new(transport, &name.subject);
    if name.version == LATEST {
        subject.latest_or_deleted().await
    } else {
        subject.version_or_deleted(name.version).await
    }
}
