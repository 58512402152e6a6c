//! Why a broker is not connected, in words that name the setting: what librdkafka reports of a broker, explained. Pure.

use std::collections::BTreeMap;

/// What is known of the brokers that failed: why each did, the last time.
#[derive(Debug, Default)]
pub(super) struct Failures {
    by_broker: BTreeMap<String, String>,
    names_authority: bool,
}

/// How many brokers are remembered: a cluster may have any number, and a message only a few.
const MAX_BROKERS: usize = 16;

impl Failures {
    /// Whether the user's settings name the authority that signs the brokers' certificates.
    pub fn set_names_authority(&mut self, names_authority: bool) {
        self.names_authority = names_authority;
    }

    /// Takes note of what a client of those servers reports of a broker, without the thread.
    pub fn note(&mut self, report: &str, servers: &str) {
        // The same error has the same text each time, but for how long it took and how many like it were suppressed.
        let (report, after) = report.split_once(" (after ").unwrap_or((report, ""));
        let (mut broker, why) = Broker::split(report);
        if broker.is_alias() {
            return;
        }
        broker.is_advertised &= !is_among(broker.address, servers);
        let step = Step::parse(after);
        if self.by_broker.len() < MAX_BROKERS || self.by_broker.contains_key(broker.address) {
            let explained = explain(&broker, why, &step, self.names_authority);
            self.by_broker.insert(broker.address.to_owned(), explained);
        }
    }

    /// Takes note that a broker has been in that state of connecting for long.
    pub fn note_stall(&mut self, broker: &str, state: &str, servers: &str) {
        self.note(
            &format!("{broker}: {STALLED} (after some ms in state {state})"),
            servers,
        );
    }

    /// None of it holds any more.
    pub fn clear(&mut self) {
        self.by_broker.clear();
    }

    /// Why the brokers failed, each reason once; `None` when none has. A reason that holds for all of `servers` names none.
    pub fn describe(&self, servers: &str) -> Option<String> {
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (broker, why) in &self.by_broker {
            by_reason.entry(why).or_default().push(broker);
        }
        let is_of_all =
            |brokers: &[&str]| by_reason.len() == 1 && brokers.iter().all(|broker| is_among(broker, servers));
        let reasons: Vec<String> = by_reason
            .iter()
            .map(|(why, brokers)| match brokers.join(", ") {
                names if names.is_empty() || is_of_all(brokers) => (*why).to_owned(),
                names => format!("{names}: {why}"),
            })
            .collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// A broker, as librdkafka names it: `sasl_ssl://host:port/bootstrap`, or `host:port/7` once the cluster has named it.
struct Broker<'a> {
    address: &'a str,
    /// Whether its address comes from the cluster, and not from our settings.
    is_advertised: bool,
}

impl<'a> Broker<'a> {
    /// Whether it is a name such as `GroupCoordinator`, of a broker that is reported by its address as well.
    fn is_alias(&self) -> bool {
        !self.address.is_empty() && !self.address.contains(':')
    }

