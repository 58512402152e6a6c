//! Where a service keeps its store.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The value of `STORE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `embedded:<dir>`: in this process, its files in that directory.
    Embedded(PathBuf),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("embedded", dir)) if !dir.trim().is_empty() => Ok(Self::Embedded(PathBuf::from(dir))),
            Some(("postgres" | "postgresql", _)) => {
                Err("PostgreSQL is not yet supported in this version; write embedded:<directory>".to_owned())
            }
            _ => Err("write embedded:<directory>, such as embedded:./data/order-service".to_owned()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Embedded(dir) = self;
        write!(f, "embedded:{}", dir.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedded_store_has_a_directory() {
        let store: StoreUrl = "embedded:./data/cart-service".parse().expect("a store");
        assert_eq!(store, StoreUrl::Embedded(PathBuf::from("./data/cart-service")));
        assert_eq!(store.to_string(), "embedded:./data/cart-service");
        assert_eq!(
            "embedded:C:/data".parse(),
            Ok(StoreUrl::Embedded(PathBuf::from("C:/data")))
        );
    }

    #[test]
    fn what_is_no_store_says_what_to_write() {
        for text in ["embedded:", "embedded", "./data", "", "redis://x"] {
            assert!(
                text.parse::<StoreUrl>()
                    .expect_err(text)
                    .contains("embedded:<directory>"),
                "{text}"
            );
        }
        let error = "postgres://u:secret@h/db".parse::<StoreUrl>().expect_err("not yet");
        assert!(error.contains("not yet supported in this version"), "{error}");
    }
}
