//! One schema: its text, and its parsed form. Whether two schemas are compatible is up to `compatibility`, and which
//! are registered is up to `state`.

use std::hash::{DefaultHasher, Hash, Hasher};

use orderlog_avro::{Schema, SchemaText, plain_json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::error::Refusal;
use super::normal_form::{minified, normal_form};
use super::version_selector::VersionSelector;

/// A name in a schema that another subject's version defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The name as the schema uses it: a full name of a type.
    pub name: String,
    /// The subject that defines it.
    pub subject: String,
    /// The version of that subject; -1 for the latest at the time of resolution.
    pub version: i64,
}

impl Reference {
    /// The version that it refers to.
    ///
    /// # Errors
    /// [`Refusal::InvalidVersion`].
    pub fn wanted(&self) -> Result<VersionSelector, Refusal> {
        VersionSelector::parse(&self.version.to_string())
    }
}

/// A valid schema, ready to be compared.
#[derive(Clone, Debug)]
pub struct ParsedSchema {
    /// The text as sent in, without comments, and without white space between tokens.
    pub text: String,
    /// What it refers to, as sent in.
    pub references: Vec<Reference>,
    normal: String,
    parsed: Schema,
}

impl ParsedSchema {
    /// Parses a schema, as strictly as Confluent's registry does (Avro 1.12.1 for Java, with its validation of names
    /// and defaults). `referenced` are the texts of the schemas that the references lead to, directly or indirectly,
    /// each before those that refer to it.
    ///
    /// # Errors
    /// [`Refusal::InvalidSchema`] if the text is not a valid Avro schema.
    pub fn parse(text: &str, references: Vec<Reference>, referenced: &[&str]) -> Result<ParsedSchema, Refusal> {
        let schema = SchemaText::avro(text).referring_to(referenced.iter().copied());
        let parsed = Schema::parse(&schema).map_err(|error| Refusal::InvalidSchema(error.to_string()))?;
        // Comments are dropped, as Confluent's registry does.
        let text = plain_json(text);
        let json: Value = serde_json::from_str(&text).map_err(|error| Refusal::InvalidSchema(error.to_string()))?;
        Ok(ParsedSchema {
            text: minified(&text),
            normal: normal_form(&json).to_string(),
            references,
            parsed,
        })
    }

    /// Its identity: equal for schemas that differ only in formatting.
    pub fn identity(&self) -> Identity {
        let mut references = self.references.clone();
        references.sort_unstable();
        Identity {
            normal: self.normal.clone(),
            references,
        }
    }

    /// Its GUID: a hash of its identity.
    pub fn guid(&self) -> Uuid {
        let identity = self.identity();
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, &identity).hash(&mut hasher);
            hasher.finish()
        };
        Uuid::from_u64_pair(half(0), half(1))
    }

    /// The parsed schema, to be compared with others.
    pub fn parsed(&self) -> &Schema {
        &self.parsed
    }
}

/// See [`ParsedSchema::identity`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    normal: String,
    references: Vec<Reference>,
}
