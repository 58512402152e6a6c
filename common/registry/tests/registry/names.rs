//! Looking up the schema that a record names: by id, with the records' subject, or by GUID.

use std::time::{Duration, Instant};

use orderlog_avro::SchemaText;
use orderlog_registry::{Reachability, Registry, RegistryError};
use serde_json::json;
use uuid::Uuid;

use crate::fake::{Answer, Fake, page, refusal, say, schema};
use crate::{TEXT, client};

const WITH_SUBJECT: &str = "GET /schemas/ids/5?subject=orders-value";
const WITHOUT: &str = "GET /schemas/ids/5";
const GUID: Uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
const OF_GUID: &str = "GET /schemas/guids/00112233-4455-6677-8899-aabbccddeeff";

fn reading(fake: &Fake) -> Registry {
    client(&fake.url()).for_subject("orders-value".to_owned())
}

/// A fake with one answer where a subject is named and one where not.
async fn by_subject(with: Answer, without: Answer) -> Fake {
    Fake::with(move |request| {
        if request.target.contains("?subject=") {
            with.clone()
        } else {
            without.clone()
        }
    })
    .await
}

#[tokio::test]
async fn an_id_of_another_context_is_found_by_the_subject_that_is_there() {
    let fake = by_subject(schema(TEXT), refusal(404, 40403)).await;
    assert_eq!(
        reading(&fake).schema(5).await.expect("a response"),
        SchemaText::avro(TEXT)
    );
    assert_eq!(fake.take_lines(), [WITH_SUBJECT]);
    let odd = client(&fake.url()).for_subject("a/b c-value".to_owned());
    assert_eq!(odd.schema(5).await.expect("a response"), SchemaText::avro(TEXT));
    assert_eq!(fake.take_lines(), ["GET /schemas/ids/5?subject=a%2Fb%20c-value"]);
}

#[tokio::test]
async fn a_registry_that_takes_the_subject_for_more_or_does_not_know_it_is_asked_without() {
    for with in [
        refusal(404, 40401),
        refusal(404, 40402),
        refusal(404, 40403),
        refusal(400, 400),
        refusal(422, 42201),
        page(404),
        page(405),
    ] {
        let fake = by_subject(with, schema(TEXT)).await;
        assert_eq!(
            reading(&fake).schema(5).await.expect("a response"),
            SchemaText::avro(TEXT)
        );
        assert_eq!(fake.take_lines(), [WITH_SUBJECT, WITHOUT]);
    }
}

#[tokio::test]
async fn an_id_is_unknown_when_it_is_in_both_ways_and_an_outage_is_one_in_either() {
    let fake = Fake::always(refusal(404, 40403)).await;
    let unknown = reading(&fake).schema(5).await;
    assert!(matches!(unknown, Err(RegistryError::Unknown(_))), "{unknown:?}");
    for (with, without, asked) in [
        (refusal(500, 50001), refusal(404, 40403), 1),
        (refusal(429, 42901), schema(TEXT), 1),
        (refusal(404, 40403), refusal(500, 50001), 2),
        (page(404), page(404), 2),
    ] {
        let fake = by_subject(with, without).await;
        let registry = reading(&fake);
        let outage = registry.schema(5).await;
        assert!(matches!(outage, Err(RegistryError::Outage(_))), "{outage:?}");
        assert_eq!(registry.reachability(), Reachability::Disconnected);
        assert_eq!(fake.take_lines().len(), asked);
    }
}

/// A registry with schema id 5, which it finds for that subject only or for any.
async fn with_five(for_any: bool) -> Fake {
    Fake::with(move |request| {
        let ours = !request.target.contains("subject=") || request.target.ends_with("=orders-value");
        match request.target.starts_with("/schemas/ids/5") && (for_any || ours) {
            true => schema(TEXT),
            false => refusal(404, 40403),
        }
    })
    .await
}

