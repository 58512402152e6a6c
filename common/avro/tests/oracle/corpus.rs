//! A corpus of schemas and of pairs of schemas, made by `corpus/generate.py`. For each, it has the verdict of Avro's own library:
//! whether it can be registered, whether it is read once it is registered, whether a reader's and a writer's are compatible, and
//! what the data are. We must say the same, except for what is listed in `corpus/differences.json` with the reason. A difference
//! that is not listed fails, and so does a listed one that no longer exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use orderlog_avro::compatibility::{ReasonKind, check, house_rules};
use orderlog_avro::{Resolution, Schema, SchemaText};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Expected, HERE, Refused, resolve, same, unhex};

/// What the library says of a schema.
#[derive(Deserialize)]
struct SchemaCase {
    name: String,
    text: String,
    /// For one to be registered: "taken", or why not.
    new: String,
    /// The versions that read it when it is registered.
    held: Vec<String>,
    /// The library's own text of it, where the newest version reads it.
    understood: Option<String>,
    /// For one that states its meaning: whether the library agrees.
    means: Option<bool>,
    /// Data of a record that has a field of this type and a number after it.
    #[serde(default)]
    skipped: Vec<String>,
}

/// What the library says of a writer's schema and a reader's.
#[derive(Deserialize)]
struct PairCase {
    name: String,
    writer: String,
    reader: String,
    /// Why a registry finds them incompatible.
    incompatible: Vec<String>,
    /// Data of the writer's, and what they are for the reader.
    data: Vec<String>,
    read: Vec<Expected>,
}

/// Where we differ, and why that is right.
#[derive(Deserialize)]
struct Difference {
    what: String,
    why: String,
    of: BTreeSet<String>,
}

/// Names of schemas or pairs, by what is different.
type Differences = BTreeMap<String, BTreeSet<String>>;

/// The numbers after the fields that are skipped, in the order of the data.
const NUMBERS: [i64; 3] = [-64, 100_000, 1];

#[test]
fn every_schema_and_every_pair_is_judged_as_by_avros_own_library() {
    let mut found = Differences::new();
    let mut note = |what: &str, name: &str| {
        let names = found.entry(what.to_owned()).or_default();
        assert!(names.insert(name.to_owned()), "{name} is there twice");
    };
    for schema in lines::<SchemaCase>("schemas") {
        for what in of_schema(&schema) {
            note(what, &schema.name);
        }
    }
    for pair in lines::<PairCase>("pairs") {
        for what in of_pair(&pair) {
            note(what, &pair.name);
        }
    }
    let text = fs::read_to_string(format!("{HERE}/corpus/differences.json")).expect("a text file");
    let listed: Vec<Difference> = serde_json::from_str(&text).expect("a list of differences");
    let mut expected = Differences::new();
    for difference in listed {
        assert!(!difference.why.is_empty(), "{}: without a reason", difference.what);
        for name in difference.of {
            let names = expected.entry(difference.what.clone()).or_default();
            assert!(
                names.insert(name.clone()),
                "{}: {name} is listed twice",
                difference.what
            );
        }
    }
    let wrong = [
        missing("not listed", &found, &expected),
        missing("gone", &expected, &found),
    ]
    .concat();
    let count: usize = found.values().map(BTreeSet::len).sum();
    assert!(wrong.is_empty(), "{count} differences:\n{}", wrong.join("\n"));
}

fn lines<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let text = fs::read_to_string(format!("{HERE}/corpus/{file}.jsonl")).expect("a text file");
    let line = |line| serde_json::from_str(line).expect("a line of the corpus; run oracle/run.sh");
    text.lines().map(line).collect()
}

/// What is in `these` and not in `those`.
fn missing(how: &str, these: &Differences, those: &Differences) -> Vec<String> {
    let none = BTreeSet::new();
    let of = |(what, names): (&String, &BTreeSet<String>)| {
        let names: Vec<_> = names.difference(those.get(what).unwrap_or(&none)).cloned().collect();
        (!names.is_empty()).then(|| format!("{how}: {what}: {names:?}"))
    };
    these.iter().filter_map(of).collect()
}

