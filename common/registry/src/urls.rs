//! Where the schema registry is: the value of `SCHEMA_REGISTRY_URL`. A password in it is taken out at once, and no error
//! repeats the value.

use std::ffi::OsStr;
use std::str::FromStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};
use orderlog_runtime::secret::Secret;
use percent_encoding::percent_decode_str;
use reqwest::Url;

const WHAT_TO_WRITE: &str = "write http or https addresses with commas between, such as http://localhost:8081 or https://registry-1,https://registry-2";

/// The addresses of a registry, at least one. They are tried in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryUrls(Vec<RegistryUrl>);

/// One address of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryUrl {
    /// Without user, password and slash at the end; it may have a path.
    pub base: String,
    /// User and password that stood in it. They are for this address only.
    pub credentials: Option<(String, Secret)>,
}

impl RegistryUrls {
    /// The addresses, in the order in which they were given.
    pub fn as_slice(&self) -> &[RegistryUrl] {
        &self.0
    }
}

impl FromStr for RegistryUrls {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(one).collect::<Result<_, _>>().map(Self)
    }
}

/// An error tells what is wrong and never what was written: half an address may already be a password.
fn one(text: &str) -> Result<RegistryUrl, String> {
    let mut url = Url::parse(text.trim()).map_err(|error| format!("{error}; {WHAT_TO_WRITE}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
        return Err(WHAT_TO_WRITE.to_owned());
    }
    let credentials = match (decoded(url.username())?, url.password()) {
        (user, None) if user.is_empty() => None,
        (user, Some(password)) if !user.is_empty() && !password.is_empty() => {
            Some((user, Secret::from(decoded(password)?)))
        }
        _ => {
            return Err(
                "an address with an @ needs both, as in https://user:password@registry; or write them into SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD"
                    .to_owned(),
            );
        }
    };
    // Both only fail for addresses that have no host, which http and https always have.
    let _ = (url.set_username(""), url.set_password(None));
    Ok(RegistryUrl {
        base: url.as_str().trim_end_matches('/').to_owned(),
        credentials,
    })
}

/// Characters that mean something in an address are percent-encoded in it.
fn decoded(text: &str) -> Result<String, String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| "user and password in an http address must be percent-encoded UTF-8".to_owned())
}

/// Reads the value for clap. Its own parsers repeat a value that they refuse, which may hold a password.
#[derive(Clone, Copy)]
pub(super) struct Parser;

impl TypedValueParser for Parser {
    type Value = RegistryUrls;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<RegistryUrls, clap::Error> {
        let parsed = value.to_str().ok_or_else(|| WHAT_TO_WRITE.to_owned());
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
            let error = text.parse::<RegistryUrls>().expect_err(text);
            assert!(!error.contains("hun") && !error.contains("ter2"), "{text}: {error}");
            assert!(error.contains("http"), "{text}: {error}");
        }
    }
}
