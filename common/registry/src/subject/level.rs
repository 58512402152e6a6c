//! The compatibility level of a subject: reading and setting it.

use reqwest::Method;
use serde_json::{Value, json};

use super::Subject;
use crate::outage::Outage;
use crate::request::{Request, segment};
use crate::response::{Response, codes, one_line, parse_json, parse_level};

/// The level that our subject needs: every version can read what every other version wrote.
pub const FULL_TRANSITIVE: &str = "FULL_TRANSITIVE";

/// The error codes for a level that is not set.
const UNSET: &[u32] = &[codes::SUBJECT_NOT_FOUND, codes::LEVEL_NOT_CONFIGURED];

/// The level in force for a subject.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub name: String,
    /// Whether it is set on the subject, not on the whole registry.
    pub is_own: bool,
}

impl Level {
    /// Whether it is what we set.
    pub fn is_ours(&self) -> bool {
        self.is_own && self.name == FULL_TRANSITIVE
    }
}

impl Subject<'_> {
    /// The level in force.
    ///
    /// # Errors
    /// When the registry does not tell.
    pub async fn level(self) -> Result<Level, Outage> {
        let own = Request::get(self.config_path(), UNSET).lookup();
        if let Response::Success(name) = self.transport.send(&own, parse_level).await? {
            return Ok(Level { name, is_own: true });
        }
        let global = Request::get("/config".to_owned(), UNSET);
        match self.transport.send(&global, parse_level).await? {
            Response::Success(name) => Ok(Level { name, is_own: false }),
            Response::Refused(error) => Err(Outage::forbidden(one_line(&error.message))),
        }
    }

    /// Sets the subject's own level.
    ///
    /// # Errors
    /// When the registry does not accept it.
    pub async fn set_level(self, level: &str) -> Result<(), Outage> {
        let body = Some(json!({"compatibility": level}));
        let request = Request::new(Method::PUT, self.config_path(), body, &[codes::NOT_PERMITTED]);
        // Registries respond differently here; that it is JSON shows that one did.
        match self.transport.send(&request, parse_json::<Value>).await? {
            Response::Success(_) => Ok(()),
            Response::Refused(error) => Err(Outage::forbidden(one_line(&error.message))),
        }
    }

    /// Restores the level that the subject had.
    ///
    /// # Errors
    /// When the registry does not accept it.
    pub async fn restore_level(self, before: &Level) -> Result<(), Outage> {
        if before.is_own {
            return self.set_level(&before.name).await;
        }
        let request = Request::new(Method::DELETE, self.config_path(), None, UNSET);
        self.transport.send(&request, parse_json::<Value>).await?;
        Ok(())
    }

    fn config_path(self) -> String {
        format!("/config/{}", segment(self.name))
    }
}
