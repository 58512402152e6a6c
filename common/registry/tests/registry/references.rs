//! Schemas that refer to others.

use orderlog_registry::{Registry, RegistryError};
use serde_json::{Value, json};

use crate::client;
use crate::fake::{Answer, Fake, Request, page, refusal, say};

/// A registry of a few schemas: id 5 is `top`, and subjects have one version each. A schema's text is its own name.
async fn registry(schemas: &[(&str, &[&str])]) -> (Fake, Registry) {
    let schemas: Vec<(String, Value)> = schemas
        .iter()
        .map(|(name, refers)| (path_of(name), held(name, refers)))
        .collect();
    let fake = Fake::with(move |request: &Request| {
        let found = schemas.iter().find(|(path, _)| *path == request.target);
        found.map_or_else(|| refusal(404, 40401), |(_, schema)| say(200, schema.clone()))
    })
    .await;
    let registry = client(&fake.url());
    (fake, registry)
}

fn path_of(name: &str) -> String {
    match name {
        "top" => "/schemas/ids/5".to_owned(),
        name => format!("/subjects/{name}/versions/1?deleted=true"),
    }
}

fn held(name: &str, refers: &[&str]) -> Value {
    let references: Vec<_> = refers
        .iter()
        .map(|name| json!({"name": name, "subject": name, "version": 1}))
        .collect();
    json!({"schema": name, "references": references})
}

async fn unknown(registry: &Registry) -> String {
    match registry.schema(5).await {
        Err(RegistryError::Unknown(reason)) => reason,
        other => panic!("unknown, not {other:?}"),
    }
}

#[tokio::test]
async fn each_reference_is_fetched_once_and_comes_before_its_referrers() {
    let schemas: &[(&str, &[&str])] = &[("top", &["a", "b"]), ("a", &["c"]), ("b", &["c", "a"]), ("c", &[])];
    let (fake, registry) = registry(schemas).await;
    let schema = registry.schema(5).await.expect("a schema");
    assert_eq!(
        (schema.text.as_str(), schema.references),
        ("top", ["c", "a", "b"].map(str::to_owned).to_vec())
    );
    assert_eq!(fake.take_requests().len(), 4);
}

#[tokio::test]
async fn the_latest_version_is_followed_however_it_is_written_and_fetched_once() {
    for latest in [json!(-1), json!("latest"), json!(null)] {
        let by_number = json!({"name": "a", "subject": "a", "version": 4});
        let fake = Fake::with(move |request: &Request| match request.target.as_str() {
            "/schemas/ids/5" => {
                let reference = json!({"name": "a", "subject": "a", "version": latest});
                say(200, json!({"schema": "top", "references": [by_number, reference]}))
            }
            "/subjects/a/versions/4?deleted=true" | "/subjects/a/versions/latest" => {
                say(200, json!({"schema": "a", "version": 4}))
            }
            _ => refusal(404, 40401),
        })
        .await;
        let schema = client(&fake.url()).schema(5).await.expect("a schema");
        assert_eq!((schema.text.as_str(), schema.references), ("top", vec!["a".to_owned()]));
    }
}

#[tokio::test]
async fn the_latest_version_may_be_a_deleted_one_and_not_one_that_leads_back() {
    let latest = |subject: &str| json!({"schema": subject, "references": [{"subject": subject, "version": -1}]});
    let fake = Fake::with(move |request: &Request| match request.target.as_str() {
        "/schemas/ids/5" => say(200, latest("a")),
        "/subjects/a/versions/latest?deleted=true" => say(200, json!({"schema": "a"})),
        "/schemas/ids/6" => say(200, latest("b")),
        "/subjects/b/versions/latest" => say(200, latest("b")),
        "/schemas/ids/7" => say(200, latest("gone")),
        _ => refusal(404, 40401),
    })
    .await;
    let registry = client(&fake.url());
    assert_eq!(registry.schema(5).await.expect("a schema").references, ["a"]);
    for (id, why) in [
        (6, "subject b, which refers to itself"),
        (7, "the latest version of subject gone"),
    ] {
        let unknown = registry.schema(id).await;
        assert!(
            matches!(&unknown, Err(RegistryError::Unknown(reason)) if reason.contains(why)),
            "{unknown:?}"
        );
    }
}

