//! Flags that environment variables can set.

/// Whether that text means yes. An empty one means no: it is how compose files pass a variable that is not set.
///
/// # Errors
/// What to write.
pub fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" | "" => Ok(false),
        _ => Err("write true or false".to_owned()),
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
