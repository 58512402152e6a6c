//! File descriptors. Each connection takes two, and a client that takes the last one takes it from the store and Kafka
//! too, so the number of connections is limited well below them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Maximum number of connections of a process, however many descriptors it has: this bounds the memory for what clients
/// send.
const MAX_CONNECTIONS: u64 = 4_096;
/// Descriptors per connection: its socket, and a second handle to close it with.
const PER_CONNECTION: u64 = 2;
/// Reserved for everything else: store, Kafka, logs.
const RESERVED: u64 = 512;

/// Raises the process's soft limit to what its connections need, as far as the hard limit allows; many systems start at
/// 1,024. Only mains call this: the limit is global to the process.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = MAX_CONNECTIONS * PER_CONNECTION + RESERVED;
    let allowed = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|current| current < allowed) {
        let raised = Rlimit {
            current: Some(allowed),
            ..limit
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "could not raise the open file limit");
        }
    }
    if allowed < wanted {
        tracing::warn!(
            limit = allowed,
            connections = connections_for(Some(allowed)),
            "low open file limit (ulimit -n); accepting fewer connections"
        );
    }
}

/// How many connections the process accepts at once.
pub fn max_connections() -> usize {
    connections_for(getrlimit(Resource::Nofile).current)
}

/// The same for this descriptor limit; `None` is unlimited.
fn connections_for(descriptors: Option<u64>) -> usize {
    let fit = descriptors.map_or(MAX_CONNECTIONS, |limit| {
        // Where there are very few, half of them.
        limit.saturating_sub(RESERVED).max(limit / 2) / PER_CONNECTION
    });
    usize::try_from(fit.clamp(1, MAX_CONNECTIONS)).unwrap_or(1)
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
            assert_eq!(connections_for(limit), connections, "{limit:?}");
        }
    }

    #[test]
    fn raising_leaves_room_for_connections() {
        raise_limit();
        assert!(max_connections() >= 1);
    }
}
