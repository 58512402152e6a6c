use std::sync::atomic::{AtomicUsize, Ordering};

use orderlog_registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::schema_request::MAX_RETRY_DELAY;
use crate::store::Embedded;

use super::*;

const SEVEN: SchemaRef = SchemaRef::Id(7);

fn open(dir: &tempfile::TempDir) -> Store {
    Embedded::open(dir.path()).expect("a store").into()
}

fn lookup(store: Store) -> SchemaLookup {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Port 9 (discard) of this machine: nothing listens.
    let registry = Arc::new(Registry::at("http://127.0.0.1:9").expect("a client"));
    lookup_at(registry, store)
}

fn lookup_at(registry: Arc<Registry>, store: Store) -> SchemaLookup {
    let supervisor = Supervisor::default();
    let audit = SchemaIdAudit::new(registry, store.clone(), false);
    SchemaLookup::new(audit, store, Handle::current(), supervisor)
}

#[tokio::test]
async fn a_stored_schema_is_known_while_the_registry_is_away() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    let schema = orderlog_contract::lineage::newest_text();
    let writer = Arc::new(WriterSchema::new(&schema));
    store.schemas().learn(7, &schema, writer).expect("stored");
    let guid = Uuid::from_u128(7);
    let writer = Arc::new(WriterSchema::new(&schema));
    store.schemas().learn_guid(guid, &schema, writer).expect("stored");
    let lookup = lookup(store);
    assert!(matches!(lookup.cached(SEVEN), Some(KnownSchema::Writer(7, _))));
    assert!(matches!(
        lookup.cached(SchemaRef::Guid(guid)),
        Some(KnownSchema::Writer(..))
    ));
    assert!(lookup.cached(SchemaRef::Id(8)).is_none());
    assert!(lookup.cached(SchemaRef::Guid(Uuid::from_u128(8))).is_none());
}

#[test]
fn retries_in_an_outage_slow_down_to_one_in_ten_seconds() {
    let waits: Vec<Duration> = orderlog_registry::backoff(MAX_RETRY_DELAY).take(20).collect();
    let in_a_minute = waits.iter().scan(Duration::ZERO, |sum, wait| {
        *sum += *wait;
        (*sum < Duration::from_secs(60)).then_some(())
    });
    assert!(in_a_minute.count() < 20, "{waits:?}");
    // The jitter may double a wait.
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(20)), "{waits:?}");
    assert!(waits[0] < Duration::from_millis(500) && waits[19] >= Duration::from_secs(10));
}

/// A registry that has our newest schema under every id, and counts its requests.
async fn counting_registry() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        let body = serde_json::json!({"schema": orderlog_contract::lineage::newest_text().text}).to_string();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (format!("http://{address}"), asked)
}

#[tokio::test]
async fn a_thousand_records_of_one_new_id_make_one_request() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (url, asked) = counting_registry().await;
    let registry = Arc::new(Registry::at(&url).expect("a client"));
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    let mut lookup = lookup_at(registry, store);
    for n in 0..1_000 {
        assert!(lookup.cached(SEVEN).is_none() && lookup.ask(SEVEN, n % 6, n % 2 == 1));
    }
    let answered = answered(&mut lookup).await;
    assert!(answered.len() == 1 && answered[0].missing.is_none(), "{answered:?}");
    assert!(matches!(lookup.cached(SEVEN), Some(KnownSchema::Writer(7, _))));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// Waits for answers.
async fn answered(lookup: &mut SchemaLookup) -> Vec<Answered> {
    loop {
        let answered = lookup.take_answers().expect("no other meaning");
        if !answered.is_empty() {
            return answered;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_outage_is_not_an_answer_and_stops_lookups_ahead() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut lookup = lookup(open(&dir));
    assert!(lookup.ask(SEVEN, 0, false));
    while lookup.outage(SEVEN).is_none() {
        tokio::task::yield_now().await;
        assert!(lookup.take_answers().expect("no other meaning").is_empty());
    }
    assert!(!lookup.ask(SchemaRef::Id(8), 0, true));
    assert!(
        lookup.ask(SchemaRef::Id(8), 1, true),
        "another partition may have more luck"
    );
    let dropped = answered(&mut lookup).await;
    assert_eq!(dropped[0].schema, SchemaRef::Id(8), "what is asked ahead is asked once");
    assert!(lookup.ask(SEVEN, 0, false), "it is still being asked for");
}

#[tokio::test]
async fn a_schema_that_was_looked_up_ahead_is_requested_again_once_a_record_waits_for_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut lookup = lookup(open(&dir));
    assert!(lookup.ask(SEVEN, 0, true) && lookup.ask(SEVEN, 0, false));
    // Whichever of the two fails first: an outage is reported, and no waiter is told that the lookup was given up.
    while lookup.outage(SEVEN).is_none() {
        tokio::task::yield_now().await;
        assert!(lookup.take_answers().expect("no other meaning").is_empty());
    }
}
