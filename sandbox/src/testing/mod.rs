//! For tests of the services: the broker and the registry that a service runs on, the running service, and requests to
//! it. For tests of the sandbox: its start. For tests of the documents: their blocks.

pub mod documents;
mod events;
mod outside;
mod sandbox;
mod service;
mod wait;

pub use events::{PARTITIONS, event, ids_where, partition_of};
pub use outside::{Outside, contents_of_others};
pub use sandbox::start_sandbox;
pub use service::{RunningService, answer};
pub use wait::{eventually, fields};
