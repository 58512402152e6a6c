//! Whether schemas are accepted: a global mode, and one for each subject that has its own. Pure.

use std::fmt;
use std::str::FromStr;

use super::error::Refusal;
use super::state::State;

/// What is allowed in a registry or for a subject; see Confluent's API reference, "Modes".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Everything.
    #[default]
    ReadWrite,
    /// Reading.
    ReadOnly,
    /// Reading, whatever the subject's own mode.
    ReadOnlyOverride,
    /// Importing schemas with their ids, which this registry does not support; changing levels.
    Import,
}

impl Mode {
    const ALL: [(Self, &'static str); 4] = [
        (Self::ReadWrite, "READWRITE"),
        (Self::ReadOnly, "READONLY"),
        (Self::ReadOnlyOverride, "READONLY_OVERRIDE"),
        (Self::Import, "IMPORT"),
    ];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(mode, _)| mode == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

impl FromStr for Mode {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found
            .map(|(mode, _)| *mode)
            .ok_or_else(|| Refusal::InvalidMode(text.to_owned()))
    }
}

impl State {
    /// The mode of subjects without their own.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Changes the mode of subjects without their own.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// The subject's own mode.
    ///
    /// # Errors
    /// [`Refusal::ModeNotConfigured`] if it has none.
    pub fn subject_mode(&self, subject: &str) -> Result<Mode, Refusal> {
        let own = self.subject_modes.get(subject).copied();
        own.ok_or_else(|| Refusal::ModeNotConfigured(subject.to_owned()))
    }

    /// Sets the subject's own mode.
    pub fn set_subject_mode(&mut self, subject: &str, mode: Mode) {
        self.subject_modes.insert(subject.to_owned(), mode);
    }

    /// Removes the subject's own mode, and returns it.
    ///
    /// # Errors
    /// [`Refusal::SubjectNotFound`] if it has none (the code that Confluent's registry uses).
    pub fn reset_subject_mode(&mut self, subject: &str) -> Result<Mode, Refusal> {
        self.subject_modes
            .remove(subject)
            .ok_or_else(|| Refusal::SubjectNotFound(subject.to_owned()))
    }

    /// The mode that applies to the subject.
    pub fn effective_mode(&self, subject: &str) -> Mode {
        match self.mode {
            Mode::ReadOnlyOverride => self.mode,
            mode => self.subject_modes.get(subject).copied().unwrap_or(mode),
        }
    }

    /// Whether anything of the subject may be changed or deleted.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    pub fn check_may_change(&self, subject: &str) -> Result<(), Refusal> {
        match self.effective_mode(subject) {
            Mode::ReadWrite | Mode::Import => Ok(()),
            mode => Err(Refusal::NotPermitted(subject.to_owned(), mode)),
        }
    }

    /// Whether the subject accepts a schema that has no id yet.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    pub fn check_may_register(&self, subject: &str) -> Result<(), Refusal> {
        match self.effective_mode(subject) {
            Mode::ReadWrite => Ok(()),
            mode => Err(Refusal::NotPermitted(subject.to_owned(), mode)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::compatibility::Level;
    use crate::registry::state::Wanted;
    use crate::registry::state::tests::{A, A_AND_B, schema, with_two_versions};

    #[test]
    fn what_is_registered_is_told_in_every_mode_and_nothing_new_is_taken() {
        for mode in [Mode::ReadOnly, Mode::ReadOnlyOverride, Mode::Import] {
            let mut state = with_two_versions();
            state.set_mode(mode);
            assert_eq!(state.register("s", &schema(A_AND_B)), Ok(2));
            let refused = Err(Refusal::NotPermitted("t".to_owned(), mode));
            assert_eq!(state.register("t", &schema(A)), refused, "{mode}");
        }
    }

    #[test]
    fn what_is_only_read_is_not_deleted() {
        let mut state = with_two_versions();
        state.set_subject_mode("s", Mode::ReadOnly);
        let refused = Refusal::NotPermitted("s".to_owned(), Mode::ReadOnly);
        assert_eq!(state.delete_subject("s", false), Err(refused.clone()));
        assert_eq!(state.delete_version("s", Wanted::Latest, false), Err(refused.clone()));
        assert_eq!(state.set_subject_level("s", Level::Full), Err(refused));
        assert_eq!(state.reset_subject_mode("s"), Ok(Mode::ReadOnly));
        assert_eq!(state.delete_subject("s", false), Ok(vec![1, 2]));
    }

    #[test]
    fn a_subject_goes_by_its_own_mode_unless_that_is_overridden() {
        let mut state = State::default();
        state.set_mode(Mode::ReadOnly);
        state.set_subject_mode("s", Mode::ReadWrite);
        assert_eq!(state.register("s", &schema(A)), Ok(1));
        state.set_mode(Mode::ReadOnlyOverride);
        assert_eq!(state.effective_mode("s"), Mode::ReadOnlyOverride);
    }
}
