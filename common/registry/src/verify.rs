//! Looking up a lineage. Nothing here writes to the registry.

use crate::subject::{LookupResult, Subject};
use crate::{RegisterError, Registry};

impl Registry {
    /// Looks up every version of the lineage, oldest first, under this subject. Returns the id of the newest.
    ///
    /// # Errors
    /// [`RegisterError::Refused`] when the subject lacks one of them; [`RegisterError::Outage`] for everything temporary.
    pub async fn verify_lineage(&self, subject: &str, lineage: &[&str]) -> Result<u32, RegisterError> {
        let newest = self.try_verify(subject, lineage).await;
        self.note_lineage(&newest);
        newest
    }

    async fn try_verify(&self, subject: &str, lineage: &[&str]) -> Result<u32, RegisterError> {
        let mut newest = None;
        for (version, text) in (1..).zip(lineage) {
            match Subject::new(&self.transport, subject).find(text).await? {
                LookupResult::Found { id, .. } => newest = Some(id),
                LookupResult::Missing(reason) => {
                    return Err(RegisterError::Refused(format!(
                        "subject {subject} of the registry at {} does not have v{version}.avsc ({reason}), and with SCHEMAS=verify the service only looks schemas up. Register it in the deploy pipeline or with SCHEMAS=register; the subcommand check-schemas lists what is missing",
                        self.urls()
                    )));
                }
            }
        }
        newest.ok_or_else(|| RegisterError::Refused("there is no schema to look up".to_owned()))
    }
}
