//! Server-sent events as text. Pure.

use std::fmt::Write as _;

use serde::Serialize;

/// An event.
pub(super) fn event(name: &str, data: &impl Serialize) -> String {
    let mut events = String::new();
    add(&mut events, name, data);
    events
}

/// Adds an event.
pub(super) fn add(events: &mut String, name: &str, data: &impl Serialize) {
    // Numbers and strings always serialize.
    push(events, name, &serde_json::to_string(data).unwrap_or_default());
}

/// Adds an event whose data is `json`, which is on one line.
pub(super) fn push(events: &mut String, name: &str, json: &str) {
    // Writing to a String cannot fail.
    let _ = write!(events, "event: {name}\ndata: {json}\n\n");
}
