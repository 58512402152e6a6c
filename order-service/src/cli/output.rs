//! What the commands print. Records and problems come from elsewhere, so no character of theirs may steer the terminal; and
//! a reader that closes the pipe, as `head` does, has read enough.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};

use crate::hidden::{is_hidden, is_printable};

/// Writes to stdout, or to what a test reads.
pub struct Output<W> {
    to: W,
}

impl<W: Write> Output<W> {
    /// An output that writes there.
    pub fn new(to: W) -> Self {
        Self { to }
    }

    /// Writes a line.
    ///
    /// # Errors
    /// It cannot be written; see [`is_closed`].
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.to.write_all(text.as_bytes())?;
        self.to.write_all(b"\n")
    }

    /// Hands over what was written.
    ///
    /// # Errors
    /// As [`line`](Self::line).
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Whether an error only means that nobody reads any more.
pub fn is_closed(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// The same JSON, with every character that does not show or that reorders others written as an escape.
pub fn visible_json(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    for character in json.chars() {
        if is_hidden(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a string does not fail.
                let _ = write!(visible, "\\u{unit:04x}");
            }
        } else {
            visible.push(character);
        }
    }
    visible
}

/// A text on one line, with every character that does not show or that reorders others as its code: `\n`, `\u{202e}`.
pub fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        if is_printable(character) {
            visible.push(character);
        } else {
            visible.extend(character.escape_default());
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_reorders_text_is_shown_as_its_code() {
        for (text, shown) in [
            ("ORD-1", "ORD-1"),
            ("Müller, 東京", "Müller, 東京"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("two\nlines\t", "two\\nlines\\t"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("ORD\u{3164}\u{115f}1", "ORD\\u{3164}\\u{115f}1"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"a\u{202e}": ["\u{7f}\u{9b}", "\n", "\u{e0041}", "ü"]});
        let shown = visible_json(&value.to_string());
        assert!(shown.chars().all(is_printable), "{shown}");
        assert!(
            shown.contains("\\u202e") && shown.contains("\\udb40\\udc41") && shown.contains('ü'),
            "{shown}"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
    }

    #[test]
    fn a_closed_pipe_is_told_from_a_full_disk() {
        let error = |kind: ErrorKind| anyhow::Error::from(io::Error::from(kind)).context("writing");
        assert!(is_closed(&error(ErrorKind::BrokenPipe)));
        assert!(!is_closed(&error(ErrorKind::StorageFull)));
        assert!(!is_closed(&anyhow::anyhow!("Broken pipe")));
    }
}
