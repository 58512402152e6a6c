//! Settings for all subjects, and for subjects that have their own: the compatibility level and the mode. Pure.

use std::collections::HashMap;

use super::State;
use crate::registry::compatibility::Level;
use crate::registry::error::Refusal;
use crate::registry::mode::Mode;

/// One setting: for all subjects, and for those that have their own.
#[derive(Debug, Default)]
pub struct PerSubject<S> {
    global: S,
    own: HashMap<String, S>,
}

/// A kind of setting.
pub trait Setting: Copy + Default {
    /// Where the state keeps it.
    fn of(state: &State) -> &PerSubject<Self>;

    /// The same, mutable.
    fn of_mut(state: &mut State) -> &mut PerSubject<Self>;

    /// The refusal for a subject that has none of its own.
    fn not_configured(subject: String) -> Refusal;

    /// Whether this value, set globally, overrides a subject's own.
    fn overrides_own(self) -> bool {
        false
    }

    /// Whether a subject's own may be set.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    fn check_may_set(_state: &State, _subject: &str) -> Result<(), Refusal> {
        Ok(())
    }
}

impl Setting for Level {
    fn of(state: &State) -> &PerSubject<Self> {
        &state.levels
    }

    fn of_mut(state: &mut State) -> &mut PerSubject<Self> {
        &mut state.levels
    }

    fn not_configured(subject: String) -> Refusal {
        Refusal::LevelNotConfigured(subject)
    }

    fn check_may_set(state: &State, subject: &str) -> Result<(), Refusal> {
        state.check_may_change(subject)
    }
}

impl Setting for Mode {
    fn of(state: &State) -> &PerSubject<Self> {
        &state.modes
    }

    fn of_mut(state: &mut State) -> &mut PerSubject<Self> {
        &mut state.modes
    }

    fn not_configured(subject: String) -> Refusal {
        Refusal::ModeNotConfigured(subject)
    }

    fn overrides_own(self) -> bool {
        self == Mode::ReadOnlyOverride
    }
}

impl State {
    /// The setting of subjects without their own.
    pub fn global<S: Setting>(&self) -> S {
        S::of(self).global
    }

    /// Changes the setting of subjects without their own.
    pub fn set_global<S: Setting>(&mut self, setting: S) {
        S::of_mut(self).global = setting;
    }

    /// Resets the setting of subjects without their own to the default, and returns the old one.
    pub fn reset_global<S: Setting>(&mut self) -> S {
        std::mem::take(&mut S::of_mut(self).global)
    }

    /// The subject's own setting. The subject need not have a version yet.
    ///
    /// # Errors
    /// [`Refusal::LevelNotConfigured`] or [`Refusal::ModeNotConfigured`] if it has none.
    pub fn own<S: Setting>(&self, subject: &str) -> Result<S, Refusal> {
        let own = S::of(self).own.get(subject).copied();
        own.ok_or_else(|| S::not_configured(subject.to_owned()))
    }

    /// Sets the subject's own setting, now and for versions to come.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] if the subject's mode does not allow it.
    pub fn set_own<S: Setting>(&mut self, subject: &str, setting: S) -> Result<(), Refusal> {
        S::check_may_set(self, subject)?;
        S::of_mut(self).own.insert(subject.to_owned(), setting);
        Ok(())
    }

    /// Removes the subject's own setting, and returns it.
    ///
    /// # Errors
    /// [`Refusal::SubjectNotFound`] if it has none (the code that Confluent's registry uses).
    pub fn reset_own<S: Setting>(&mut self, subject: &str) -> Result<S, Refusal> {
        let own = S::of_mut(self).own.remove(subject);
        own.ok_or_else(|| Refusal::SubjectNotFound(subject.to_owned()))
    }

    /// The setting that applies to the subject.
    pub fn effective<S: Setting>(&self, subject: &str) -> S {
        let PerSubject { global, own } = S::of(self);
        let own = own.get(subject).filter(|_| !global.overrides_own());
        *own.unwrap_or(global)
    }

    /// Whether anything of the subject may be changed or deleted.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    pub fn check_may_change(&self, subject: &str) -> Result<(), Refusal> {
        self.check_mode(subject, &[Mode::ReadWrite, Mode::Import])
    }

    /// Whether the subject accepts a schema that has no id yet.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    pub fn check_may_register(&self, subject: &str) -> Result<(), Refusal> {
        self.check_mode(subject, &[Mode::ReadWrite])
    }

    fn check_mode(&self, subject: &str, allowed: &[Mode]) -> Result<(), Refusal> {
        let mode: Mode = self.effective(subject);
        if allowed.contains(&mode) {
            return Ok(());
        }
        Err(Refusal::NotPermitted(subject.to_owned(), mode.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::state::tests::{A, A_AND_B, schema, with_two_versions};
    use crate::registry::version_selector::VersionSelector;

    #[test]
    fn registered_schemas_are_found_in_every_mode_and_nothing_new_is_accepted() {
        for mode in [Mode::ReadOnly, Mode::ReadOnlyOverride, Mode::Import] {
            let mut state = with_two_versions();
            state.set_global(mode);
            assert_eq!(state.register("s", &schema(A_AND_B)), Ok(2));
            let refused = Err(Refusal::NotPermitted("t".to_owned(), mode.to_string()));
            assert_eq!(state.register("t", &schema(A)), refused, "{mode}");
        }
    }

    #[test]
    fn a_read_only_subject_cannot_be_deleted() {
        let mut state = with_two_versions();
        state.set_own("s", Mode::ReadOnly).expect("a mode");
        let refused = Refusal::NotPermitted("s".to_owned(), Mode::ReadOnly.to_string());
        assert_eq!(state.delete_subject("s", false), Err(refused.clone()));
        assert_eq!(
            state.delete_version("s", VersionSelector::Latest, false),
            Err(refused.clone())
        );
        assert_eq!(state.set_own("s", Level::Full), Err(refused));
        assert_eq!(state.reset_own("s"), Ok(Mode::ReadOnly));
        assert_eq!(state.delete_subject("s", false), Ok(vec![1, 2]));
    }

    #[test]
    fn a_subject_goes_by_its_own_mode_unless_that_is_overridden() {
        let mut state = State::default();
        state.set_global(Mode::ReadOnly);
        state.set_own("s", Mode::ReadWrite).expect("a mode");
        assert_eq!(state.register("s", &schema(A)), Ok(1));
        state.set_global(Mode::ReadOnlyOverride);
        assert_eq!(state.effective::<Mode>("s"), Mode::ReadOnlyOverride);
    }
}
