//! Which order-service `order-service dlq` asks, as whom, and with which key.

use std::path::PathBuf;

use clap::Args;
use orderlog_runtime::secret::{Secret, path};
use url::Url;

use super::values::{http_url, user};
use crate::admin::AdminConfig;

/// Which order-service is asked, and as whom.
#[derive(Args, Clone, Debug)]
pub struct Connection {
    /// The order-service to ask
    #[arg(
        long,
        env = "ORDER_SERVICE_URL",
        value_name = "URL",
        default_value = "http://localhost:8001",
        value_parser = http_url,
        hide_env_values = true
    )]
    pub order_service_url: Url,

    /// The key to send.
    #[command(flatten)]
    pub key: AdminKey,

    /// Who you are, for its log and for what is kept with the dead letters; by default it notes your address
    #[arg(long, value_name = "NAME", value_parser = user)]
    pub user: Option<String>,

    /// Print order-service's answer as JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// The key for changes and dry runs.
#[derive(Args, Clone, Debug)]
pub struct AdminKey {
    /// The admin key of that order-service, if it has one: needed for changes and for dry runs. Better in the environment than on the
    /// command line, which other users of this machine can see
    #[arg(
        long = "admin-api-key",
        env = "ADMIN_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    key: Option<Secret>,

    /// File that holds the admin key, instead of ADMIN_API_KEY
    #[arg(
        long = "admin-api-key-file",
        env = "ADMIN_API_KEY_FILE",
        value_name = "FILE",
        value_parser = path
    )]
    key_file: Option<PathBuf>,
}

impl AdminKey {
    /// The key; `None` if there is none.
    ///
    /// # Errors
    /// Both settings are given, the file cannot be read, or the key cannot be sent in a header.
    pub fn secret(&self) -> anyhow::Result<Option<Secret>> {
        let config = AdminConfig {
            key: self.key.clone(),
            key_file: self.key_file.clone(),
        };
        config.secret()
    }
}
