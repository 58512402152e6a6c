//! Which versions of which subjects a schema id stands for.

use serde::Deserialize;

use crate::request::Request;
use crate::response::{Response, codes, parse_json};
use crate::{Registry, RegistryError};

/// A version of a subject that has a given id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct VersionOfId {
    /// The subject.
    pub subject: String,
    /// Its version, from 1.
    pub version: u32,
}

impl Registry {
    /// The versions that have this schema id; none where the registry does not tell, as older ones do not.
    ///
    /// # Errors
    /// [`RegistryError::Outage`] when the registry gives no usable response.
    pub async fn versions_of_id(&self, id: u32) -> Result<Vec<VersionOfId>, RegistryError> {
        let request = Request::get(format!("/schemas/ids/{id}/versions"), &[codes::SCHEMA_NOT_FOUND]).lookup();
        let versions = self.transport.send(&request, parse_json::<Vec<VersionOfId>>).await;
        match versions {
            Ok(Response::Success(versions)) => Ok(versions),
            Ok(Response::Refused(_)) => Ok(Vec::new()),
            Err(outage) if outage.is_unknown_path() || outage.is_forbidden() => Ok(Vec::new()),
            Err(outage) => Err(outage.into()),
        }
    }
}
