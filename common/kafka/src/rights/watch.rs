//! Asks the brokers regularly what the account may do, so that a missing right is known before it is needed, and one that
//! was granted before it is used.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context;
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;

use super::ask::{Told, ask};
use super::{Right, Rights};
use crate::config::Cluster;

/// Between two questions.
const EVERY: Duration = Duration::from_secs(4);
/// How long a broker may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What a service does with a topic: it reads it, and may write it.
#[derive(Clone, Debug)]
pub struct Need {
    /// The topic.
    pub topic: String,
    /// Whether it is written.
    pub write: bool,
}

/// Keeps the cluster's [`Rights`] up to date about those topics, until the service ends. Brokers that do not tell rights
/// change nothing. Call it within a tokio runtime.
///
/// It has a thread that nobody waits for, on which the client ends too: the library's waits go by the wall clock, and where
/// that is set back in one of them they last as much longer.
///
/// # Errors
/// When the client cannot be made.
pub fn watch(cluster: &Cluster, needs: Vec<Need>, life: &Supervisor) -> anyhow::Result<()> {
    const NAME: &str = "asking what the account may do";
    let client: AdminClient<DefaultClientContext> =
        cluster.admin().create().context("making the Kafka admin client")?;
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
    drop(life.spawn_thread(NAME, work).context("starting a thread")?);
    let own = life.clone();
    drop(life.spawn(NAME, async move {
        own.shutdown_started().await;
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
    fn what_is_needed_and_not_allowed_is_missing() {
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
