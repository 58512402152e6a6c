//! A registry that is watched: an outage is noticed without anybody needing the registry, and so is its end.

use std::sync::Arc;
use std::time::Duration;

use orderlog_registry::{Reachability, Registry};
use serde_json::json;

use crate::fake::{Answer, Fake, Request, page, refusal, say, schema};
use crate::{LINEAGE, TEXT, client};

/// Waits until that is so.
async fn until(is_so: impl Fn() -> bool, what: &str) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    waited.unwrap_or_else(|_| panic!("never {what}"));
}

async fn await_state(registry: &Registry, wanted: Reachability) {
    until(|| registry.reachability() == wanted, &format!("{wanted:?}")).await;
}

/// Waits for a probe that begins after this call.
async fn await_probe(fake: &Fake) {
    fake.take_lines();
    until(|| !fake.take_lines().is_empty(), "a probe").await;
}

#[tokio::test]
async fn an_outage_and_its_end_are_noticed_without_a_call_and_the_watch_ends_with_the_client() {
    let types = || say(200, json!(["AVRO"]));
    let fake = Fake::always(types()).await;
    let registry = Arc::new(client(&fake.url()));
    let watch = tokio::spawn(registry.clone().watch());
    await_state(&registry, Reachability::Connected).await;
    assert_eq!(registry.unreachable(), None);
    for (answer, told) in [
        (Answer::Reset, "/schemas/types"),
        (Answer::Hang, "no response within"),
        (page(503), "503"),
    ] {
        fake.now(answer);
        await_state(&registry, Reachability::Disconnected).await;
        let reason = registry.unreachable().expect("a reason");
        assert!(
            reason.contains(told) && reason.contains("SCHEMA_REGISTRY_URL"),
            "{reason}"
        );
        fake.now(types());
        await_state(&registry, Reachability::Connected).await;
        assert_eq!(registry.unreachable(), None);
    }
    // Before an id is known, calls show whether an older registry, which lacks that path, responds.
    for answer in [page(404), refusal(403, 40301)] {
        fake.now(answer);
        await_probe(&fake).await;
    }
    assert_eq!(registry.reachability(), Reachability::Connected);
    assert!(registry.schema(5).await.is_err());
    assert_eq!(registry.reachability(), Reachability::Disconnected);
    drop(registry);
    watch.await.expect("it ends");
}

/// A registry with our schema under id 7.
fn with_our_schema(request: &Request) -> Answer {
    match request.target.as_str() {
        "/schemas/ids/7" => schema(TEXT),
        "/schemas/types" => say(200, json!(["AVRO"])),
        _ => say(200, json!({"id": 7, "schema": request.body["schema"], "version": 1})),
    }
}

/// A client that has registered our schema there, and watches it.
async fn watched(fake: &Fake) -> Arc<Registry> {
    let registry = Arc::new(client(&fake.url()));
    let id = registry.verify_lineage("orders-value", LINEAGE).await;
    assert_eq!(id.expect("an id"), 7);
    tokio::spawn(registry.clone().watch());
    registry
}

#[tokio::test]
async fn whatever_keeps_our_schema_from_being_looked_up_is_an_outage() {
    let fake = Fake::with(with_our_schema).await;
    let registry = watched(&fake).await;
    for (answer, told) in [
        (page(404), "SCHEMA_REGISTRY_URL have the registry's path?"),
        (refusal(404, 404), "404"),
        (refusal(401, 40101), "set SCHEMA_REGISTRY_USER"),
        (refusal(403, 40301), "set SCHEMA_REGISTRY_USER"),
        (refusal(500, 50001), "status 500"),
    ] {
        fake.now(answer);
        await_state(&registry, Reachability::Disconnected).await;
        let reason = registry.unreachable().expect("a reason");
        assert!(reason.contains(told) && reason.contains("/schemas/ids/7"), "{reason}");
        fake.answer_by(with_our_schema);
        await_state(&registry, Reachability::Connected).await;
    }
    fake.now(refusal(404, 40403));
    for _ in 0..2 {
        await_probe(&fake).await;
    }
    assert_eq!(registry.reachability(), Reachability::Connected, "that is an answer");
}

#[tokio::test]
async fn a_registry_that_fails_only_at_other_requests_is_no_outage() {
    let fake = Fake::with(|request| match request.target.as_str() {
        "/schemas/types" => page(500),
        _ => with_our_schema(request),
    })
    .await;
    let registry = watched(&fake).await;
    for _ in 0..2 {
        await_probe(&fake).await;
    }
    assert_eq!(registry.unreachable(), None);
}
