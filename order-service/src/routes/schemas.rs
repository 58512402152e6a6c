//! `GET /schemas`: the versions of the topic's schema, as the registry has them.

use actix_web::web;
use orderlog_registry::RegisteredVersion;
use orderlog_web::{Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use crate::schema_versions::is_ours;
use crate::state::State;

/// The schema of the topic's records, in all of its versions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schemas {
    /// The subject in the registry.
    #[schema(example = "order-events-value")]
    subject: String,
    /// The compatibility level that is in force for new versions; null where the registry does not tell.
    #[schema(example = "FULL_TRANSITIVE")]
    compatibility: Option<String>,
    /// The newest 100 versions, the oldest first; while the registry does not answer, as it last said.
    versions: Vec<Version>,
    /// Why the registry does not tell now; null if it does.
    error: Option<String>,
}

/// One version of the schema.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its number in the subject.
    #[schema(example = 1)]
    version: u32,
    /// The schema id that records name.
    #[schema(example = 1)]
    id: u32,
    /// The schema's text, as it was registered.
    #[schema(example = r#"{"type":"record","name":"OrderEvent","namespace":"com.ecommerce.order","fields":[]}"#)]
    schema: String,
    /// Whether it is one of the versions that this release has compiled in.
    ours: bool,
    /// Whether it is the one that new events are written with.
    written: bool,
}

/// Returns the schemas.
#[utoipa::path(
    get, path = "/schemas", tag = "operations",
    summary = "List the schema versions",
    description = "Returns the versions of the schema of the topic's records, as the schema registry has them. It is asked at most every two seconds.",
    responses((status = 200, description = "The versions.", body = Schemas))
)]
pub async fn schemas(state: web::Data<State>) -> Result<Reply<Schemas>, Problem> {
    let subject = state.schema_versions.get().await;
    let written = state.registration.schema_id();
    let version = |version: &RegisteredVersion| Version {
        version: version.version,
        id: version.id,
        schema: version.schema.text.clone(),
        ours: is_ours(&version.schema),
        written: written == Some(version.id),
    };
    let schemas = Schemas {
        subject: state.schema_versions.subject().to_owned(),
        compatibility: subject.compatibility.clone(),
        versions: subject.versions.iter().map(version).collect(),
        error: subject.error.clone(),
    };
    Ok(Reply::ok("Schema versions", schemas))
}