    fn split(report: &'a str) -> (Self, &'a str) {
        let (name, why) = match report.split_once(": ") {
            Some((name, why)) if !name.contains(' ') => (name, why),
            _ => ("", report),
        };
        let name = name.rsplit_once("://").map_or(name, |(_protocol, name)| name);
        let (address, id) = name.rsplit_once('/').unwrap_or((name, "bootstrap"));
        let broker = Self {
            address,
            is_advertised: id != "bootstrap",
        };
        (broker, why)
    }
}

fn is_among(address: &str, servers: &str) -> bool {
    servers.split(',').any(|server| server == address)
}

/// How far a connection had come.
#[derive(PartialEq)]
enum Step {
    /// It was set up, and the broker was to answer for the first time.
    FirstRequest,
    /// It had just been used for the first time.
    JustUp,
    Other,
}

impl Step {
    /// From "12ms in state UP" or "0ms in state CONNECT, 3 identical error(s) suppressed)" (librdkafka 2.12,
    /// `rd_kafka_broker_state_names`).
    fn parse(after: &str) -> Self {
        let (time, state) = after.split_once(" in state ").unwrap_or_default();
        let millis = time.trim_end_matches("ms").parse::<u64>();
        match state.split([',', ')']).next() {
            Some("APIVERSION_QUERY") => Self::FirstRequest,
            // As in librdkafka's own hint.
            Some("UP") if millis.is_ok_and(|millis| millis < 2_000) => Self::JustUp,
            _ => Self::Other,
        }
    }
}

/// That a broker has not responded yet.
const STALLED: &str = "no response";

/// What to do about a failure. librdkafka's texts (2.12): `rd_kafka_broker_set_error` and `rd_kafka_recv` in
/// rdkafka_broker.c, `rd_kafka_transport_ssl_io_update` in rdkafka_ssl.c.
fn explain(broker: &Broker<'_>, why: &str, step: &Step, names_authority: bool) -> String {
    let says = |part: &str| why.contains(part);
    let is_closed = why.starts_with("Disconnected") || says("Connection reset") || says("Broken pipe");
    let known = if says("certificate verify failed") {
        // librdkafka does not report which of the reasons it is.
        if names_authority { BAD_CERTIFICATE } else { UNTRUSTED }
    } else if says("SSL handshake failed") {
        NO_TLS
    } else if says("connecting to a SSL listener") || is_closed && *step == Step::FirstRequest {
        NEEDS_TLS
    } else if why == STALLED && *step == Step::FirstRequest {
        "the server accepts the connection but does not answer like a Kafka broker; check that KAFKA_BOOTSTRAP_SERVERS is a broker's address (not the schema registry's), and whether its port expects TLS (security.protocol in the KAFKA_CONFIG file)"
    } else if let Some((_, size)) = why.split_once("Invalid response size ") {
        not_kafka(size)
    } else if says("broker might require SASL") || is_closed && *step == Step::JustUp {
        "the broker closes the connection right away, as a port that expects SASL does; if so, set security.protocol=SASL_SSL (SASL_PLAINTEXT without TLS), sasl.mechanisms, sasl.username and sasl.password in the KAFKA_CONFIG file"
    } else if let Some((_, supported)) = why.split_once("broker's supported mechanisms:") {
        return wrong_mechanism(supported.trim());
    } else if says("SASL authentication error") || says("Authentication failed") {
        return format!(
            "the broker refuses to authenticate this client; check sasl.mechanisms, sasl.username and sasl.password in the KAFKA_CONFIG file: {why}"
        );
    } else if says("Connection refused") {
        "connection refused; is a broker running there?"
    } else if says("Failed to resolve") {
        "the host name cannot be resolved"
    } else if says("timed out") || why == STALLED {
        "no response in time; is a broker running there, and does a firewall let this host connect to it?"
    } else if is_closed {
        "the broker closed the connection"
    } else {
        why
    };
    if broker.is_advertised && (says("Connection refused") || says("Failed to resolve") || says("timed out")) {
        return format!("{known} (the address comes from the broker's advertised.listeners)");
    }
    known.to_owned()
}

const UNTRUSTED: &str = "the broker's certificate is not trusted: its authority is unknown, or it is not valid for this host name, or it has expired; if a private authority signed it, set ssl.ca.location in the KAFKA_CONFIG file to a PEM file of that authority";
const BAD_CERTIFICATE: &str = "the broker's certificate is not valid for this host name, has expired, or was signed by a CA other than the one in ssl.ca.location in the KAFKA_CONFIG file; check the host name in KAFKA_BOOTSTRAP_SERVERS (or the broker's advertised.listeners) against the certificate's names, then its dates and its issuer";
const NO_TLS: &str = "the TLS handshake failed, as it does on a port without TLS; set security.protocol=PLAINTEXT (SASL_PLAINTEXT with SASL) in the KAFKA_CONFIG file, or KAFKA_BOOTSTRAP_SERVERS to the broker's TLS port";
const NEEDS_TLS: &str = "the server closes the connection without a Kafka response, as a port that expects TLS does; set security.protocol=SSL (SASL_SSL with SASL) in the KAFKA_CONFIG file, or KAFKA_BOOTSTRAP_SERVERS to the broker's plaintext port";

/// What responds where a Kafka response was expected: its first four bytes, as a number.
fn not_kafka(size: &str) -> &'static str {
    let digits = size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len());
    match size[..digits].parse::<u32>().map(u32::to_be_bytes) {
        Ok([b'H', b'T', b'T', b'P']) => {
            "an HTTP server answers there, not a Kafka broker; set KAFKA_BOOTSTRAP_SERVERS to a broker (is it the schema registry's address?)"
        }
        // A TLS alert (RFC 8446, section 5.1).
        Ok([0x15, 0x03, ..]) => NEEDS_TLS,
        _ => "something other than a Kafka broker answers there; check KAFKA_BOOTSTRAP_SERVERS",
    }
}

fn wrong_mechanism(supported: &str) -> String {
    if supported.is_empty() {
        return "this port of the broker does not use SASL; set security.protocol=PLAINTEXT (SSL with TLS) in the KAFKA_CONFIG file and remove the sasl settings, or KAFKA_BOOTSTRAP_SERVERS to a port with SASL".to_owned();
    }
    format!(
        "the broker does not support our SASL mechanism; set sasl.mechanisms in the KAFKA_CONFIG file to one that it supports: {supported}"
    )
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
