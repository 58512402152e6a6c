//! Settings of the HTTP server, as command-line flags with an environment variable each.

use clap::Args;

use crate::access::AccessConfig;

const DEFAULT_HOST: &str = "127.0.0.1";

/// Where the HTTP server listens, and whom it answers. The port is the service's own, whose default differs.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct WebConfig {
    /// Address that the HTTP server listens on; 0.0.0.0 for every interface
    #[arg(long, env = "API_HOST", value_name = "API_HOST", default_value = DEFAULT_HOST)]
    pub api_host: String,

    /// Who may call the service over HTTP.
    #[command(flatten)]
    pub access: AccessConfig,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            api_host: DEFAULT_HOST.to_owned(),
            access: AccessConfig::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use orderlog_runtime::testing::{assert_rejected, parse, variables};

    use super::*;

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        assert_eq!(parse::<WebConfig>(&[]).expect("no flags"), WebConfig::default());
    }

    #[test]
    fn each_flag_is_read() {
        let config: WebConfig = parse(&[
            "--api-host=0.0.0.0",
            "--allowed-hosts=orders.internal",
            "--cors-origins=https://shop.example",
        ])
        .expect("valid flags");
        let expected = WebConfig {
            api_host: "0.0.0.0".to_owned(),
            access: AccessConfig {
                allowed_hosts: "orders.internal".parse().expect("a name"),
                cors_origins: "https://shop.example".parse().expect("an origin"),
            },
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable_and_advice() {
        assert_rejected::<WebConfig>(&[
            (
                "--allowed-hosts=http://a",
                "ALLOWED_HOSTS",
                "'http://a'",
                "without a scheme",
            ),
            ("--cors-origins=shop", "CORS_ORIGINS", "'shop'", "scheme://host"),
        ]);
    }

    #[test]
    fn each_flag_has_an_environment_variable_and_a_help_text() {
        assert!(variables::<WebConfig>().contains(&"API_HOST".to_owned()));
    }
}
