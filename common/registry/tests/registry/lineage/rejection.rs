//! Lineages that the registry rejects or cannot take now, with its reasons.

use std::sync::atomic::{AtomicUsize, Ordering};

use orderlog_registry::Reachability;
use serde_json::json;

use super::{SUBJECT, outage, refused, refusing, registry, seven, writes};
use crate::LINEAGE;
use crate::fake::{Answer, page, refusal, say};

#[tokio::test]
async fn a_refusal_comes_with_the_registrys_reasons_and_leaves_no_traces() {
    let (fake, registry) = refusing(|line| {
        let messages = [
            "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE'}",
            "{oldSchema: 'all of it'}",
        ];
        line.starts_with("POST /compatibility/subjects/orders-value/versions?")
            .then(|| say(200, json!({"is_compatible": false, "messages": messages})))
    })
    .await;
    let reason = refused(&registry).await;
    for part in [SUBJECT, &fake.url(), "v1.avsc", "READER_FIELD_MISSING"] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
    assert!(!reason.contains("oldSchema"), "{reason}");
    assert_eq!(writes(&fake.take_requests()), [""; 0]);
}

#[tokio::test]
async fn where_the_registry_compares_single_versions_only_each_is_asked_for() {
    let (fake, registry) = refusing(|line| {
        (line == "POST /compatibility/subjects/orders-value/versions/3?verbose=true")
            .then(|| say(200, json!({"is_compatible": false, "messages": ["of version 3"]})))
    })
    .await;
    assert!(refused(&registry).await.contains("of version 3"));
    drop(fake);
}

#[tokio::test]
async fn our_own_reasons_are_reported_when_the_registry_gives_none() {
    let (_fake, registry) = refusing(|line| {
        line.starts_with("POST /compatibility/")
            .then(|| say(200, json!({"is_compatible": false})))
    })
    .await;
    let reason = refused(&registry).await;
    for part in ["version 3", "v1.avsc", "eventId"] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
}

#[tokio::test]
async fn every_code_of_an_incompatible_schema_is_a_refusal_even_when_its_reasons_cannot_be_asked_for() {
    for (status, code) in [(409, 409), (409, 40901), (422, 42201)] {
        let asked = AtomicUsize::new(0);
        let (fake, registry) = registry(move |line| match line {
            "POST /subjects/orders-value/versions" => Some(refusal(status, code)),
            // The checks beforehand found no reason in any version.
            line if line.starts_with("POST /compatibility/") => {
                (asked.fetch_add(1, Ordering::Relaxed) >= LINEAGE.len()).then(|| page(503))
            }
            _ => None,
        })
        .await;
        let reason = refused(&registry).await;
        assert!(
            reason.contains(&format!("refusal {code}")) && reason.contains("could not query"),
            "{reason}"
        );
        let last = writes(&fake.take_requests()).pop();
        assert_eq!(
            last.as_deref(),
            Some("DELETE /config/orders-value"),
            "the level is as it was"
        );
    }
}

#[tokio::test]
async fn a_denied_write_is_reported_with_the_mode_that_does_not_write() {
    for (path, answer) in [
        ("PUT /config/orders-value", page(403)),
        ("PUT /config/orders-value", refusal(422, 42205)),
        ("POST /subjects/orders-value/versions", refusal(401, 40101)),
    ] {
        let (_fake, registry) = registry(move |line| (line == path).then(|| answer.clone())).await;
        let reason = outage(&registry).await;
        assert!(
            reason.contains("not allowed to write") && reason.contains("SCHEMAS=verify"),
            "{reason}"
        );
        assert_eq!(registry.reachability(), Reachability::Disconnected);
    }
}

#[tokio::test]
async fn everything_else_is_an_outage_and_the_same_client_registers_afterwards() {
    let (fake, registry) = registry(|_| None).await;
    for answer in [
        page(500),
        page(200),
        refusal(422, 422),
        refusal(404, 40499),
        Answer::Close,
        Answer::Reset,
    ] {
        fake.now(answer);
        outage(&registry).await;
    }
    fake.answer_by(|request| seven(&request.body["schema"]));
    assert_eq!(
        registry.register_lineage(SUBJECT, LINEAGE).await.expect("a response"),
        7
    );
}
