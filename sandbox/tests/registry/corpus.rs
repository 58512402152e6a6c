//! The corpus of schemas that Avro's own library has judged: what it accepts is accepted here, and nothing else. (The
//! checks of a release agree; `common/avro/tests/oracle` has those, and the differences with their reasons.)

use serde_json::Value;

use super::{Api, schema};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../common/avro/tests/oracle/corpus");

fn text(file: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}/{file}")).expect("a file of the corpus")
}

/// The schemas that we deliberately judge differently.
fn listed(what: &str) -> Vec<Value> {
    let differences: Vec<Value> = serde_json::from_str(&text("differences.json")).expect("the differences");
    let of = |it: Value| it["of"].as_array().cloned().unwrap_or_default();
    differences
        .into_iter()
        .filter(|it| it["what"] == what)
        .flat_map(of)
        .collect()
}

#[tokio::test]
async fn a_schema_is_accepted_if_java_accepts_it() {
    let api = Api::start();
    let (taken, refused) = (listed("new: taken"), listed("new: refused"));
    let mut wrong = Vec::new();
    let mut number = 0;
    for line in text("schemas.jsonl").lines() {
        let judged: Value = serde_json::from_str(line).expect("a line");
        let name = &judged["name"];
        let expected = (judged["new"] == "taken" || taken.contains(name)) && !refused.contains(name);
        number += 1;
        let path = format!("/subjects/s{number}/versions");
        let (status, answer) = api.post(&path, schema(judged["text"].as_str().expect("a text"))).await;
        if (status, expected) != (200, true) && (status, expected) != (422, false) {
            wrong.push(format!("{name}: {status} {answer}"));
        }
    }
    assert!(number > 500 && wrong.is_empty(), "{}", wrong.join("\n"));
}