#[tokio::test]
async fn where_a_subject_keeps_no_id_from_being_found_one_question_is_enough() {
    let fake = with_five(true).await;
    let registry = reading(&fake);
    assert!(registry.schema(5).await.is_ok() && registry.schema(6).await.is_err());
    let lines = fake.take_lines();
    assert_eq!(lines[..2], [WITH_SUBJECT, "GET /schemas/ids/6?subject=orders-value"]);
    assert!(
        lines.len() == 3 && lines[2].starts_with("GET /schemas/ids/5?subject="),
        "{lines:?}"
    );
    assert!(registry.schema(7).await.is_err());
    assert_eq!(fake.take_lines(), ["GET /schemas/ids/7?subject=orders-value"]);
    // It is checked again after an outage: a different registry may have taken its place.
    fake.now(page(503));
    assert!(registry.schema(5).await.is_err());
    fake.now(refusal(404, 40403));
    assert!(registry.schema(7).await.is_err());
    assert_eq!(fake.take_lines().last().map(String::as_str), Some("GET /schemas/ids/7"));
}

#[tokio::test]
async fn where_a_subject_may_keep_an_id_from_being_found_it_is_asked_for_without_as_well() {
    let fake = with_five(false).await;
    let registry = reading(&fake);
    assert!(registry.schema(5).await.is_ok() && registry.schema(6).await.is_err());
    assert_eq!(fake.take_lines().last().map(String::as_str), Some("GET /schemas/ids/6"));
    assert!(registry.schema(7).await.is_err());
    assert_eq!(
        fake.take_lines(),
        ["GET /schemas/ids/7?subject=orders-value", "GET /schemas/ids/7"]
    );
}

#[tokio::test]
async fn a_schema_is_found_by_its_guid_where_the_registry_has_guids() {
    let fake = Fake::always(schema(TEXT)).await;
    let registry = reading(&fake);
    assert_eq!(
        registry.schema_of_guid(GUID).await.expect("a response"),
        Some(SchemaText::avro(TEXT))
    );
    assert_eq!(fake.take_lines(), [OF_GUID]);
    fake.now(refusal(404, 40403));
    let unknown = registry.schema_of_guid(GUID).await;
    assert!(
        matches!(&unknown, Err(RegistryError::Unknown(reason)) if reason.contains("aabbccddeeff")),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn a_registry_without_guids_is_distinguished_from_an_outage() {
    for no_such_path in [refusal(404, 404), refusal(405, 405), page(404)] {
        let answer = no_such_path.clone();
        let fake = Fake::with(move |request| match request.target.as_str() {
            "/schemas/types" => say(200, json!(["AVRO", "JSON"])),
            _ => answer.clone(),
        })
        .await;
        let registry = reading(&fake);
        assert_eq!(registry.schema_of_guid(GUID).await.expect("a response"), None);
        assert_eq!(registry.reachability(), Reachability::Connected);
        assert_eq!(fake.take_lines(), [OF_GUID, "GET /schemas/types"]);
        fake.now(no_such_path);
        let outage = registry.schema_of_guid(GUID).await;
        assert!(matches!(outage, Err(RegistryError::Outage(_))), "{outage:?}");
    }
}

#[tokio::test]
async fn a_backoff_ends_as_soon_as_the_registry_is_back_or_has_answered_another_call() {
    let long = Duration::from_secs(60);
    let fake = Fake::always(Answer::Hang).await;
    let registry = reading(&fake);
    let begun = Instant::now();
    let back = async {
        // The first probe hangs; it is given up.
        while fake.take_lines().is_empty() {
            tokio::task::yield_now().await;
        }
        fake.now(say(200, json!(["AVRO"])));
    };
    tokio::join!(registry.back_off(long), registry.back_off(long), back);
    assert!(begun.elapsed() < long / 2, "{:?}", begun.elapsed());

    // Where the probe itself fails, another call's success wakes the waiter.
    fake.now(schema(TEXT));
    let (_, answer) = tokio::join!(registry.back_off(long), registry.schema(5));
    assert!(answer.is_ok() && begun.elapsed() < long / 2, "{:?}", begun.elapsed());
}
