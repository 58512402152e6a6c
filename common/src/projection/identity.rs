//! Watches that schema ids keep their meaning. A registry that was wiped, or another one at the same address, gives ids
//! anew: then records would be read as something that they are not, and written so that others cannot read them.

use std::collections::BTreeSet;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::Command;
use crate::crash_point::{self, Point};
use crate::registry::{Registry, RegistryError};
use crate::store::{LearnError, Store};

/// Between two looks while the registry does not answer.
const RETRY: Duration = Duration::from_secs(5);
/// Most ids of one look, but for the first, which is at all of them: thousands of ids are no load for the registry.
const MOST: usize = 50;
/// So many ids in a row without an answer, and it is the registry that does not answer.
const SILENT: usize = 3;

/// Compares what known ids mean, all of them at once and then some every `interval`, and halts the projection when one
/// means another schema than before.
pub(super) async fn watch(registry: Arc<Registry>, store: Store, interval: Duration, commands: mpsc::Sender<Command>) {
    let mut watch = Watch {
        registry,
        store,
        looked: false,
        lost: BTreeSet::new(),
    };
    loop {
        crash_point::reached(Point::IdentityTurn);
        let pause = match watch.look().await {
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
        let _ = commands.send(Command::Lost(watch.lost.iter().copied().collect()));
        tokio::time::sleep(pause).await;
    }
}

struct Watch {
    registry: Arc<Registry>,
    store: Store,
    /// Whether all ids were compared once.
    looked: bool,
    /// Ids that the registry does not know any more.
    lost: BTreeSet<u32>,
}

/// Why a look ended early.
enum Look {
    NoAnswer,
    Failed(anyhow::Error),
    Another(u32),
}

impl Watch {
    async fn look(&mut self) -> Result<(), Look> {
        let mut ids = self.store.schema_ids().map_err(Look::Failed)?;
        if self.looked {
            fastrand::shuffle(&mut ids);
            ids.truncate(MOST);
        }
        let mut silent = 0;
        for id in ids {
            match self.registry.schema(id).await {
                Ok(schema) => {
                    silent = 0;
                    self.lost.remove(&id);
                    if self.store.means(id, &schema).map_err(Look::Failed)? == Some(false) {
                        return Err(Look::Another(id));
                    }
                }
                // It may be this id's fault, and the others are still to be compared.
                Err(RegistryError::Outage(_)) => {
                    silent += 1;
                    if silent == SILENT {
                        return Err(Look::NoAnswer);
                    }
                }
                // Its records are read all the same; others cannot read them any more.
                Err(RegistryError::Unknown(reason)) => {
                    silent = 0;
                    if self.lost.insert(id) {
                        tracing::warn!(
                            schema.id = id,
                            reason,
                            "records name a schema that the registry has lost"
                        );
                    }
                }
            }
        }
        self.looked = true;
        Ok(())
    }
}
