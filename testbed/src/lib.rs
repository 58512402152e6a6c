//! What tests against real servers are made of: the services as processes, a real broker, a real registry, and faults.
//! Nothing here knows how a service works inside; what is asserted stands in the tests.
//!
//! - [`servers`]: where broker, registry, Python and jars are; suspending the registry, running Kafka's own tools;
//! - `stack`: the script that runs servers of one's own;
//! - [`broker`]: a broker of a test's own, which may be stopped, killed, suspended, cut off and wiped;
//! - [`brokerless`]: a broker that tells of no brokers;
//! - [`world`]: a topic of a test's own, and the services on it;
//! - [`service`]: one running service, which can be stopped, killed and started again;
//! - [`client`] and [`views`]: its HTTP API, and what that answers;
//! - [`log`], [`writer`], [`topics`], [`registry`]: the topic and the subject, past the services;
//! - [`leaders`]: who leads its partitions, as one broker says;
//! - [`disk`]: a disk of a test's own, which can be full;
//! - [`events`]: events as another producer would make them;
//! - [`next_version`]: events that have a field which our newest schema does not have;
//! - [`mod@reference`]: what a log must have done, by a second, naive count;
//! - [`poison`]: records that cannot be used, and where they landed;
//! - [`traffic`]: many clients at once, who keep what they were told;
//! - [`raw`]: HTTP as bytes, for what no decent client would send;
//! - [`proxy`]: a server that can be cut off for one service only;
//! - [`torture`]: all of it at once, with faults, and the proof that nothing is lost;
//! - [`wait`]: conditions that are awaited, for a bounded time.

pub mod broker;
pub mod brokerless;
pub mod client;
pub mod disk;
pub mod events;
pub mod leaders;
pub mod log;
pub mod next_version;
pub mod poison;
pub mod ports;
pub mod proxy;
pub mod raw;
pub mod reference;
pub mod registry;
pub mod servers;
pub mod service;
mod signal;
mod stack;
pub mod topics;
pub mod torture;
pub mod traffic;
pub mod views;
pub mod wait;
pub mod world;
pub mod writer;
