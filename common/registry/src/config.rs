//! Settings of the schema registry: addresses, credentials, and what to do about our schemas. Whether they contradict each
//! other, and what the files hold, is checked when the client is built.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use orderlog_runtime::secret::{Secret, path};

use crate::urls;
pub use crate::urls::{InvalidUrls, RegistryUrl, RegistryUrls};

const DEFAULT_REGISTRY_URL: &str = "http://localhost:8081";

/// Whether to register this release's schemas, or only to verify that they are registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SchemasMode {
    /// Register every version that is missing, after setting the subject to FULL_TRANSITIVE
    #[default]
    Register,
    /// Only look them up, write nothing to the registry, and stop when one is missing
    Verify,
}

/// The schema registry. Prefer files for secrets: other users of a machine can see a process's arguments.
/// An empty variable counts as not set.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct RegistryConfig {
    /// Comma-separated http or https addresses of the schema registry, tried in turn. One may hold a user and a password,
    /// as in https://user:password@registry
    #[arg(
        long = "schema-registry-url",
        env = "SCHEMA_REGISTRY_URL",
        value_name = "SCHEMA_REGISTRY_URL",
        default_value = DEFAULT_REGISTRY_URL,
        value_parser = urls::Parser,
        hide_env_values = true,
    )]
    pub urls: RegistryUrls,

    /// User or API key for the schema registry
    #[arg(
        long = "schema-registry-user",
        env = "SCHEMA_REGISTRY_USER",
        value_name = "SCHEMA_REGISTRY_USER"
    )]
    pub user: Option<String>,

    /// Password of SCHEMA_REGISTRY_USER
    #[arg(
        long = "schema-registry-password",
        env = "SCHEMA_REGISTRY_PASSWORD",
        value_name = "SCHEMA_REGISTRY_PASSWORD",
        hide_env_values = true
    )]
    pub password: Option<Secret>,

    /// File that holds the password; read again when the registry responds 401
    #[arg(
        long = "schema-registry-password-file",
        env = "SCHEMA_REGISTRY_PASSWORD_FILE",
        value_name = "SCHEMA_REGISTRY_PASSWORD_FILE",
        value_parser = path,
    )]
    pub password_file: Option<PathBuf>,

    /// Bearer token for the schema registry, instead of user and password
    #[arg(
        long = "schema-registry-token",
        env = "SCHEMA_REGISTRY_TOKEN",
        value_name = "SCHEMA_REGISTRY_TOKEN",
        hide_env_values = true
    )]
    pub token: Option<Secret>,

    /// File that holds the token; read again when the registry responds 401
    #[arg(
        long = "schema-registry-token-file",
        env = "SCHEMA_REGISTRY_TOKEN_FILE",
        value_name = "SCHEMA_REGISTRY_TOKEN_FILE",
        value_parser = path,
    )]
    pub token_file: Option<PathBuf>,

    /// PEM file of additional CA certificates to trust for the registry, besides the system's
    #[arg(
        long = "schema-registry-ca-file",
        env = "SCHEMA_REGISTRY_CA_FILE",
        value_name = "SCHEMA_REGISTRY_CA_FILE",
        value_parser = path,
    )]
    pub ca_file: Option<PathBuf>,

    /// Whether to register this release's schemas, or only to verify that they are registered
    #[arg(long, env = "SCHEMAS", value_name = "SCHEMAS", value_enum, default_value_t)]
    pub schemas: SchemasMode,
}

impl RegistryConfig {
    /// The registry at these addresses, and defaults for everything else.
    ///
    /// # Errors
    /// When `urls` is not a valid `SCHEMA_REGISTRY_URL`.
    pub fn at(urls: &str) -> Result<Self, InvalidUrls> {
        Ok(Self {
            urls: urls.parse()?,
            user: None,
            password: None,
            password_file: None,
            token: None,
            token_file: None,
            ca_file: None,
            schemas: SchemasMode::default(),
        })
    }
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self::at(DEFAULT_REGISTRY_URL).expect("the default is an address: a test proves it")
    }
}

#[cfg(test)]
mod tests {
    use orderlog_runtime::testing::parse;

    use super::*;

    const SECRETS: [&str; 3] = ["in-the-address", "in-the-password", "in-the-token"];
    const SECRET_ARGUMENTS: [&str; 3] = [
        "--schema-registry-url=http://user:in-the-address@registry",
        "--schema-registry-password=in-the-password",
        "--schema-registry-token=in-the-token",
    ];

    #[test]
    fn each_setting_is_read() {
        let config: RegistryConfig = parse(&[
            "--schema-registry-url=http://a,http://b",
            "--schema-registry-user=user",
            "--schema-registry-password=password",
            "--schema-registry-password-file=p",
            "--schema-registry-token=token",
            "--schema-registry-token-file=",
            "--schema-registry-ca-file=c",
            "--schemas=verify",
        ])
        .expect("valid flags");
        let expected = RegistryConfig {
            urls: "http://a,http://b".parse().expect("addresses"),
            user: Some("user".to_owned()),
            password: Some("password".into()),
            password_file: Some("p".into()),
            token: Some("token".into()),
            token_file: Some(PathBuf::new()),
            ca_file: Some("c".into()),
            schemas: SchemasMode::Verify,
        };
        assert_eq!(config, expected);
        assert_eq!(
            parse::<RegistryConfig>(&[]).expect("no flags"),
            RegistryConfig::default()
        );
    }

    #[test]
    fn nothing_that_is_shown_of_it_has_a_secret() {
        let config = parse::<RegistryConfig>(&SECRET_ARGUMENTS).expect("a config");
        let shown = format!("{config:?} {config:#?}");
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn no_error_of_the_command_line_repeats_a_secret() {
        for wrong in [
            "--schema-registry-url=http://user:in-the-address",
            "--schema-registry-url=ftp://user:in-the-address@registry",
            "--schema-registry-pasword=in-the-password",
            "--schemas=perhaps",
            "--schema-registry-token=in-the-token",
        ] {
            let error = parse::<RegistryConfig>(&[&SECRET_ARGUMENTS, &[wrong][..]].concat()).expect_err(wrong);
            let shown = format!("{error} {error:?} {}", error.render().ansi());
            for secret in SECRETS {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }

    #[test]
    fn the_help_hides_the_value_of_every_variable_that_may_hold_a_secret() {
        // The help shows the environment, which a test cannot set, so the marks are checked instead.
        let hidden: Vec<_> = RegistryConfig::augment_args(clap::Command::new("service"))
            .get_arguments()
            .filter(|argument| argument.is_hide_env_values_set())
            .map(|argument| argument.get_id().to_string())
            .collect();
        assert_eq!(hidden, ["urls", "password", "token"]);
    }
}
