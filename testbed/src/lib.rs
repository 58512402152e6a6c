//! The building blocks of tests against real servers: the services as processes, a real broker, a real registry, and
//! faults. Nothing here knows how a service works inside; the assertions are in the tests.
//!
//! - [`servers`]: where broker, registry, Python and jars are; suspending the registry, running Kafka's own tools;
//! - [`stack`]: the script that runs servers;
//! - [`broker`]: a broker of a test's own, which may be stopped, killed, suspended, cut off and wiped;
//! - [`metadata_proxy`]: a broker that reports no brokers;
//! - [`world`]: a topic of a test's own, and the services on it;
//! - [`service`]: one running service, which can be stopped, killed and restarted;
//! - [`client`] and [`api_types`]: its HTTP API, and the shapes of its answers;
//! - [`log`], [`writer`], [`topics`], [`registry`]: the topic and the subject, bypassing the services;
//! - [`leaders`]: who leads the topic's partitions, according to one broker;
//! - [`disk`]: a disk of a test's own, which can be full;
//! - [`events`]: events as another producer would write them;
//! - [`next_version`]: events with a field that our newest schema lacks;
//! - [`expected`]: what a log must result in;
//! - [`poison`]: invalid records, and where they were written;
//! - [`traffic`]: many clients at once, who remember their answers;
//! - [`raw`]: HTTP as bytes, for requests that no client library would send;
//! - [`proxy`]: cuts off a server for one service only;
//! - [`wait`]: conditions that are awaited, for a bounded time.

pub mod broker;
pub mod client;
pub mod disk;
pub mod events;
pub mod expected;
pub mod leaders;
pub mod log;
pub mod metadata_proxy;
pub mod next_version;
pub mod poison;
pub mod ports;
pub mod proxy;
pub mod raw;

pub mod api_types;
pub mod registry;
pub mod servers;
pub mod service;
mod signal;
pub mod stack;
pub mod topics;
pub mod traffic;
pub mod wait;
pub mod world;
pub mod writer;
