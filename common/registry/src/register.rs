//! Registering a lineage: every missing version, at the compatibility level that keeps all versions readable by each other.
//! Checks come first, so that a rejection leaves the registry as it was.

use serde_json::json;

use crate::outage::Outage;
use crate::request::{Request, segment};
use crate::response::{Response, codes, one_line, parse_id};
use crate::subject::{FULL_TRANSITIVE, Level, LookupResult, Subject};
use crate::{RegisterError, Registry};

/// The error codes with which a registry rejects a schema.
const REJECTED: &[u32] = &[
    codes::CONFLICT,
    codes::INCOMPATIBLE,
    codes::INVALID_SCHEMA,
    codes::NOT_PERMITTED,
];

/// What to do where a schema is missing and cannot be registered.
const VERIFY: &str =
    "register it where schemas can be written; with SCHEMAS=verify a service only looks up what others register";

/// A version of the lineage.
struct Version<'a> {
    name: String,
    text: &'a str,
}

impl Registry {
    /// Registers every version of the lineage, oldest first, that the subject lacks, and sets the subject to
    /// FULL_TRANSITIVE. Returns the id of the newest. Where all versions are there, a level that cannot be set is only
    /// logged.
    ///
    /// # Errors
    /// [`RegisterError::Refused`] when a version is incompatible with the subject's, with the reasons; the subject is left as
    /// it was. [`RegisterError::Outage`] for everything temporary.
    pub async fn register_lineage(&self, subject: &str, lineage: &[&str]) -> Result<u32, RegisterError> {
        let newest = self.try_register(Subject::new(&self.transport, subject), lineage).await;
        self.note_lineage(&newest);
        newest
    }

    async fn try_register(&self, subject: Subject<'_>, lineage: &[&str]) -> Result<u32, RegisterError> {
        let versions: Vec<_> = (1..)
            .zip(lineage)
            .map(|(number, text)| Version {
                name: format!("v{number}.avsc"),
                text,
            })
            .collect();
        let (mut newest, mut missing) = (None, Vec::new());
        for version in &versions {
            newest = match subject.find(version.text).await? {
                LookupResult::Found { id, .. } => Some(id),
                LookupResult::Missing(_) => {
                    missing.push(version);
                    None
                }
            };
        }
        let Some(first_missing) = missing.first() else {
            keep_level(subject).await;
            return newest.ok_or_else(no_versions);
        };
        for version in &missing {
            let reasons = subject.incompatibilities(&version.name, version.text).await?;
            if !reasons.is_empty() {
                let why = "it is incompatible with what is registered there";
                return Err(self.rejected(subject, version, why, &list(&reasons)));
            }
        }
        if let Some(mode) = subject.read_only_mode().await {
            return Err(RegisterError::Outage(Outage::forbidden(format!(
                "the registry at {} is in mode {mode} and does not have {} for subject {}: {VERIFY}",
                self.urls(),
                first_missing.name,
                subject.name
            ))));
        }
        let newest = self.register_at_our_level(subject, &versions).await?;
        let missing: Vec<&str> = missing.iter().map(|version| version.name.as_str()).collect();
        tracing::info!(
            subject = subject.name,
            versions = missing.join(", "),
            schema.id = newest,
            "schema registered"
        );
        Ok(newest)
    }

    /// Registers every version, at the level FULL_TRANSITIVE; where that fails, the subject gets its level back.
    async fn register_at_our_level(
        &self,
        subject: Subject<'_>,
        versions: &[Version<'_>],
    ) -> Result<u32, RegisterError> {
        let before = subject.level().await.ok();
        if before.as_ref().is_some_and(Level::is_ours) {
            return self.register_all(subject, versions).await;
        }
        let set = subject.set_level(FULL_TRANSITIVE).await;
        set.map_err(|outage| level_not_set(outage, subject.name))?;
        let registered = self.register_all(subject, versions).await;
        if let (Err(_), Some(before)) = (&registered, before) {
            restore_level(subject, &before).await;
        }
        registered
    }

    /// Registers every version; those that exist keep their ids.
    async fn register_all(&self, subject: Subject<'_>, versions: &[Version<'_>]) -> Result<u32, RegisterError> {
        let mut newest = None;
        for version in versions {
            newest = Some(self.register(subject, version).await?);
        }
        newest.ok_or_else(no_versions)
    }

    async fn register(&self, subject: Subject<'_>, version: &Version<'_>) -> Result<u32, RegisterError> {
        let path = format!("/subjects/{}/versions", segment(subject.name));
        // Without a type: older registries do not know the field, and the default everywhere is Avro.
        let request = Request::post(path, json!({"schema": version.text}), REJECTED);
        let error = match self.transport.send(&request, parse_id).await.map_err(advise_on_write)? {
            Response::Success(id) => return Ok(id),
            Response::Refused(error) => error,
        };
        let why = one_line(&error.message);
        if error.error_code == codes::NOT_PERMITTED {
            return Err(RegisterError::Outage(Outage::forbidden(format!(
                "the registry at {} does not accept {} for subject {} ({why}): {VERIFY}",
                self.urls(),
                version.name,
                subject.name
            ))));
        }
        let reasons = match subject.incompatibilities(&version.name, version.text).await {
            Ok(reasons) => list(&reasons),
            Err(outage) => format!("\n  - could not query the reasons: {outage}"),
        };
        Err(self.rejected(subject, version, &why, &reasons))
    }

    fn rejected(&self, subject: Subject<'_>, version: &Version<'_>, why: &str, reasons: &str) -> RegisterError {
        RegisterError::Refused(format!(
            "the registry at {} rejects {} for subject {}: {why}{reasons}",
            self.urls(),
            version.name,
            subject.name
        ))
    }
}

/// Sets the level of a subject that has all versions, where possible.
async fn keep_level(subject: Subject<'_>) {
    let is_set = subject.level().await;
    if is_set.is_ok_and(|level| level.name == FULL_TRANSITIVE) {
        return;
    }
    if let Err(outage) = subject.set_level(FULL_TRANSITIVE).await {
        tracing::warn!(subject = subject.name, reason = %outage, "could not set the subject's compatibility level to {FULL_TRANSITIVE}");
    }
}

async fn restore_level(subject: Subject<'_>, before: &Level) {
    if let Err(outage) = subject.restore_level(before).await {
        tracing::warn!(subject = subject.name, level = before.name, reason = %outage, "could not restore the subject's compatibility level");
    }
}

fn no_versions() -> RegisterError {
    RegisterError::Refused("there is no schema to register".to_owned())
}

fn list(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("\n  - {reason}")).collect()
}

/// An outage on setting the level, which some registries do not support.
fn level_not_set(outage: Outage, subject: &str) -> Outage {
    if !outage.is_unknown_path() {
        return advise_on_write(outage);
    }
    outage.advise(format!(
        "the level of subject {subject} cannot be set through this API. Set it to {FULL_TRANSITIVE} by hand, on the subject itself; if this API cannot read the level either, register the schemas by other means and set SCHEMAS=verify, with which the service only looks them up"
    ))
}

/// An outage on a write.
fn advise_on_write(outage: Outage) -> Outage {
    if !outage.is_forbidden() {
        return outage;
    }
    outage.advise("the account is not allowed to write there, or the registry's mode forbids it. With SCHEMAS=verify a service only looks up what others register".to_owned())
}
