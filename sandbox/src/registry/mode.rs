//! The modes: whether schemas may be read, registered and deleted. Pure.

use std::fmt;
use std::str::FromStr;

use super::error::Refusal;

/// What is allowed in a registry or for a subject; see Confluent's API reference, "Modes".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Everything.
    #[default]
    ReadWrite,
    /// Reading.
    ReadOnly,
    /// Reading, whatever the subject's own mode.
    ReadOnlyOverride,
    /// Importing schemas with their ids, which this registry does not support; changing levels.
    Import,
}

impl Mode {
    const ALL: [(Self, &'static str); 4] = [
        (Self::ReadWrite, "READWRITE"),
        (Self::ReadOnly, "READONLY"),
        (Self::ReadOnlyOverride, "READONLY_OVERRIDE"),
        (Self::Import, "IMPORT"),
    ];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(mode, _)| mode == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

impl FromStr for Mode {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found
            .map(|(mode, _)| *mode)
            .ok_or_else(|| Refusal::InvalidMode(text.to_owned()))
    }
}
