//! What the registry's callers branch on.

use crate::outage::Outage;

/// Why there is no schema for an id.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry responded: it has no such schema, or not every schema that it refers to.
    #[error("{0}")]
    Unknown(String),
    /// No usable response; retry later.
    #[error(transparent)]
    Outage(#[from] Outage),
}

impl RegistryError {
    /// The outage, if that is what it is.
    pub(crate) fn outage(&self) -> Option<&Outage> {
        match self {
            Self::Outage(outage) => Some(outage),
            Self::Unknown(_) => None,
        }
    }
}

/// Why the lineage is not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The registry responded: it rejects a version, or, where nothing may be written, does not have it.
    #[error("{0}")]
    Refused(String),
    /// No usable response; retry later.
    #[error(transparent)]
    Outage(#[from] Outage),
}

impl RegisterError {
    /// The outage, if that is what it is.
    pub(crate) fn outage(&self) -> Option<&Outage> {
        match self {
            Self::Outage(outage) => Some(outage),
            Self::Refused(_) => None,
        }
    }
}
