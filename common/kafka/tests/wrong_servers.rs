//! Servers that are not the broker that the settings say: what a reader reports of them, in words that name the setting.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use orderlog_kafka::cluster::Cluster;
use orderlog_kafka::connection::{ConnectionState, Disconnected};
use orderlog_kafka::log_reader::LogReader;
use orderlog_kafka::settings::KafkaConfig;

/// Longest time until a cause is known, on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// A server that does that with every connection. It ends with the process.
fn server(answer: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            std::thread::spawn(move || answer(connection));
        }
    });
    address.to_string()
}

/// What a reader of a topic at that address reports, once it contains `part`.
fn reported(servers: &str, part: &str) -> String {
    let config = KafkaConfig {
        bootstrap_servers: servers.to_owned(),
        ..KafkaConfig::default()
    };
    let cluster = Cluster::new("test", &config).expect("a cluster");
    let reader = LogReader::new(&cluster, "orders", ConnectionState::default()).expect("a client");
    let until = Instant::now() + LONG;
    loop {
        let error = reader.partition_count(LONG).expect_err("there is no broker");
        assert!(error.is::<Disconnected>(), "{error:#}");
        let error = error.to_string();
        if error.contains(part) {
            return error;
        }
        assert!(Instant::now() < until, "{part} in {error}");
        reader.serve();
    }
}

fn read_some(connection: &mut TcpStream) {
    // Nothing depends on what a client sends.
    let _ = connection.read(&mut [0; 1024]);
}

#[test]
fn an_http_server_is_called_one() {
    let address = server(|mut connection| {
        read_some(&mut connection);
        let _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
    let reported = reported(&address, "HTTP server");
    assert!(
        reported.contains("KAFKA_BOOTSTRAP_SERVERS") && reported.contains(&address),
        "{reported}"
    );
}

#[test]
fn a_server_that_closes_the_connection_may_expect_tls() {
    let address = server(|mut connection| read_some(&mut connection));
    assert!(reported(&address, "expects TLS").contains("security.protocol=SSL"));
}

#[test]
fn a_server_that_alerts_the_client_expects_tls() {
    let address = server(|mut connection| {
        read_some(&mut connection);
        // Fatal: unexpected message.
        let _ = connection.write_all(&[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a]);
    });
    assert!(reported(&address, "expects TLS").contains("security.protocol=SSL"));
}

#[test]
fn a_silent_server_is_asked_about() {
    let address = server(
        |mut connection| {
            while connection.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
        },
    );
    assert!(reported(&address, "does not answer").contains("schema registry"));
}

#[test]
fn a_port_where_nobody_listens_is_called_that() {
    // Port 9: discard.
    assert!(reported("127.0.0.1:9", "connection refused").contains("is a broker running there?"));
}
