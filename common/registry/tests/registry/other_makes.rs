//! Registries of other vendors and ages, which say "not found" in their own ways.

use orderlog_registry::{Reachability, Registry, RegistryError};
use serde_json::json;

use crate::fake::{Answer, Fake, Request, page, refusal, say, schema};
use crate::{LINEAGE, TEXT, client, outage};

const SUBJECT: &str = "orders-value";

/// The ways of saying "not found".
fn not_there() -> Vec<Answer> {
    vec![
        refusal(404, 404),
        refusal(404, 40400),
        refusal(404, 40401),
        refusal(404, 40499),
        say(404, json!({"message": "No content with id"})),
    ]
}

/// A registry with schema id 5 and nothing else, which says "not found" like this, and proves at that path that it is one.
async fn registry(not_there: Answer, proof: &'static str) -> Fake {
    Fake::with(move |request: &Request| match request.target.as_str() {
        target if target == proof => say(200, json!([])),
        target if target.starts_with("/schemas/ids/5") => schema(TEXT),
        _ => not_there.clone(),
    })
    .await
}

async fn is_unknown(registry: &Registry, id: u32) {
    let answer = registry.schema(id).await;
    assert!(matches!(answer, Err(RegistryError::Unknown(_))), "{answer:?}");
    assert_eq!(registry.reachability(), Reachability::Connected);
}

#[tokio::test]
async fn an_id_is_unknown_in_whatever_words_of_a_registry() {
    for answer in not_there() {
        for proof in ["/schemas/types", "/subjects"] {
            let fake = registry(answer.clone(), proof).await;
            is_unknown(&client(&fake.url()), 6).await;
            let reading = client(&fake.url()).for_subject(SUBJECT.to_owned());
            assert!(reading.schema(5).await.is_ok());
            is_unknown(&reading, 6).await;
        }
    }
}

#[tokio::test]
async fn a_flood_of_unknown_ids_needs_no_proof_for_each() {
    let fake = registry(refusal(404, 404), "/schemas/types").await;
    let registry = client(&fake.url());
    for id in 10..20 {
        is_unknown(&registry, id).await;
    }
    let proofs = fake.take_lines().iter().filter(|line| line.ends_with("/types")).count();
    assert!(proofs < 10, "{proofs}");
}

#[tokio::test]
async fn the_same_words_of_something_in_its_place_are_an_outage() {
    for answer in not_there() {
        // Not even an id that it has returned proves it: it may be away since.
        let fake = registry(answer.clone(), "none").await;
        let registry = client(&fake.url());
        assert!(registry.schema(5).await.is_ok());
        fake.now(answer);
        assert!(outage(&registry).await.contains("404"));
        assert_eq!(registry.reachability(), Reachability::Disconnected);
    }
    // A page is an outage even from a registry.
    for page in [
        page(404),
        Answer::Say(404, String::new(), Vec::new()),
        say(404, json!({})),
    ] {
        let fake = self::registry(page, "/schemas/types").await;
        let answer = client(&fake.url()).schema(6).await;
        assert!(matches!(answer, Err(RegistryError::Outage(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_reference_that_is_not_there_makes_its_schema_unknown() {
    for answer in not_there() {
        let fake = Fake::with(move |request: &Request| match request.target.as_str() {
            "/schemas/types" => say(200, json!(["AVRO"])),
            "/schemas/ids/5" => say(
                200,
                json!({"schema": "top", "references": [{"name": "a", "subject": "a", "version": 1}]}),
            ),
            _ => answer.clone(),
        })
        .await;
        is_unknown(&client(&fake.url()), 5).await;
    }
}

#[tokio::test]
async fn a_subject_that_is_not_there_is_begun() {
    for answer in not_there() {
        let fake =
            Fake::with(
                move |request: &Request| match format!("{} {}", request.method, request.target).as_str() {
                    "GET /schemas/types" => say(200, json!(["AVRO"])),
                    "GET /config" => say(200, json!({"compatibilityLevel": "NONE"})),
                    "PUT /config/orders-value" => say(200, json!({"compatibility": "FULL_TRANSITIVE"})),
                    "POST /subjects/orders-value/versions" => say(200, json!({"id": 7})),
                    _ => answer.clone(),
                },
            )
            .await;
        let registry = client(&fake.url());
        assert_eq!(
            registry.register_lineage(SUBJECT, LINEAGE).await.expect("a response"),
            7
        );
        assert_eq!(
            registry.compatibility_level(SUBJECT).await.as_deref(),
            Some("NONE"),
            "that of all subjects"
        );
        let sent = fake
            .take_lines()
            .iter()
            .filter(|line| line.ends_with("-value/versions"))
            .count();
        assert!(sent >= LINEAGE.len());
    }
}
