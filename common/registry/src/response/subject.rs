//! What responses say about a subject.

use serde_json::Value;

use super::json::{number, parse_json};

/// The versions of a subject.
pub(crate) fn parse_versions(body: &[u8]) -> Option<Vec<u32>> {
    let versions: Vec<Value> = parse_json(body)?;
    Some(versions.iter().filter_map(number).collect())
}

/// Whether the registry finds a schema compatible, and why not, where it says so.
#[derive(Debug)]
pub(crate) struct CompatibilityResult {
    pub is_compatible: bool,
    pub messages: Vec<String>,
}

/// The response to a compatibility check.
pub(crate) fn parse_compatibility(body: &[u8]) -> Option<CompatibilityResult> {
    let body: Value = parse_json(body)?;
    let messages = body["messages"].as_array().into_iter().flatten();
    Some(CompatibilityResult {
        is_compatible: body["is_compatible"].as_bool()?,
        messages: messages.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

/// A compatibility level. The API reads it under one name and sets it under another, and not every registry distinguishes
/// them.
pub(crate) fn parse_level(body: &[u8]) -> Option<String> {
    let body: Value = parse_json(body)?;
    let name = body["compatibilityLevel"].as_str().or(body["compatibility"].as_str())?;
    Some(name.to_ascii_uppercase())
}

/// A mode.
pub(crate) fn parse_mode(body: &[u8]) -> Option<String> {
    let body: Value = parse_json(body)?;
    Some(body["mode"].as_str()?.to_ascii_uppercase())
}
