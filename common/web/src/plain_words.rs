//! What serde says of a body or a query, in the words of JSON instead of Rust's. Which field is at fault is found elsewhere.

/// What serde_json says of a surrogate without its partner: its grammar is that of JSON, but it is no character.
pub(super) const HALF_A_PAIR: [&str; 2] = ["lone leading surrogate in hex escape", "unexpected end of hex escape"];

/// A message of serde in words for somebody who does not know that this is Rust.
pub(super) fn plainly(message: &str) -> String {
    if message.starts_with("missing field `") {
        return "is required".to_owned();
    }
    if message.starts_with("duplicate field `") {
        return "must be given once".to_owned();
    }
    if HALF_A_PAIR.contains(&message) {
        return r"has one half of a surrogate pair (\ud800 to \udfff) without the other".to_owned();
    }
    let names = |names: &str| names.trim_start_matches("one of ").replace('`', "");
    if message.starts_with("unknown field `") {
        return match message.split_once("`, expected ") {
            Some((_, known)) => format!("is unknown here; known are: {}", names(known)),
            None => "is unknown here".to_owned(),
        };
    }
    if let Some((found, wanted)) = expectation(message) {
        return if message.starts_with("unknown variant `") {
            format!("must be one of: {}", names(wanted))
        } else {
            let wanted = kind_wanted(wanted);
            match kind_found(found) {
                // A number that is not the right one.
                Some("a number") if wanted.ends_with("number") => format!("must be {wanted}"),
                Some(found) if found != wanted => format!("must be {wanted}, not {found}"),
                _ => format!("must be {wanted}"),
            }
        };
    }
    message.to_owned()
}

/// What was found and what was wanted, in a message of serde that says so.
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
        "sequence" | "tuple" => "a list",
        "unit" => "null",
        "enum" | "str" | "string" | "char" => "a string",
        "bool" => "true or false",
        _ => match wanted {
            "a sequence" | "an array" => "a list",
            "a map" => "an object",
            "a boolean" => "true or false",
            "a borrowed string" | "a character" => "a string",
            other => other,
        },
    }
}

/// What kind of value the client wrote; `None` where that is not known.
fn kind_found(found: &str) -> Option<&'static str> {
    match found.split(' ').next()? {
        "integer" | "floating" => Some("a number"),
        "string" | "character" => Some("a string"),
        "sequence" => Some("a list"),
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
            ("duplicate field `orderId`", "must be given once"),
            ("unknown field `a`, expected `b`", "is unknown here; known are: b"),
            (
                "unknown field `a`, expected one of `b`, `c`",
                "is unknown here; known are: b, c",
            ),
            ("unknown field `a`, there are no fields", "is unknown here"),
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
                "must be an object, not a list",
            ),
            (
                "invalid length 0, expected struct Order with 6 elements",
                "must be an object",
            ),
            (
                "invalid type: map, expected a sequence",
                "must be a list, not an object",
            ),
            ("invalid type: null, expected a string", "must be a string, not null"),
            (
                "invalid type: boolean `true`, expected a string",
                "must be a string, not a boolean",
            ),
            ("must be a number, such as 999.99", "must be a number, such as 999.99"),
        ] {
            assert_eq!(plainly(message), plain, "{message}");
        }
    }
}
