//! Which addresses of the registry are asked through a proxy: as the environment says (`HTTP_PROXY`, `HTTPS_PROXY`,
//! `ALL_PROXY`, `NO_PROXY`, each in capitals or not, as curl reads them), but never one on this machine, which a proxy
//! elsewhere would look for on itself.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

/// The proxies of the environment. What the HTTP client does by itself is decided by the same code.
pub(super) struct Proxies(Matcher);

impl Proxies {
    /// As the environment has them now.
    pub fn of_environment() -> Self {
        Self(Matcher::from_system())
    }

    /// The proxy that this address is asked through, without its user and password; `None` when it is asked directly.
    pub fn of(&self, address: &str) -> Option<String> {
        if is_loopback(address) {
            return None;
        }
        let proxy = self.0.intercept(&address.parse().ok()?)?;
        Some(proxy.uri().to_string().trim_end_matches('/').to_owned())
    }
}

/// The proxy that this address would be asked through, as [`Registry`](super::Registry) does it.
pub fn proxy_of(address: &str) -> Option<String> {
    Proxies::of_environment().of(address)
}

/// Whether that URL is one of this machine's own: `localhost` and names below it (RFC 6761, section 6.3), 127.0.0.0/8, ::1.
fn is_loopback(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
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
    fn an_address_elsewhere_is_asked_through_the_proxy_whose_secret_is_not_shown() {
        let through = proxies("").of("http://registry.example:8081/apis");
        assert_eq!(through.as_deref(), Some("http://proxy.example:3128"));
        assert!(proxies("").of("https://10.0.0.1").is_some());
    }

    #[test]
    fn no_proxy_names_what_is_asked_directly() {
        let proxies = proxies("registry.example, 10.0.0.0/8");
        for direct in [
            "http://registry.example:8081",
            "https://eu.registry.example",
            "http://10.1.2.3:8081",
        ] {
            assert_eq!(proxies.of(direct), None, "{direct}");
        }
        assert!(proxies.of("http://other.example").is_some());
    }

    #[test]
    fn this_machine_is_never_asked_through_a_proxy() {
        for own in [
            "http://localhost:8081",
            "http://LOCALHOST:8081/apis",
            "http://localhost.:8081",
            "http://registry.localhost",
            "http://127.0.0.1:8081",
            "http://127.8.9.10",
            "http://[::1]:8081",
        ] {
            assert_eq!(proxies("").of(own), None, "{own}");
        }
        assert!(proxies("").of("http://localhost.example").is_some());
    }

    #[test]
    fn without_a_proxy_everything_is_asked_directly() {
        assert_eq!(Proxies(Matcher::builder().build()).of("http://registry.example"), None);
    }
}
