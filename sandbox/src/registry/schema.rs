//! One schema: as it was sent in, and as Avro understands it. Whether two schemas go together is `compatibility`'s
//! business, and which are registered `state`'s.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::Name;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Refusal;
use super::normal_form::{minified, normal_form};

/// The longest piece of apache-avro's explanation that is passed on: it likes to repeat the whole schema.
const LONGEST_EXPLANATION: usize = 300;

/// A name in a schema that another subject's version defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The name as the schema uses it: a full name of a type.
    pub name: String,
    /// The subject that defines it.
    pub subject: String,
    /// The version of that subject.
    pub version: u32,
}

/// A valid schema, ready to be compared.
#[derive(Clone, Debug)]
pub struct ParsedSchema {
    /// The text as sent in, without white space between tokens.
    pub text: String,
    /// What it refers to, as sent in.
    pub references: Vec<Reference>,
    normal: String,
    avro: Schema,
    referenced: Vec<Schema>,
}

impl ParsedSchema {
    /// Parses a schema. `referenced` are the texts of the schemas that the references lead to, directly or through one
    /// another.
    ///
    /// # Errors
    /// [`Refusal::InvalidSchema`] when the text is no valid Avro schema.
    pub fn parse(text: &str, references: Vec<Reference>, referenced: &[&str]) -> Result<ParsedSchema, Refusal> {
        let json: Value = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        let (avro, referenced) = Schema::parse_str_with_list(text, referenced).map_err(|error| invalid(&error))?;
        Ok(ParsedSchema {
            text: minified(text),
            normal: normal_form(&json).to_string(),
            references,
            avro,
            referenced,
        })
    }

    /// What makes it the same schema as another one: equal for schemas that differ only in how they are written.
    pub fn identity(&self) -> Identity {
        let mut references = self.references.clone();
        references.sort_unstable();
        Identity {
            normal: self.normal.clone(),
            references,
        }
    }

    /// The schema as Avro understands it. Names are complete; a type's second and later uses are `Schema::Ref`.
    pub fn avro(&self) -> &Schema {
        &self.avro
    }

    /// Every named type that it defines or refers to.
    pub fn named_types(&self) -> HashMap<&Name, &Schema> {
        let mut named = HashMap::new();
        for schema in std::iter::once(&self.avro).chain(&self.referenced) {
            collect_named(schema, &mut named);
        }
        named
    }
}

/// See [`ParsedSchema::identity`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    normal: String,
    references: Vec<Reference>,
}

fn collect_named<'s>(schema: &'s Schema, named: &mut HashMap<&'s Name, &'s Schema>) {
    match schema {
        Schema::Ref { .. } => return,
        Schema::Array(array) => collect_named(&array.items, named),
        Schema::Map(map) => collect_named(&map.types, named),
        Schema::Union(union) => union
            .variants()
            .iter()
            .for_each(|variant| collect_named(variant, named)),
        Schema::Record(record) => record
            .fields
            .iter()
            .for_each(|field| collect_named(&field.schema, named)),
        _ => {}
    }
    if let Some(name) = schema.name() {
        named.entry(name).or_insert(schema);
    }
}

fn invalid(error: &dyn std::fmt::Display) -> Refusal {
    let explanation = error.to_string();
    let short: String = explanation.chars().take(LONGEST_EXPLANATION).collect();
    Refusal::InvalidSchema(if short.len() < explanation.len() {
        format!("{short}…")
    } else {
        short
    })
}
