//! One registry, every fault: the result, the time it takes, and that the same client works again afterwards.

use std::time::{Duration, Instant};

use orderlog_avro::SchemaText;
use orderlog_registry::{Reachability, RegistryError};

use crate::fake::{Answer, Fake, page, refusal, say, schema};
use crate::{TEXT, client, outage};

const MEGABYTE: usize = 1_000_000;
/// A quick fault that takes longer was not noticed but timed out.
const SOON: Duration = Duration::from_secs(5);
/// The time limit of a request, plus a margin for a busy machine.
const BOUND: Duration = Duration::from_secs(15);

fn redirect(to: &str) -> Answer {
    Answer::Say(302, format!("location: {to}\r\n"), Vec::new())
}

#[tokio::test]
async fn a_schema_is_an_answer_and_so_is_a_definite_no() {
    let fake = Fake::always(schema(TEXT)).await;
    let registry = client(&fake.url());
    assert_eq!(registry.reachability(), Reachability::Unknown);
    assert_eq!(registry.schema(5).await.expect("a response"), SchemaText::avro(TEXT));
    assert_eq!(fake.take_lines(), ["GET /schemas/ids/5"]);
    fake.now(refusal(404, 40403));
    let unknown = registry.schema(5).await;
    assert!(
        matches!(&unknown, Err(RegistryError::Unknown(reason)) if reason.contains("id 5")),
        "{unknown:?}"
    );
    assert_eq!(registry.reachability(), Reachability::Connected);
}

#[tokio::test]
async fn a_schema_of_another_type_is_an_answer_too() {
    let fake = Fake::always(say(
        200,
        serde_json::json!({"schema": "syntax", "schemaType": "PROTOBUF"}),
    ))
    .await;
    let schema = client(&fake.url()).schema(5).await.expect("a schema");
    assert_eq!(
        (schema.schema_type.as_str(), schema.text.as_str()),
        ("PROTOBUF", "syntax")
    );
}

#[tokio::test]
async fn whatever_else_comes_is_an_outage_and_the_client_recovers_from_it() {
    let fake = Fake::always(schema(TEXT)).await;
    let registry = client(&fake.url());
    for (fault, answer, told) in [
        ("unauthorized", refusal(401, 40101), "401"),
        ("forbidden", page(403), "403"),
        ("a page that is not found", page(404), "404"),
        ("no such subject", refusal(404, 40401), "40401"),
        ("not found, said by a framework", refusal(404, 404), "404"),
        ("not found in a server's error", refusal(500, 40403), "500"),
        ("a server's time-out", page(408), "408"),
        ("too many requests", refusal(429, 42901), "429"),
        ("a server's error", refusal(500, 50001), "refusal 50001"),
        ("a bad gateway", page(502), "502"),
        ("not available", page(503), "503"),
        ("a gateway's time-out", page(504), "504"),
        ("a redirect to nowhere", redirect("http://127.0.0.1:9/"), "refused"),
        (
            "a redirect without a target",
            Answer::Say(302, String::new(), Vec::new()),
            "302",
        ),
        (
            "a redirect in a circle",
            redirect("/schemas/ids/5"),
            "too many redirects",
        ),
        ("a page", page(200), "have the registry's path?"),
        (
            "nothing",
            Answer::Say(200, String::new(), Vec::new()),
            "not a schema registry response",
        ),
        ("nothing at all", Answer::Say(204, String::new(), Vec::new()), "204"),
        (
            "another answer",
            say(200, serde_json::json!({"id": 5})),
            "not a schema registry response",
        ),
        (
            "a refusal with success",
            refusal(200, 40403),
            "not a schema registry response",
        ),
        (
            "garbage",
            Answer::Say(200, String::new(), vec![0xff; 100]),
            "not a schema registry response",
        ),
        (
            "large garbage",
            Answer::Say(200, String::new(), vec![b'['; 10 * MEGABYTE]),
            "not a schema registry response",
        ),
        (
            "too much",
            Answer::Say(200, String::new(), vec![b' '; 34 * MEGABYTE]),
            "longer than",
        ),
        ("half an answer", Answer::CutOff, ""),
        ("a closed connection", Answer::Close, ""),
        ("a reset connection", Answer::Reset, "reset"),
        ("something that is not HTTP", Answer::NoHttp, ""),
    ] {
        fake.now(answer);
        let begun = Instant::now();
        let reason = outage(&registry).await;
        assert!(begun.elapsed() < SOON, "{fault} took {:?}", begun.elapsed());
        assert!(
            reason.contains(&format!("GET {}/schemas/ids/5", fake.url())),
            "{fault}: {reason}"
        );
        assert!(reason.to_lowercase().contains(told), "{fault}: {reason}");
        assert!(reason.len() < 600, "{fault}: {reason}");
        assert_eq!(registry.reachability(), Reachability::Disconnected, "{fault}");
        fake.now(schema(TEXT));
        assert_eq!(
            registry.schema(5).await.expect("a response"),
            SchemaText::avro(TEXT),
            "after {fault}"
        );
    }
}

#[tokio::test]
async fn a_redirect_to_a_login_page_is_an_outage_and_one_to_a_registry_is_followed() {
    let login = Fake::always(page(200)).await;
    let other = Fake::always(schema(TEXT)).await;
    let fake = Fake::always(redirect(&login.url())).await;
    let registry = client(&fake.url());
    assert!(outage(&registry).await.contains("not a schema registry response"));
    fake.now(redirect(&format!("{}/schemas/ids/5", other.url())));
    assert_eq!(registry.schema(5).await.expect("a response"), SchemaText::avro(TEXT));
}

#[tokio::test]
async fn a_schema_of_ten_megabytes_is_an_answer() {
    let text = "x".repeat(10 * MEGABYTE);
    let fake = Fake::always(schema(&text)).await;
    let answer = client(&fake.url()).schema(5).await.expect("a schema");
    assert!(answer.text == text, "{} bytes", answer.text.len());
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_an_outage() {
    let gone = Fake::always(Answer::Close).await.url();
    assert!(outage(&client(&gone)).await.contains("refused"));
    let nowhere = outage(&client("http://registry.invalid")).await;
    assert!(nowhere.contains("http://registry.invalid/schemas/ids/5"), "{nowhere}");
}

/// Together, because each takes as long as a request may.
#[tokio::test]
async fn what_never_ends_is_an_outage_in_time_and_what_is_only_slow_is_an_answer() {
    let body = serde_json::json!({"schema": TEXT}).to_string().into_bytes();
    let hanging = Fake::always(Answer::Hang).await;
    let trickling = Fake::always(Answer::Trickle).await;
    let slow = Fake::always(Answer::Late(Duration::from_secs(5), body)).await;
    let (hung, trickled, late) = (client(&hanging.url()), client(&trickling.url()), client(&slow.url()));
    let begun = Instant::now();
    let (silence, endless, answer) = tokio::join!(outage(&hung), outage(&trickled), late.schema(5));
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    for reason in [silence, endless] {
        assert!(reason.contains("timed out"), "{reason}");
    }
    assert_eq!(answer.expect("a response"), SchemaText::avro(TEXT));
    for (fake, registry) in [(&hanging, &hung), (&trickling, &trickled)] {
        fake.now(schema(TEXT));
        assert_eq!(registry.schema(5).await.expect("a response"), SchemaText::avro(TEXT));
    }
}
