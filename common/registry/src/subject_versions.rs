//! The versions of a subject, with their schemas.

use orderlog_avro::SchemaText;

use crate::outage::Outage;
use crate::subject::{self, Incomplete, Subject};
use crate::{Registry, RegistryError};

/// A version of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectVersion {
    /// Its number in the subject; they count from 1 and may have gaps.
    pub version: u32,
    /// The schema's id; 0 where the registry does not tell.
    pub id: u32,
    /// The schema, with all the schemas that it refers to.
    pub schema: SchemaText,
}

impl Registry {
    /// The newest versions of this subject, oldest first, at most `max`; empty when there is no such subject. A version that
    /// refers to a schema which the registry does not have is left out.
    ///
    /// # Errors
    /// [`RegistryError::Outage`] when the registry gives no usable response.
    pub async fn subject_versions(&self, subject: &str, max: usize) -> Result<Vec<SubjectVersion>, RegistryError> {
        let versions = self.newest_versions(subject, max).await;
        self.note(versions.as_ref().err());
        Ok(versions?)
    }

    async fn newest_versions(&self, name: &str, max: usize) -> Result<Vec<SubjectVersion>, Outage> {
        let subject = Subject::new(&self.transport, name);
        let numbers = subject.versions().await?;
        let mut versions = Vec::new();
        for version in &numbers[numbers.len().saturating_sub(max)..] {
            // One that was deleted since it was listed is none any more.
            let Some(stored) = subject.version(*version).await? else {
                continue;
            };
            let id = stored.id.unwrap_or_default();
            match subject::complete(&self.transport, stored).await {
                Ok(schema) => versions.push(SubjectVersion {
                    version: *version,
                    id,
                    schema,
                }),
                Err(Incomplete::Unknown(_)) => {}
                Err(Incomplete::Outage(outage)) => return Err(outage),
            }
        }
        Ok(versions)
    }
}
