//! Which compatibility level holds where: one for all subjects, and one for each subject that has its own. Pure.

use super::compatibility::Level;
use super::error::Refusal;
use super::state::State;

impl State {
    /// The level of subjects that have none of their own.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Changes the level of subjects that have none of their own.
    pub fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Goes back to the default level, and tells the one that held until now.
    pub fn reset_level(&mut self) -> Level {
        std::mem::take(&mut self.level)
    }

    /// The subject's own level. The subject need not have a version yet.
    ///
    /// # Errors
    /// [`Refusal::LevelNotConfigured`] when it has none.
    pub fn subject_level(&self, subject: &str) -> Result<Level, Refusal> {
        let own = self.subject_levels.get(subject).copied();
        own.ok_or_else(|| Refusal::LevelNotConfigured(subject.to_owned()))
    }

    /// Gives the subject a level of its own, now and for the versions to come.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] in the subject's mode.
    pub fn set_subject_level(&mut self, subject: &str, level: Level) -> Result<(), Refusal> {
        self.check_may_change(subject)?;
        self.subject_levels.insert(subject.to_owned(), level);
        Ok(())
    }

    /// Takes the subject's own level away, and tells which it was.
    ///
    /// # Errors
    /// [`Refusal::SubjectNotFound`] when it has none (the code that Confluent's registry gives).
    pub fn reset_subject_level(&mut self, subject: &str) -> Result<Level, Refusal> {
        self.subject_levels
            .remove(subject)
            .ok_or_else(|| Refusal::SubjectNotFound(subject.to_owned()))
    }

    /// The level that holds for the subject.
    pub fn effective_level(&self, subject: &str) -> Level {
        self.subject_levels.get(subject).copied().unwrap_or(self.level)
    }
}
