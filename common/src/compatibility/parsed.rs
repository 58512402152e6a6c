//! One schema as Avro understands it, ready to be compared: names complete, named types at hand. What makes two of them
//! go together is never decided here.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use apache_avro::Schema;
use apache_avro::schema::Name;
use serde_json::Value;

use super::logical;
use super::reason::Reason;

/// The longest piece of apache-avro's explanation that is passed on, in characters: it likes to repeat the whole schema.
const LONGEST_EXPLANATION: usize = 300;

/// How many JSON objects and arrays may lie inside one another, counted over a schema and all that it refers to: the
/// parser follows references on the stack, and a stack that overflows ends the process. (300 fit into a test thread's 2 MiB
/// in a debug build, 400 do not.)
const DEEPEST: usize = 200;

/// A valid schema, together with those that it refers to.
#[derive(Clone, Debug)]
pub struct Parsed {
    avro: Schema,
    referenced: Vec<Schema>,
    /// apache-avro drops a logical type that it does not apply, so they are noted while the text is at hand.
    ignored_logical_types: Vec<Reason>,
}

impl Parsed {
    /// Parses a schema. `referenced` are the texts of the schemas that its references lead to, directly or through one
    /// another. Never panics.
    ///
    /// # Errors
    /// A short reason when the text is no valid Avro schema.
    pub fn parse(text: &str, referenced: &[&str]) -> Result<Self, String> {
        let json = json(text)?;
        let mut nested = depth(&json);
        for other in referenced {
            nested += depth(&self::json(other)?);
        }
        if nested > DEEPEST {
            return Err(format!(
                "it has {nested} levels together with what it refers to; at most {DEEPEST} are read"
            ));
        }
        // A parser that panics on a hostile text must not end the service.
        let parsed = catch_unwind(AssertUnwindSafe(|| Schema::parse_str_with_list(text, referenced)));
        let (avro, referenced) = parsed
            .map_err(|_| "the parser panicked".to_owned())?
            .map_err(|error| shortened(&error.to_string()))?;
        Ok(Self {
            avro,
            referenced,
            ignored_logical_types: logical::ignored(&json),
        })
    }

    /// The schema as Avro understands it. Names are complete; a type's second and later uses are `Schema::Ref`.
    pub fn avro(&self) -> &Schema {
        &self.avro
    }

    /// Each `logicalType` of the text that Avro ignores, and why.
    pub(super) fn ignored_logical_types(&self) -> &[Reason] {
        &self.ignored_logical_types
    }

    /// Every named type that it defines or refers to.
    pub(super) fn named_types(&self) -> NamedTypes<'_> {
        let mut types = HashMap::new();
        let mut aliases = HashMap::new();
        let mut open: Vec<&Schema> = std::iter::once(&self.avro).chain(&self.referenced).collect();
        while let Some(schema) = open.pop() {
            open.extend(parts(schema));
            if let (Some(name), false) = (schema.name(), matches!(schema, Schema::Ref { .. })) {
                types.entry(name.clone()).or_insert(schema);
                for alias in schema.aliases().into_iter().flatten() {
                    aliases.insert(alias.fully_qualified_name(name.namespace()).into_owned(), schema);
                }
            }
        }
        // apache-avro lets a schema use a type by its alias; a type that really has the name goes first.
        for (alias, schema) in aliases {
            types.entry(alias).or_insert(schema);
        }
        NamedTypes(types)
    }
}

/// The named types of one schema, by full name.
pub(super) struct NamedTypes<'s>(HashMap<Name, &'s Schema>);

impl<'s> NamedTypes<'s> {
    /// The definition, where the schema is only a type's name.
    pub fn resolved(&self, schema: &'s Schema) -> &'s Schema {
        match schema {
            Schema::Ref { name } => self.0.get(name).copied().unwrap_or(schema),
            _ => schema,
        }
    }
}

/// The types that a type is made of, in the order of the text.
pub(super) fn parts(schema: &Schema) -> Vec<&Schema> {
    match schema {
        Schema::Array(array) => vec![&array.items],
        Schema::Map(map) => vec![&map.types],
        Schema::Union(union) => union.variants().iter().collect(),
        Schema::Record(record) => record.fields.iter().map(|field| &field.schema).collect(),
        _ => Vec::new(),
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| shortened(&error.to_string()))
}

/// serde_json reads no text with more than 128 levels, so this and what follows it need not fear the stack.
fn depth(json: &Value) -> usize {
    match json {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn shortened(explanation: &str) -> String {
    match explanation.char_indices().nth(LONGEST_EXPLANATION) {
        Some((end, _)) => format!("{}…", &explanation[..end]),
        None => explanation.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record that lies in that many arrays.
    fn nested(name: &str, field: &str, arrays: usize) -> String {
        let open = r#"{"type": "array", "items": "#.repeat(arrays);
        let close = "}".repeat(arrays);
        format!(
            r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "f", "type": {open}"{field}"{close}}}]}}"#
        )
    }

    #[test]
    fn what_is_no_schema_has_a_short_reason() {
        let long = format!(
            r#"{{"type": "enum", "name": "E", "symbols": ["{}"]}}"#,
            "é".repeat(100_000)
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
    fn as_many_levels_as_are_allowed_are_parsed_and_one_more_is_refused() {
        // Each adds three levels to its arrays: the record, the list of fields, the field.
        let types = DEEPEST / 100;
        let texts: Vec<String> = (1..types)
            .map(|n| nested(&format!("T{n}"), &format!("T{}", n - 1), 97))
            .collect();
        let first = nested("T0", "int", 20);
        let referenced: Vec<&str> = std::iter::once(&first).chain(&texts).map(String::as_str).collect();
        let levels: usize = referenced.iter().map(|text| depth(&json(text).expect("JSON"))).sum();
        let rest = |levels: usize| nested("Last", &format!("T{}", types - 1), levels - 3);
        Parsed::parse(&rest(DEEPEST - levels), &referenced).expect("at the limit");
        let reason = Parsed::parse(&rest(DEEPEST - levels + 1), &referenced).expect_err("one more");
        assert!(
            reason.starts_with(&format!("it has {} levels", DEEPEST + 1)),
            "{reason}"
        );
    }

    #[test]
    fn one_text_deeper_than_json_allows_is_refused() {
        assert!(Parsed::parse(&nested("R", "int", 100_000), &[]).is_err());
    }
}
