use orderlog_registry::Registry;

use super::*;

fn registration(state: RegistrationState) -> Registration {
    Registration {
        state: watch::channel(state).1,
        accepted: Arc::default(),
        task: Arc::default(),
    }
}

#[test]
fn only_a_registered_schema_has_an_id() {
    let registered = |trouble| registration(RegistrationState::Registered { id: 7, trouble });
    assert_eq!(
        (registered(None).schema_id(), registered(None).trouble()),
        (Some(7), None)
    );
    let unconfirmed = registered(Some("why".into()));
    assert_eq!(
        (unconfirmed.schema_id(), unconfirmed.trouble()),
        (Some(7), Some("why".into()))
    );
    for state in [
        RegistrationState::Pending("why".into()),
        RegistrationState::Refused("why".into()),
    ] {
        let registration = registration(state);
        assert_eq!(
            (registration.schema_id(), registration.trouble()),
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
    let registered = registration(RegistrationState::Registered { id: 7, trouble: None });
    let told = tokio::time::timeout(Duration::from_millis(10), registered.refused()).await;
    assert!(told.is_err(), "nothing was refused");
}

/// A registration at a registry that nobody listens for: port 9 (discard) of this machine.
fn in_an_outage(store: Store) -> Registration {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let registry = Arc::new(Registry::at("http://127.0.0.1:9").expect("a client"));
    let life = Supervisor::default();
    let audit = SchemaIdAudit::new(registry, store.clone(), false);
    Registration::spawn(audit, "orders-value".into(), store, &PipelineConfig::default(), &life)
}

#[tokio::test]
async fn nothing_is_made_until_a_registry_has_taken_the_schema_once() {
    let soon = Duration::from_millis(10);
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path()).expect("a store");
    let why = in_an_outage(store.clone()).accepted_within(soon).await;
    assert!(why.is_err(), "{why:?}");
    store.schemas().learn_own("orders-value", 7).expect("learns");
    assert_eq!(
        in_an_outage(store).accepted_within(soon).await,
        Ok(()),
        "it was taken before"
    );
}

#[tokio::test]
async fn an_outage_is_shown_and_the_registration_stays_pending() {
    let dir = tempfile::tempdir().expect("a directory");
    let registration = in_an_outage(Store::open(dir.path()).expect("a store"));
    let mut state = registration.watch();
    state.changed().await.expect("a try");
    assert!(
        registration.trouble().expect("trouble").contains("127.0.0.1:9"),
        "{registration:?}"
    );
    assert_eq!(registration.schema_id(), None);
}

#[tokio::test]
async fn an_id_that_the_store_remembers_is_written_with_during_an_outage() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path()).expect("a store");
    store.schemas().learn_own("orders-value", 7).expect("learns");
    let registration = in_an_outage(store);
    assert_eq!(registration.schema_id(), Some(7));
    let mut state = registration.watch();
    state.changed().await.expect("a try");
    let trouble = registration.trouble().expect("trouble");
    assert_eq!(
        (registration.schema_id(), trouble.contains("not confirmed")),
        (Some(7), true)
    );
}
