//! Our lineage at the registry: registered, looked up, refused.

use common::registry::{Reachability, RegisterError, Registry};
use common::schemas;
use serde_json::json;

use crate::client;
use crate::fake::{Answer, Fake, Request, page, refusal, say};

const SUBJECT: &str = "orders-value";
/// What a subject holds that ours cannot follow.
const OTHER: &str =
    r#"{"type":"record","name":"OrderEvent","namespace":"com.ecommerce.order","fields":[{"name":"a","type":"int"}]}"#;

/// A registry that refuses our schema, and says why as far as that behaviour does.
async fn refusing(reasons: impl Fn(&str) -> Option<Answer> + Send + 'static) -> (Fake, Registry) {
    let fake = Fake::with(move |request: &Request| {
        let line = format!("{} {}", request.method, request.target);
        reasons(&line).unwrap_or_else(|| match line.as_str() {
            "PUT /config/orders-value" => say(200, json!({"compatibility": "FULL_TRANSITIVE"})),
            "POST /subjects/orders-value/versions" => refusal(409, 409),
            "POST /subjects/orders-value" => refusal(404, 40403),
            "GET /subjects/orders-value/versions" => say(200, json!([3])),
            "GET /subjects/orders-value/versions/3" => say(200, json!({"schema": OTHER, "id": 1, "version": 3})),
            _ => page(404),
        })
    })
    .await;
    let registry = client(&fake.url());
    (fake, registry)
}

async fn refused(registry: &Registry) -> String {
    match registry.register_lineage(SUBJECT).await {
        Err(RegisterError::Refused(reason)) => reason,
        other => panic!("a refusal, not {other:?}"),
    }
}

#[tokio::test]
async fn the_level_is_set_and_every_version_registered_in_order() {
    let fake = Fake::with(|request: &Request| match request.method.as_str() {
        "PUT" => say(200, json!({"compatibility": "FULL_TRANSITIVE"})),
        _ => say(200, json!({"id": 7})),
    })
    .await;
    let registry = client(&fake.url());
    assert_eq!(registry.register_lineage(SUBJECT).await, Ok(7));
    let requests = fake.take_requests();
    assert_eq!(
        (requests[0].method.as_str(), requests[0].target.as_str()),
        ("PUT", "/config/orders-value")
    );
    assert_eq!(requests[0].body["compatibility"], "FULL_TRANSITIVE");
    let registered: Vec<_> = requests[1..]
        .iter()
        .map(|it| it.body["schema"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(registered, schemas::LINEAGE);
    assert!(
        requests[1..]
            .iter()
            .all(|it| it.target == "/subjects/orders-value/versions")
    );
}

#[tokio::test]
async fn a_refusal_comes_with_the_registrys_reasons() {
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
    for part in [SUBJECT, &fake.url(), "v1.avsc", "refusal 409", "READER_FIELD_MISSING"] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
    assert!(!reason.contains("oldSchema"), "{reason}");
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
async fn where_the_registry_gives_no_reasons_ours_are_told() {
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
        let (_fake, registry) = refusing(move |line| match line {
            "POST /subjects/orders-value/versions" => Some(refusal(status, code)),
            _ if line.starts_with("POST /compatibility/") => Some(page(503)),
            _ => None,
        })
        .await;
        let reason = refused(&registry).await;
        assert!(
            reason.contains(&format!("refusal {code}")) && reason.contains("could not be asked"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn whoever_may_not_write_is_told_of_the_mode_that_does_not() {
    for (path, answer) in [
        ("PUT /config/orders-value", page(403)),
        ("POST /subjects/orders-value/versions", refusal(401, 40101)),
    ] {
        let (_fake, registry) = refusing(move |line| (line == path).then(|| answer.clone())).await;
        let error = registry.register_lineage(SUBJECT).await.expect_err("an outage");
        let RegisterError::Outage(reason) = error else {
            panic!("an outage, not {error:?}");
        };
        assert!(
            reason.contains("may not write") && reason.contains("SCHEMAS=verify"),
            "{reason}"
        );
        assert_eq!(registry.reachability(), Reachability::Disconnected);
    }
}

#[tokio::test]
async fn everything_else_is_an_outage_and_the_same_client_registers_afterwards() {
    let (fake, registry) = refusing(|_| None).await;
    for answer in [
        page(500),
        page(200),
        refusal(422, 42205),
        refusal(404, 40401),
        Answer::Close,
        Answer::Reset,
    ] {
        fake.now(answer);
        let error = registry.register_lineage(SUBJECT).await.expect_err("an outage");
        assert!(matches!(error, RegisterError::Outage(_)), "{error:?}");
    }
    fake.now(say(200, json!({"id": 7})));
    assert_eq!(registry.register_lineage(SUBJECT).await, Ok(7));
}

#[tokio::test]
async fn verifying_finds_what_is_there_and_writes_nothing() {
    let fake =
        Fake::with(|request: &Request| say(200, json!({"id": 7, "version": 1, "schema": request.body["schema"]})))
            .await;
    assert_eq!(client(&fake.url()).verify_lineage(SUBJECT).await, Ok(7));
    let expected = vec!["POST /subjects/orders-value".to_owned(); schemas::LINEAGE.len()];
    assert_eq!(fake.take_lines(), expected);
}

#[tokio::test]
async fn verifying_refuses_what_is_missing_or_different_and_writes_nothing() {
    let other = say(200, json!({"id": 7, "version": 1, "schema": OTHER}));
    for answer in [refusal(404, 40401), refusal(404, 40403), other] {
        let fake = Fake::always(answer).await;
        let error = client(&fake.url())
            .verify_lineage(SUBJECT)
            .await
            .expect_err("a refusal");
        let RegisterError::Refused(reason) = error else {
            panic!("a refusal, not {error:?}");
        };
        for part in [
            SUBJECT,
            &fake.url(),
            "v1.avsc",
            "SCHEMAS=register",
            "deploy pipeline",
            "check-schemas",
        ] {
            assert!(reason.contains(part), "{part} in {reason}");
        }
        assert_eq!(fake.take_lines(), ["POST /subjects/orders-value"]);
    }
}

#[tokio::test]
async fn verifying_takes_no_outage_for_an_answer() {
    for answer in [
        page(404),
        page(401),
        page(200),
        refusal(500, 50001),
        refusal(404, 40402),
        Answer::Close,
    ] {
        let fake = Fake::always(answer).await;
        let error = client(&fake.url())
            .verify_lineage(SUBJECT)
            .await
            .expect_err("an outage");
        assert!(matches!(error, RegisterError::Outage(_)), "{error:?}");
        assert!(
            fake.take_lines()
                .iter()
                .all(|line| line == "POST /subjects/orders-value")
        );
    }
}
