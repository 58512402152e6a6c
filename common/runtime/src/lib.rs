//! A process: supervised tasks, signals, logs and metrics, secrets, file descriptors, crash points. It knows nothing of ours.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod clock;
pub mod crash_point;
pub mod descriptors;
pub mod flag;
pub mod secret;
pub mod shutdown;
pub mod supervisor;
pub mod telemetry;
