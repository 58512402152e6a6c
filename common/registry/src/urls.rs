//! The value of `SCHEMA_REGISTRY_URL`. A password in it is taken out at once, and no error repeats the value.

use std::ffi::OsStr;
use std::str::FromStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};
use orderlog_runtime::secret::Secret;
use percent_encoding::percent_decode_str;
use reqwest::Url;

/// The addresses of a registry, at least one, tried in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryUrls(Vec<RegistryUrl>);

/// One address of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryUrl {
    /// Without user, password and trailing slash; it may have a path.
    pub base: String,
    /// User and password in it, for this address only.
    pub credentials: Option<(String, Secret)>,
}

const WHAT_TO_WRITE: &str = "write comma-separated http or https addresses, such as http://localhost:8081 or https://registry-1,https://registry-2";

/// Why a text is not a value of `SCHEMA_REGISTRY_URL`. It says what is wrong and never repeats the value: even half an address
/// may be a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrls {
    /// It cannot be parsed.
    #[error("{0}; {WHAT_TO_WRITE}")]
    Unparsable(<Url as FromStr>::Err),
    /// It is not an http or https address, or has a query or fragment.
    #[error("{WHAT_TO_WRITE}")]
    NotHttp,
    /// It holds a user without a password, or a password without a user.
    #[error(
        "an address with an @ needs a user and a password, as in https://user:password@registry; or set SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD instead"
    )]
    HalfCredentials,
    /// User or password are not percent-encoded UTF-8.
    #[error("user and password in an http address must be percent-encoded UTF-8")]
    NotPercentEncoded,
}

impl RegistryUrls {
    /// The addresses, in the given order.
    pub fn as_slice(&self) -> &[RegistryUrl] {
        &self.0
    }
}

impl FromStr for RegistryUrls {
    type Err = InvalidUrls;

    fn from_str(text: &str) -> Result<Self, InvalidUrls> {
        text.split(',').map(parse_url).collect::<Result<_, _>>().map(Self)
    }
}

fn parse_url(text: &str) -> Result<RegistryUrl, InvalidUrls> {
    let mut url = Url::parse(text.trim()).map_err(InvalidUrls::Unparsable)?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
        return Err(InvalidUrls::NotHttp);
    }
    let credentials = match (decode(url.username())?, url.password()) {
        (user, None) if user.is_empty() => None,
        (user, Some(password)) if !user.is_empty() && !password.is_empty() => {
            Some((user, Secret::from(decode(password)?)))
        }
        _ => return Err(InvalidUrls::HalfCredentials),
    };
    // Both fail only without a host, which http and https addresses always have.
    let _ = (url.set_username(""), url.set_password(None));
    Ok(RegistryUrl {
        base: url.as_str().trim_end_matches('/').to_owned(),
        credentials,
    })
}

/// Reserved characters are percent-encoded in an address.
fn decode(text: &str) -> Result<String, InvalidUrls> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(|text| text.into_owned())
        .map_err(|_| InvalidUrls::NotPercentEncoded)
}

/// Parses the value for clap, whose own parsers repeat a rejected value, which may hold a password.
#[derive(Clone, Copy)]
pub(super) struct Parser;

impl TypedValueParser for Parser {
    type Value = RegistryUrls;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<RegistryUrls, clap::Error> {
        let parsed = value.to_str().ok_or(InvalidUrls::NotHttp);
        parsed.and_then(str::parse).map_err(|reason| {
            let argument = argument.map(ToString::to_string).unwrap_or_default();
            let message = format!("invalid value for '{argument}': {reason}\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<RegistryUrl> {
        text.parse::<RegistryUrls>().expect(text).as_slice().to_vec()
    }

    #[test]
    fn addresses_come_without_slashes_and_in_order() {
        let bases: Vec<_> = parse("http://a:8081/, https://b/apis/ccompat/v7//")
            .into_iter()
            .map(|url| url.base)
            .collect();
        assert_eq!(bases, ["http://a:8081", "https://b/apis/ccompat/v7"]);
    }

    #[test]
    fn user_and_password_are_taken_out_and_belong_to_their_address() {
        let urls = parse("https://key:p%40ss%2Fw@registry/base,https://other");
        assert_eq!(urls[0].base, "https://registry/base");
        assert_eq!(urls[0].credentials, Some(("key".to_owned(), Secret::from("p@ss/w"))));
        assert_eq!(urls[1].credentials, None);
        assert!(!format!("{urls:?}").contains("p@ss/w"), "{urls:?}");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for text in [
            "",
            ",",
            "http://a,",
            "localhost",
            "ftp://hunter2",
            "http://user:hunter2",
            "http://user:hunter2@",
            "http://user@hunter2",
            "http://:hunter2@registry",
            "http://user:hun,ter2@registry",
            "http://registry?token=hunter2",
            "http://registry#hunter2",
            "http://user:hunter2%ff@registry",
        ] {
            let error = text.parse::<RegistryUrls>().expect_err(text).to_string();
            assert!(!error.contains("hun") && !error.contains("ter2"), "{text}: {error}");
            assert!(error.contains("http"), "{text}: {error}");
        }
    }
}
