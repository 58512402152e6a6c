//! A registry that is watched: an outage is noticed without anybody needing the registry, and so is its end.

use std::sync::Arc;
use std::time::Duration;

use orderlog_registry::{Reachability, Registry};
use serde_json::json;

use crate::client;
use crate::fake::{Answer, Fake, page, refusal, say};

async fn await_state(registry: &Registry, wanted: Reachability) {
    let reached = async {
        while registry.reachability() != wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(30), reached).await;
    reached.unwrap_or_else(|_| panic!("never {wanted:?}"));
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
    // Calls show whether an older registry, which lacks that path, responds.
    fake.take_lines();
    for answer in [page(404), refusal(403, 40301)] {
        fake.now(answer);
        let probed = async {
            while fake.take_lines().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), probed)
            .await
            .expect("a probe");
    }
    assert_eq!(registry.reachability(), Reachability::Connected);
    assert!(fake.take_lines().iter().all(|line| line == "GET /schemas/types"));
    drop(registry);
    watch.await.expect("it ends");
}
