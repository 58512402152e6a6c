//! The texts of `dlq list` and `dlq show`. Pure.

use super::model::{Bytes, Decoding, Detail, Header, Message, Messages, Place};
use super::table::{cell, lines, table};
use crate::cli::output::visible;

/// Bytes in a line of a hex dump.
const PER_LINE: usize = 16;
/// Bytes of the value that are shown, besides those around the fault.
const MAX_DUMP: usize = 512;

/// The list.
pub fn list(page: &Messages) -> Vec<String> {
    if page.messages.is_empty() {
        let more = match (&page.next, page.complete) {
            (Some(_), _) => "; there may be more (see below)",
            (None, false) => ", as far as order-service has read the topic",
            (None, true) => "",
        };
        let mut shown = vec![format!("No dead letters match{more}.")];
        shown.extend(next_page(page));
        return shown;
    }
    let mut rows = table(&["ID", "WRITTEN", "KEY", "STATE", "CODE", "REASON"]);
    for message in &page.messages {
        rows.add_row([
            cell(Some(&message.id)),
            cell(message.timestamp.as_deref()),
            cell(message.key.as_deref()),
            cell(message.state.as_deref()),
            cell(message.code.as_deref()),
            cell(message.reason.as_deref()),
        ]);
    }
    let mut shown: Vec<String> = lines(&rows).collect();
    shown.extend(next_page(page));
    if !page.complete {
        shown.push(
            "order-service has not read the dead-letter topic to its end, so there may be newer ones.".to_owned(),
        );
    }
    shown
}

fn next_page(page: &Messages) -> Option<String> {
    let next = page.next.as_deref()?;
    Some(format!("For more, repeat this with --after {}", visible(next)))
}

/// Everything about one dead letter.
pub fn detail(detail: &Detail) -> Vec<String> {
    let mut shown = about(&detail.message);
    if let Some(order) = &detail.order {
        let version = order
            .version
            .map_or("none yet".to_owned(), |version| format!("at version {version}"));
        // Once it is replayed or discarded, the order waits for nothing.
        let is_left = matches!(detail.message.state.as_deref(), Some("open" | "parked"));
        let healed = if order.healed && is_left {
            "; healed by a later event"
        } else {
            ""
        };
        shown.push(row(
            "order",
            &format!("{}, {version}{healed}", visible(&order.order_id)),
        ));
    }
    if let Some(decoding) = &detail.decoding {
        shown.extend(steps(decoding));
    }
    if let Some(advice) = &detail.advice {
        shown.extend([
            "".to_owned(),
            "What to do".to_owned(),
            format!("  {}", visible(&advice.sentence)),
        ]);
        if let Some(command) = &advice.command {
            shown.push(String::new());
            shown.extend(command.lines().map(|line| format!("  {}", visible(line))));
        }
    }
    shown.push(String::new());
    match &detail.value {
        None => shown.push("Value: none".to_owned()),
        Some(value) => shown.extend(dump(value, detail.decoding.as_ref().and_then(|it| it.byte))),
    }
    if let Some(event) = detail.decoding.as_ref().and_then(|it| it.event.as_ref()) {
        let event = serde_json::to_string_pretty(event).unwrap_or_default();
        shown.extend(["".to_owned(), "Event".to_owned()]);
        shown.extend(event.lines().map(|line| format!("  {}", visible(line))));
    }
    let (added, own): (Vec<_>, Vec<_>) = detail.headers.iter().partition(|header| header.added);
    shown.extend(headers("Headers of the record", &own));
    shown.extend(headers("Headers added by order-service", &added));
    shown
}

