//! Asks the brokers regularly what the account may do, so that a missing permission is known before it is needed, and a
//! grant before it is used.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context;
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;

use super::ask::{Told, ask};
use super::{Right, Rights};
use crate::config::Cluster;

/// Interval between two requests.
const EVERY: Duration = Duration::from_secs(4);
/// How long a broker may take to respond.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What a service does with a topic: it reads it, and perhaps writes it.
#[derive(Clone, Debug)]
pub struct Need {
    /// The topic.
    pub topic: String,
    /// Whether it is written.
    pub write: bool,
}

/// Keeps the cluster's [`Rights`] up to date for those topics, until the service ends. Brokers that do not report
/// authorized operations change nothing. Call it within a tokio runtime.
///
/// It runs on a thread that nobody joins, and which also closes the client: librdkafka's waits use the wall clock, and a
/// clock that is set back during one prolongs it by as much.
///
/// # Errors
/// The client cannot be created.
pub fn watch(cluster: &Cluster, needs: Vec<Need>, life: &Supervisor) -> anyhow::Result<()> {
    const NAME: &str = "checking kafka permissions";
    let client: AdminClient<DefaultClientContext> =
        cluster.admin().create().context("creating the Kafka admin client")?;
    let rights = cluster.rights.clone();
    let (end, ended) = mpsc::channel::<()>();
    let work = move || {
        loop {
            for need in &needs {
                if let Some(told) = ask(client.inner(), &need.topic, TIMEOUT) {
                    learn(&rights, need, told);
                }
            }
            if ended.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    };
    drop(life.thread(NAME, work).context("starting a thread")?);
    let own = life.clone();
    drop(life.task(NAME, async move {
        own.ending().await;
        drop(end);
    }));
    Ok(())
}

fn learn(rights: &Rights, need: &Need, told: Told) {
    let (see, read, write) = match told {
        Told::Nothing => (false, false, false),
        Told::May { read, write } => (true, read, write),
    };
    let topic = || need.topic.clone();
    let mut needed = vec![(Right::See(topic()), see), (Right::Read(topic()), read)];
    if need.write {
        needed.push((Right::Write(topic()), write));
    }
    for (right, allowed) in needed {
        if allowed {
            rights.grant(&right);
        } else {
            rights.lack(&right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_that_is_needed_and_not_granted_is_missing() {
        let need = |write| Need {
            topic: "orders".to_owned(),
            write,
        };
        let rights = Rights::default();
        learn(&rights, &need(true), Told::Nothing);
        assert_eq!(rights.reasons().len(), 3, "{rights:?}");
        let reads = Told::May {
            read: true,
            write: false,
        };
        learn(&rights, &need(true), reads);
        assert_eq!(rights.reasons(), [Right::Write("orders".to_owned()).to_string()]);
        let writes = Told::May {
            read: true,
            write: true,
        };
        learn(&rights, &need(true), writes);
        learn(&rights, &need(false), reads);
        assert_eq!(rights.refusal("orders"), None);
    }
}
