//! The key that administration needs, and where it comes from.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use orderlog_projection::store::blocking;
use orderlog_runtime::secret::{Secret, path};

/// Largest key file, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The key that administration needs.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct AdminConfig {
    /// Key that clients send to replay or discard dead letters and to resume a partition, as Authorization: Bearer KEY.
    /// Without one, only clients on this machine may do that
    #[arg(
        long = "admin-api-key",
        env = "ADMIN_API_KEY",
        value_name = "ADMIN_API_KEY",
        hide_env_values = true
    )]
    pub key: Option<Secret>,

    /// File that holds the key, instead of ADMIN_API_KEY; read at each such request
    #[arg(
        long = "admin-api-key-file",
        env = "ADMIN_API_KEY_FILE",
        value_name = "ADMIN_API_KEY_FILE",
        value_parser = path
    )]
    pub key_file: Option<PathBuf>,
}

/// Whom a service lets change something.
#[derive(Clone, Debug)]
pub enum AdminAccess {
    /// Clients on its own machine.
    Loopback,
    /// Whoever sends this key.
    Key(Secret),
    /// Whoever sends the key that is in this file at that time.
    File(PathBuf),
}

impl AdminConfig {
    /// The key in these settings, to send it; `None` if there is none.
    ///
    /// # Errors
    /// Both settings are given, the file cannot be read, or the key cannot be sent in a header.
    pub fn secret(&self) -> anyhow::Result<Option<Secret>> {
        match AdminAccess::new(self)? {
            AdminAccess::Loopback => Ok(None),
            AdminAccess::Key(key) => Ok(Some(key)),
            AdminAccess::File(path) => read(&path).map(Some),
        }
    }
}

impl AdminAccess {
    /// As these settings say.
    ///
    /// # Errors
    /// Both settings are given, the file cannot be read, or the key cannot be sent in a header.
    pub fn new(config: &AdminConfig) -> anyhow::Result<Self> {
        let key = config.key.as_ref().filter(|key| !key.is_empty());
        let file = config.key_file.as_deref().filter(|path| !path.as_os_str().is_empty());
        match (key, file) {
            (None, None) => Ok(Self::Loopback),
            (Some(_), Some(_)) => bail!("both ADMIN_API_KEY and ADMIN_API_KEY_FILE are set; keep only one"),
            (Some(key), None) => {
                check(key).context("the value of ADMIN_API_KEY (--admin-api-key)")?;
                Ok(Self::Key(key.clone()))
            }
            (None, Some(path)) => read(path).map(|_| Self::File(path.to_owned())),
        }
    }

    /// Whether a key is needed.
    pub fn requires_key(&self) -> bool {
        !matches!(self, Self::Loopback)
    }

    /// The key that is needed now.
    pub(super) async fn key(self) -> anyhow::Result<Option<Secret>> {
        match self {
            Self::Loopback => Ok(None),
            Self::Key(key) => Ok(Some(key)),
            // Each time, so that a key that was replaced is refused at once.
            Self::File(path) => blocking(move || read(&path)).await.map(Some),
        }
    }
}

/// The key in the file, without the trailing newline that editors add.
fn read(path: &Path) -> anyhow::Result<Secret> {
    let file = || {
        format!(
            "the file of ADMIN_API_KEY_FILE (--admin-api-key-file), {}",
            path.display()
        )
    };
    let context = || format!("cannot read {}", file());
    let found = std::fs::metadata(path).with_context(context)?;
    // A pipe or a device could keep whoever reads it waiting.
    ensure!(found.is_file(), "{} is not a regular file", file());
    ensure!(
        found.len() <= MAX_FILE_BYTES,
        "{} has more than {MAX_FILE_BYTES} bytes; is it the key's?",
        file()
    );
    let text = std::fs::read_to_string(path).with_context(context)?;
    let key = Secret::from(text.trim());
    ensure!(!key.is_empty(), "{} is empty; write the key into it", file());
    check(&key).with_context(file)?;
    Ok(key)
}

fn check(key: &Secret) -> anyhow::Result<()> {
    ensure!(
        key.expose().bytes().all(|byte| byte.is_ascii_graphic()),
        "holds a character that cannot be sent as a bearer token; use only letters, digits and ASCII punctuation, on one line"
    );
    Ok(())
}
