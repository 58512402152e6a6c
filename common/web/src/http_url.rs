//! Settings that are the address of a service, which pages and headers show to anybody.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};
use url::Url;

/// Why a text is not the address of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHttpUrl {
    /// It is not an http or https address with a host alone, or a host and a path.
    #[error("write an http or https address without query and fragment, such as http://localhost:8000")]
    NotHttp,
    /// It holds a user or a password.
    #[error("remove user and password: clients are shown this address")]
    HasCredentials,
}

/// The address in a text.
///
/// # Errors
/// [`InvalidHttpUrl`].
pub fn parse(text: &str) -> Result<Url, InvalidHttpUrl> {
    let url = base(text).ok_or(InvalidHttpUrl::NotHttp)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidHttpUrl::HasCredentials);
    }
    Ok(url)
}

/// The http or https address in a text, to which a path can be appended; it may hold a user and a password.
pub fn base(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    (is_http && url.query().is_none() && url.fragment().is_none()).then_some(url)
}

/// Parses such a setting for clap, whose own parsers repeat a rejected value, which may hold a password.
#[derive(Clone, Copy, Debug)]
pub struct HttpUrl;

impl TypedValueParser for HttpUrl {
    type Value = Url;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Url, clap::Error> {
        let text = value.to_string_lossy();
        parse(&text).map_err(|reason| {
            let argument = argument.map(ToString::to_string).unwrap_or_default();
            let message = match text.contains('@') {
                true => format!("invalid value for '{argument}': {reason}\n"),
                false => format!("invalid value '{text}' for '{argument}': {reason}\n"),
            };
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[arg(long, env = "OTHER_URL", value_name = "OTHER_URL", value_parser = HttpUrl)]
        other_url: Url,
    }

    fn parsed(value: &str) -> Result<Url, String> {
        let cli = Cli::try_parse_from(["test".to_owned(), format!("--other-url={value}")]);
        cli.map(|cli| cli.other_url).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_may_have_a_port_and_a_path() {
        for text in [
            "http://localhost:8000/",
            "https://shop.example/orders",
            "http://[::1]:8001/",
        ] {
            assert_eq!(parsed(text).expect(text).as_str(), text);
        }
    }

    #[test]
    fn what_clients_could_not_follow_is_rejected_and_named() {
        for text in [
            "",
            "shop",
            "localhost:8000",
            "javascript:alert(1)",
            "file:///etc",
            "ftp://shop.example",
            "http://",
            "http://shop.example/?a=b",
            "http://shop.example/#top",
        ] {
            let error = parsed(text).expect_err(text);
            let named = format!("invalid value '{text}' for '--other-url <OTHER_URL>': write an http or https address");
            assert!(error.contains(&named), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_with_a_password_is_rejected_and_not_repeated() {
        for text in [
            "http://user:hunter2@shop.example",
            "http://hunter2@shop.example",
            "ftp://user:hunter2@shop.example",
            "http://user:hunter2@",
        ] {
            let error = parsed(text).expect_err(text);
            assert!(error.contains("OTHER_URL"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let error = parsed("http://user:hunter2@shop.example").expect_err("a password");
        assert!(error.contains("remove user and password"), "{error}");
    }
}
