//! The schema of an id, or of a GUID.

use std::sync::atomic::Ordering;

use orderlog_avro::SchemaText;
use schema_registry_converter::schema_registry_common::RawRegisteredSchema;
use uuid::Uuid;

use super::answer::{Answer, codes, held};
use super::outage::Outage;
use super::question::{Question, segment};
use super::references::{self, Incomplete};
use super::{Registry, RegistryError};

/// A subject under which nobody registers anything.
const NOBODYS_SUBJECT: &str = "orderlog-nobodys-subject";
/// What [`Registry::any_subject`] holds; anything else is "not known yet".
const YES: u8 = 1;
const NO: u8 = 2;

impl Registry {
    /// The schema of that id, with all those that it refers to.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] only when the registry says so: for the id with 404 and error code 40403, for what it
    /// refers to with 404 and 40401 or 40402, in other words of JSON with 404 if it shows that it is a registry, or when
    /// that is more than any schema needs. Whatever else goes wrong is an outage.
    pub async fn schema(&self, id: u32) -> Result<SchemaText, RegistryError> {
        let answer = self.ask_id(id).await;
        self.note(!matches!(answer, Err(RegistryError::Outage(_))));
        answer
    }

    /// The schema of that GUID, in the same way; `None` when the registry is one that cannot be asked for a GUID.
    ///
    /// # Errors
    /// As [`Self::schema`].
    pub async fn schema_of_guid(&self, guid: Uuid) -> Result<Option<SchemaText>, RegistryError> {
        let answer = self.ask_guid(guid).await;
        self.note(!matches!(answer, Err(RegistryError::Outage(_))));
        answer
    }

    /// With the subject first: a registry that has contexts looks in the default one, whichever subject has the id there,
    /// and then in those in which the subject is. One that may take the subject for more than that, or does not know the
    /// parameter, is asked without it.
    async fn ask_id(&self, id: u32) -> Result<SchemaText, RegistryError> {
        let name = format!("schema id {id}");
        let path = format!("/schemas/ids/{id}");
        if let Some(subject) = &self.subject {
            let refusals = &[
                codes::SCHEMA_NOT_FOUND,
                codes::SUBJECT_NOT_FOUND,
                codes::VERSION_NOT_FOUND,
            ];
            let question = Question::get(format!("{path}?subject={}", segment(subject)), refusals).look_up();
            match self.exchange.ask(&question, held).await {
                Ok(Answer::Said(held)) => return self.found(id, &name, held).await,
                Ok(Answer::Refused(refusal)) => {
                    if refusal.error_code == codes::SCHEMA_NOT_FOUND && self.finds_for_any_subject().await {
                        return Err(unknown(id));
                    }
                }
                Err(outage) if outage.is_of_the_question() => {}
                Err(outage) => return Err(outage.into()),
            }
        }
        let question = Question::get(path, &[codes::SCHEMA_NOT_FOUND]).look_up();
        match self.exchange.ask(&question, held).await? {
            Answer::Said(held) => self.found(id, &name, held).await,
            Answer::Refused(_) => Err(unknown(id)),
        }
    }

    async fn found(&self, id: u32, name: &str, held: RawRegisteredSchema) -> Result<SchemaText, RegistryError> {
        self.known_id.store(id, Ordering::Relaxed);
        self.complete(name, held).await
    }

    /// Whether the registry has told an id for a subject that has nothing at all. Then a subject keeps no id from being
    /// found, and one that is unknown with it need not be asked for without: a flood of them is half as long.
    async fn finds_for_any_subject(&self) -> bool {
        let id = self.known_id.load(Ordering::Relaxed);
        match self.any_subject.load(Ordering::Relaxed) {
            YES => return true,
            NO => return false,
            _ if id == 0 => return false,
            _ => {}
        }
        let question = Question::get(
            format!("/schemas/ids/{id}?subject={NOBODYS_SUBJECT}"),
            &[codes::SCHEMA_NOT_FOUND, codes::SUBJECT_NOT_FOUND],
        )
        .look_up();
        let told = match self.exchange.ask(&question, held).await {
            Ok(Answer::Said(_)) => YES,
            Ok(Answer::Refused(_)) => NO,
            Err(_) => return false,
        };
        self.any_subject.store(told, Ordering::Relaxed);
        told == YES
    }

    async fn ask_guid(&self, guid: Uuid) -> Result<Option<SchemaText>, RegistryError> {
        let question = Question::get(format!("/schemas/guids/{guid}"), &[codes::SCHEMA_NOT_FOUND]);
        match self.exchange.ask(&question, held).await {
            Ok(Answer::Said(held)) => self.complete(&format!("schema GUID {guid}"), held).await.map(Some),
            Ok(Answer::Refused(_)) => Err(RegistryError::Unknown(format!(
                "the registry knows no schema with GUID {guid}"
            ))),
            // Something in the registry's place has no such path either.
            Err(outage) if outage.is_no_such_path() && self.is_there().await => Ok(None),
            Err(outage) => Err(outage.into()),
        }
    }

    async fn complete(&self, name: &str, held: RawRegisteredSchema) -> Result<SchemaText, RegistryError> {
        references::complete(&self.exchange, held)
            .await
            .map_err(|incomplete| match incomplete {
                Incomplete::Unknown(reason) => RegistryError::Unknown(format!("{name} {reason}")),
                Incomplete::Outage(outage) => outage.into(),
            })
    }
}

fn unknown(id: u32) -> RegistryError {
    RegistryError::Unknown(format!("the registry knows no schema with id {id}"))
}

impl From<Outage> for RegistryError {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage.to_string())
    }
}
