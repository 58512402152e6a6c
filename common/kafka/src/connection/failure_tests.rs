use super::*;

fn described(servers: &str, reports: &[&str]) -> String {
    let mut failures = Failures::default();
    for report in reports {
        failures.note(report, servers);
    }
    failures.describe(servers).expect("a reason")
}

/// Every text is what librdkafka 2.12 reports of a real server.
#[test]
fn what_librdkafka_reports_is_explained_and_names_the_setting() {
    for (report, parts) in [
        (
            "sasl_ssl://kafka:9092/bootstrap: SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener?",
            &["without TLS", "security.protocol=PLAINTEXT", "KAFKA_CONFIG"][..],
        ),
        (
            "kafka:9092/bootstrap: Disconnected: requesting ApiVersion: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10 (see api.version.request)",
            &["expects TLS", "security.protocol=SSL", "KAFKA_CONFIG"],
        ),
        (
            "kafka:9092/bootstrap: Receive failed: Invalid response size 352518912 (0..100000000): increase receive.message.max.bytes",
            &["expects TLS", "security.protocol=SSL"],
        ),
        (
            "kafka:9092/bootstrap: Receive failed: Invalid response size 1213486160 (0..100000000): increase receive.message.max.bytes",
            &["HTTP server", "KAFKA_BOOTSTRAP_SERVERS", "schema registry"],
        ),
        (
            "kafka:9092/bootstrap: Receive failed: Invalid response size -1 (0..100000000): increase receive.message.max.bytes",
            &["other than a Kafka broker", "KAFKA_BOOTSTRAP_SERVERS"],
        ),
        (
            "kafka:9092/bootstrap: Disconnected: verify that security.protocol is correctly configured, broker might require SASL authentication",
            &["expects SASL", "security.protocol=SASL_SSL"],
        ),
        (
            "sasl_plaintext://kafka:9092/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms: ",
            &["does not use SASL", "security.protocol=PLAINTEXT"],
        ),
        (
            "sasl_plaintext://kafka:9092/bootstrap: SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN",
            &["sasl.mechanisms", "one that it supports: PLAIN"],
        ),
        (
            "sasl_plaintext://kafka:9092/bootstrap: SASL authentication error: Authentication failed: Invalid username or password",
            &[
                "refuses to authenticate",
                "sasl.password",
                "Invalid username or password",
            ],
        ),
        (
            "ssl://kafka:9092/bootstrap: SSL handshake failed: ../ssl/statem/statem_clnt.c:1889: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured or root CA certificates are installed",
            &["not trusted", "ssl.ca.location"],
        ),
        (
            "kafka:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused",
            &["connection refused"],
        ),
        (
            "kafka:9092/bootstrap: Failed to resolve 'kafka:9092': Name or service not known",
            &["cannot be resolved"],
        ),
        (
            "kafka:9092/bootstrap: Connection setup timed out in state CONNECT",
            &["no response in time"],
        ),
        (
            "kafka:9092/1: Disconnected: connection closed by peer: receive 0 after POLLIN (after 63211ms in state UP)",
            &["the broker closed the connection"],
        ),
        (
            "kafka:9092/bootstrap: Something new (after 3ms in state UP)",
            &["Something new"],
        ),
        (
            "kafka:9092/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 2ms in state APIVERSION_QUERY)",
            &["expects TLS", "security.protocol=SSL"],
        ),
        (
            "kafka:9092/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 0ms in state UP, 1 identical error(s) suppressed)",
            &["expects SASL", "sasl.mechanisms"],
        ),
        (
            "kafka:9092/bootstrap: Send failed: Broken pipe (after 0ms in state UP)",
            &["expects SASL"],
        ),
        (
            "ssl://kafka:9092/bootstrap: Disconnected: SSL connection closed by peer (after 0ms in state UP)",
            &["expects SASL", "security.protocol=SASL_SSL"],
        ),
    ] {
        let described = described("kafka:9092", &[report]);
        for part in parts {
            assert!(described.contains(part), "{part} in {described}");
        }
        assert!(
            !described.contains("kafka:9092"),
            "the only server is not repeated: {described}"
        );
    }
}

#[test]
fn a_certificate_that_is_refused_although_its_authority_is_set_may_have_another_name_or_have_expired() {
    let mut failures = Failures::default();
    failures.set_names_authority(true);
    failures.note(
        "ssl://kafka:9092/bootstrap: SSL handshake failed: ../ssl/statem/statem_clnt.c:1889: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured or root CA certificates are installed",
        "kafka:9092",
    );
    let described = failures.describe("kafka:9092").expect("a reason");
    for part in ["host name", "expired", "a CA other than the one in ssl.ca.location"] {
        assert!(described.contains(part), "{part} in {described}");
    }
    assert!(!described.contains("set ssl.ca.location"), "it is set: {described}");
}

#[test]
fn a_broker_at_a_configured_address_is_one_whatever_it_is_called() {
    let refused = described(
        "a:1",
        &[
            "a:1/7: Connect to ipv4#10.0.0.1:1 failed: Connection refused",
            "GroupCoordinator: a:1: Connect to ipv4#10.0.0.1:1 failed: Connection refused",
        ],
    );
    assert_eq!(refused, "connection refused; is a broker running there?");
}

#[test]
fn the_addresses_that_a_name_stands_for_are_one_broker() {
    let refused = described(
        "localhost:9092",
        &[
            "localhost:9092/bootstrap: Connect to ipv6#[::1]:9092 failed: Connection refused",
            "localhost:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused",
        ],
    );
    assert_eq!(refused, "connection refused; is a broker running there?");
}

#[test]
fn brokers_are_named_where_they_differ_and_an_advertised_address_is_called_one() {
    let described = described(
        "a:1,b:2",
        &[
            "a:1/bootstrap: Failed to resolve 'a:1': Name or service not known",
            "b:2/bootstrap: Connect to ipv4#10.0.0.2:2 failed: Connection refused",
            "c:3/7: Connect to ipv4#10.0.0.3:3 failed: Connection refused",
        ],
    );
    assert_eq!(
        described,
        "b:2: connection refused; is a broker running there?; c:3: connection refused; is a broker running there? (the address comes from the broker's advertised.listeners); a:1: the host name cannot be resolved"
    );
}

#[test]
fn a_server_that_accepts_connections_and_stays_silent_is_asked_about() {
    let mut failures = Failures::default();
    failures.note_stall("registry:8081/bootstrap", "APIVERSION_QUERY", "");
    let silent = failures.describe("registry:8081").expect("a reason");
    assert!(
        silent.contains("KAFKA_BOOTSTRAP_SERVERS") && silent.contains("schema registry"),
        "{silent}"
    );
    failures.note_stall("registry:8081/bootstrap", "CONNECT", "");
    let filtered = failures.describe("registry:8081").expect("a reason");
    assert!(filtered.contains("firewall"), "{filtered}");
}

#[test]
fn the_number_of_remembered_brokers_is_limited() {
    let mut failures = Failures::default();
    for n in 0..1_000 {
        failures.note(&format!("kafka-{n}:9092/bootstrap: Disconnected"), "");
    }
    assert_eq!(failures.by_broker.len(), MAX_BROKERS);
    failures.clear();
    assert_eq!(failures.describe("kafka:9092"), None);
}
