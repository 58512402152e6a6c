//! Whether the account may commit offsets: librdkafka reports commits that fail, and not those that succeed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::statistics::Statistics;

use super::{Permission, Permissions};

/// Longer than the interval between two commits of progress.
const LONGER_THAN_COMMITS_ARE_APART: Duration = Duration::from_secs(4);

/// The permission of a client to commit offsets as its group.
pub(crate) struct CommitPermission {
    permissions: Permissions,
    permission: Permission,
    /// When a commit was last denied, as long as that holds.
    denied_at: Mutex<Option<Instant>>,
}

impl CommitPermission {
    pub fn new(permissions: Permissions, group: &str) -> Self {
        Self {
            permissions,
            permission: Permission::Commit(group.to_owned()),
            denied_at: Mutex::default(),
        }
    }

    /// Notes that a commit was denied.
    pub fn deny(&self) {
        self.permissions.deny(&self.permission);
        *self.denied_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Commits are allowed when the client has found its group's coordinator and no commit has failed since.
    pub fn observe(&self, statistics: &Statistics) {
        let mut denied_at = self.denied_at.lock().unwrap_or_else(PoisonError::into_inner);
        let has_coordinator = statistics.cgrp.as_ref().is_some_and(|group| group.state == "up");
        if has_coordinator && denied_at.is_some_and(|at| at.elapsed() > LONGER_THAN_COMMITS_ARE_APART) {
            self.permissions.grant(&self.permission);
            *denied_at = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::statistics::ConsumerGroup;

    use super::*;

    #[test]
    fn commits_are_denied_until_the_coordinator_is_known_and_none_has_failed_for_a_while() {
        let permissions = Permissions::default();
        let commit = CommitPermission::new(permissions.clone(), "test");
        commit.deny();
        let denied = [Permission::Commit("test".to_owned()).to_string()];
        assert_eq!(permissions.problems(), denied);
        let in_state = |state: &str| {
            commit.observe(&Statistics {
                cgrp: Some(ConsumerGroup {
                    state: state.to_owned(),
                    ..ConsumerGroup::default()
                }),
                ..Statistics::default()
            });
            permissions.problems()
        };
        let since = |ago: Duration| *commit.denied_at.lock().expect("no panic") = Instant::now().checked_sub(ago);
        assert_eq!(in_state("up"), denied, "a commit may still fail");
        since(LONGER_THAN_COMMITS_ARE_APART * 2);
        assert_eq!(in_state("query-coord"), denied);
        assert!(in_state("up").is_empty());
    }
}
