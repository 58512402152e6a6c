//! Data of other schemas are read as Avro's own library reads them.
//!
//! A file in `cases/` has a writer's schema, a reader's, and data; the file of the same name in `expected/` has what Avro for
//! Java reads from each datum: its value as plain JSON, or the error. `oracle/run.sh` writes those. A schema is in the case
//! itself, or is given by the path of an `.avsc` file from the repository's root. `written` shows the data as JSON, for people.

mod corpus;

use std::collections::BTreeMap;
use std::fs;

use orderlog_avro::{ReadError, Resolution, ResolveError, Schema, SchemaError, SchemaText};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    /// What it shows, in a sentence.
    shows: String,
    /// Why an error is also right if the library returns a value: it is laxer than the specification, or notices later.
    may_refuse: Option<String>,
    /// Schemas that the writer's refers to; each before those that refer to it.
    #[serde(default)]
    references: Vec<Value>,
    writer: Value,
    reader: Value,
    /// Bare data in hexadecimal.
    data: Vec<String>,
}

/// What Avro for Java reads from a datum.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Value(Value),
    Error(String),
}

#[test]
fn every_case_is_read_as_avros_own_library_reads_it() {
    let cases: BTreeMap<String, Case> = files("cases");
    let expected: BTreeMap<String, Vec<Expected>> = files("expected");
    assert!(
        cases.keys().eq(expected.keys()),
        "run oracle/run.sh: each case has its expectation"
    );
    let mut wrong = Vec::new();
    for ((file, case), expected) in cases.iter().zip(expected.values()) {
        assert_eq!(case.data.len(), expected.len(), "{file}: run oracle/run.sh");
        for (n, (read, expected)) in read(case).iter().zip(expected).enumerate() {
            if !agrees(case, expected, read) {
                let avro = match expected {
                    Expected::Value(value) => value.to_string(),
                    Expected::Error(message) => format!("error: {message}"),
                };
                let ours = read
                    .as_ref()
                    .map_or_else(|error| format!("error: {error}"), Value::to_string);
                wrong.push(format!(
                    "{file}, datum {n}: {}\n  Avro: {avro}\n  ours: {ours}",
                    case.shows
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} data differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The files of a folder, by name.
fn files<T: DeserializeOwned>(folder: &str) -> BTreeMap<String, T> {
    let entries = fs::read_dir(format!("{HERE}/{folder}")).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let file = |path: std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a text file");
        let content = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{folder}/{name}: {error}"));
        (name, content)
    };
    paths.map(file).collect()
}

/// Why we read no value.
#[derive(Clone, Debug)]
enum Refused {
    Schema(SchemaError),
    Resolution(ResolveError),
    Datum(ReadError),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Schema(error) => write!(f, "{error}"),
            Self::Resolution(error) => write!(f, "{error}"),
            Self::Datum(error) => write!(f, "{error}"),
        }
    }
}

/// Resolves a registered schema against a new one.
fn resolve(writer: &SchemaText, reader: &SchemaText) -> Result<Resolution, Refused> {
    let writer = Schema::parse_lenient(writer).map_err(Refused::Schema)?;
    let reader = Schema::parse(reader).map_err(Refused::Schema)?;
    Resolution::new(&writer, &reader).map_err(Refused::Resolution)
}

/// What we read from each datum of a case.
fn read(case: &Case) -> Vec<Result<Value, Refused>> {
    let writer = SchemaText {
        references: case.references.iter().map(schema_text).collect(),
        ..SchemaText::avro(schema_text(&case.writer))
    };
    let reader = SchemaText::avro(schema_text(&case.reader));
    let resolution = resolve(&writer, &reader);
    let read = |datum: &String| {
        let resolution = resolution.as_ref().map_err(Refused::clone)?;
        resolution.read(&unhex(datum)).map_err(Refused::Datum)
    };
    case.data.iter().map(read).collect()
}

fn schema_text(schema: &Value) -> String {
    match schema.as_str().filter(|text| text.ends_with(".avsc")) {
        Some(path) => fs::read_to_string(format!("{ROOT}/{path}")).expect("a schema's file"),
        None => schema.to_string(),
    }
}

fn agrees(case: &Case, expected: &Expected, read: &Result<Value, Refused>) -> bool {
    match (expected, read) {
        (Expected::Value(expected), Ok(value)) => same(expected, value),
        (Expected::Value(_), Err(_)) => case.may_refuse.is_some(),
        (Expected::Error(_), read) => read.is_err(),
    }
}

/// Whether two values are the same, though serde's JSON has no bytes (it takes them for arrays of numbers) and no numbers
/// that are not finite (it takes them for null).
fn same(expected: &Value, value: &Value) -> bool {
    match (expected, value) {
        (Value::String(text), Value::Array(bytes)) => {
            let bytes = bytes
                .iter()
                .map(|byte| byte.as_u64().and_then(|byte| byte.try_into().ok()));
            text.strip_prefix("hex:").map(unhex) == bytes.collect()
        }
        (Value::String(text), Value::Null) => ["NaN", "Infinity", "-Infinity"].contains(&text.as_str()),
        (Value::Number(expected), Value::Number(number)) if expected.is_f64() && number.is_f64() => {
            // serde_json may miss the last bit of a decimal fraction that it reads.
            let bits = |number: &serde_json::Number| number.as_f64().map(f64::to_bits).expect("a float");
            bits(expected).abs_diff(bits(number)) <= 1
        }
        (Value::Array(expected), Value::Array(values)) => {
            expected.len() == values.len()
                && expected
                    .iter()
                    .zip(values)
                    .all(|(expected, value)| same(expected, value))
        }
        (Value::Object(expected), Value::Object(fields)) => {
            let has = |(name, expected): (&String, &Value)| fields.get(name).is_some_and(|value| same(expected, value));
            expected.len() == fields.len() && expected.iter().all(has)
        }
        _ => expected == value,
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two hexadecimal digits");
    (0..text.len()).step_by(2).map(byte).collect()
}
