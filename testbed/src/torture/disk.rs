//! A small disk that can be filled: a tmpfs of its own, so that nobody else's disk is touched.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// Room for the journals of two stores, which grow to 64 MiB each, for the room that the services leave free, and for half
/// an hour's orders.
const SIZE: &str = "384m";
/// Set for the process that [`enter_namespace`] becomes.
const ENTERED: &str = "ORDERLOG_TORTURE_NAMESPACE";

/// A small disk. It is unmounted when this is dropped.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts one there.
    ///
    /// # Errors
    /// When this process may not.
    pub fn mount(dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
        // One that a run which was killed has left.
        while run(Command::new("umount").arg(dir)).is_ok() {}
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={SIZE}"), "tmpfs"])
            .arg(dir))?;
        Ok(Self(dir.to_owned()))
    }

    /// Leaves no byte free.
    ///
    /// # Errors
    /// Any other one than that the disk is full.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut file = File::create(self.ballast())?;
        // Smaller and smaller pieces, as a write that does not fit may write nothing.
        for size in [1 << 20, 1 << 12, 1] {
            let piece = vec![0; size];
            loop {
                match file.write_all(&piece) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("filling the small disk"),
                }
            }
        }
        Ok(())
    }

    /// Gives back what [`Self::fill`] has taken.
    ///
    /// # Errors
    /// When it was not filled.
    pub fn free(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.ballast()).context("freeing the small disk")
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(error) = run(Command::new("umount").arg(&self.0)) {
            eprintln!("torture: the small disk was not unmounted: {error:#}");
        }
    }
}

/// Becomes the same program with the same arguments in a namespace in which an ordinary user may mount. Returns only when
/// that is not possible, or was done already.
pub fn enter_namespace() {
    let possible = std::env::var_os(ENTERED).is_none() && run(Command::new("unshare").args(["-rm", "true"])).is_ok();
    if possible && let Ok(program) = std::env::current_exe() {
        let mut command = Command::new("unshare");
        command
            .arg("-rm")
            .arg(program)
            .args(std::env::args_os().skip(1))
            .env(ENTERED, "1");
        // It returns only when it has failed, and then there is no such disk.
        let _ = command.exec();
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{command:?}: {}", said.trim());
    Ok(())
}
