//! For tests: records as others write them, under schemas that are not ours. They are encoded with apache-avro's
//! `Value`s, independently of the code that reads them.

use std::time::Duration;

use anyhow::Context;
use apache_avro::Schema;
use apache_avro::types::Value as AvroValue;
use apache_avro::writer::datum::GenericDatumWriter;
use orderlog_contract::{frame, lineage};
use orderlog_registry::proxy_for;
use serde_json::Value;

/// Timeout of the registry.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Our newest schema as JSON, to be modified.
///
/// # Errors
/// If there is none.
pub fn newest() -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&lineage::newest_text().text)?)
}

/// The fields of a record within a schema. The path leads through fields of records, also records in arrays: empty for
/// the event's own fields, `["order", "items"]` for those of an item.
///
/// # Errors
/// If the path leads nowhere.
pub fn fields<'v>(schema: &'v mut Value, path: &[&str]) -> anyhow::Result<&'v mut Vec<Value>> {
    let mut record = schema;
    for name in path {
        let fields = record["fields"].as_array_mut().context("not a record")?;
        let field = fields.iter_mut().find(|field| field["name"] == *name);
        record = &mut field.with_context(|| format!("no field {name}"))?["type"];
        if record["type"] == "array" {
            record = &mut record["items"];
        }
    }
    record["fields"].as_array_mut().context("not a record")
}

/// Our newest schema with an additional field in the order: `fieldOfTomorrow`, a nullable string that defaults to null.
/// No release will use that name.
///
/// # Errors
/// As [`fields`].
pub fn with_a_new_field() -> anyhow::Result<String> {
    let mut schema = newest()?;
    fields(&mut schema, &["order"])?.push(serde_json::json!({
        "name": "fieldOfTomorrow", "type": ["null", "string"], "default": null, "doc": "What nobody has thought of yet.",
    }));
    Ok(schema.to_string())
}

/// Registers a schema under a subject, with its references, a JSON array of `{name, subject, version}`. Returns its id.
///
/// # Errors
/// If the registry refuses it.
pub async fn register(registry_url: &str, subject: &str, schema: &str, references: &Value) -> anyhow::Result<u32> {
    let url = format!("{}/subjects/{subject}/versions", registry_url.trim_end_matches('/'));
    let mut client = reqwest::Client::builder().timeout(TIMEOUT);
    if proxy_for(&url).is_none() {
        client = client.no_proxy();
    }
    let request = client.build()?.post(&url);
    let body = serde_json::json!({"schema": schema, "references": references});
    let answer = request.json(&body).send().await;
    let answer = answer
        .and_then(reqwest::Response::error_for_status)
        .with_context(|| format!("registering a schema at {url}"))?;
    let answer: Value = answer.json().await?;
    let id = answer["id"].as_u64().context("an answer without an id")?;
    Ok(u32::try_from(id)?)
}

/// A record's value: the frame with that id, then the data encoded with that schema.
///
/// # Errors
/// If the data do not match that schema.
pub fn value(schema_id: u32, schema: &str, data: Value) -> anyhow::Result<Vec<u8>> {
    let schema = Schema::parse_str(schema)?;
    let data = AvroValue::try_from(data)?.resolve(&schema)?;
    let mut value = frame::header(schema_id).to_vec();
    GenericDatumWriter::builder(&schema)
        .build()?
        .write_value(&mut value, data)?;
    Ok(value)
}
