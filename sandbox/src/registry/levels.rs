//! Which compatibility level applies where: a global one, and one for each subject that has its own. Pure.

use super::compatibility::Level;
use super::error::Refusal;
use super::state::State;

impl State {
    /// The level of subjects without their own.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Changes the level of subjects without their own.
    pub fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Resets the global level to the default, and returns the old one.
    pub fn reset_level(&mut self) -> Level {
        std::mem::take(&mut self.level)
    }

    /// The subject's own level. The subject need not have a version yet.
    ///
    /// # Errors
    /// [`Refusal::LevelNotConfigured`] if it has none.
    pub fn subject_level(&self, subject: &str) -> Result<Level, Refusal> {
        let own = self.subject_levels.get(subject).copied();
        own.ok_or_else(|| Refusal::LevelNotConfigured(subject.to_owned()))
    }

    /// Sets the subject's own level, now and for versions to come.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] if the subject's mode does not allow it.
    pub fn set_subject_level(&mut self, subject: &str, level: Level) -> Result<(), Refusal> {
        self.check_may_change(subject)?;
        self.subject_levels.insert(subject.to_owned(), level);
        Ok(())
    }

    /// Removes the subject's own level, and returns it.
    ///
    /// # Errors
    /// [`Refusal::SubjectNotFound`] if it has none (the code that Confluent's registry uses).
    pub fn reset_subject_level(&mut self, subject: &str) -> Result<Level, Refusal> {
        self.subject_levels
            .remove(subject)
            .ok_or_else(|| Refusal::SubjectNotFound(subject.to_owned()))
    }

    /// The level that applies to the subject.
    pub fn effective_level(&self, subject: &str) -> Level {
        self.subject_levels.get(subject).copied().unwrap_or(self.level)
    }
}
