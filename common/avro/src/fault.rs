//! What is wrong with a datum: short, with the field's path, and never with a value of the payload.

use std::fmt;

/// A fault in the bytes, as the place that finds it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bytes end within it.
    Ends,
    /// More entries of arrays and maps than are read.
    TooMany,
    /// More values within one another than are read.
    TooDeep,
    /// Whatever else; a clause such as "a string is not UTF-8".
    Is(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ends => f.write_str("the datum ends within it"),
            Self::TooMany => write!(f, "more than {} entries of arrays and maps", super::input::MOST_ENTRIES),
            Self::TooDeep => write!(f, "more than {} values lie within one another", super::input::DEEPEST),
            Self::Is(what) => f.write_str(what),
        }
    }
}

/// A fault on its way out, which gathers the path to where it was found. In a box: every value that is read comes in a
/// `Result` with it, and faults are rare.
#[derive(Clone, Debug)]
pub(super) struct Located(Box<Place>);

#[derive(Clone, Debug)]
struct Place {
    what: String,
    /// Innermost first.
    path: Vec<String>,
}

impl Located {
    pub fn new(what: impl Into<String>) -> Self {
        Self(Box::new(Place {
            what: what.into(),
            path: Vec::new(),
        }))
    }

    /// The same, found within that field.
    pub fn within(mut self, field: &str) -> Self {
        self.0.path.push(field.to_owned());
        self
    }

    /// The same, found within the entries of an array or a map.
    pub fn within_entries(mut self, of: &'static str) -> Self {
        self.0.path.push(of.to_owned());
        self
    }

    /// The same, found within that entry.
    pub fn within_entry(mut self, index: usize) -> Self {
        self.0.path.push(format!("[{index}]"));
        self
    }
}

impl From<Fault> for Located {
    fn from(fault: Fault) -> Self {
        Self::new(fault.to_string())
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, part) in self.0.path.iter().rev().enumerate() {
            if n > 0 && !part.starts_with(['[', '{']) {
                f.write_str(".")?;
            }
            f.write_str(part)?;
        }
        if !self.0.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.0.what)
    }
}

impl std::error::Error for Located {}

impl serde::de::Error for Located {
    /// The text is dropped: serde's texts repeat values, and a payload must not come into headers and logs.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new("the value does not fit the field")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_written_from_the_outside_in() {
        let fault = Located::from(Fault::Ends)
            .within("quantity")
            .within_entry(3)
            .within("items")
            .within("order");
        assert_eq!(fault.to_string(), "order.items[3].quantity: the datum ends within it");
        assert_eq!(Located::from(Fault::Ends).to_string(), "the datum ends within it");
    }

    #[test]
    fn a_value_of_the_payload_is_not_repeated() {
        let fault = <Located as serde::de::Error>::custom("invalid value: string \"secret\"");
        assert!(!fault.to_string().contains("secret"));
    }
}
