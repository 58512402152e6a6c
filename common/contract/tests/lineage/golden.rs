//! Bytes that another Avro implementation wrote with each version, read by today's struct. The files under `golden/` are
//! written once per version, by `golden/write.py`, and never changed.

use std::fs;
use std::path::{Path, PathBuf};

use apache_avro::Schema;
use apache_avro::schema::ResolvedSchema;
use orderlog_avro::SchemaText;
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::lineage::LINEAGE;
use orderlog_contract::rejection::Rejection;
use orderlog_contract::{decode, encode, frame};
use serde_json::Value;

/// A version's records, one in hexadecimal per line, and the JSON array of the events that they are.
#[derive(Clone)]
struct Golden {
    hex: String,
    json: String,
}

impl Golden {
    /// Reads a version's files.
    ///
    /// # Errors
    /// A sentence with the command that makes them, when they are not there.
    fn read(folder: &Path, version: u32) -> Result<Self, String> {
        let text = |extension: &str| {
            let file = folder.join(format!("v{version}.{extension}"));
            fs::read_to_string(&file).map_err(|error| {
                format!(
                    "{} cannot be read ({error}). Make it, once, with: python3 -m venv /tmp/golden && \
                     /tmp/golden/bin/pip install fastavro==1.12.2 && \
                     /tmp/golden/bin/python common/contract/tests/lineage/golden/write.py",
                    file.display()
                )
            })
        };
        Ok(Self {
            hex: text("hex")?,
            json: text("json")?,
        })
    }

    fn records(&self) -> Vec<Vec<u8>> {
        self.hex.lines().map(|line| bytes(line).expect("hexadecimal")).collect()
    }
}

/// The one place where this test calls the decoder.
fn decoded(schema: &str, datum: &[u8]) -> Result<OrderEvent, Rejection> {
    decode::decode(&WriterSchema::new(&SchemaText::avro(schema)), datum)
}

/// How the version's records, read by today's struct, differ from what they should be.
fn differences(version: u32, schema: &str, newest: &Schema, golden: &Golden) -> Vec<String> {
    let events: Vec<Value> = serde_json::from_str(&golden.json).expect("a JSON array");
    let records = golden.records();
    if events.is_empty() || events.len() != records.len() {
        return vec![format!(
            "v{version} has {} records and {} events",
            records.len(),
            events.len()
        )];
    }
    let of_one = |(record, event): (&Vec<u8>, &Value)| difference(version, schema, newest, record, event).err();
    let all = (1..).zip(records.iter().zip(&events).map(of_one));
    all.filter_map(|(n, difference)| Some(format!("v{version}, event {n}: {}", difference?)))
        .collect()
}

