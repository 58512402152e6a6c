//! The structure of the workspace: which crate may use which, and no cycles between the modules of a crate. And that the
//! documents name files that exist, and that tests run what they print.

mod blocks;
mod dependencies;
mod documents;
mod modules;

use std::path::PathBuf;

/// The root of the workspace.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
