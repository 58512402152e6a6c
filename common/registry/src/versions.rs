//! The versions of a subject, with their schemas.

use orderlog_avro::SchemaText;

use crate::outage::Outage;
use crate::subject::{Incomplete, Subject, complete};
use crate::{Registry, RegistryError};

/// A version of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredVersion {
    /// Its number in the subject.
    pub version: u32,
    /// The id of its schema.
    pub id: u32,
    /// Its schema; without references that the registry does not have.
    pub schema: SchemaText,
}

impl Registry {
    /// The newest versions of the subject, at most `limit`, the oldest first; none when there is no such subject.
    ///
    /// # Errors
    /// [`RegistryError::Outage`] when the registry gives no usable response.
    pub async fn versions(&self, subject: &str, limit: usize) -> Result<Vec<RegisteredVersion>, RegistryError> {
        let versions = self
            .newest_versions(Subject::new(&self.transport, subject), limit)
            .await;
        self.note(versions.as_ref().err());
        Ok(versions?)
    }

    async fn newest_versions(&self, subject: Subject<'_>, limit: usize) -> Result<Vec<RegisteredVersion>, Outage> {
        let mut numbers = subject.versions().await?;
        numbers.sort_unstable();
        let mut versions = Vec::new();
        for number in numbers.split_off(numbers.len().saturating_sub(limit)) {
            // One that was deleted since, or that has no id, is none.
            let Some(stored) = subject.version(number).await? else {
                continue;
            };
            let Some(id) = stored.id else { continue };
            let alone = SchemaText {
                schema_type: stored.schema_type.clone().unwrap_or_else(|| "AVRO".to_owned()),
                ..SchemaText::avro(stored.schema.clone().unwrap_or_default())
            };
            let schema = match complete(&self.transport, stored).await {
                Ok(schema) => schema,
                Err(Incomplete::Unknown(_)) => alone,
                Err(Incomplete::Outage(outage)) => return Err(outage),
            };
            versions.push(RegisteredVersion {
                version: number,
                id,
                schema,
            });
        }
        Ok(versions)
    }
}