fn about(message: &Message) -> Vec<String> {
    let shown = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), visible);
    let mut rows = vec![
        format!("Dead letter {}", visible(&message.id)),
        row("state", &shown(&message.state)),
        row("written", &shown(&message.timestamp)),
        row("key", &shown(&message.key)),
        row("code", &shown(&message.code)),
        row("reason", &shown(&message.reason)),
    ];
    if let Some(first) = &message.first_code {
        rows.push(row("first code", &visible(first)));
    }
    rows.push(row("origin", &message.origin.as_ref().map_or("-".to_owned(), place)));
    rows.push(row(
        "schema id",
        &message.schema_id.map_or("-".to_owned(), |id| id.to_string()),
    ));
    rows.push(row("replays", &message.replays.to_string()));
    if let Some(settled) = &message.settled {
        let parts = [
            ("", &settled.at),
            ("by ", &settled.by),
            ("replay ", &settled.job),
            ("because: ", &settled.reason),
        ];
        let parts = parts
            .iter()
            .filter_map(|(what, text)| Some(format!("{what}{}", visible(text.as_deref()?))));
        rows.push(row("settled", &parts.collect::<Vec<_>>().join(", ")));
    }
    rows
}

fn row(name: &str, text: &str) -> String {
    format!("  {name:<10}  {text}")
}

fn place(place: &Place) -> String {
    let at = place
        .timestamp
        .as_deref()
        .map_or(String::new(), |at| format!(", {}", visible(at)));
    format!(
        "{}, partition {}, offset {}{at}",
        visible(&place.topic),
        place.partition,
        place.offset
    )
}

fn steps(decoding: &Decoding) -> Vec<String> {
    let mut shown = vec![String::new(), "What decoding says now".to_owned()];
    for step in &decoding.steps {
        let detail = step.detail.as_deref().filter(|detail| !detail.is_empty());
        let detail = detail.map_or(String::new(), |detail| format!("  {}", visible(detail)));
        let line = format!("  {:<8}  {:<11}{detail}", visible(&step.step), visible(&step.state));
        shown.push(line.trim_end().to_owned());
    }
    shown.extend(
        decoding
            .sentence
            .iter()
            .map(|sentence| format!("  {}", visible(sentence))),
    );
    shown
}

fn headers(title: &str, headers: &[&Header]) -> Vec<String> {
    if headers.is_empty() {
        return Vec::new();
    }
    let mut rows = table(&["NAME", "TYPE", "VALUE"]);
    for header in headers {
        let value = match &header.value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        rows.add_row([cell(Some(&header.name)), cell(Some(&header.kind)), cell(Some(&value))]);
    }
    let mut shown = vec![String::new(), title.to_owned()];
    shown.extend(lines(&rows).map(|line| format!(" {line}")));
    shown
}

/// The bytes in hexadecimal and as ASCII, with a mark below the one at which decoding fails.
fn dump(value: &Bytes, fault: Option<u64>) -> Vec<String> {
    let bytes = bytes(&value.hex);
    let fault = fault.and_then(|fault| usize::try_from(fault).ok());
    let mut shown = vec![format!(
        "Value, {} {}",
        value.size,
        if value.size == 1 { "byte" } else { "bytes" }
    )];
    let mut passed_over = false;
    for (n, line) in bytes.chunks(PER_LINE).enumerate() {
        let offset = n * PER_LINE;
        let is_near = fault.is_some_and(|fault| fault / PER_LINE + 1 >= n && fault / PER_LINE <= n + 1);
        if offset >= MAX_DUMP && !is_near {
            if !passed_over {
                shown.push("  …".to_owned());
            }
            passed_over = true;
            continue;
        }
        passed_over = false;
        let hex: String = line.iter().map(|byte| format!("{byte:02x} ")).collect();
        let text = line.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        });
        shown.push(format!("  {offset:06x}  {hex:<48} {}", text.collect::<String>()));
        if let Some(fault) = fault
            && (offset..offset + line.len()).contains(&fault)
        {
            shown.push(format!(
                "          {:width$}^^ byte {fault}",
                "",
                width = 3 * (fault - offset)
            ));
        }
    }
    match fault {
        Some(fault) if fault >= bytes.len() && !value.truncated => {
            shown.push(format!("  (decoding fails at byte {fault}, the end of the value)"));
        }
        _ => {}
    }
    if value.truncated {
        shown.push("  … (the rest is not shown; the dead-letter topic has it)".to_owned());
    }
    shown
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    pairs
        .iter()
        .map(|[high, low]| (digit(*high) << 4) | digit(*low))
        .collect()
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
