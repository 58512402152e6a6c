//! A schema before it is parsed.

use serde::{Deserialize, Serialize};

use super::Schema;

/// A schema as a registry holds it: its text, and the texts that it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaText {
    /// `AVRO`, `PROTOBUF` or `JSON`. Only the first can be parsed here.
    pub schema_type: String,
    /// The schema's own text.
    pub text: String,
    /// The texts of the schemas that it refers to, directly or through one another; each before those that refer to it.
    pub references: Vec<String>,
}

impl SchemaText {
    /// An Avro schema without references.
    pub fn avro(text: impl Into<String>) -> Self {
        Self {
            schema_type: "AVRO".to_owned(),
            text: text.into(),
            references: Vec::new(),
        }
    }

    /// The same schema with references to these texts.
    #[must_use]
    pub fn referring_to(self, references: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            references: references.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// Whether both are the same text, or both are Avro and [write the same data](Schema::writes_the_same_as).
    pub fn writes_the_same_as(&self, other: &Self) -> bool {
        let same_data = || {
            let (one, other) = (Schema::parse_lenient(self), Schema::parse_lenient(other));
            matches!((one, other), (Ok(one), Ok(other)) if one.writes_the_same_as(&other))
        };
        self == other || same_data()
    }

    /// Whether it is Avro that a reader can use.
    pub fn is_avro(&self) -> bool {
        Schema::parse_lenient(self).is_ok()
    }

    /// Its size with all that it refers to, in bytes.
    pub fn size(&self) -> usize {
        self.text.len() + self.references.iter().map(String::len).sum::<usize>()
    }
}
