use orderlog_registry::Registry;

use super::*;
use crate::store::Embedded;

fn open(dir: &tempfile::TempDir) -> Store {
    Embedded::open(dir.path()).expect("a store").into()
}

fn registration(state: RegistrationState) -> Registration {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Registration {
        state: watch::channel(state).1,
        accepted: Arc::default(),
        task: Arc::default(),
        registry: Arc::new(Registry::at(NOBODY).expect("a client")),
        topic_found: watch::Sender::new(true),
    }
}

#[test]
fn only_a_registered_schema_has_an_id() {
    let registered = |unconfirmed| registration(RegistrationState::Registered { id: 7, unconfirmed });
    let confirmed = registered(None);
    assert_eq!((confirmed.schema_id(), confirmed.problem()), (Some(7), None));
    let unconfirmed = registered(Some("why".into()));
    assert_eq!(
        (unconfirmed.schema_id(), unconfirmed.problem()),
        (Some(7), Some("why".into()))
    );
    for state in [
        RegistrationState::Pending("why".into()),
        RegistrationState::Refused("why".into()),
    ] {
        let registration = registration(state);
        assert_eq!(
            (registration.schema_id(), registration.problem()),
            (None, Some("why".into()))
        );
    }
}

#[tokio::test]
async fn a_refusal_is_reported_and_its_absence_is_awaited() {
    assert_eq!(
        registration(RegistrationState::Refused("why".into())).refused().await,
        "why"
    );
    let registered = registration(RegistrationState::Registered {
        id: 7,
        unconfirmed: None,
    });
    let told = tokio::time::timeout(Duration::from_millis(10), registered.refused()).await;
    assert!(told.is_err(), "nothing was refused");
}

/// A registry that nobody listens for: port 9 (discard) of this machine.
const NOBODY: &str = "http://127.0.0.1:9";

async fn in_an_outage(store: Store) -> Registration {
    start(NOBODY, store, &PipelineConfig::default()).await
}

async fn start(registry: &str, store: Store, config: &PipelineConfig) -> Registration {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let registry = Arc::new(Registry::at(registry).expect("a client"));
    let audit = SchemaIdAudit::new(registry, store.clone(), false);
    Registration::spawn(audit, "orders-value".into(), store, config, &Supervisor::default()).await
}

#[tokio::test]
async fn nothing_is_made_until_a_registry_has_taken_the_schema_once() {
    let soon = Duration::from_millis(10);
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    assert!(!in_an_outage(store.clone()).await.accepted_within(soon).await);
    store.schemas().learn_own("orders-value", 7).expect("learns");
    assert!(
        in_an_outage(store).await.accepted_within(soon).await,
        "it was taken before"
    );
}

#[tokio::test]
async fn an_outage_is_shown_with_what_waits_and_the_registration_stays_pending() {
    let dir = tempfile::tempdir().expect("a directory");
    let registration = in_an_outage(open(&dir)).await;
    registration.watch().changed().await.expect("a try");
    let problem = registration.problem().expect("a problem");
    assert!(
        problem.contains("127.0.0.1:9") && problem.contains("SCHEMA_REGISTRY_URL"),
        "{problem}"
    );
    assert!(problem.contains("cart-service writes no order"), "{problem}");
    assert_eq!(registration.schema_id(), None);
}

#[tokio::test]
async fn an_id_that_the_store_remembers_is_written_with_during_an_outage() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    store.schemas().learn_own("orders-value", 7).expect("learns");
    let registration = in_an_outage(store).await;
    assert_eq!(registration.schema_id(), Some(7));
    registration.watch().changed().await.expect("a try");
    let problem = registration.problem().expect("a problem");
    assert_eq!(
        (
            registration.schema_id(),
            problem.contains("once the service is ready, reads and writes continue")
        ),
        (Some(7), true),
        "{problem}"
    );
}

#[tokio::test]
async fn nothing_is_sent_to_the_registry_before_a_topic_is_found_that_is_not_created_here() {
    let dir = tempfile::tempdir().expect("a directory");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let registry = format!("http://{}", listener.local_addr().expect("an address"));
    let mut config = PipelineConfig::default();
    config.kafka.create_topics = false;
    let registration = start(&registry, open(&dir), &config).await;
    registration.watch().changed().await.expect("it waits");
    let problem = registration.problem().expect("a problem");
    assert!(problem.contains("before topic order-events is found"), "{problem}");
    let soon = Duration::from_millis(50);
    assert!(tokio::time::timeout(soon, listener.accept()).await.is_err());
    registration.topic_found();
    listener.accept().await.expect("a request");
}