#[tokio::test]
async fn a_broken_reference_is_unknown_and_no_outage() {
    for reference in [json!("a"), json!({"version": 1}), json!({"subject": 5, "version": 1})] {
        let held = json!({"schema": "top", "references": [reference]});
        let fake = Fake::with(move |_: &Request| say(200, held.clone())).await;
        assert!(unknown(&client(&fake.url())).await.contains("refers to"));
    }
}

#[tokio::test]
async fn a_subject_is_one_segment_of_the_path_whatever_it_is_called() {
    let fake = Fake::with(|request: &Request| match request.target.as_str() {
        "/schemas/ids/5" => say(200, held("top", &["a/b ?#%\n.é"])),
        _ => say(200, held("other", &[])),
    })
    .await;
    client(&fake.url()).schema(5).await.expect("a schema");
    assert_eq!(
        fake.take_lines()[1],
        "GET /subjects/a%2Fb%20%3F%23%25%0A.%C3%A9/versions/1?deleted=true"
    );
}

#[tokio::test]
async fn a_subject_that_would_be_another_path_is_unknown_without_asking() {
    let (fake, registry) = registry(&[("top", &[".."])]).await;
    assert!(unknown(&registry).await.contains("subject .."));
    assert_eq!(fake.take_requests().len(), 1);
}

#[tokio::test]
async fn one_that_the_registry_does_not_have_makes_the_schema_unknown() {
    for code in [40401, 40402] {
        let fake = Fake::with(move |request: &Request| match request.target.as_str() {
            "/schemas/ids/5" => say(200, held("top", &["gone"])),
            _ => refusal(404, code),
        })
        .await;
        let reason = unknown(&client(&fake.url())).await;
        assert!(
            reason.contains("schema id 5") && reason.contains("version 1 of subject gone"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_reference_that_cannot_be_fetched_is_an_outage() {
    for answer in [
        page(404),
        page(500),
        refusal(404, 40403),
        page(401),
        page(200),
        Answer::Close,
    ] {
        let fake = Fake::with(move |request: &Request| match request.target.as_str() {
            "/schemas/ids/5" => say(200, held("top", &["a"])),
            _ => answer.clone(),
        })
        .await;
        let reason = crate::outage(&client(&fake.url())).await;
        assert!(reason.contains("/subjects/a/versions/1"), "{reason}");
    }
}

#[tokio::test]
async fn a_circle_is_noticed() {
    let (_fake, registry) = registry(&[("top", &["a"]), ("a", &["b"]), ("b", &["a"])]).await;
    assert!(unknown(&registry).await.contains("refers to itself"));
}

#[tokio::test]
async fn more_than_any_schema_needs_is_refused() {
    let names: Vec<String> = (0..65).map(|n| format!("s{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut schemas: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, &[][..])).collect();
    schemas.push(("top", &names));
    let (_fake, most) = registry(&schemas).await;
    assert!(unknown(&most).await.contains("more than 64 schemas"));
    schemas.pop();
    schemas.push(("top", &names[..64]));
    let (_fake, most) = registry(&schemas).await;
    assert_eq!(most.schema(5).await.expect("a schema").references.len(), 64);
}

#[tokio::test]
async fn larger_than_any_schema_needs_is_refused() {
    let fake = Fake::with(|request: &Request| match request.target.as_str() {
        "/schemas/ids/5" => say(200, held("top", &["a", "b"])),
        _ => say(200, held(&"x".repeat(600_000), &[])),
    })
    .await;
    assert!(unknown(&client(&fake.url())).await.contains("more than 1048576 bytes"));
}
