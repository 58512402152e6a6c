//! A registry with several addresses.

use orderlog_avro::SchemaText;
use orderlog_registry::RegistryError;

use crate::fake::{Answer, Fake, page, refusal, schema};
use crate::{TEXT, client, outage};

#[tokio::test]
async fn the_address_that_answered_last_is_tried_first() {
    let (first, second) = (Fake::always(page(503)).await, Fake::always(schema(TEXT)).await);
    let registry = client(&format!("{},{}", first.url(), second.url()));
    for _ in 0..2 {
        assert_eq!(registry.schema(5).await.expect("a response"), SchemaText::avro(TEXT));
    }
    assert_eq!((first.take_requests().len(), second.take_requests().len()), (1, 2));
    second.now(Answer::Close);
    first.now(schema(TEXT));
    for _ in 0..2 {
        assert_eq!(registry.schema(5).await.expect("a response"), SchemaText::avro(TEXT));
    }
    assert_eq!((first.take_requests().len(), second.take_requests().len()), (2, 1));
}

#[tokio::test]
async fn a_definite_no_of_any_address_is_an_answer() {
    let (first, second) = (Fake::always(page(404)).await, Fake::always(refusal(404, 40403)).await);
    let registry = client(&format!("{},{}", first.url(), second.url()));
    assert!(matches!(registry.schema(5).await, Err(RegistryError::Unknown(_))));
}

#[tokio::test]
async fn it_is_an_outage_only_when_all_fail_and_each_is_named_with_its_reason() {
    let (first, second) = (Fake::always(page(503)).await, Fake::always(page(401)).await);
    let registry = client(&format!("{},{}", first.url(), second.url()));
    assert_eq!(registry.urls(), format!("{},{}", first.url(), second.url()));
    let reason = outage(&registry).await;
    for part in [first.url(), second.url(), "503".to_owned(), "401".to_owned()] {
        assert!(reason.contains(&part), "{part} in {reason}");
    }
}
