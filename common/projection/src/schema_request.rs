//! One request to the registry for a schema, repeated until there is an answer.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use orderlog_avro::SchemaText;
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::frame::SchemaRef;
use orderlog_registry::{self as registry, RegistryError};
use tokio::sync::Semaphore;

use crate::schema_id_audit::SchemaIdAudit;
use crate::schema_wait::Missing;

/// Maximum delay before an unanswered request is repeated.
pub(crate) const MAX_RETRY_DELAY: Duration = Duration::from_secs(10);

/// The result of a request.
pub(crate) enum Answer {
    Schema(SchemaText, Arc<WriterSchema>),
    Missing(Missing),
    /// Not an answer; the request is repeated.
    Outage(String),
    /// Not an answer, to a request that no partition waits for yet: it is not repeated.
    GivenUp,
}

/// Where answers go: which schema, when it was requested, and the answer.
pub(crate) type Answers = mpsc::Sender<(SchemaRef, Instant, Answer)>;

/// Asks until there is an answer. `ahead`: an outage ends it.
pub(crate) async fn request(
    audit: &SchemaIdAudit,
    permits: &Semaphore,
    schema: SchemaRef,
    ahead: bool,
    answers: &Answers,
) {
    let mut backoff = registry::backoff(MAX_RETRY_DELAY);
    let mut restarted = false;
    loop {
        let permit = permits.acquire().await;
        let asked = Instant::now();
        let answer = tokio::select! {
            answer = Box::pin(answer(audit, schema)) => answer,
            // Every other attempt gets as long as it takes: a registry may be slow.
            () = audit.registry().recovered(), if !restarted => {
                restarted = true;
                continue;
            }
        };
        restarted = false;
        drop(permit);
        let (answer, wait) = match answer {
            Answer::Outage(_) if ahead => (Answer::GivenUp, None),
            Answer::Outage(reason) => (Answer::Outage(reason), backoff.next()),
            definite => (definite, None),
        };
        // An error means that the projection has stopped.
        let is_running = answers.send((schema, asked, answer)).is_ok();
        match wait.filter(|_| is_running) {
            Some(wait) => audit.registry().back_off(wait).await,
            None => return,
        }
    }
}

async fn answer(audit: &SchemaIdAudit, schema: SchemaRef) -> Answer {
    let found = match schema {
        SchemaRef::Id(id) => audit.schema(id).await.map(Some),
        SchemaRef::Guid(guid) => audit.schema_of_guid(guid).await,
    };
    let missing = |reason, permanent| Answer::Missing(Missing { reason, permanent });
    match found {
        Ok(Some(text)) => resolved(text).await,
        Ok(None) => missing(
            format!("the record names its schema as {schema}, and this schema registry only supports lookup by id"),
            true,
        ),
        Err(RegistryError::Unknown(reason)) => missing(reason, false),
        Err(RegistryError::Outage(outage)) => Answer::Outage(outage.to_string()),
    }
}

/// A long schema takes a while to resolve, and other partitions must not wait for it.
async fn resolved(text: SchemaText) -> Answer {
    #[expect(clippy::disallowed_methods, reason = "resolving a schema catches its own panics")]
    let resolved = tokio::task::spawn_blocking(move || (Arc::new(WriterSchema::new(&text)), text)).await;
    match resolved {
        Ok((writer, text)) => Answer::Schema(text, writer),
        // It does not panic: the runtime is shutting down.
        Err(_) => Answer::GivenUp,
    }
}
