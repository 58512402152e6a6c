//! Names and paths of fields, as errors show them: `order.items[].quantity`, `labels{}`.

/// The path of a record's field.
pub fn field(record: &str, field: &str) -> String {
    join(record, &short(field))
}

/// The path of an array's items.
pub fn items(array: &str) -> String {
    format!("{array}[]")
}

/// The path of a map's values.
pub fn values(map: &str) -> String {
    format!("{map}{{}}")
}

/// The path through these fields, `[]` and `{}`.
pub fn of(parts: &[&str]) -> String {
    parts.iter().fold(String::new(), |path, part| join(&path, &short(part)))
}

/// Puts one path before another.
pub fn join(outer: &str, inner: &str) -> String {
    let dot = if outer.is_empty() || inner.is_empty() || inner.starts_with(['[', '{']) {
        ""
    } else {
        "."
    };
    format!("{outer}{dot}{inner}")
}

/// A name for messages, truncated and with every character escaped that is not plainly visible: a foreign name may
/// contain anything.
pub fn short(name: &str) -> String {
    let mut short = String::new();
    for c in name.chars().take(128) {
        if short.len() > 128 {
            break;
        }
        if c.is_alphanumeric() || c == ' ' || c.is_ascii_graphic() {
            short.push(c);
        } else {
            short.extend(c.escape_unicode());
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_joined_by_dots_and_entries_are_not() {
        assert_eq!(field("", "order"), "order");
        assert_eq!(
            field(&items(&field("order", "items")), "quantity"),
            "order.items[].quantity"
        );
        assert_eq!(join("order", &join("[3]", "quantity")), "order[3].quantity");
        assert_eq!(values("labels"), "labels{}");
    }
}
