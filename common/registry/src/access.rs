//! As whom the registry is asked. A secret that stands in a file can be read again, for whoever rotates it.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use anyhow::{Context, bail, ensure};
use orderlog_runtime::secret::Secret;
use reqwest::RequestBuilder;

use crate::config::RegistryConfig;

/// As whom one address of the registry is asked.
#[derive(Debug)]
pub(super) struct Access {
    identity: Identity,
    /// What to look at when the registry does not let us in.
    hint: &'static str,
}

#[derive(Debug)]
enum Identity {
    Nobody,
    User(String, Kept),
    Bearer(Kept),
}

/// A secret, and the file that it came from, if it came from one.
#[derive(Debug)]
struct Kept {
    secret: RwLock<Secret>,
    file: Option<File>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    variable: &'static str,
}

impl Access {
    /// As whom those settings say.
    ///
    /// # Errors
    /// They contradict each other, or a file cannot be read or is empty.
    pub fn of(config: &RegistryConfig) -> anyhow::Result<Self> {
        let user = config.user.as_deref().filter(|user| !user.is_empty());
        let password = Kept::of(
            config.password.as_ref(),
            config.password_file.as_deref(),
            ["SCHEMA_REGISTRY_PASSWORD", "SCHEMA_REGISTRY_PASSWORD_FILE"],
        )?;
        let token = Kept::of(
            config.token.as_ref(),
            config.token_file.as_deref(),
            ["SCHEMA_REGISTRY_TOKEN", "SCHEMA_REGISTRY_TOKEN_FILE"],
        )?;
        match (user, password, token) {
            (None, None, None) => Ok(Self {
                identity: Identity::Nobody,
                hint: "set SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD, or SCHEMA_REGISTRY_TOKEN",
            }),
            (Some(user), Some(password), None) => Ok(Self {
                hint: match password.file {
                    Some(_) => "check SCHEMA_REGISTRY_USER and the file of SCHEMA_REGISTRY_PASSWORD_FILE",
                    None => "check SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD",
                },
                identity: Identity::User(user.to_owned(), password),
            }),
            (None, None, Some(token)) => Ok(Self {
                hint: match token.file {
                    Some(_) => "check the file of SCHEMA_REGISTRY_TOKEN_FILE",
                    None => "check SCHEMA_REGISTRY_TOKEN",
                },
                identity: Identity::Bearer(token),
            }),
            (Some(_), None, None) => bail!(
                "SCHEMA_REGISTRY_USER is set without a password; set SCHEMA_REGISTRY_PASSWORD or SCHEMA_REGISTRY_PASSWORD_FILE too"
            ),
            (None, Some(_), None) => bail!(
                "SCHEMA_REGISTRY_PASSWORD or SCHEMA_REGISTRY_PASSWORD_FILE is set without a user; set SCHEMA_REGISTRY_USER too"
            ),
            (_, _, Some(_)) => bail!(
                "both a token (SCHEMA_REGISTRY_TOKEN or SCHEMA_REGISTRY_TOKEN_FILE) and a user or password (SCHEMA_REGISTRY_USER, SCHEMA_REGISTRY_PASSWORD, SCHEMA_REGISTRY_PASSWORD_FILE) are set; keep one of the two"
            ),
        }
    }

    /// As the user that stood in an address.
    pub fn of_address(user: &str, password: &Secret) -> Self {
        Self {
            identity: Identity::User(user.to_owned(), Kept::fixed(password)),
            hint: "check the user and the password in SCHEMA_REGISTRY_URL",
        }
    }

    /// Whether it is somebody.
    pub fn is_somebody(&self) -> bool {
        !matches!(self.identity, Identity::Nobody)
    }

    /// What to look at when the registry does not let us in.
    pub fn hint(&self) -> &'static str {
        self.hint
    }

    /// The secret as it is now, for [`Self::sign`].
    pub fn secret(&self) -> Option<Secret> {
        self.kept().map(Kept::get)
    }

    /// That request as who we are, with that secret.
    pub fn sign(&self, request: RequestBuilder, secret: Option<&Secret>) -> RequestBuilder {
        match (&self.identity, secret) {
            (Identity::User(user, _), Some(password)) => request.basic_auth(user, Some(password.expose())),
            (Identity::Bearer(_), Some(token)) => request.bearer_auth(token.expose()),
            _ => request,
        }
    }

    /// The secret that the file holds now, when that is another one than the registry has refused.
    ///
    /// # Errors
    /// When the file cannot be read, or is empty.
    pub fn renewed(&self, refused: Option<&Secret>) -> anyhow::Result<Option<Secret>> {
        let Some((kept, file)) = self.kept().and_then(|kept| Some((kept, kept.file.as_ref()?))) else {
            return Ok(None);
        };
        // A few bytes: not worth a thread of its own.
        let secret = read(file)?;
        if Some(&secret) == refused {
            return Ok(None);
        }
        *kept.secret.write().unwrap_or_else(PoisonError::into_inner) = secret.clone();
        tracing::info!(file = %file.path.display(), "the registry refused the secret; its file holds a new one");
        Ok(Some(secret))
    }

    fn kept(&self) -> Option<&Kept> {
        match &self.identity {
            Identity::Nobody => None,
            Identity::User(_, kept) | Identity::Bearer(kept) => Some(kept),
        }
    }
}

impl Kept {
    /// From the one of the two variables that is set.
    fn of(value: Option<&Secret>, path: Option<&Path>, variables: [&'static str; 2]) -> anyhow::Result<Option<Self>> {
        let value = value.filter(|value| !value.is_empty());
        let path = path.filter(|path| !path.as_os_str().is_empty());
        let [of_value, of_file] = variables;
        match (value, path) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => bail!("both {of_value} and {of_file} are set; keep one of the two"),
            (Some(value), None) => {
                check(value).with_context(|| format!("the value of {of_value}"))?;
                Ok(Some(Self::fixed(value)))
            }
            (None, Some(path)) => {
                let file = File {
                    path: path.to_owned(),
                    variable: of_file,
                };
                Ok(Some(Self {
                    secret: RwLock::new(read(&file)?),
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

/// The secret in a file, without the line break that editors add.
fn read(file: &File) -> anyhow::Result<Secret> {
    let (variable, path) = (file.variable, file.path.display());
    let text =
        std::fs::read_to_string(&file.path).with_context(|| format!("cannot read the file of {variable}, {path}"))?;
    let secret = Secret::from(text.trim());
    ensure!(
        !secret.is_empty(),
        "the file of {variable}, {path}, is empty; write the secret into it"
    );
    check(&secret).with_context(|| format!("the file of {variable}, {path}"))?;
    Ok(secret)
}

/// A token is sent as it stands, and a password with a line break in it is a file that holds something else.
fn check(secret: &Secret) -> anyhow::Result<()> {
    ensure!(
        !secret.expose().contains(char::is_control),
        "holds control characters, such as a line break; write one line with nothing but the secret"
    );
    Ok(())
}
