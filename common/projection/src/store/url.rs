//! Where a service keeps its store.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The value of `STORE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `embedded:<dir>`: in this process, with files in that directory.
    Embedded(PathBuf),
}

/// Why a value of `STORE` is invalid, with what to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStoreUrl {
    /// A store of a later release.
    #[error("PostgreSQL is not supported in this version; write embedded:<directory>")]
    Postgres,
    /// Anything else.
    #[error("write embedded:<directory>, such as embedded:./data/order-service")]
    Unknown,
}

impl FromStr for StoreUrl {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, InvalidStoreUrl> {
        match text.split_once(':') {
            Some(("embedded", dir)) if !dir.trim().is_empty() => Ok(Self::Embedded(PathBuf::from(dir))),
            Some(("postgres" | "postgresql", _)) => Err(InvalidStoreUrl::Postgres),
            _ => Err(InvalidStoreUrl::Unknown),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(dir) => write!(f, "embedded:{}", dir.display()),
        }
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
    fn an_invalid_value_says_what_to_write() {
        for text in ["embedded:", "embedded", "./data", "", "redis://x"] {
            assert!(
                text.parse::<StoreUrl>()
                    .expect_err(text)
                    .to_string()
                    .contains("embedded:<directory>"),
                "{text}"
            );
        }
        let error = "postgres://u:secret@h/db".parse::<StoreUrl>().expect_err("not yet");
        assert!(error.to_string().contains("not supported in this version"), "{error}");
    }
}
