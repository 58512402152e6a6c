//! Finds the topic that a service needs: creates it if it is missing and may be created, and checks it.

use std::future::Future;

use anyhow::Context;

use super::admin::{TIMEOUT, TopicAdmin};
use super::{Compacted, TopicSpec};
use crate::cluster::Cluster;
use crate::log_reader::LogReader;
use crate::permissions::Permission;

/// What may be done with a topic. Both need a broker with an Admin API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicPolicy {
    /// Whether it is created if it is missing.
    pub create: bool,
    /// Whether its configuration is checked.
    pub check: bool,
}

/// A topic that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundTopic {
    /// Number of partitions.
    pub partitions: i32,
    /// What an operator should know about its configuration, one sentence each.
    pub warnings: Vec<String>,
    /// Why its configuration is not known, if it was to be checked.
    pub unchecked: Option<Unchecked>,
}

/// A topic's configuration could not be checked. It can still be read and written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration of topic {topic} could not be checked: {reason}")]
pub struct Unchecked {
    topic: String,
    reason: String,
    /// Whether the broker denies it, which lasts until an operator acts.
    pub is_denied: bool,
}

/// Why a topic is not ready.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// It does not exist, and is not created here.
    #[error(
        "topic {topic} does not exist: check {setting}, or create the topic (with KAFKA_CREATE_TOPICS=true, the service does so at startup)"
    )]
    Missing {
        /// Its name.
        topic: String,
        /// The variable that sets its name.
        setting: &'static str,
    },
    /// It was created, and the broker that answered does not know it yet.
    #[error("topic {0} was just created")]
    JustCreated(String),
    /// It drops records: only an operator can mend that.
    #[error(transparent)]
    Compacted(#[from] Compacted),
    /// The broker does not answer, or does not allow it; or the topic may not be created yet.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl TopicError {
    /// The error itself, or what has caused it where it is nothing more than that.
    pub fn into_source(self) -> anyhow::Error {
        match self {
            Self::Failed(error) => error,
            other => other.into(),
        }
    }
}

/// Finds the topic of `reader`. Blocks while it queries the broker. `may_create` is awaited before the topic is created.
///
/// # Errors
/// [`TopicError`].
pub async fn find(
    reader: &LogReader,
    cluster: &Cluster,
    spec: &TopicSpec,
    policy: TopicPolicy,
    may_create: impl Future<Output = anyhow::Result<()>>,
) -> Result<FoundTopic, TopicError> {
    let mut count = reader.partition_count(TIMEOUT)?;
    let must_create = count.is_none() && policy.create;
    if must_create {
        may_create.await?;
    }
    let admin = (must_create || count.is_some() && policy.check).then(|| TopicAdmin::new(cluster));
    let admin = admin.transpose()?;
    if must_create && let Some(admin) = &admin {
        admin.ensure(spec).await.with_context(|| {
            format!(
                "topic {} does not exist, and cannot be created: check {}, or create the topic",
                spec.name, spec.setting
            )
        })?;
        count = reader.partition_count(TIMEOUT)?;
        if count.is_none() {
            return Err(TopicError::JustCreated(spec.name.clone()));
        }
    }
    let Some(partitions) = count else {
        return Err(TopicError::Missing {
            topic: spec.name.clone(),
            setting: spec.setting,
        });
    };
    let mut found = FoundTopic {
        partitions,
        warnings: Vec::new(),
        unchecked: None,
    };
    if policy.check
        && let Some(admin) = &admin
    {
        match admin.check(&spec.name).await {
            Ok(warnings) => found.warnings = warnings,
            Err(error) => found.unchecked = Some(unchecked(&spec.name, error)?),
        }
    }
    Ok(found)
}

fn unchecked(topic: &str, error: anyhow::Error) -> Result<Unchecked, Compacted> {
    let error = match error.downcast::<Compacted>() {
        Ok(compacted) => return Err(compacted),
        Err(error) => error,
    };
    Ok(Unchecked {
        topic: topic.to_owned(),
        reason: format!("{error:#}"),
        is_denied: error.is::<Permission>(),
    })
}
