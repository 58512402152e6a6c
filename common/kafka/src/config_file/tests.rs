use std::io::Write;

use super::*;

fn read_text(text: &str) -> anyhow::Result<Vec<(String, Secret)>> {
    let mut file = tempfile::Builder::new()
        .suffix(".properties")
        .tempfile()
        .expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    read(file.path())
}

#[test]
fn settings_are_read_and_comments_skipped() {
    let settings =
        read_text("# TLS\n\n security.protocol = SSL \r\n! old style\nssl.key.password=a=b#c\nclient.rack=\n");
    let expected = [
        ("security.protocol", "SSL"),
        ("ssl.key.password", "a=b#c"),
        ("client.rack", ""),
    ];
    assert_eq!(
        settings.expect("settings"),
        expected.map(|(key, value)| (key.to_owned(), value.into()))
    );
}

#[test]
fn an_error_names_file_and_line_and_does_not_show_the_text() {
    for (text, line) in [
        ("client.rack=1\nhunter2\n", "line 2"),
        ("=hunter2", "line 1"),
        ("client.rack=1\n\nclient.rack=hunter2", "line 3"),
        ("client.rack=1\nsasl.pasword=hunter2", "line 2"),
    ] {
        let error = format!("{:#}", read_text(text).expect_err(text));
        assert!(error.contains(line) && error.contains(".properties"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn an_invalid_value_is_reported_with_the_name_that_was_written() {
    for (key, other_name) in [
        ("linger.ms", Some("queue.buffering.max.ms")),
        ("max.in.flight", Some("max.in.flight.requests.per.connection")),
        ("queue.buffering.max.ms", None),
    ] {
        let error = read_text(&format!("{key}=hunter2")).expect_err(key).to_string();
        assert!(error.contains(&format!("sets {key}: ")), "{error}");
        let note = format!("(another name of {key})");
        assert_eq!(error.contains(&note), other_name.is_some(), "{error}");
        assert!(other_name.is_none_or(|name| error.contains(name)), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_setting_that_would_break_a_guarantee_is_refused_with_file_line_and_reason() {
    for (text, why) in [
        ("enable.idempotence=false", "once and in order"),
        ("acks=1", "every in-sync replica"),
        ("request.required.acks=1", "every in-sync replica"),
        ("partitioner=random", "KAFKA_PARTITIONER"),
        ("delivery.report.only.error=true", "acknowledgment"),
        ("plugin.library.paths=evil", "plugin"),
        ("message.timeout.ms=60000", "WRITE_DEADLINE_MS"),
        ("transactional.id=x", "transactions"),
        ("isolation.level=read_uncommitted", "aborted"),
        ("auto.offset.reset=latest", "skipped silently"),
        ("enable.auto.commit=true", "stored with the data"),
        ("enable.partition.eof=false", "where a topic ends"),
        ("statistics.interval.ms=0", "whether the broker is connected"),
        ("metadata.broker.list=elsewhere:9092", "KAFKA_BOOTSTRAP_SERVERS"),
        ("fetch.wait.max.ms=1001", "counts as disconnected"),
    ] {
        let error = read_text(&format!("client.rack=1\n{text}\n"))
            .expect_err(text)
            .to_string();
        let (key, value) = text.split_once('=').expect("a setting");
        for part in ["KAFKA_CONFIG", ".properties", "line 2", key, why] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(!error.contains(&format!("={value}")), "{error}");
    }
}

#[test]
fn security_settings_without_effect_or_support_are_refused_with_what_works() {
    for (text, parts) in [
        (
            "security.protocol=SASL_SSL\nsasl.mechanisms=OAUTHBEARER\nsasl.oauthbearer.method=oidc\n",
            ["line 2", "OAUTHBEARER", "SCRAM-SHA-512"],
        ),
        ("sasl.oauthbearer.method=oidc\n", ["line 1", "OIDC", "PLAIN"]),
        ("sasl.oauthbearer.client.secret=hunter2\n", ["line 1", "OIDC", "PLAIN"]),
        (
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=GSSAPI\n",
            ["line 2", "Kerberos", "SCRAM-SHA-256"],
        ),
        (
            "sasl.kerberos.keytab=/etc/krb5.keytab\n",
            ["line 1", "Kerberos", "PLAIN"],
        ),
        ("security.protocol=sasl_ssl\n", ["sasl.mechanisms", "GSSAPI", "PLAIN"]),
        (
            "sasl.mechanisms=PLAIN\nsasl.username=me\nsasl.password=hunter2\n",
            ["security.protocol", "sasl.mechanisms", "SASL_SSL"],
        ),
        (
            "ssl.ca.location=/etc/ca.pem\n",
            ["security.protocol", "ssl.ca.location", "SSL"],
        ),
        (
            "security.protocol=SSL\nsasl.mechanism=PLAIN\nsasl.password=hunter2\n",
            ["no effect", "sasl.mechanism", "security.protocol=SASL_SSL"],
        ),
        (
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nssl.ca.location=ca.pem\n",
            ["no effect", "ssl.ca.location", "security.protocol=SASL_SSL"],
        ),
        ("sasl.mechanisms=hunter2\n", ["line 1", "PLAIN", "SCRAM-SHA-256"]),
    ] {
        let error = format!("{:#}", read_text(text).expect_err(text));
        for part in parts {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn supported_security_settings_are_accepted() {
    for text in [
        "security.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\nsasl.username=me\nsasl.password=a\n",
        "security.protocol=sasl_plaintext\nsasl.mechanism=SCRAM-SHA-512\nsasl.username=me\nsasl.password=a\n",
        "security.protocol=SSL\nssl.ca.location=probe\nssl.certificate.location=/dev/null\nssl.key.location=/dev/null\n",
        // A deliberate choice of plain text.
        "security.protocol=PLAINTEXT\nsasl.mechanisms=PLAIN\nsasl.username=me\n",
    ] {
        read_text(text).expect(text);
    }
}

#[test]
fn settings_that_lack_another_are_refused_with_its_name() {
    for (text, lacks) in [
        (
            "security.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\n",
            "add sasl.username",
        ),
        (
            "security.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\nsasl.username=me\nsasl.password=\n",
            "add sasl.password",
        ),
        (
            "security.protocol=SSL\nssl.certificate.location=/dev/null\n",
            "add ssl.key.location",
        ),
        (
            "security.protocol=SSL\nssl.key.location=/dev/null\n",
            "add ssl.certificate.location",
        ),
    ] {
        let error = format!("{:#}", read_text(text).expect_err(text));
        for part in ["KAFKA_CONFIG", ".properties", lacks] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_its_setting() {
    for key in ["ssl.ca.location", "ssl.crl.location", "ssl.keystore.location"] {
        let text = format!("security.protocol=SSL\n{key}=no/such.pem\n");
        let error = format!("{:#}", read_text(&text).expect_err(key));
        let here = std::env::current_dir().expect("a directory").join("no/such.pem");
        let here = here.display().to_string();
        for part in ["KAFKA_CONFIG", "line 2", key, &here, "No such file"] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(!error.contains("conflict"), "{error}");
    }
}

#[test]
fn a_value_that_is_none_of_the_valid_ones_is_answered_with_those() {
    for (text, valid) in [
        ("security.protocol=hunter2", "plaintext, ssl, sasl_plaintext, sasl_ssl"),
        ("compression.type=hunter2", "none, gzip, snappy, lz4, zstd"),
        ("ssl.endpoint.identification.algorithm=hunter2", "none, https"),
    ] {
        let error = format!("{:#}", read_text(text).expect_err(text));
        for part in ["KAFKA_CONFIG", "line 1", text.split('=').next().expect("a key"), valid] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn every_codec_is_built_in() {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        read_text(&format!("compression.type={codec}\n")).expect(codec);
    }
}

#[test]
fn every_forbidden_name_is_one_that_librdkafka_knows() {
    for name in RESERVED.iter().flat_map(|(names, _)| *names) {
        let known = ClientConfig::new()
            .set(*name, "")
            .create_native_config()
            .err()
            .is_none_or(|error| !error.to_string().contains("No such configuration property"));
        assert!(known, "{name}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = format!("{:#}", read(Path::new("no/such.properties")).expect_err("no file"));
    assert!(
        error.contains("KAFKA_CONFIG") && error.contains("no/such.properties"),
        "{error}"
    );
}
