//! A setting's value that must not be seen.

use std::convert::Infallible;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

/// A value that must not be seen: `Debug` hides it, and it is wiped from memory when it is dropped.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

impl Secret {
    /// The value itself: for whoever must be shown it, and never for a text that people read.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.into())
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value.into())
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(value: &str) -> Result<Self, Infallible> {
        Ok(value.into())
    }
}

/// Settings are compared with each other, never with what a stranger sends: the time that it takes tells nobody anything.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_value_is_there_but_not_shown() {
        let secret = Secret::from("hunter2");
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(secret, "hunter2".parse().expect("a secret"));
        assert!(!format!("{secret:?} {secret:#?}").contains("hunter2"));
    }
}
