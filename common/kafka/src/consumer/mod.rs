//! What this crate's consumers have in common: their context, and how they are polled. They are assigned their partitions
//! and never join a group; what is read and why is the business of their owners.

mod context;
mod log_lines;
mod poll;

pub(crate) use context::ReaderContext;
pub(crate) use poll::poll;
