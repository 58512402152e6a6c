//! The sandbox's ports: fixed ones that can be known in advance, also the broker's.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use clap::Parser;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use sandbox::cli::Cli;
use sandbox::pipeline::{PARTITIONS, TOPIC};
use sandbox::testing::start_sandbox;
use sandbox::welcome;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

const TIMEOUT: Duration = Duration::from_secs(10);

fn busy() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// A busy port that nobody is given who asks for any: nor are those that follow it.
fn busy_below_the_ephemeral() -> (TcpListener, u16) {
    let bind = || {
        let port = fastrand::u16(20_000..30_000);
        Some((TcpListener::bind(("127.0.0.1", port)).ok()?, port))
    };
    std::iter::repeat_with(bind)
        .take(1000)
        .flatten()
        .next()
        .expect("a free port among a thousand")
}

fn port_of(bootstrap_servers: &str) -> u16 {
    let (_, port) = bootstrap_servers.rsplit_once(':').expect("host and port");
    port.parse().expect("a port")
}

async fn start_error(flags: &[&str]) -> String {
    match start_sandbox(flags).await {
        Ok(_) => panic!("{flags:?}: it started"),
        Err(error) => format!("{error:#}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reads_and_writes_through_the_port_that_is_printed() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    assert_ne!(
        port_of(&pipeline.bootstrap_servers),
        port_of(&pipeline.broker.bootstrap_servers())
    );
    let servers = pipeline.bootstrap_servers.clone();
    let payload = tokio::task::spawn_blocking(move || round_trip(&servers));
    assert_eq!(payload.await.expect("no panic").as_deref(), Some(b"hello".as_slice()));
    pipeline.stop().await.expect("a clean end");
}

/// Writes a record and reads it back.
fn round_trip(servers: &str) -> Option<Vec<u8>> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("group.id", "test");
    let producer: BaseProducer = config.create().expect("a producer");
    let record = BaseRecord::<(), str>::to(TOPIC).partition(0).payload("hello");
    producer.send(record).expect("queued");
    producer.flush(TIMEOUT).expect("acknowledged");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let metadata = consumer.fetch_metadata(Some(TOPIC), TIMEOUT).expect("metadata");
    let partitions = metadata.topics()[0].partitions().len();
    assert_eq!(i32::try_from(partitions), Ok(PARTITIONS));
    let mut assignment = TopicPartitionList::new();
    assignment
        .add_partition_offset(TOPIC, 0, Offset::Beginning)
        .expect("an offset");
    consumer.assign(&assignment).expect("an assignment");
    let until = Instant::now() + TIMEOUT;
    while Instant::now() < until {
        if let Some(Ok(record)) = consumer.poll(Duration::from_millis(100)) {
            return record.payload().map(<[u8]>::to_vec);
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_takes_the_next_free_port_if_its_own_is_in_use() {
    let (listener, port) = busy_below_the_ephemeral();
    let flag = format!("--kafka-port={port}");
    let pipeline = start_sandbox(&[&flag]).await.expect("starts");
    let moved = port_of(&pipeline.bootstrap_servers);
    assert!((port + 1..port + 100).contains(&moved), "{port} is in use: {moved}");
    let printed = welcome::text(&pipeline, &Cli::parse_from(["sandbox", &flag]), Duration::ZERO);
    let (note, _) = printed.split_once("\n\nThis is the sandbox").expect("a note");
    for part in [
        format!("port {port} is in use"),
        format!("\n  export KAFKA_BOOTSTRAP_SERVERS=localhost:{moved}"),
    ] {
        assert!(note.contains(&part), "{part} is not in\n{note}");
    }
    pipeline.stop().await.expect("a clean end");
    drop(listener);
    let flag = format!("--kafka-port={moved}");
    let pipeline = start_sandbox(&[&flag]).await.expect("starts");
    assert_eq!(
        port_of(&pipeline.bootstrap_servers),
        moved,
        "its own port is free again after a clean end"
    );
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_closes_open_connections_to_the_broker() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let address = ("127.0.0.1", port_of(&pipeline.bootstrap_servers));
    let mut client = TcpStream::connect(address).await.expect("a connection");
    pipeline.stop().await.expect("a clean end");
    let end = tokio::time::timeout(TIMEOUT, client.read(&mut [0])).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
    assert!(TcpStream::connect(address).await.is_err(), "nothing listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_port_is_reported_with_the_flag_that_changes_it() {
    let (_listener, port) = busy();
    for flag in ["--cart-port", "--order-port", "--registry-port"] {
        let error = start_error(&[&format!("{flag}={port}")]).await;
        assert!(error.contains(flag) && error.contains(&port.to_string()), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_busy_ports_are_reported_at_once() {
    let busy = ["--cart-port", "--order-port", "--registry-port"].map(|flag| (flag, busy()));
    let flags = busy.each_ref().map(|(flag, (_, port))| format!("{flag}={port}"));
    let error = start_error(&flags.each_ref().map(String::as_str)).await;
    for (flag, (_, port)) in &busy {
        let line = error.lines().find(|line| line.contains(flag));
        assert!(
            line.is_some_and(|line| line.contains(&port.to_string())),
            "{flag} in {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_equal_ports_are_reported_with_both_flags() {
    let (listener, port) = busy();
    drop(listener);
    let flags = ["--cart-port", "--order-port", "--registry-port", "--kafka-port"];
    for (n, one) in flags.iter().enumerate() {
        for other in &flags[n + 1..] {
            let error = start_error(&[&format!("{one}={port}"), &format!("{other}={port}")]).await;
            let expected = format!("{one} and {other} are both {port}");
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}
