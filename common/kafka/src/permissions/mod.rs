//! What the brokers' authorizer denies this service, by ACL: as its clients find out, and as the brokers say when asked
//! ([`permission_watch`](crate::permission_watch)). What follows from it is decided elsewhere.

mod commit;
mod permission;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::statistics::Statistics;

pub(crate) use commit::CommitPermission;
pub use permission::Permission;
pub(crate) use permission::is_denial;

/// How long a denied write counts as denied without being confirmed: then the next one may try. Longer than the interval
/// at which the brokers are queried.
const UNCONFIRMED_FOR: Duration = Duration::from_secs(10);

/// The permissions that this service needs and is denied. Shared by clones.
#[derive(Clone, Default)]
pub struct Permissions(Arc<Mutex<BTreeMap<Permission, DeniedUntil>>>);

/// Until when a denial holds without being confirmed; `None`: until the permission is granted.
type DeniedUntil = Option<Instant>;

impl Permissions {
    /// Notes that a permission is denied, until it is [granted](Self::grant).
    pub(crate) fn deny(&self, permission: &Permission) {
        self.note(permission, None);
    }

    /// Notes that a broker denied a write, for a limited time: nothing is written meanwhile, so no write could show that
    /// it is allowed again.
    pub(crate) fn deny_write(&self, topic: &str) {
        self.note(
            &Permission::Write(topic.to_owned()),
            Some(Instant::now() + UNCONFIRMED_FOR),
        );
    }

    /// Notes that a permission is granted.
    pub(crate) fn grant(&self, permission: &Permission) {
        if self.lock().remove(permission).is_some() {
            tracing::info!(?permission, "kafka permission granted");
        }
    }

    /// Takes note of a producer's fatal error. Returns whether it means that writing is denied.
    pub(crate) fn observe_fatal(&self, code: RDKafkaErrorCode) -> bool {
        let denied = code == RDKafkaErrorCode::ClusterAuthorizationFailed;
        if denied {
            self.deny(&Permission::WriteIdempotently);
        }
        denied
    }

    /// Takes note of a producer's statistics.
    pub(crate) fn observe_producer(&self, statistics: &Statistics) {
        // It has a producer id (librdkafka, STATISTICS.md), which brokers give only to those that may write.
        if statistics.eos.as_ref().is_some_and(|eos| eos.idemp_state == "Assigned") {
            self.grant(&Permission::WriteIdempotently);
        }
    }

    /// Whether that permission is denied.
    pub(crate) fn is_denied(&self, permission: &Permission) -> bool {
        !self.find(|denied| denied == permission).is_empty()
    }

    /// One sentence for each permission that is denied.
    pub fn problems(&self) -> Vec<String> {
        self.find(|_| true)
    }

    /// Why that topic cannot be described, read or written as needed; `None` when it can.
    pub fn denial(&self, topic: &str) -> Option<String> {
        let is_needed = |permission: &Permission| match permission {
            Permission::Describe(of) | Permission::Read(of) | Permission::Write(of) => of == topic,
            Permission::WriteIdempotently => true,
            Permission::Create(_)
            | Permission::DescribeConfigs(_)
            | Permission::DescribeBrokers
            | Permission::Commit(_)
            | Permission::WriteTransactionally(_)
            | Permission::WriteInTransaction => false,
        };
        self.find(is_needed).into_iter().next()
    }

    fn find(&self, wanted: impl Fn(&Permission) -> bool) -> Vec<String> {
        let now = Instant::now();
        let all = self.lock();
        let denied = all
            .iter()
            .filter(|(permission, until)| wanted(permission) && until.is_none_or(|until| now < until));
        denied.map(|(permission, _)| permission.to_string()).collect()
    }

    fn note(&self, permission: &Permission, until: DeniedUntil) {
        if self.lock().insert(permission.clone(), until).is_none() {
            tracing::warn!(reason = %permission, "kafka permission denied");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Permission, DeniedUntil>> {
        // A panic cannot leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.problems()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_missing_until_it_is_granted_and_names_the_acl() {
        let permissions = Permissions::default();
        let read = Permission::Read("orders".to_owned());
        permissions.deny(&read);
        permissions.deny(&Permission::Commit("cart-service".to_owned()));
        let denial = permissions.denial("orders").expect("a reason");
        assert_eq!(denial, "not allowed to read topic orders (ACL Read on topic orders)");
        assert_eq!(permissions.denial("others"), None);
        assert_eq!(permissions.problems().len(), 2);
        permissions.grant(&read);
        assert_eq!(
            permissions.denial("orders"),
            None,
            "reading and writing need no commits"
        );
        assert!(permissions.problems()[0].contains("ACL Read on group cart-service"));
    }

    #[test]
    fn a_producer_that_was_given_an_id_may_write() {
        let permissions = Permissions::default();
        assert!(permissions.observe_fatal(RDKafkaErrorCode::ClusterAuthorizationFailed));
        assert!(
            permissions
                .denial("orders")
                .expect("no")
                .contains("IdempotentWrite on the cluster")
        );
        let statistics = |state: &str| Statistics {
            eos: Some(rdkafka::statistics::ExactlyOnceSemantics {
                idemp_state: state.to_owned(),
                ..Default::default()
            }),
            ..Statistics::default()
        };
        permissions.observe_producer(&statistics("FatalError"));
        assert!(permissions.denial("orders").is_some());
        permissions.observe_producer(&statistics("Assigned"));
        assert_eq!(permissions.denial("orders"), None);
        assert!(
            !permissions.observe_fatal(RDKafkaErrorCode::OutOfOrderSequenceNumber),
            "that is no denial"
        );
    }
}
