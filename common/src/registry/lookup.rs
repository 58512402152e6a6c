//! The schema of an id.

use super::answer::{Answer, codes, held};
use super::outage::Outage;
use super::question::Question;
use super::references::{self, Incomplete};
use super::{Registry, RegistryError};
use crate::schemas::SchemaText;

impl Registry {
    /// The schema of that id, with all those that it refers to.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] only when the registry says so: for the id with 404 and error code 40403, for what it
    /// refers to with 404 and 40401 or 40402, or when that is more than any schema needs. Whatever else goes wrong is an
    /// outage.
    pub async fn schema(&self, id: u32) -> Result<SchemaText, RegistryError> {
        let answer = self.ask_schema(id).await;
        self.note(!matches!(answer, Err(RegistryError::Outage(_))));
        answer
    }

    async fn ask_schema(&self, id: u32) -> Result<SchemaText, RegistryError> {
        let question = Question::get(format!("/schemas/ids/{id}"), &[codes::SCHEMA_NOT_FOUND]);
        match self.exchange.ask(&question, held).await? {
            Answer::Said(held) => {
                references::complete(&self.exchange, held)
                    .await
                    .map_err(|incomplete| match incomplete {
                        Incomplete::Unknown(reason) => RegistryError::Unknown(format!("schema id {id} {reason}")),
                        Incomplete::Outage(outage) => outage.into(),
                    })
            }
            Answer::Refused(_) => Err(RegistryError::Unknown(format!(
                "the registry knows no schema with id {id}"
            ))),
        }
    }
}

impl From<Outage> for RegistryError {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage.to_string())
    }
}
