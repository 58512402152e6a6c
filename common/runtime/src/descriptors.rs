//! File descriptors. Each connection takes two, and a client that takes the last one takes it from the store and from
//! Kafka too; so there are fewer connections than descriptors.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Most connections of a process, however many descriptors it has: they bound the memory for what clients have sent.
const MOST_CONNECTIONS: u64 = 4_096;
/// What a connection takes: its socket, and a second handle through which it can be ended.
const EACH: u64 = 2;
/// Kept for all else: store, Kafka, logs.
const RESERVED: u64 = 512;

/// Raises the process's own limit to what its connections need, as far as the system allows; many systems begin with
/// 1,024. Only mains call this: it is global to the process.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = MOST_CONNECTIONS * EACH + RESERVED;
    let allowed = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|current| current < allowed) {
        let raised = Rlimit {
            current: Some(allowed),
            ..limit
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
    if allowed < wanted {
        tracing::warn!(
            limit = allowed,
            connections = connections_of(Some(allowed)),
            "few open files are allowed (ulimit -n), so few connections are taken"
        );
    }
}

/// How many connections the process may take at once.
pub fn connections() -> usize {
    connections_of(getrlimit(Resource::Nofile).current)
}

/// The same where so many descriptors are allowed; `None` is no limit.
fn connections_of(descriptors: Option<u64>) -> usize {
    let fit = descriptors.map_or(MOST_CONNECTIONS, |limit| {
        // Where there are hardly any, half of them.
        limit.saturating_sub(RESERVED).max(limit / 2) / EACH
    });
    usize::try_from(fit.clamp(1, MOST_CONNECTIONS)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_all_else() {
        for (limit, connections) in [
            (None, 4_096),
            (Some(1 << 20), 4_096),
            (Some(8_704), 4_096),
            (Some(4_096), 1_792),
            (Some(1_024), 256),
            (Some(256), 64),
            (Some(0), 1),
        ] {
            assert_eq!(connections_of(limit), connections, "{limit:?}");
        }
    }

    #[test]
    fn raising_leaves_room_for_connections() {
        raise();
        assert!(connections() >= 1);
    }
}