fn difference(version: u32, schema: &str, newest: &Schema, record: &[u8], event: &Value) -> Result<(), String> {
    let (id, datum) = frame::split(record).map_err(|fault| fault.reason)?;
    if id != version {
        return Err(format!("its schema id is {id}"));
    }
    let read = decoded(schema, datum).map_err(|fault| fault.reason)?;
    let read = serde_json::to_value(read).expect("an event has a JSON form");
    let names = ResolvedSchema::try_from(newest).expect("a schema without references");
    match first_difference(&read, &in_full(event, newest, &names), "") {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}

/// The event as a reader with the newest schema must see it: with the defaults of the fields that its version lacked,
/// and without those that the newest version lacks. Computed from the specification, not by the library under test.
fn in_full(event: &Value, schema: &Schema, names: &ResolvedSchema<'_>) -> Value {
    match (schema, event) {
        (Schema::Ref { name }, _) => in_full(event, names.get_names()[name], names),
        (Schema::Record(record), Value::Object(values)) => {
            let fields = record.fields.iter().map(|field| {
                let value = values.get(&field.name).or(field.default.as_ref());
                let value = value.expect("full_transitive: a new field has a default");
                (field.name.clone(), in_full(value, &field.schema, names))
            });
            fields.collect::<serde_json::Map<_, _>>().into()
        }
        (Schema::Array(array), Value::Array(values)) => {
            values.iter().map(|value| in_full(value, &array.items, names)).collect()
        }
        (Schema::Union(union), value) if !value.is_null() => {
            let branch = union.variants().iter().find(|branch| !matches!(branch, Schema::Null));
            in_full(value, branch.expect("a branch"), names)
        }
        _ => event.clone(),
    }
}

fn first_difference(read: &Value, expected: &Value, path: &str) -> Option<String> {
    match (read, expected) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => a
            .iter()
            .find_map(|(key, value)| first_difference(value, &b[key], &format!("{path}.{key}"))),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => (0..)
            .zip(a.iter().zip(b))
            .find_map(|(n, (a, b)): (usize, _)| first_difference(a, b, &format!("{path}[{n}]"))),
        _ if read == expected => None,
        _ => Some(format!(
            "{} is read as {read}, not {expected}",
            path.trim_start_matches('.')
        )),
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lineage/golden")
}

fn newest_version() -> (u32, &'static str, Golden) {
    let version = u32::try_from(LINEAGE.len()).expect("a small number");
    let golden = Golden::read(&folder(), version).unwrap_or_else(|reason| panic!("{reason}"));
    (version, LINEAGE[LINEAGE.len() - 1], golden)
}

#[test]
fn todays_struct_reads_what_every_version_wrote() {
    for (version, schema) in (1..).zip(LINEAGE) {
        let golden = Golden::read(&folder(), version).unwrap_or_else(|reason| panic!("{reason}"));
        assert_eq!(
            differences(version, schema, &crate::newest(), &golden),
            Vec::<String>::new()
        );
    }
}

#[test]
fn today_the_newest_version_is_written_byte_for_byte_as_the_other_implementation_does() {
    let (version, schema, golden) = newest_version();
    for record in golden.records() {
        let (_, datum) = frame::split(&record).expect("a frame");
        let event = decoded(schema, datum).expect("an event");
        let written = encode::record_value(version, &event).expect("encodes");
        assert_eq!(hex(&written), hex(&record));
    }
}

#[test]
fn a_missing_file_is_reported_with_the_command_that_creates_it() {
    let reason = Golden::read(&folder(), 0).err().expect("there is no version 0");
    assert!(
        reason.contains("golden/v0.hex cannot be read") && reason.ends_with("golden/write.py"),
        "{reason}"
    );
}

#[test]
fn bytes_of_a_different_event_are_reported() {
    let (version, schema, golden) = newest_version();
    let found = |hex: &str| {
        let golden = Golden {
            hex: hex.to_owned(),
            ..golden.clone()
        };
        differences(version, schema, &crate::newest(), &golden)
    };
    let lines: Vec<&str> = golden.hex.lines().collect();
    let with_second = |line: &str| [&[lines[0], line], &lines[2..]].concat().join("\n");

    let another = found(&with_second(lines[0]));
    assert_eq!(another.len(), 1);
    assert!(
        another[0].starts_with(&format!("v{version}, event 2: eventId is read as ")),
        "{another:?}"
    );
    let short = found(&with_second(&lines[1][..lines[1].len() - 2]));
    assert!(
        short.len() == 1 && short[0].contains(": unexpected end of data"),
        "{short:?}"
    );
    let other_id = found(&with_second(&lines[1].replacen("00000000", "00000009", 1)));
    assert!(
        other_id.len() == 1 && other_id[0].contains("event 2: its schema id is "),
        "{other_id:?}"
    );
    let fewer = found(lines[0]);
    assert_eq!(fewer, [format!("v{version} has 1 records and {} events", lines.len())]);
}

#[test]
fn an_older_event_is_expected_with_the_defaults_of_later_fields() {
    let newest = Schema::parse_str(
        r#"{"type": "record", "name": "R", "fields": [
            {"name": "kept", "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
                {"name": "id", "type": "int"}, {"name": "note", "type": ["null", "string"], "default": null}]}}},
            {"name": "new", "type": "int", "default": 7}]}"#,
    )
    .expect("a schema");
    let names = ResolvedSchema::try_from(&newest).expect("a schema without references");
    let event = serde_json::json!({"kept": [{"id": 1}, {"id": 2, "note": "x"}], "gone": true});
    assert_eq!(
        in_full(&event, &newest, &names),
        serde_json::json!({"kept": [{"id": 1, "note": null}, {"id": 2, "note": "x"}], "new": 7})
    );
}
