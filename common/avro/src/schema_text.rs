//! A schema as text, with the texts that it refers to.

use serde::{Deserialize, Serialize};

use crate::schema::same_data;

/// A schema as a registry holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaText {
    /// AVRO, PROTOBUF or JSON.
    pub schema_type: String,
    /// The schema's own text.
    pub text: String,
    /// The texts of the schemas that it refers to, directly or through one another; each before those that refer to it.
    pub references: Vec<String>,
}

impl SchemaText {
    /// An Avro schema that refers to no other.
    pub fn avro(text: impl Into<String>) -> Self {
        Self {
            schema_type: "AVRO".to_owned(),
            text: text.into(),
            references: Vec::new(),
        }
    }

    /// Whether data of both are byte for byte the same: equal Parsing Canonical Forms, of what they refer to as well
    /// (Avro specification, "Parsing Canonical Form for Schemas").
    pub fn writes_the_same_as(&self, other: &Self) -> bool {
        self == other || same_data(self, other)
    }

    /// Whether it is valid Avro: then it writes the same as itself.
    pub fn is_avro(&self) -> bool {
        same_data(self, self)
    }

    /// How long it is with all that it refers to, in bytes.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.references.iter().map(String::len).sum::<usize>()
    }
}
