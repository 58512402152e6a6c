//! The registration status of a schema: registered, registrable, or not. Nothing here writes to the registry.

use crate::outage::Outage;
use crate::subject::{LookupResult, Subject};
use crate::{Registry, RegistryError};

/// The status of a schema under a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationStatus {
    /// It is registered.
    Registered {
        /// Its id, the same in every subject.
        id: u32,
        /// Its version in the subject; `None` where the registry does not tell.
        version: Option<u32>,
        /// Why other versions of the subject are incompatible with it.
        incompatible_versions: Vec<String>,
    },
    /// It is not registered but could be.
    Registrable,
    /// It is compatible, but the registry accepts no schemas in this mode.
    ReadOnly(String),
    /// It cannot be registered, for these reasons.
    Incompatible(Vec<String>),
}

impl Registry {
    /// The status of this schema under the subject, as if the subject were FULL_TRANSITIVE. `name` names it in reasons.
    ///
    /// # Errors
    /// [`RegistryError::Outage`] when the registry gives no usable response.
    pub async fn registration_status(
        &self,
        subject: &str,
        name: &str,
        text: &str,
    ) -> Result<RegistrationStatus, RegistryError> {
        let status = status(Subject::new(&self.transport, subject), name, text).await;
        self.note(status.as_ref().err());
        Ok(status?)
    }

    /// The compatibility level in force for this subject; `None` where the registry does not tell.
    pub async fn compatibility_level(&self, subject: &str) -> Option<String> {
        let level = Subject::new(&self.transport, subject).level().await;
        level.ok().map(|level| level.name)
    }
}

async fn status(subject: Subject<'_>, name: &str, text: &str) -> Result<RegistrationStatus, Outage> {
    if let LookupResult::Found { id, version } = subject.find(text).await? {
        return Ok(RegistrationStatus::Registered {
            id,
            version,
            incompatible_versions: subject.incompatible_versions(name, text).await?,
        });
    }
    let reasons = subject.incompatibilities(name, text).await?;
    if !reasons.is_empty() {
        return Ok(RegistrationStatus::Incompatible(reasons));
    }
    let mode = subject.read_only_mode().await;
    Ok(mode.map_or(RegistrationStatus::Registrable, RegistrationStatus::ReadOnly))
}
