//! Which addresses of the registry are reached through a proxy: those that the environment says (`HTTP_PROXY`,
//! `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either case, as curl reads them), but never one on this machine: a proxy
//! elsewhere would look for it on its own.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

/// The proxies of the environment, by the same code that the HTTP client uses.
pub(super) struct Proxies(Matcher);

impl Proxies {
    /// As the environment has them now.
    pub fn from_env() -> Self {
        Self(Matcher::from_system())
    }

    /// The proxy for this address, without its user and password; `None` when it is reached directly.
    pub fn for_url(&self, url: &str) -> Option<String> {
        if is_loopback(url) {
            return None;
        }
        let proxy = self.0.intercept(&url.parse().ok()?)?;
        Some(proxy.uri().to_string().trim_end_matches('/').to_owned())
    }
}

/// The proxy through which a [`Registry`](crate::Registry) would reach this address.
pub fn proxy_for(url: &str) -> Option<String> {
    Proxies::from_env().for_url(url)
}

/// Whether this URL points to this machine: `localhost` and names below it (RFC 6761, section 6.3), 127.0.0.0/8, ::1.
fn is_loopback(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let Some(host) = url.host_str() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(no: &str) -> Proxies {
        let proxy = "http://user:secret@proxy.example:3128";
        Proxies(Matcher::builder().all(proxy).no(no).build())
    }

    #[test]
    fn an_address_elsewhere_is_reached_through_the_proxy_whose_secret_is_not_shown() {
        let through = proxies("").for_url("http://registry.example:8081/apis");
        assert_eq!(through.as_deref(), Some("http://proxy.example:3128"));
        assert!(proxies("").for_url("https://10.0.0.1").is_some());
    }

    #[test]
    fn no_proxy_names_what_is_reached_directly() {
        let proxies = proxies("registry.example, 10.0.0.0/8");
        for direct in [
            "http://registry.example:8081",
            "https://eu.registry.example",
            "http://10.1.2.3:8081",
        ] {
            assert_eq!(proxies.for_url(direct), None, "{direct}");
        }
        assert!(proxies.for_url("http://other.example").is_some());
    }

    #[test]
    fn this_machine_is_never_reached_through_a_proxy() {
        for own in [
            "http://localhost:8081",
            "http://LOCALHOST:8081/apis",
            "http://localhost.:8081",
            "http://registry.localhost",
            "http://127.0.0.1:8081",
            "http://127.8.9.10",
            "http://[::1]:8081",
        ] {
            assert_eq!(proxies("").for_url(own), None, "{own}");
        }
        assert!(proxies("").for_url("http://localhost.example").is_some());
    }

    #[test]
    fn without_a_proxy_everything_is_reached_directly() {
        assert_eq!(
            Proxies(Matcher::builder().build()).for_url("http://registry.example"),
            None
        );
    }
}
