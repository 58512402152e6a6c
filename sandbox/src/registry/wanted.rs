//! The version of a subject that a client asks for.

use std::fmt;

use super::error::Refusal;

/// The version that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The highest one that is not soft-deleted.
    Latest,
    /// That one.
    Number(u32),
}

impl Wanted {
    /// Reads `latest`, `-1` (the same) or a number from 1.
    ///
    /// # Errors
    /// [`Refusal::InvalidVersion`] for anything else.
    pub fn parse(text: &str) -> Result<Wanted, Refusal> {
        match text {
            "latest" | "-1" => Ok(Wanted::Latest),
            _ => match text.parse::<u32>() {
                Ok(number) if number >= 1 && i32::try_from(number).is_ok() => Ok(Wanted::Number(number)),
                _ => Err(Refusal::InvalidVersion(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Latest => f.write_str("latest"),
            Wanted::Number(number) => write!(f, "{number}"),
        }
    }
}
