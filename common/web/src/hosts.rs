//! Host names that requests may use. This protects against DNS rebinding: to the browser, a web page whose own name resolves
//! to the service's address has the same origin, and only the `Host` of its requests gives it away.

use std::net::IpAddr;
use std::str::FromStr;

/// Host names, as in `ALLOWED_HOSTS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    any: bool,
    names: Vec<String>,
}

/// The setting is not a list of host names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be host names without a scheme or port, separated by commas, such as shop.example,orders.internal; * allows any"
)]
pub struct InvalidHosts;

impl FromStr for AllowedHosts {
    type Err = InvalidHosts;

    fn from_str(text: &str) -> Result<Self, InvalidHosts> {
        let mut hosts = Self::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == "*" {
                hosts.any = true;
            } else if name_of(name) == Some(name) && !name.contains(['/', '*', '@']) {
                hosts.names.push(name.to_ascii_lowercase());
            } else {
                return Err(InvalidHosts);
            }
        }
        Ok(hosts)
    }
}

/// Host names that requests to one server may use.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    /// `None`: any.
    allowed: Option<AllowedHosts>,
}

impl Hosts {
    /// The names for a server bound to `bound`. Beyond loopback, the network decides who reaches the server, so any name is
    /// allowed until the operator lists some.
    pub(super) fn of(allowed: &AllowedHosts, bound: IpAddr) -> Self {
        let checked = !allowed.any && (bound.is_loopback() || !allowed.names.is_empty());
        Self {
            allowed: checked.then(|| allowed.clone()),
        }
    }

    /// Whether `authority`, a name or an address with or without a port, is allowed. Loopback's own names always are: they
    /// cannot belong to anyone else.
    pub(super) fn allow(&self, authority: &str) -> bool {
        let Some(allowed) = &self.allowed else { return true };
        let Some(name) = name_of(authority) else { return false };
        let name = name.strip_suffix('.').unwrap_or(name);
        is_loopback(name) || allowed.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// Whether `authority`, a name or an address with or without a port, is this machine's own, whatever DNS says.
pub fn is_local(authority: &str) -> bool {
    name_of(authority).is_some_and(|name| is_loopback(name.strip_suffix('.').unwrap_or(name)))
}

fn is_loopback(name: &str) -> bool {
    let address = name.parse::<IpAddr>().map(|address| address.to_canonical());
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The name or address in an authority, without brackets and port; `None` when it is malformed.
fn name_of(authority: &str) -> Option<&str> {
    let (name, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_port = port.is_empty() || port.strip_prefix(':')?.bytes().all(|byte| byte.is_ascii_digit());
    (is_port && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(allowed: &str, bound: &str) -> Hosts {
        Hosts::of(&allowed.parse().expect("names"), bound.parse().expect("an address"))
    }

    #[test]
    fn on_loopback_only_names_of_loopback_are_allowed() {
        for bound in ["127.0.0.1", "::1"] {
            let hosts = hosts("", bound);
            for name in [
                "localhost",
                "LOCALHOST:8000",
                "localhost.",
                "127.0.0.1:8000",
                "127.9.9.9",
                "[::1]:8000",
                "[::1]",
                "[::ffff:127.0.0.1]",
            ] {
                assert!(hosts.allow(name), "{name}");
            }
            for name in [
                "evil.example",
                "evil.example:8000",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "10.0.0.1",
                "0.0.0.0:8000",
                "[::]",
                "",
                ":8000",
                "localhost:x",
                "[::1",
                "a@localhost",
                "localhost/",
                "127.1",
            ] {
                assert!(!hosts.allow(name), "{name}");
            }
        }
    }

    #[test]
    fn an_operator_may_allow_more() {
        let hosts = hosts("shop.example, ORDERS.internal", "127.0.0.1");
        for name in ["shop.example", "Shop.Example:443", "orders.internal.", "localhost"] {
            assert!(hosts.allow(name), "{name}");
        }
        assert!(!hosts.allow("a.shop.example"));
        assert!(self::hosts("*", "127.0.0.1").allow("evil.example"));
    }

    #[test]
    fn beyond_loopback_every_name_is_allowed_until_an_operator_lists_some() {
        assert!(hosts("", "0.0.0.0").allow("orders.internal"));
        let named = hosts("orders.internal", "0.0.0.0");
        assert!(named.allow("orders.internal:80") && named.allow("127.0.0.1:8000") && !named.allow("evil.example"));
    }

    #[test]
    fn a_setting_that_is_not_a_host_name_is_refused() {
        for text in ["http://shop.example", "shop.example:8000", "*.example", "a/b", "[::1"] {
            let error = text.parse::<AllowedHosts>().expect_err(text).to_string();
            assert!(error.contains("without a scheme or port"), "{error}");
        }
        assert_eq!(" , ".parse(), Ok(AllowedHosts::default()));
    }
}
