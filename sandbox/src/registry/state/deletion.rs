//! Deleting in two steps, like Confluent's registry: a soft-deleted version is no longer listed, but its schema can
//! still be read by id and its number stays taken; then it can be deleted permanently. Pure.

use std::collections::HashSet;

use super::State;
use crate::registry::compatibility::Level;
use crate::registry::error::Refusal;
use crate::registry::schema::Reference;
use crate::registry::version_selector::VersionSelector;

impl State {
    /// Soft-deletes every version of a subject, or, if `permanent`, deletes the soft-deleted ones for good. Returns
    /// their numbers.
    ///
    /// # Errors
    /// [`Refusal::SubjectNotFound`]; [`Refusal::SubjectSoftDeleted`] and [`Refusal::SubjectNotSoftDeleted`] if it is in
    /// the wrong step; [`Refusal::NotPermitted`] and [`Refusal::ReferenceExists`].
    pub fn delete_subject(&mut self, subject: &str, permanent: bool) -> Result<Vec<u32>, Refusal> {
        self.check_may_change(subject)?;
        let all = self.versions(subject, true)?;
        let live = self.versions(subject, false).unwrap_or_default();
        let numbers = match (permanent, live.is_empty()) {
            (true, true) => all,
            (false, false) => live,
            (true, false) => return Err(Refusal::SubjectNotSoftDeleted(subject.to_owned())),
            (false, true) => return Err(Refusal::SubjectSoftDeleted(subject.to_owned())),
        };
        self.refuse_if_referenced(subject, &numbers)?;
        for number in &numbers {
            self.delete(subject, *number, permanent);
        }
        // It may have none.
        let _ = self.reset_own::<Level>(subject);
        Ok(numbers)
    }

    /// Soft-deletes one version, or, if `permanent`, deletes a soft-deleted one for good. Returns its number.
    ///
    /// # Errors
    /// [`Refusal::SubjectNotFound`], [`Refusal::VersionNotFound`]; [`Refusal::VersionSoftDeleted`] and
    /// [`Refusal::VersionNotSoftDeleted`] if it is in the wrong step; [`Refusal::NotPermitted`] and
    /// [`Refusal::ReferenceExists`].
    pub fn delete_version(&mut self, subject: &str, wanted: VersionSelector, permanent: bool) -> Result<u32, Refusal> {
        self.check_may_change(subject)?;
        // Permanent deletion applies to soft-deleted versions, so `latest` means the latest of all then.
        let with_deleted = permanent || wanted != VersionSelector::Latest;
        let number = self.version(subject, wanted, with_deleted)?.version;
        let deleted = self.version(subject, VersionSelector::Number(number), false).is_err();
        match (permanent, deleted) {
            (true, false) => return Err(Refusal::VersionNotSoftDeleted(subject.to_owned(), number)),
            (false, true) => return Err(Refusal::VersionSoftDeleted(subject.to_owned(), number)),
            (true, true) | (false, false) => {}
        }
        self.refuse_if_referenced(subject, &[number])?;
        self.delete(subject, number, permanent);
        Ok(number)
    }

    fn delete(&mut self, subject: &str, number: u32, permanent: bool) {
        let Some(versions) = self.subjects.get_mut(subject) else {
            return;
        };
        if !permanent {
            if let Some(version) = versions.get_mut(&number) {
                version.deleted = true;
            }
            return;
        }
        versions.remove(&number);
        if versions.is_empty() {
            self.subjects.remove(subject);
        }
        let used: HashSet<u32> = self
            .subjects
            .values()
            .flat_map(|it| it.values())
            .map(|version| version.id)
            .collect();
        self.schemas.retain(|id, _| used.contains(id));
        self.ids.retain(|_, id| used.contains(id));
    }

    fn refuse_if_referenced(&self, subject: &str, numbers: &[u32]) -> Result<(), Refusal> {
        let live: HashSet<u32> = self
            .subjects
            .values()
            .flat_map(|it| it.values())
            .filter(|it| !it.deleted)
            .map(|it| it.id)
            .collect();
        let referring = self.schemas.iter().filter(|(id, _)| live.contains(id));
        let references = referring.flat_map(|(_, schema)| &schema.references);
        let leads_to = |reference: &Reference| {
            let found = reference
                .wanted()
                .and_then(|wanted| self.version(subject, wanted, true));
            found.ok().map(|found| found.version).filter(|it| numbers.contains(it))
        };
        let mut hits = references.filter(|it| it.subject == subject).filter_map(leads_to);
        match hits.next() {
            Some(number) => Err(Refusal::ReferenceExists(subject.to_owned(), number)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "deletion_tests.rs"]
mod tests;
