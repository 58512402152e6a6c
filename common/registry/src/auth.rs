//! Credentials for the registry. A secret that comes from a file is read again when the registry rejects it, so that it
//! can be rotated without a restart.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use anyhow::{Context, bail, ensure};
use orderlog_runtime::secret::Secret;
use reqwest::RequestBuilder;

use crate::config::RegistryConfig;

/// The credentials for one address of the registry.
#[derive(Debug)]
pub(crate) struct Auth {
    credentials: Credentials,
    /// Which settings to check when the registry rejects them.
    hint: &'static str,
}

#[derive(Debug)]
enum Credentials {
    None,
    Basic(String, StoredSecret),
    Bearer(StoredSecret),
}

/// A secret, and the file that it came from, if any.
#[derive(Debug)]
struct StoredSecret {
    secret: RwLock<Secret>,
    file: Option<SecretFile>,
}

#[derive(Debug)]
struct SecretFile {
    path: PathBuf,
    variable: &'static str,
}

impl Auth {
    /// The credentials in these settings.
    ///
    /// # Errors
    /// They contradict each other, or a file cannot be read or is empty.
    pub fn from_config(config: &RegistryConfig) -> anyhow::Result<Self> {
        let user = config.user.as_deref().filter(|user| !user.is_empty());
        let password = StoredSecret::from_settings(
            config.password.as_ref(),
            config.password_file.as_deref(),
            ["SCHEMA_REGISTRY_PASSWORD", "SCHEMA_REGISTRY_PASSWORD_FILE"],
        )?;
        let token = StoredSecret::from_settings(
            config.token.as_ref(),
            config.token_file.as_deref(),
            ["SCHEMA_REGISTRY_TOKEN", "SCHEMA_REGISTRY_TOKEN_FILE"],
        )?;
        match (user, password, token) {
            (None, None, None) => Ok(Self {
                credentials: Credentials::None,
                hint: "set SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD, or SCHEMA_REGISTRY_TOKEN",
            }),
            (Some(user), Some(password), None) => Ok(Self {
                hint: match password.file {
                    Some(_) => "check SCHEMA_REGISTRY_USER and the file of SCHEMA_REGISTRY_PASSWORD_FILE",
                    None => "check SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD",
                },
                credentials: Credentials::Basic(user.to_owned(), password),
            }),
            (None, None, Some(token)) => Ok(Self {
                hint: match token.file {
                    Some(_) => "check the file of SCHEMA_REGISTRY_TOKEN_FILE",
                    None => "check SCHEMA_REGISTRY_TOKEN",
                },
                credentials: Credentials::Bearer(token),
            }),
            (Some(_), None, None) => bail!(
                "SCHEMA_REGISTRY_USER is set without a password; also set SCHEMA_REGISTRY_PASSWORD or SCHEMA_REGISTRY_PASSWORD_FILE"
            ),
            (None, Some(_), None) => bail!(
                "SCHEMA_REGISTRY_PASSWORD or SCHEMA_REGISTRY_PASSWORD_FILE is set without a user; also set SCHEMA_REGISTRY_USER"
            ),
            (_, _, Some(_)) => bail!(
                "both a token (SCHEMA_REGISTRY_TOKEN or SCHEMA_REGISTRY_TOKEN_FILE) and a user or password (SCHEMA_REGISTRY_USER, SCHEMA_REGISTRY_PASSWORD, SCHEMA_REGISTRY_PASSWORD_FILE) are set; keep only one"
            ),
        }
    }

    /// The user and password of an address.
    pub fn from_url(user: &str, password: &Secret) -> Self {
        Self {
            credentials: Credentials::Basic(user.to_owned(), StoredSecret::fixed(password)),
            hint: "check the user and the password in SCHEMA_REGISTRY_URL",
        }
    }

    /// Whether there are any.
    pub fn is_configured(&self) -> bool {
        !matches!(self.credentials, Credentials::None)
    }

    /// Which settings to check when the registry rejects them.
    pub fn hint(&self) -> &'static str {
        self.hint
    }

    /// The current secret, for [`Self::apply`].
    pub fn secret(&self) -> Option<Secret> {
        self.stored().map(StoredSecret::get)
    }

    /// Adds the credentials to a request, with this secret.
    pub fn apply(&self, request: RequestBuilder, secret: Option<&Secret>) -> RequestBuilder {
        match (&self.credentials, secret) {
            (Credentials::Basic(user, _), Some(password)) => request.basic_auth(user, Some(password.expose())),
            (Credentials::Bearer(_), Some(token)) => request.bearer_auth(token.expose()),
            _ => request,
        }
    }

    /// Reads the secret's file again; `None` when it still holds the secret that the registry rejected.
    ///
    /// # Errors
    /// When the file cannot be read, or is empty.
    pub fn reload(&self, rejected: Option<&Secret>) -> anyhow::Result<Option<Secret>> {
        let Some(stored) = self.stored() else { return Ok(None) };
        let Some(file) = &stored.file else { return Ok(None) };
        // A few bytes: not worth a blocking thread.
        let secret = file.read()?;
        if Some(&secret) == rejected {
            return Ok(None);
        }
        *stored.secret.write().unwrap_or_else(PoisonError::into_inner) = secret.clone();
        tracing::info!(file = %file.path.display(), "registry rejected the secret; read a new one from its file");
        Ok(Some(secret))
    }

    fn stored(&self) -> Option<&StoredSecret> {
        match &self.credentials {
            Credentials::None => None,
            Credentials::Basic(_, stored) | Credentials::Bearer(stored) => Some(stored),
        }
    }
}

impl StoredSecret {
    /// From whichever of the two variables is set.
    fn from_settings(
        value: Option<&Secret>,
        path: Option<&Path>,
        [value_variable, file_variable]: [&'static str; 2],
    ) -> anyhow::Result<Option<Self>> {
        let value = value.filter(|value| !value.is_empty());
        let path = path.filter(|path| !path.as_os_str().is_empty());
        match (value, path) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => bail!("both {value_variable} and {file_variable} are set; keep only one"),
            (Some(value), None) => {
                check(value).with_context(|| format!("the value of {value_variable}"))?;
                Ok(Some(Self::fixed(value)))
            }
            (None, Some(path)) => {
                let file = SecretFile {
                    path: path.to_owned(),
                    variable: file_variable,
                };
                Ok(Some(Self {
                    secret: RwLock::new(file.read()?),
                    file: Some(file),
                }))
            }
        }
    }

    fn fixed(secret: &Secret) -> Self {
        Self {
            secret: RwLock::new(secret.clone()),
            file: None,
        }
    }

    fn get(&self) -> Secret {
        self.secret.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl SecretFile {
    /// The secret in the file, without the trailing newline that editors add.
    fn read(&self) -> anyhow::Result<Secret> {
        let (variable, path) = (self.variable, self.path.display());
        let text = std::fs::read_to_string(&self.path)
            .with_context(|| format!("cannot read the file of {variable}, {path}"))?;
        let secret = Secret::from(text.trim());
        ensure!(
            !secret.is_empty(),
            "the file of {variable}, {path}, is empty; write the secret into it"
        );
        check(&secret).with_context(|| format!("the file of {variable}, {path}"))?;
        Ok(secret)
    }
}

/// A token is sent verbatim, and a file with several lines is not a password file.
fn check(secret: &Secret) -> anyhow::Result<()> {
    ensure!(
        !secret.expose().contains(char::is_control),
        "holds control characters, such as a newline; write the secret alone, on one line"
    );
    Ok(())
}
