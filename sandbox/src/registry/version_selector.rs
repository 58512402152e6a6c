//! The version of a subject that a client asks for.

use std::fmt;

use super::error::Refusal;

/// The version that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionSelector {
    /// The highest one that is not soft-deleted.
    Latest,
    /// That one.
    Number(u32),
}

impl VersionSelector {
    /// Reads `latest`, `-1` (the same) or a number from 1.
    ///
    /// # Errors
    /// [`Refusal::InvalidVersion`] for anything else.
    pub fn parse(text: &str) -> Result<VersionSelector, Refusal> {
        match text {
            "latest" | "-1" => Ok(VersionSelector::Latest),
            _ => match text.parse::<u32>() {
                Ok(number) if number >= 1 && i32::try_from(number).is_ok() => Ok(VersionSelector::Number(number)),
                _ => Err(Refusal::InvalidVersion(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for VersionSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionSelector::Latest => f.write_str("latest"),
            VersionSelector::Number(number) => write!(f, "{number}"),
        }
    }
}
