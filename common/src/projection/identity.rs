//! Watches that schema ids keep their meaning. A registry that was wiped, or another one at the same address, gives ids
//! anew: then records would be read as something that they are not, and written so that others cannot read them.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::Command;
use crate::registry::{Registry, RegistryError};
use crate::store::{LearnError, Store};

/// Between two looks while the registry does not answer.
const RETRY: Duration = Duration::from_secs(5);

/// Compares what every known id means, at once and then every `interval`, and halts the projection when one means another
/// schema than before.
pub(super) async fn watch(registry: Arc<Registry>, store: Store, interval: Duration, commands: mpsc::Sender<Command>) {
    loop {
        let pause = match look(&registry, &store).await {
            Ok(()) => interval,
            Err(Look::NoAnswer) => RETRY.min(interval),
            Err(Look::Failed(error)) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "what schema ids mean could not be compared"
                );
                interval
            }
            Err(Look::Another(id)) => {
                // An error means that the projection has stopped.
                let _ = commands.send(Command::Halt(LearnError::AnotherMeaning(id).to_string()));
                return;
            }
        };
        tokio::time::sleep(pause).await;
    }
}

enum Look {
    NoAnswer,
    Failed(anyhow::Error),
    Another(u32),
}

async fn look(registry: &Registry, store: &Store) -> Result<(), Look> {
    for id in store.schema_ids().map_err(Look::Failed)? {
        let schema = match registry.schema(id).await {
            Ok(schema) => schema,
            Err(RegistryError::Unknown(_)) => {
                // Its records are read all the same; others cannot read them any more.
                tracing::warn!(
                    schema.id = id,
                    "the schema registry has lost a schema that records name"
                );
                continue;
            }
            Err(RegistryError::Outage(_)) => return Err(Look::NoAnswer),
        };
        if store.means(id, &schema).map_err(Look::Failed)? == Some(false) {
            return Err(Look::Another(id));
        }
    }
    Ok(())
}
