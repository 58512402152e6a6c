//! Flags that environment variables can set.

/// A text that means neither yes nor no.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("write true or false")]
pub struct NotAFlag;

/// Whether a text means yes. An empty one means no: compose files pass an unset variable as an empty one.
///
/// # Errors
/// When it means neither.
pub fn yes_or_no(text: &str) -> Result<bool, NotAFlag> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" | "" => Ok(false),
        _ => Err(NotAFlag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_take_the_usual_words_from_their_variables() {
        assert!(["1", "true", "YES"].iter().all(|text| yes_or_no(text) == Ok(true)));
        assert!(["0", "False", "no", ""].iter().all(|text| yes_or_no(text) == Ok(false)));
        assert!(yes_or_no("maybe").is_err());
    }
}
