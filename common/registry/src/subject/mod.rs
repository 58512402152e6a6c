//! A subject of the registry: what can be asked about it, and setting its level. Only `level` writes.

mod find;
mod incompatibilities;
mod level;
mod mode;
mod references;
mod versions;

use crate::request::segment;
use crate::transport::Transport;

pub(crate) use find::LookupResult;
pub use level::FULL_TRANSITIVE;
pub(crate) use level::Level;
pub(crate) use references::{Incomplete, complete};

/// A subject of a registry.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub transport: &'a Transport,
    pub name: &'a str,
}

impl<'a> Subject<'a> {
    pub fn new(transport: &'a Transport, name: &'a str) -> Self {
        Self { transport, name }
    }

    /// The path of its versions.
    fn versions_path(&self) -> String {
        format!("/subjects/{}/versions", segment(self.name))
    }
}
