use super::*;
use crate::testing::an_absent_cluster;

fn context(connection: &ConnectionState) -> ReaderContext {
    ReaderContext::new(&an_absent_cluster(), connection.clone(), "orders").expect("no zero byte")
}

#[test]
fn a_recreated_topic_is_reported_once_and_only_if_its_id_was_known_before() {
    let connection = ConnectionState::default();
    let context = context(&connection);
    let logs = |line: &str| context.log(RDKafkaLogLevel::Debug, "METADATA", line);
    logs("[thrd:main]: Topic orders changed id from AAAAAAAAAAAAAAAAAAAAAA to 7xT0");
    logs("[thrd:main]: Topic other-orders changed id from 7xT0 to 9yU1");
    logs("[thrd:main]: Topic orders changed id from 7xT0 to 7xT0");
    assert!(!connection.take_recreated());
    logs("[thrd:main]: Topic orders changed id from 7xT0 to AAAAAAAAAAAAAAAAAAAAAA");
    logs("[thrd:main]: Topic orders changed id from AAAAAAAAAAAAAAAAAAAAAA to 7xT0");
    assert!(!connection.take_recreated(), "another broker reports no ids");
    logs("[thrd:main]: Topic orders changed id from 7xT0 to 8zV2");
    assert!(connection.take_recreated());
    assert!(!connection.take_recreated());
}

#[test]
fn the_end_of_a_partition_is_reported_with_its_offset_and_is_no_error() {
    let connection = ConnectionState::default();
    let context = context(&connection);
    assert!(context.end_offset() < 0);
    let reports = |reason| context.error(KafkaError::Global(RDKafkaErrorCode::PartitionEOF), reason);
    reports("Fetch from broker 1 reached end of partition at offset 5 (HighwaterMark 6)");
    assert_eq!((context.end_offset(), connection.last_error()), (5, None));
    reports("no more messages");
    assert!(context.end_offset() < 0, "an end that is not understood proves nothing");
}

#[test]
fn the_log_says_why_a_broker_is_down() {
    let connection = ConnectionState::default();
    let context = context(&connection);
    let refused = "127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection refused";
    for suffix in [
        "(after 0ms in state CONNECT)",
        "(after 1ms in state CONNECT, 30 identical error(s) suppressed)",
    ] {
        let line = format!("[thrd:127.0.0.1:9/bootstrap]: {refused} {suffix}");
        context.log(RDKafkaLogLevel::Error, "FAIL", &line);
    }
    let all_down = KafkaError::Global(RDKafkaErrorCode::AllBrokersDown);
    context.error(all_down, "1/1 brokers are down");
    assert_eq!(
        connection.disconnected().expect("no broker is connected").to_string(),
        "not connected to Kafka at 127.0.0.1:9 (KAFKA_BOOTSTRAP_SERVERS): connection refused; is a broker running there?"
    );
}

#[test]
fn a_refused_certificate_is_explained_by_whether_its_authority_is_set() {
    for (extra, advises_to_set_it) in [
        (Vec::new(), true),
        (vec![("ssl.ca.location".to_owned(), "ca.pem".into())], false),
    ] {
        let cluster = Cluster {
            extra,
            ..an_absent_cluster()
        };
        let connection = ConnectionState::default();
        let context = ReaderContext::new(&cluster, connection.clone(), "orders").expect("no zero byte");
        let line = "[thrd:ssl://127.0.0.1:9/bootstrap]: ssl://127.0.0.1:9/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed (after 2ms in state SSL_HANDSHAKE)";
        context.log(RDKafkaLogLevel::Error, "FAIL", line);
        let reason = connection.last_error().expect("a reason");
        assert_eq!(reason.contains("set ssl.ca.location"), advises_to_set_it, "{reason}");
    }
}

#[test]
fn a_wrong_password_is_reported_as_such_and_in_the_same_words_each_time() {
    let connection = ConnectionState::default();
    let context = context(&connection);
    let report = |ms: u32| {
        let reason = format!(
            "sasl_plaintext://kafka:9092/bootstrap: SASL authentication error: Authentication failed: Invalid username or password (after {ms}ms in state AUTH_REQ)"
        );
        context.log(RDKafkaLogLevel::Error, "FAIL", &format!("[thrd:kafka]: {reason}"));
        context.error(KafkaError::Global(RDKafkaErrorCode::Authentication), &reason);
        connection.disconnected().expect("no broker is connected").to_string()
    };
    let reason = report(5);
    assert!(
        reason.contains("refuses to authenticate") && reason.ends_with("Invalid username or password"),
        "{reason}"
    );
    assert_eq!(report(312), reason);
}

#[test]
fn what_the_authorizer_denies_a_consumer_is_a_missing_permission() {
    let cluster = an_absent_cluster();
    let context = ReaderContext::new(&cluster, ConnectionState::default(), "orders").expect("no zero byte");
    let denies = |code| context.error(KafkaError::Global(code), "denied");
    denies(RDKafkaErrorCode::TopicAuthorizationFailed);
    let denial = cluster.permissions.denial("orders");
    assert_eq!(denial, Some(Permission::Read("orders".to_owned()).to_string()));
    cluster.permissions.grant(&context.read);
    let commit = Permission::Commit("test".to_owned());
    denies(RDKafkaErrorCode::GroupAuthorizationFailed);
    assert_eq!(cluster.permissions.problems(), [commit.to_string()]);
    cluster.permissions.grant(&commit);
    let failed = "[thrd:main]: Offset commit (manual) failed for 6/6 partition(s) in join-state init: Broker: Group authorization failed: …";
    context.log(RDKafkaLogLevel::Warning, "COMMITFAIL", failed);
    assert_eq!(cluster.permissions.problems(), [commit.to_string()]);
}
