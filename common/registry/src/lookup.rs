//! Looking up a schema by id or GUID.

use orderlog_avro::SchemaText;
use schema_registry_converter::schema_registry_common::RawRegisteredSchema;
use uuid::Uuid;

use crate::request::{Request, segment};
use crate::response::{Response, codes, parse_schema};
use crate::subject::{self, Incomplete};
use crate::{Registry, RegistryError};

/// A subject that nobody uses.
const PROBE_SUBJECT: &str = "orderlog-nobodys-subject";

impl Registry {
    /// The schema with this id, with all the schemas that it refers to.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] only when the registry says so: with 404 and error code 40403 for the id, with 404 and 40401
    /// or 40402 for a reference, with another 404 in JSON if it proves to be a registry; or when a schema has more
    /// references than any schema needs. Everything else is an outage.
    pub async fn schema(&self, id: u32) -> Result<SchemaText, RegistryError> {
        let schema = self.by_id(id).await;
        self.note(schema.as_ref().err().and_then(RegistryError::outage));
        schema
    }

    /// The same by GUID; `None` when the registry does not support GUIDs.
    ///
    /// # Errors
    /// As [`Self::schema`].
    pub async fn schema_of_guid(&self, guid: Uuid) -> Result<Option<SchemaText>, RegistryError> {
        let schema = self.by_guid(guid).await;
        self.note(schema.as_ref().err().and_then(RegistryError::outage));
        schema
    }

    async fn by_id(&self, id: u32) -> Result<SchemaText, RegistryError> {
        let stored = self.find_id(id).await?;
        self.known().id = Some(id);
        self.complete(&format!("schema id {id}"), stored).await
    }

    /// What the registry has for this id, without the schemas that it refers to.
    ///
    /// First with the subject: a registry with contexts looks for the id in the default context, whatever its subject, and
    /// then in the contexts that have the subject. Then without, for registries that require the subject to have the id,
    /// or do not know the parameter.
    pub(crate) async fn find_id(&self, id: u32) -> Result<RawRegisteredSchema, RegistryError> {
        let path = format!("/schemas/ids/{id}");
        if let Some(subject) = &self.subject {
            let expected_errors = &[
                codes::SCHEMA_NOT_FOUND,
                codes::SUBJECT_NOT_FOUND,
                codes::VERSION_NOT_FOUND,
            ];
            let request = Request::get(format!("{path}?subject={}", segment(subject)), expected_errors).lookup();
            match self.transport.send(&request, parse_schema).await {
                Ok(Response::Success(stored)) => return Ok(stored),
                Ok(Response::Refused(error)) => {
                    if error.error_code == codes::SCHEMA_NOT_FOUND && self.ignores_subject().await {
                        return Err(unknown(id));
                    }
                }
                Err(outage) if outage.may_be_request_fault() => {}
                Err(outage) => return Err(outage.into()),
            }
        }
        let request = Request::get(path, &[codes::SCHEMA_NOT_FOUND]).lookup();
        match self.transport.send(&request, parse_schema).await? {
            Response::Success(stored) => Ok(stored),
            Response::Refused(_) => Err(unknown(id)),
        }
    }

    /// Whether the registry finds a known id for a subject that does not exist. Then naming a subject hides no id, and the
    /// second request can be saved: it halves the cost of a flood of unknown ids.
    async fn ignores_subject(&self) -> bool {
        let (ignores_subject, known_id) = {
            let known = self.known();
            (known.ignores_subject, known.id)
        };
        if let Some(ignores_subject) = ignores_subject {
            return ignores_subject;
        }
        let Some(id) = known_id else { return false };
        let request = Request::get(
            format!("/schemas/ids/{id}?subject={PROBE_SUBJECT}"),
            &[codes::SCHEMA_NOT_FOUND, codes::SUBJECT_NOT_FOUND],
        )
        .lookup();
        let ignores_subject = match self.transport.send(&request, parse_schema).await {
            Ok(Response::Success(_)) => true,
            Ok(Response::Refused(_)) => false,
            Err(_) => return false,
        };
        self.known().ignores_subject = Some(ignores_subject);
        ignores_subject
    }

    async fn by_guid(&self, guid: Uuid) -> Result<Option<SchemaText>, RegistryError> {
        let request = Request::get(format!("/schemas/guids/{guid}"), &[codes::SCHEMA_NOT_FOUND]);
        match self.transport.send(&request, parse_schema).await {
            Ok(Response::Success(stored)) => self.complete(&format!("schema GUID {guid}"), stored).await.map(Some),
            Ok(Response::Refused(_)) => Err(RegistryError::Unknown(format!(
                "the registry has no schema with GUID {guid}"
            ))),
            // Whatever responds in the registry's place has no such path either.
            Err(outage) if outage.is_unknown_path() && self.is_available().await => Ok(None),
            Err(outage) => Err(outage.into()),
        }
    }

    async fn complete(&self, name: &str, stored: RawRegisteredSchema) -> Result<SchemaText, RegistryError> {
        subject::complete(&self.transport, stored)
            .await
            .map_err(|incomplete| match incomplete {
                Incomplete::Unknown(reason) => RegistryError::Unknown(format!("{name} {reason}")),
                Incomplete::Outage(outage) => outage.into(),
            })
    }
}

fn unknown(id: u32) -> RegistryError {
    RegistryError::Unknown(format!("the registry has no schema with id {id}"))
}
