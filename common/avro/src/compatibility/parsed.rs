//! One schema, ready to be compared. What makes two of them go together is never decided here.

use super::logical;
use super::reason::Reason;
use crate::SchemaText;
use crate::schema::{Rules, Types, json, parse};

/// A valid schema, together with those that it refers to.
#[derive(Clone, Debug)]
pub struct Parsed {
    types: Types,
    /// A logical type that Avro does not apply is not among the types, so they are noted while the text is at hand.
    ignored_logical_types: Vec<Reason>,
}

impl Parsed {
    /// Parses a schema that is to be registered, as strictly as a registry does that is written in Java (Avro 1.12.1).
    /// `referenced` are the texts of the schemas that its references lead to, directly or through one another; each before
    /// those that refer to it.
    ///
    /// # Errors
    /// A short reason when the text is no valid Avro schema.
    pub fn parse(text: &str, referenced: &[&str]) -> Result<Self, String> {
        Self::by(Rules::New, text, referenced)
    }

    /// The same of a schema that a registry holds, whatever names, defaults and attributes it has.
    ///
    /// # Errors
    /// A short reason when no data can be read by it.
    pub fn held(text: &str, referenced: &[&str]) -> Result<Self, String> {
        Self::by(Rules::Held, text, referenced)
    }

    fn by(rules: Rules, text: &str, referenced: &[&str]) -> Result<Self, String> {
        let schema = SchemaText {
            references: referenced.iter().map(|text| (*text).to_owned()).collect(),
            ..SchemaText::avro(text)
        };
        Ok(Self {
            types: parse(&schema, rules)?,
            ignored_logical_types: logical::ignored(&json(text, rules)?),
        })
    }

    /// Its types.
    pub(super) fn types(&self) -> &Types {
        &self.types
    }

    /// Each `logicalType` of the text that Avro ignores, and why.
    pub(super) fn ignored_logical_types(&self) -> &[Reason] {
        &self.ignored_logical_types
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_schema_has_a_short_reason() {
        let long = format!(
            r#"{{"type": "enum", "name": "E", "symbols": ["{}"]}}"#,
            "😀".repeat(100_000)
        );
        for text in [
            "",
            "{",
            "[[[]]]",
            "7",
            r#""Unknown""#,
            r#"{"type": "enum", "name": "a b"}"#,
            &long,
        ] {
            let reason = Parsed::parse(text, &[]).expect_err("no schema");
            assert!((1..=301).contains(&reason.chars().count()), "{reason}");
        }
        assert!(Parsed::parse(r#""int""#, &["7"]).is_err());
    }

    #[test]
    fn a_registry_may_hold_what_cannot_be_registered() {
        let hyphen = r#"{"type": "record", "name": "a-b.R", "fields": [{"name": "a", "type": "int", "default": "x"}]}"#;
        assert!(Parsed::parse(hyphen, &[]).is_err());
        assert!(Parsed::held(hyphen, &[]).is_ok());
        assert!(Parsed::held(r#""Unknown""#, &[]).is_err());
    }
}
