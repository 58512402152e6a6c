use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn lookup(store: Store) -> Lookup {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Port 9 (discard) of this machine: nobody listens.
    let registry = Arc::new(Registry::at("http://127.0.0.1:9").expect("a client"));
    lookup_at(registry, store)
}

fn lookup_at(registry: Arc<Registry>, store: Store) -> Lookup {
    let life = Life::default();
    let audit = SchemaIdAudit::new(registry, store.clone(), false, &life);
    Lookup::new(audit, store, Handle::current(), life, Duration::ZERO)
}

#[tokio::test]
async fn an_id_that_no_registry_can_have_is_unknown_without_asking() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut lookup = lookup(Store::open(dir.path()).expect("a store"));
    assert!(matches!(lookup.get(u32::MAX, 0), Some(Known::Unknown(_))));
    assert!(lookup.asking.is_empty());
}

#[tokio::test]
async fn a_stored_schema_is_known_while_the_registry_is_away() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path()).expect("a store");
    let schema = crate::schemas::newest_text();
    let writer = Arc::new(WriterSchema::of(&schema));
    store.learn_schema(7, &schema, writer).expect("stored");
    let mut lookup = lookup(store);
    assert!(matches!(lookup.get(7, 0), Some(Known::Writer(_))));
    assert!(
        lookup.get(8, 0).is_none() && lookup.is_asking(8),
        "an outage is no answer"
    );
}

#[test]
fn an_outage_is_asked_about_less_and_less_but_every_ten_seconds_at_least() {
    let waits: Vec<Duration> = backoff().take(20).collect();
    let in_a_minute = waits.iter().scan(Duration::ZERO, |sum, wait| {
        *sum += *wait;
        (*sum < MINUTE).then_some(())
    });
    assert!(in_a_minute.count() < 20, "{waits:?}");
    // The jitter may double a wait.
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(20)), "{waits:?}");
    assert!(waits[0] < Duration::from_millis(500) && waits[19] >= Duration::from_secs(10));
}

/// A registry that has our newest schema under every id, and tells how often it was asked.
async fn counting_registry() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        let body = serde_json::json!({"schema": crate::schemas::newest_text().text}).to_string();
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
    let store = Store::open(dir.path()).expect("a store");
    let mut lookup = lookup_at(registry, store);
    for n in 0..1_000 {
        assert!(lookup.get(7, n % 6).is_none(), "it is being asked for");
        lookup.prefetch(7, n % 6);
    }
    while lookup.is_asking(7) {
        tokio::task::yield_now().await;
        lookup.take_answers().expect("no other meaning");
    }
    assert!((0..1_000).all(|n| matches!(lookup.get(7, n % 6), Some(Known::Writer(_)))));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn nothing_is_asked_ahead_while_the_registry_does_not_answer() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut lookup = lookup(Store::open(dir.path()).expect("a store"));
    assert!(lookup.get(1, 0).is_none());
    while lookup.outages.is_empty() {
        tokio::task::yield_now().await;
        lookup.take_answers().expect("no other meaning");
    }
    lookup.prefetch(2, 0);
    assert_eq!(lookup.asking.keys().collect::<Vec<_>>(), [&1]);
}
