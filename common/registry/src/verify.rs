//! Our lineage, looked up only. Nothing here may write to the registry.

use super::standing::{Found, find};
use super::{RegisterError, Registry};

impl Registry {
    /// Looks up every version of the lineage under that subject, and writes nothing. Returns the id of the newest.
    ///
    /// # Errors
    /// [`RegisterError::Refused`] when the subject does not have one of them; [`RegisterError::Outage`] for everything
    /// that may pass.
    pub async fn verify_lineage(&self, subject: &str, lineage: &[&str]) -> Result<u32, RegisterError> {
        let answer = self.try_verify(subject, lineage).await;
        self.note(!matches!(answer, Err(RegisterError::Outage(_))));
        answer
    }

    async fn try_verify(&self, subject: &str, lineage: &[&str]) -> Result<u32, RegisterError> {
        let mut newest = None;
        for (version, text) in (1..).zip(lineage) {
            match find(&self.exchange, subject, text).await {
                Ok(Found::Here { id, .. }) => newest = Some(id),
                Ok(Found::Missing(reason)) => {
                    return Err(RegisterError::Refused(format!(
                        "subject {subject} of the registry at {} has no v{version}.avsc ({reason}), and SCHEMAS=verify only looks up. Register it by the deploy pipeline or with SCHEMAS=register; the subcommand check-schemas tells what is missing",
                        self.url()
                    )));
                }
                Err(outage) => return Err(RegisterError::Outage(outage.to_string())),
            }
        }
        newest.ok_or_else(|| RegisterError::Refused("there is no schema to look up".to_owned()))
    }
}
