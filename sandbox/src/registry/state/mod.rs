//! What is registered: schemas and their ids, subjects and their versions, compatibility levels. It answers every
//! request of the API with plain values, independently of HTTP and JSON. Pure.
//!
//! Registering and reading are here; `deletion` deletes, `settings` keeps levels and modes.

mod deletion;
mod settings;

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::registry::compatibility::{Level, incompatibilities};
use crate::registry::error::Refusal;
use crate::registry::mode::Mode;
use crate::registry::schema::{Identity, ParsedSchema, Reference};
use crate::registry::version_selector::VersionSelector;
pub use settings::{PerSubject, Setting};

/// The contents of a registry. Ids and versions count from 1.
#[derive(Debug, Default)]
pub struct State {
    schemas: BTreeMap<u32, ParsedSchema>,
    ids: HashMap<Identity, u32>,
    last_id: u32,
    subjects: BTreeMap<String, BTreeMap<u32, Version>>,
    levels: PerSubject<Level>,
    modes: PerSubject<Mode>,
}

/// One version of a subject.
#[derive(Clone, Copy, Debug)]
struct Version {
    id: u32,
    /// Soft-deleted versions keep their number and their id, and are hidden unless requested.
    deleted: bool,
}

/// A schema as a client sends it.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The schema as JSON text.
    pub schema: String,
    /// Where the names are defined that it does not define itself.
    pub references: Vec<Reference>,
}

/// A version of a subject, with its schema.
#[derive(Clone, Copy, Debug)]
pub struct RegisteredSchema<'s> {
    /// The schema's id, the same under every subject.
    pub id: u32,
    /// The version's number within the subject.
    pub version: u32,
    /// Its schema.
    pub schema: &'s ParsedSchema,
}

/// What a compatibility check compares a schema with.
#[derive(Clone, Copy, Debug)]
pub enum CompareTo {
    /// One version.
    One(VersionSelector),
    /// Whatever registering it would compare it with.
    All,
}

impl State {
    /// Registers a schema under a subject and returns its id; one that exists already keeps its version.
    ///
    /// # Errors
    /// [`Refusal::InvalidSchema`], [`Refusal::NotPermitted`] in the subject's mode, or [`Refusal::Incompatible`] under
    /// its level.
    pub fn register(&mut self, subject: &str, submission: &Submission) -> Result<u32, Refusal> {
        let schema = self.parse(submission)?;
        if let Some(found) = self.find(subject, &schema, false) {
            return Ok(found.id);
        }
        self.check_may_register(subject)?;
        let reasons = incompatibilities(self.effective(subject), &schema, self.live(subject));
        if !reasons.is_empty() {
            return Err(Refusal::Incompatible {
                subject: subject.to_owned(),
                reasons,
            });
        }
        let id = self.keep(schema);
        let versions = self.subjects.entry(subject.to_owned()).or_default();
        let number = versions.last_key_value().map_or(0, |(number, _)| *number) + 1;
        versions.insert(number, Version { id, deleted: false });
        Ok(id)
    }

