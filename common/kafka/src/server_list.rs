//! `KAFKA_BOOTSTRAP_SERVERS`: the brokers' addresses. They are checked at startup, because librdkafka skips some addresses that
//! it cannot use without an error, and connects to another port in place of one above 65535. Everything that librdkafka can use is
//! accepted: a port that is missing is 9092, and a security protocol may precede the host (`rd_kafka_broker_name_parse`).

use std::net::Ipv6Addr;

const FORM: &str = "write host:port, comma-separated, such as kafka-1:9092,kafka-2:9092";

/// librdkafka's port where none is given.
const DEFAULT_PORT: &str = "9092";
/// What may precede a host. librdkafka skips the address where it is not the `security.protocol`.
const PROTOCOLS: [&str; 4] = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];

/// What is wrong with an address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidServer {
    /// It is a URL.
    #[error(
        "remove '{0}://', because Kafka addresses are not URLs; {FORM} (security.protocol in the KAFKA_CONFIG file sets TLS and SASL)"
    )]
    Scheme(String),
    /// Its port is not one.
    #[error("'{0}' needs a port from 1 to 65535; {FORM}")]
    Port(String),
    /// An IPv6 address without brackets: where it ends and the port begins is ambiguous.
    #[error("write an IPv6 address in brackets, such as [::1]:9092, instead of '{0}'")]
    Unbracketed(String),
    /// Its host is empty or none.
    #[error("'{0}' is not an address; {FORM}")]
    Host(String),
}

/// The addresses, without the spaces around them.
///
/// # Errors
/// librdkafka cannot use one of them.
pub(crate) fn parse(text: &str) -> Result<String, InvalidServer> {
    let servers: Vec<_> = text.split(',').map(str::trim).collect();
    servers.iter().try_for_each(|server| check(server))?;
    Ok(servers.join(","))
}

fn check(server: &str) -> Result<(), InvalidServer> {
    let (scheme, server) = server.split_once("://").unwrap_or(("", server));
    if !scheme.is_empty() && !PROTOCOLS.iter().any(|protocol| protocol.eq_ignore_ascii_case(scheme)) {
        return Err(InvalidServer::Scheme(scheme.to_owned()));
    }
    if server.parse::<Ipv6Addr>().is_ok() {
        return Err(InvalidServer::Unbracketed(server.to_owned()));
    }
    let (host, port) = match server.rsplit_once(':') {
        // The colon is one of the address's own.
        Some((host, _)) if host.starts_with('[') && !host.ends_with(']') => (server, DEFAULT_PORT),
        Some(parts) => parts,
        None => (server, DEFAULT_PORT),
    };
    if !is_host(host) {
        return Err(InvalidServer::Host(server.to_owned()));
    }
    // `parse` alone would take a sign.
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if is_port {
        Ok(())
    } else {
        Err(InvalidServer::Port(server.to_owned()))
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        // A link-local address has a zone: fe80::1%eth0.
        let (address, _zone) = address.split_once('%').unwrap_or((address, ""));
        return address.parse::<Ipv6Addr>().is_ok();
    }
    !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_without_the_spaces_around_them() {
        for (text, servers) in [
            ("localhost:9092", "localhost:9092"),
            ("a:1, b-2.example.com.:65535 ", "a:1,b-2.example.com.:65535"),
            ("kafka_1:9092,10.0.0.1:9092", "kafka_1:9092,10.0.0.1:9092"),
            ("[::1]:9092,[fe80::1%eth0]:9092", "[::1]:9092,[fe80::1%eth0]:9092"),
            ("kafka-1,[::1]", "kafka-1,[::1]"),
            ("SASL_SSL://b:2,ssl://c", "SASL_SSL://b:2,ssl://c"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(servers));
        }
    }

    #[test]
    fn what_librdkafka_would_skip_or_misread_or_is_a_slip_is_refused() {
        use InvalidServer::{Host, Port, Scheme, Unbracketed};
        let with = |kind: fn(String) -> InvalidServer, text: &str| Err(kind(text.to_owned()));
        for (text, refused) in [
            ("http://127.0.0.1:9092", with(Scheme, "http")),
            ("a:1,kafka://b:2", with(Scheme, "kafka")),
            ("localhost:99999", with(Port, "localhost:99999")),
            ("localhost:65536", with(Port, "localhost:65536")),
            ("localhost:0", with(Port, "localhost:0")),
            ("a:1,b:+2", with(Port, "b:+2")),
            ("localhost:", with(Port, "localhost:")),
            ("::1", with(Unbracketed, "::1")),
            ("fe80::1:9092", with(Unbracketed, "fe80::1:9092")),
            ("", with(Host, "")),
            ("a:1,,b:2", with(Host, "")),
            (":9092", with(Host, ":9092")),
            ("a b:9092", with(Host, "a b:9092")),
            ("a:1;b:2", with(Host, "a:1;b:2")),
            ("[kafka]:9092", with(Host, "[kafka]:9092")),
            ("kafka:9092/orders", with(Port, "kafka:9092/orders")),
        ] {
            assert_eq!(parse(text), refused, "{text}");
        }
    }
}
