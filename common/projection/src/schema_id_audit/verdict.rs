//! The result of the audit.

use orderlog_registry::Outage;

use crate::store::StoreError;

/// The result of the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// The registry has not answered yet.
    #[default]
    NotChecked,
    /// The registry knows what the store knows.
    Matches {
        /// Except for these ids, which were deleted there.
        lost: Vec<u32>,
    },
    /// The registry has lost the id that events are written under, or every id that the store knows: nothing is registered
    /// or learned there, and cart-service writes nothing.
    SchemasLost {
        /// What it has lost, and what to do.
        reason: String,
        /// Every lost id.
        lost: Vec<u32>,
    },
    /// The registry returns a different schema for an id: nothing is read or written either.
    Conflicts {
        /// Which id, and what to do.
        reason: String,
    },
}

impl Verdict {
    /// Why the registry is not trusted, if it is not.
    pub fn conflict(&self) -> Option<&str> {
        match self {
            Self::SchemasLost { reason, .. } | Self::Conflicts { reason } => Some(reason),
            Self::NotChecked | Self::Matches { .. } => None,
        }
    }

    /// The ids that the registry has lost.
    pub fn lost(&self) -> &[u32] {
        match self {
            Self::Matches { lost } | Self::SchemasLost { lost, .. } => lost,
            Self::NotChecked | Self::Conflicts { .. } => &[],
        }
    }
}

/// Why the registry is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It is not the one that the store knows.
    #[error("{0}")]
    Conflict(String),
    /// It does not answer.
    #[error(transparent)]
    Outage(#[from] Outage),
    /// The store cannot be compared with it.
    #[error("comparing schema ids failed: {0:#}")]
    Store(#[from] StoreError),
}
