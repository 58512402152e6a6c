//! Values that must not be shown.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

/// A value that must not be shown: `Debug` hides it, and it is wiped from memory on drop.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

impl Secret {
    /// The value itself, for the server that needs it; never for messages or logs.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it is empty.
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

/// Only settings are compared, never input from outside, so the comparison need not be constant-time.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

/// A clap value parser for the path of a secret's file. clap's own rejects an empty path, but compose files pass an unset
/// variable as an empty one.
///
/// # Errors
/// Never.
pub fn path(text: &str) -> Result<PathBuf, Infallible> {
    Ok(text.into())
}

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
