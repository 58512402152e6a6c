//! Asks the brokers regularly what the account may do, so that a missing permission is known before it is needed, and a
//! grant before it is used.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context;
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;

use crate::cluster::Cluster;
use crate::ffi::{TopicAccess, topic_access};
use crate::permissions::{Permission, Permissions};

/// Interval between two requests.
const EVERY: Duration = Duration::from_secs(4);
/// How long a broker may take to respond.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What a service does with a topic: it reads it, and perhaps writes it.
#[derive(Clone, Debug)]
pub struct TopicUse {
    /// The topic.
    pub topic: String,
    /// Whether it is written.
    pub write: bool,
}

/// Keeps the cluster's [`Permissions`] up to date for those topics, until the service ends. Brokers that do not report
/// authorized operations change nothing. Call it within a tokio runtime.
///
/// It runs on a thread that nobody joins, and which also closes the client: librdkafka's waits use the wall clock, and a
/// clock that is set back during one prolongs it by as much.
///
/// # Errors
/// The client cannot be created.
pub fn watch(cluster: &Cluster, uses: Vec<TopicUse>, supervisor: &Supervisor) -> anyhow::Result<()> {
    const NAME: &str = "checking kafka permissions";
    let client: AdminClient<DefaultClientContext> =
        cluster.admin().create().context("creating the Kafka admin client")?;
    let permissions = cluster.permissions.clone();
    let (end, ended) = mpsc::channel::<()>();
    let work = move || {
        loop {
            for used in &uses {
                if let Some(access) = topic_access(client.inner(), &used.topic, TIMEOUT) {
                    observe(&permissions, used, access);
                }
            }
            if ended.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    };
    drop(supervisor.spawn_thread(NAME, work).context("starting a thread")?);
    let own = supervisor.clone();
    drop(supervisor.spawn(NAME, async move {
        own.shutdown_started().await;
        drop(end);
    }));
    Ok(())
}

fn observe(permissions: &Permissions, used: &TopicUse, access: TopicAccess) {
    let (see, read, write) = match access {
        TopicAccess::Denied => (false, false, false),
        TopicAccess::Described { read, write } => (true, read, write),
    };
    let topic = || used.topic.clone();
    let mut needed = vec![(Permission::Describe(topic()), see), (Permission::Read(topic()), read)];
    if used.write {
        needed.push((Permission::Write(topic()), write));
    }
    for (permission, allowed) in needed {
        if allowed {
            permissions.grant(&permission);
        } else {
            permissions.deny(&permission);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_that_is_needed_and_not_granted_is_missing() {
        let used = |write| TopicUse {
            topic: "orders".to_owned(),
            write,
        };
        let permissions = Permissions::default();
        observe(&permissions, &used(true), TopicAccess::Denied);
        assert_eq!(permissions.problems().len(), 3, "{permissions:?}");
        let reads = TopicAccess::Described {
            read: true,
            write: false,
        };
        observe(&permissions, &used(true), reads);
        assert_eq!(
            permissions.problems(),
            [Permission::Write("orders".to_owned()).to_string()]
        );
        let writes = TopicAccess::Described {
            read: true,
            write: true,
        };
        observe(&permissions, &used(true), writes);
        observe(&permissions, &used(false), reads);
        assert_eq!(permissions.denial("orders"), None);
    }
}
