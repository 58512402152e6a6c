//! Registries that have moved: a redirect never changes a request into another.

use orderlog_avro::SchemaText;
use orderlog_registry::RegisterError;
use serde_json::json;

use crate::fake::{Answer, Fake, Request, page, say, schema};
use crate::{LINEAGE, TEXT, client, outage};

const SUBJECT: &str = "orders-value";

/// Redirects every request to that address.
async fn moved(status: u16, to: String) -> Fake {
    Fake::with(move |request: &Request| {
        let location = format!("location: {to}{}\r\n", request.target);
        Answer::Say(status, location, Vec::new())
    })
    .await
}

#[tokio::test]
async fn a_redirect_is_followed_for_reads_and_for_writes_only_where_it_keeps_the_method() {
    for status in [301, 302, 303, 307, 308] {
        let registry = Fake::with(|request: &Request| match request.method.as_str() {
            "GET" => schema(TEXT),
            _ => say(200, json!({"id": 7, "schema": request.body["schema"]})),
        })
        .await;
        let fake = moved(status, registry.url()).await;
        let client = client(&fake.url());
        assert_eq!(client.schema(5).await.expect("a response"), SchemaText::avro(TEXT));
        registry.take_requests();
        let answer = client.verify_lineage(SUBJECT, LINEAGE).await;
        if matches!(status, 307 | 308) {
            assert!(matches!(answer, Ok(7)), "{answer:?}");
            continue;
        }
        let Err(RegisterError::Outage(outage)) = answer else {
            panic!("an outage, not {answer:?}");
        };
        let reason = outage.to_string();
        let told = format!(
            "redirects ({status}) to {}; set SCHEMA_REGISTRY_URL to that",
            registry.url()
        );
        assert!(reason.contains(&told), "{reason}");
        assert_eq!(registry.take_lines(), [""; 0], "nothing else was asked instead");
    }
}

#[tokio::test]
async fn where_a_redirect_leads_is_shown_without_secrets() {
    let fake = Fake::always(Answer::Say(
        302,
        "location: http://user:hunter2@login/sso?token=hunter2\r\n".to_owned(),
        Vec::new(),
    ))
    .await;
    let answer = client(&fake.url()).verify_lineage(SUBJECT, LINEAGE).await;
    let Err(RegisterError::Outage(outage)) = answer else {
        panic!("an outage, not {answer:?}");
    };
    let reason = outage.to_string();
    assert!(
        reason.contains("redirects (302) to http://login/sso; set SCHEMA_REGISTRY_URL") && !reason.contains("hunter2"),
        "{reason}"
    );
}

#[tokio::test]
async fn an_outage_behind_a_redirect_names_where_it_led() {
    let page = Fake::always(page(200)).await;
    for to in ["http://user:hunter2@registry.invalid".to_owned(), page.url()] {
        let fake = moved(307, to.clone()).await;
        let reason = outage(&client(&fake.url())).await;
        let told = format!(
            "GET {}/schemas/ids/5, redirected to {}/schemas/ids/5: ",
            fake.url(),
            to.replace("user:hunter2@", "")
        );
        assert!(reason.starts_with(&told) && !reason.contains("hunter2"), "{reason}");
    }
}
