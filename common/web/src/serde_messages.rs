//! Rewrites serde's messages about a body or a query in terms of JSON instead of Rust.

/// serde_json's messages for an unpaired surrogate: grammatical JSON, but not a character.
pub(super) const LONE_SURROGATE: [&str; 2] = ["lone leading surrogate in hex escape", "unexpected end of hex escape"];

/// A message of serde, reworded for clients.
pub(super) fn for_clients(message: &str) -> String {
    if message.starts_with("missing field `") {
        return "is required".to_owned();
    }
    if message.starts_with("duplicate field `") {
        return "must be given only once".to_owned();
    }
    if LONE_SURROGATE.contains(&message) {
        return r"contains an unpaired surrogate (\ud800 to \udfff)".to_owned();
    }
    let names = |names: &str| names.trim_start_matches("one of ").replace('`', "");
    if message.starts_with("unknown field `") {
        return match message.split_once("`, expected ") {
            Some((_, known)) => format!("unknown field; expected one of: {}", names(known)),
            None => "unknown field".to_owned(),
        };
    }
    if let Some((found, wanted)) = expectation(message) {
        return if message.starts_with("unknown variant `") {
            format!("must be one of: {}", names(wanted))
        } else {
            let wanted = kind_wanted(wanted);
            match kind_found(found) {
                // The right type, but not the right number.
                Some("a number") if wanted.ends_with("number") => format!("must be {wanted}"),
                Some(found) if found != wanted => format!("must be {wanted}, not {found}"),
                _ => format!("must be {wanted}"),
            }
        };
    }
    message.to_owned()
}

/// The found and the expected type, in a message of serde that names both.
fn expectation(message: &str) -> Option<(&str, &str)> {
    let (start, wanted) = message.rsplit_once(", expected ")?;
    let starts = [
        "invalid type: ",
        "invalid value: ",
        "invalid length ",
        "unknown variant `",
    ];
    let found = starts.iter().find_map(|prefix| start.strip_prefix(prefix))?;
    Some((found, wanted))
}

fn kind_wanted(wanted: &str) -> &str {
    let first = wanted.split(' ').next().unwrap_or_default();
    match first {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize"
        | "integer" => "a whole number",
        "f32" | "f64" => "a number",
        "struct" | "map" => "an object",
        "sequence" | "tuple" => "an array",
        "unit" => "null",
        "enum" | "str" | "string" | "char" => "a string",
        "bool" => "true or false",
        _ => match wanted {
            "a sequence" | "an array" => "an array",
            "a map" => "an object",
            "a boolean" => "true or false",
            "a borrowed string" | "a character" => "a string",
            other => other,
        },
    }
}

/// The type of value that the client sent; `None` when unknown.
fn kind_found(found: &str) -> Option<&'static str> {
    match found.split(' ').next()? {
        "integer" | "floating" => Some("a number"),
        "string" | "character" => Some("a string"),
        "sequence" => Some("an array"),
        "map" => Some("an object"),
        "boolean" => Some("a boolean"),
        "null" | "unit" => Some("null"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_speaks_of_rust() {
        for (message, plain) in [
            ("missing field `orderId`", "is required"),
            ("duplicate field `orderId`", "must be given only once"),
            ("unknown field `a`, expected `b`", "unknown field; expected one of: b"),
            (
                "unknown field `a`, expected one of `b`, `c`",
                "unknown field; expected one of: b, c",
            ),
            ("unknown field `a`, there are no fields", "unknown field"),
            ("unknown variant `a`, expected one of `b`, `c`", "must be one of: b, c"),
            (
                "invalid type: boolean `true`, expected usize",
                "must be a whole number, not a boolean",
            ),
            (
                "invalid type: floating point `3.5`, expected usize",
                "must be a whole number",
            ),
            (
                "invalid type: integer `7`, expected a string",
                "must be a string, not a number",
            ),
            (
                "invalid type: string \"a, expected b\", expected f64",
                "must be a number, not a string",
            ),
            (
                "invalid type: sequence, expected struct Order",
                "must be an object, not an array",
            ),
            (
                "invalid length 0, expected struct Order with 6 elements",
                "must be an object",
            ),
            (
                "invalid type: map, expected a sequence",
                "must be an array, not an object",
            ),
            ("invalid type: null, expected a string", "must be a string, not null"),
            (
                "invalid type: boolean `true`, expected a string",
                "must be a string, not a boolean",
            ),
            ("must be a number, such as 999.99", "must be a number, such as 999.99"),
        ] {
            assert_eq!(for_clients(message), plain, "{message}");
        }
    }
}
