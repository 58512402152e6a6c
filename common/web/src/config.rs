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
    use clap::{CommandFactory, FromArgMatches, Parser};

    use super::*;

    #[derive(Parser, Debug)]
    struct Cli {
        #[command(flatten)]
        config: WebConfig,
    }

    /// Parses the arguments, whatever is in the test's environment.
    fn parse(arguments: &[&str]) -> Result<WebConfig, String> {
        let command = Cli::command().mut_args(|argument| argument.env(None::<&'static str>));
        command
            .try_get_matches_from([&["service"], arguments].concat())
            .and_then(|matches| Cli::from_arg_matches(&matches))
            .map(|cli| cli.config)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        assert_eq!(parse(&[]), Ok(WebConfig::default()));
    }

    #[test]
    fn each_flag_is_read() {
        let config = parse(&[
            "--api-host=0.0.0.0",
            "--allowed-hosts=orders.internal",
            "--cors-origins=https://shop.example",
        ]);
        let expected = WebConfig {
            api_host: "0.0.0.0".to_owned(),
            access: AccessConfig {
                allowed_hosts: "orders.internal".parse().expect("a name"),
                cors_origins: "https://shop.example".parse().expect("an origin"),
            },
        };
        assert_eq!(config, Ok(expected));
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable_and_advice() {
        for (argument, variable, value, hint) in [
            (
                "--allowed-hosts=http://a",
                "ALLOWED_HOSTS",
                "'http://a'",
                "without a scheme",
            ),
            ("--cors-origins=shop", "CORS_ORIGINS", "'shop'", "scheme://host"),
        ] {
            let error = parse(&[argument]).expect_err(argument);
            for part in [variable, value, hint] {
                assert!(error.contains(part), "{part} in {error}");
            }
        }
    }

    #[test]
    fn each_flag_has_an_environment_variable_and_a_help_text() {
        for argument in Cli::command()
            .get_arguments()
            .filter(|argument| argument.get_id() != "help")
        {
            let variable = argument.get_env().expect("a variable").to_str().expect("text");
            assert!(
                variable.chars().all(|c| c.is_ascii_uppercase() || c == '_'),
                "{variable}"
            );
            assert!(argument.get_help().is_some(), "{variable}");
        }
    }
}