    /// The version of the subject that has this schema, the oldest if there are several.
    ///
    /// # Errors
    /// [`Refusal::SubjectNotFound`], [`Refusal::InvalidSchema`], or [`Refusal::SchemaNotFound`] if the subject does not
    /// have it.
    pub fn look_up(
        &self,
        subject: &str,
        submission: &Submission,
        with_deleted: bool,
    ) -> Result<RegisteredSchema<'_>, Refusal> {
        self.versions(subject, with_deleted)?;
        let schema = self.parse(submission)?;
        self.find(subject, &schema, with_deleted).ok_or(Refusal::SchemaNotFound)
    }

    /// The subjects in alphabetical order; fully soft-deleted ones only on request.
    pub fn subjects(&self, with_deleted: bool) -> Vec<&str> {
        let shown = |versions: &BTreeMap<u32, Version>| versions.values().any(|it| with_deleted || !it.deleted);
        self.subjects
            .iter()
            .filter(|(_, versions)| shown(versions))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The numbers of a subject's versions, ascending.
    ///
    /// # Errors
    /// [`Refusal::SubjectNotFound`] if there are none to return.
    pub fn versions(&self, subject: &str, with_deleted: bool) -> Result<Vec<u32>, Refusal> {
        let versions = self.subjects.get(subject).into_iter().flatten();
        let numbers: Vec<u32> = versions
            .filter(|(_, it)| with_deleted || !it.deleted)
            .map(|(number, _)| *number)
            .collect();
        if numbers.is_empty() {
            Err(Refusal::SubjectNotFound(subject.to_owned()))
        } else {
            Ok(numbers)
        }
    }

    /// One version of a subject.
    ///
    /// # Errors
    /// [`Refusal::SubjectNotFound`] or [`Refusal::VersionNotFound`].
    pub fn version(
        &self,
        subject: &str,
        wanted: VersionSelector,
        with_deleted: bool,
    ) -> Result<RegisteredSchema<'_>, Refusal> {
        let numbers = self.versions(subject, with_deleted)?;
        let number = match wanted {
            VersionSelector::Latest => numbers.last().copied(),
            VersionSelector::Number(number) => numbers.contains(&number).then_some(number),
        };
        let found = number.and_then(|number| self.found(number, self.subjects.get(subject)?.get(&number)?.id));
        found.ok_or_else(|| Refusal::VersionNotFound(wanted.to_string()))
    }

    /// The schema with that id.
    ///
    /// # Errors
    /// [`Refusal::SchemaNotFound`].
    pub fn schema(&self, id: u32) -> Result<&ParsedSchema, Refusal> {
        self.schemas.get(&id).ok_or(Refusal::SchemaNotFound)
    }

    /// The schema with that GUID.
    ///
    /// # Errors
    /// [`Refusal::SchemaNotFound`].
    pub fn schema_of_guid(&self, guid: Uuid) -> Result<&ParsedSchema, Refusal> {
        let mut schemas = self.schemas.values();
        schemas
            .find(|schema| schema.guid() == guid)
            .ok_or(Refusal::SchemaNotFound)
    }

    /// Where the schema with that id is registered: subjects and version numbers.
    ///
    /// # Errors
    /// [`Refusal::SchemaNotFound`].
    pub fn usages(&self, id: u32, with_deleted: bool) -> Result<Vec<(&str, u32)>, Refusal> {
        self.schema(id)?;
        let all = self.subjects.iter().flat_map(|(subject, versions)| {
            versions
                .iter()
                .map(move |(number, version)| (subject.as_str(), *number, *version))
        });
        let shown = all.filter(|(_, _, version)| version.id == id && (with_deleted || !version.deleted));
        Ok(shown.map(|(subject, number, _)| (subject, number)).collect())
    }

    /// Why the subject's level rejects this schema; empty if it does not. A subject without versions accepts any.
    ///
    /// # Errors
    /// [`Refusal::InvalidSchema`], or, for a numbered version, [`Refusal::SubjectNotFound`] and
    /// [`Refusal::VersionNotFound`].
    pub fn check(&self, subject: &str, submission: &Submission, against: CompareTo) -> Result<Vec<String>, Refusal> {
        let schema = self.parse(submission)?;
        let level = self.effective(subject);
        Ok(match against {
            CompareTo::All => incompatibilities(level, &schema, self.live(subject)),
            CompareTo::One(VersionSelector::Latest) => {
                incompatibilities(level, &schema, self.live(subject).next_back().into_iter())
            }
            CompareTo::One(number) => {
                let found = self.version(subject, number, false)?;
                incompatibilities(level, &schema, std::iter::once((found.version, found.schema)))
            }
        })
    }

    fn parse(&self, submission: &Submission) -> Result<ParsedSchema, Refusal> {
        let mut referenced = Vec::new();
        self.follow(&submission.references, &mut referenced)?;
        let texts: Vec<&str> = referenced.iter().map(|id| self.schemas[id].text.as_str()).collect();
        ParsedSchema::parse(&submission.schema, submission.references.clone(), &texts)
    }

    /// The ids that references lead to, directly or indirectly, each once and after those that it needs. It terminates,
    /// because a schema can only refer to schemas that were registered before it.
    fn follow(&self, references: &[Reference], ids: &mut Vec<u32>) -> Result<(), Refusal> {
        for reference in references {
            let Reference { name, subject, .. } = reference;
            let wanted = reference.wanted()?;
            let found = self.version(subject, wanted, true).map_err(|_| {
                Refusal::InvalidSchema(format!(
                    "reference {name}: there is no version {wanted} of subject {subject}"
                ))
            })?;
            if !ids.contains(&found.id) {
                self.follow(&found.schema.references, ids)?;
                ids.push(found.id);
            }
        }
        Ok(())
    }

    /// The id of the schema, a new one if it has none yet.
    fn keep(&mut self, schema: ParsedSchema) -> u32 {
        let identity = schema.identity();
        if let Some(id) = self.ids.get(&identity) {
            return *id;
        }
        self.last_id += 1;
        self.ids.insert(identity, self.last_id);
        self.schemas.insert(self.last_id, schema);
        self.last_id
    }

    fn find(&self, subject: &str, schema: &ParsedSchema, with_deleted: bool) -> Option<RegisteredSchema<'_>> {
        let id = *self.ids.get(&schema.identity())?;
        let mut versions = self.subjects.get(subject)?.iter();
        let (number, _) = versions.find(|(_, it)| it.id == id && (with_deleted || !it.deleted))?;
        self.found(*number, id)
    }

    fn found(&self, version: u32, id: u32) -> Option<RegisteredSchema<'_>> {
        Some(RegisteredSchema {
            id,
            version,
            schema: self.schemas.get(&id)?,
        })
    }

    /// The subject's versions that are not soft-deleted, oldest first.
    fn live(&self, subject: &str) -> impl DoubleEndedIterator<Item = (u32, &ParsedSchema)> {
        let versions = self
            .subjects
            .get(subject)
            .into_iter()
            .flatten()
            .filter(|(_, version)| !version.deleted);
        versions.filter_map(|(number, version)| Some((*number, self.schemas.get(&version.id)?)))
    }
}

#[cfg(test)]
pub(super) mod tests;