/// How we differ about a schema.
fn of_schema(schema: &SchemaCase) -> Vec<&'static str> {
    let mut found = Vec::new();
    let text = SchemaText::avro(&*schema.text);
    match (Schema::parse(&text).is_ok(), schema.new == "taken") {
        (true, false) => found.push("new: taken"),
        (false, true) => found.push("new: refused"),
        _ => {}
    }
    match (text.is_avro(), !schema.held.is_empty()) {
        (true, false) => found.push("held: read"),
        (false, true) => found.push("held: refused"),
        _ => {}
    }
    let understood = schema.understood.as_deref().map(SchemaText::avro);
    if text.is_avro() && understood.is_some_and(|understood| !understood.writes_the_same_as(&text)) {
        found.push("held: other bytes");
    }
    if let (Some(means), Ok(parsed)) = (schema.means, Schema::parse_lenient(&text)) {
        let ignored = house_rules(&[(String::new(), &parsed)]);
        let ignored = ignored
            .iter()
            .any(|it| it.reason.kind == ReasonKind::LogicalTypeIgnored);
        match (!ignored, means) {
            (true, false) => found.push("meaning: seen"),
            (false, true) => found.push("meaning: ignored"),
            _ => {}
        }
    }
    if !schema
        .skipped
        .iter()
        .zip(NUMBERS)
        .all(|(datum, number)| is_skipped(schema, datum, number))
    {
        found.push("held: not skipped");
    }
    found
}

/// Whether a reader finds the number after a field that it does not have.
fn is_skipped(schema: &SchemaCase, datum: &str, number: i64) -> bool {
    #[derive(Deserialize)]
    struct Holder {
        number: i64,
    }
    let holder = |fields: &str| {
        format!(r#"{{"type":"record","name":"Holder_","fields":[{fields}{{"name":"number","type":"int"}}]}}"#)
    };
    let writer = holder(&format!(r#"{{"name":"skipped","type":{}}},"#, schema.text));
    let datum = unhex(datum);
    let Ok(resolution) = resolved(&writer, &holder("")) else {
        return false;
    };
    resolution
        .read::<Holder>(&datum)
        .is_ok_and(|holder| holder.number == number)
}

fn resolved(writer: &str, reader: &str) -> Result<Resolution, Refused> {
    resolve(&SchemaText::avro(writer), &SchemaText::avro(reader))
}

/// How we differ about a pair.
fn of_pair(pair: &PairCase) -> Vec<&'static str> {
    let mut found = Vec::new();
    // A registered schema can be compared, whatever the rules were when it was registered.
    let held = |text: &str| Schema::parse_lenient(&SchemaText::avro(text));
    let both = (held(&pair.writer), held(&pair.reader));
    let compatible = matches!(&both, (Ok(writer), Ok(reader)) if check(writer, reader).is_empty());
    match (compatible, pair.incompatible.is_empty()) {
        (true, false) => found.push("pair: compatible"),
        (false, true) => found.push("pair: incompatible"),
        _ => {}
    }
    let resolution = resolved(&pair.writer, &pair.reader);
    let read = pair.data.iter().zip(&pair.read).map(|(datum, expected)| {
        let datum = unhex(datum);
        let read: Result<Value, Refused> = resolution
            .as_ref()
            .map_err(Refused::clone)
            .and_then(|it| it.read(&datum).map_err(Refused::Datum));
        match (read, expected) {
            (Ok(value), Expected::Value(expected)) if same(expected, &value) => None,
            (Ok(_), Expected::Value(_)) => Some("pair: another value"),
            (Err(_), Expected::Value(_)) => Some("pair: not read"),
            (Ok(_), Expected::Error(_)) => Some("pair: read"),
            (Err(_), Expected::Error(_)) => None,
        }
    });
    found.extend(read.flatten().collect::<BTreeSet<_>>());
    found
}

/// The check and the resolution are two uses of one set of rules: what a registry finds compatible is read, unless a logical
/// type would be read as another one or a default is invalid.
#[test]
fn compatible_schemas_can_be_resolved() {
    let mut resolved = 0;
    for pair in lines::<PairCase>("pairs") {
        let held = |text: &str| Schema::parse_lenient(&SchemaText::avro(text));
        let (Ok(writer), Ok(reader)) = (held(&pair.writer), held(&pair.reader)) else {
            continue;
        };
        if !check(&writer, &reader).is_empty() {
            continue;
        }
        match Resolution::new(&writer, &reader) {
            Ok(_) => resolved += 1,
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    ReasonKind::LogicalTypeMismatch | ReasonKind::DefaultMismatch
                ),
                "{}: {error}",
                pair.name
            ),
        }
    }
    assert!(resolved > 100, "{resolved}");
}
