//! A cluster that cannot be reached, for the tests of this crate.

use crate::cluster::Cluster;
use crate::partition::Partitioner;
use crate::permissions::Permissions;

/// A cluster without a broker.
pub fn an_absent_cluster() -> Cluster {
    Cluster {
        // Port 9 (discard): nobody listens.
        bootstrap_servers: "127.0.0.1:9".to_owned(),
        client_id: "test".to_owned(),
        partitioner: Partitioner::default(),
        permissions: Permissions::default(),
        extra: Vec::new(),
    }
}
