//! A small disk in memory: it can be filled to the last byte, freed again, and made read-only. Mounting it needs root,
//! or a namespace in which an ordinary user is root: `unshare --mount --map-root-user cargo test …`.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;

/// A small disk.
#[derive(Debug)]
pub struct SmallDisk {
    // Dropped in this order: unmounted before it is removed.
    mounted: Mounted,
    _temporary: Option<TempDir>,
}

/// Where it is mounted. Dropping it unmounts it.
#[derive(Debug)]
struct Mounted(PathBuf);

impl SmallDisk {
    /// A disk of that size, in a directory of its own.
    ///
    /// # Errors
    /// If it cannot be mounted: the test then fails, because it would prove nothing.
    pub fn mount(mib: u32) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("orderlog-disk-")
            .tempdir()
            .context("a directory to mount a disk on")?;
        let mounted = Mounted::at(dir.path(), mib).context(
            "only root may mount the small disk that this test needs: run it under `unshare --mount --map-root-user`",
        )?;
        Ok(Self {
            mounted,
            _temporary: Some(dir),
        })
    }

    /// A disk of that size at that path, replacing one that a killed run left there.
    ///
    /// # Errors
    /// If this process may not mount.
    pub fn mount_at(dir: &Path, mib: u32) -> anyhow::Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        while run("umount", &[], dir).is_ok() {}
        Ok(Self {
            mounted: Mounted::at(dir, mib)?,
            _temporary: None,
        })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.mounted.0
    }

    /// The value of `STORE` for a store on it.
    pub fn store(&self) -> String {
        format!("embedded:{}", self.path().join("store").display())
    }

    /// Fills it to the last byte.
    ///
    /// # Errors
    /// If writing fails for any reason other than a full disk.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = File::options().create(true).append(true).open(self.ballast())?;
        // Smaller and smaller pieces, because a write that does not fit may write nothing.
        for size in [1 << 20, 1 << 12, 1] {
            let block = vec![1; size];
            loop {
                match ballast.write_all(&block) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("filling the disk"),
                }
            }
        }
        Ok(())
    }

    /// Frees it again.
    ///
    /// # Errors
    /// If it was not filled.
    pub fn free(&self) -> anyhow::Result<()> {
        fs::remove_file(self.ballast()).context("freeing the disk")
    }

    /// Makes it read-only. No file on it may be open.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn make_read_only(&self) -> anyhow::Result<()> {
        // This mount only: the file system itself cannot be changed from within a namespace.
        run("mount", &["-o", "remount,bind,ro"], self.path())
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Mounted {
    fn at(dir: &Path, mib: u32) -> anyhow::Result<Self> {
        let size = format!("size={mib}m");
        run("mount", &["-t", "tmpfs", "-o", &size, "orderlog-test"], dir)?;
        Ok(Self(dir.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily, because a process that was just killed may still have files open there.
        if let Err(error) = run("umount", &["--lazy"], &self.0) {
            eprintln!("cannot unmount the small disk: {error:#}");
        }
    }
}

fn run(program: &str, arguments: &[&str], dir: &Path) -> anyhow::Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .arg(dir)
        .output()
        .with_context(|| format!("running {program}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{program} {arguments:?}: {}", said.trim());
    Ok(())
}
