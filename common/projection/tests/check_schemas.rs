//! `check-schemas` against a registry: what it reports, and that it writes nothing.

#[allow(dead_code, reason = "the registry's tests use more of it")]
#[path = "../../registry/tests/registry/fake.rs"]
mod fake;

use std::process::ExitCode;

use orderlog_projection::check_schemas::{self, CheckSchemas, Report};
use orderlog_registry::config::{RegistryConfig, SchemasMode};
use serde_json::json;

use crate::fake::{Fake, Request, page, refusal, say};

/// A registry's responses to a look-up and to a compatibility check.
async fn registry(look_up: fn(&Request) -> crate::fake::Answer, is_compatible: bool) -> Fake {
    Fake::with(move |request: &Request| match request.target.as_str() {
        "/subjects/orders-value" => look_up(request),
        "/subjects/orders-value/versions" => refusal(404, 40401),
        _ if is_compatible => say(200, json!({"is_compatible": true, "messages": []})),
        _ => say(200, json!({"is_compatible": false, "messages": ["the reason"]})),
    })
    .await
}

fn settings(fake: &Fake, mode: SchemasMode) -> CheckSchemas {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut registry = RegistryConfig::at(&fake.url()).expect("an address");
    registry.schemas = mode;
    CheckSchemas {
        registry,
        topic: "orders".parse().expect("a name"),
    }
}

/// The report; asserts that nothing was written.
async fn report(fake: &Fake, mode: SchemasMode) -> Report {
    let report = check_schemas::check(&settings(fake, mode)).await.expect("a report");
    for line in fake.take_lines() {
        let asks = line.starts_with("GET ")
            || line == "POST /subjects/orders-value"
            || line.starts_with("POST /compatibility/");
        assert!(asks, "{line}");
    }
    report
}

fn missing(_: &Request) -> crate::fake::Answer {
    refusal(404, 40403)
}

#[tokio::test]
async fn a_registered_version_is_reported_with_id_and_version() {
    let fake = registry(
        |request| say(200, json!({"id": 7, "version": 2, "schema": request.body["schema"]})),
        true,
    )
    .await;
    let report = report(&fake, SchemasMode::Verify).await;
    assert!(report.is_fine(), "{report}");
    assert!(
        report
            .to_string()
            .contains("v1.avsc: registered with id 7 as version 2"),
        "{report}"
    );
}

#[tokio::test]
async fn a_registrable_version_is_fine_if_it_will_be_registered() {
    let fake = registry(missing, true).await;
    let register = report(&fake, SchemasMode::Register).await;
    assert!(
        register.is_fine() && register.to_string().contains("can be registered"),
        "{register}"
    );
    assert!(!report(&fake, SchemasMode::Verify).await.is_fine());
}

#[tokio::test]
async fn an_incompatible_schema_is_reported_with_reasons() {
    let fake = registry(missing, false).await;
    let report = report(&fake, SchemasMode::Register).await;
    assert!(!report.is_fine());
    assert!(
        report.to_string().contains("v1.avsc: incompatible\n    the reason"),
        "{report}"
    );
}

#[tokio::test]
async fn a_schema_that_only_a_weaker_level_would_accept_is_incompatible_too() {
    let other = r#"{"type":"record","name":"Other","fields":[]}"#;
    let fake = Fake::with(move |request: &Request| match request.target.as_str() {
        "/subjects/orders-value" => refusal(404, 40403),
        "/subjects/orders-value/versions" => say(200, json!([1])),
        "/subjects/orders-value/versions/1" => say(200, json!({"schema": other})),
        _ => say(200, json!({"is_compatible": true})),
    })
    .await;
    let report = report(&fake, SchemasMode::Register).await;
    assert!(
        !report.is_fine() && report.to_string().contains("version 1"),
        "{report}"
    );
}

#[tokio::test]
async fn a_version_that_is_incompatible_with_ours_is_reported() {
    let other = r#"{"type":"record","name":"Other","fields":[]}"#;
    let fake = Fake::with(move |request: &Request| match request.target.as_str() {
        "/subjects/orders-value" => say(200, json!({"id": 7, "version": 1, "schema": request.body["schema"]})),
        "/subjects/orders-value/versions" => say(200, json!([1, 2])),
        "/subjects/orders-value/versions/1" => say(200, json!({"schema": orderlog_contract::lineage::LINEAGE[0]})),
        _ => say(200, json!({"schema": other})),
    })
    .await;
    for mode in [SchemasMode::Register, SchemasMode::Verify] {
        let report = report(&fake, mode).await;
        let shown = report.to_string();
        assert!(!report.is_fine() && shown.contains("registered with id 7"), "{shown}");
        assert!(
            shown.contains("version 2") && !shown.contains("reading version 1"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn nothing_can_be_registered_at_a_read_only_registry() {
    for mode in ["READONLY", "READONLY_OVERRIDE", "IMPORT"] {
        let fake = Fake::with(move |request: &Request| match request.target.as_str() {
            "/subjects/orders-value" => refusal(404, 40403),
            "/subjects/orders-value/versions" => refusal(404, 40401),
            target if target.starts_with("/mode") => say(200, json!({"mode": mode})),
            _ => say(200, json!({"is_compatible": true})),
        })
        .await;
        let report = report(&fake, SchemasMode::Register).await;
        let shown = report.to_string();
        assert!(!report.is_fine() && !shown.contains("can be registered"), "{shown}");
        assert!(shown.contains(mode), "{shown}");
    }
}

#[tokio::test]
async fn a_schema_that_the_registry_finds_invalid_is_incompatible() {
    let fake = Fake::with(|request: &Request| match request.target.as_str() {
        "/subjects/orders-value" => refusal(404, 40401),
        "/subjects/orders-value/versions" => refusal(404, 40401),
        _ => refusal(422, 42201),
    })
    .await;
    let report = report(&fake, SchemasMode::Register).await;
    assert!(
        !report.is_fine() && report.to_string().contains("refusal 42201"),
        "{report}"
    );
}

#[tokio::test]
async fn the_exit_code_distinguishes_the_results() {
    let code = async |fake: &Fake| format!("{:?}", check_schemas::run(&settings(fake, SchemasMode::Register)).await);
    let expected = |code: u8| format!("{:?}", ExitCode::from(code));
    assert_eq!(code(&registry(missing, true).await).await, expected(0));
    assert_eq!(code(&registry(missing, false).await).await, expected(1));
    assert_eq!(code(&Fake::always(page(401)).await).await, expected(2));
    let no_id = |request: &Request| say(200, json!({"id": 0, "schema": request.body["schema"]}));
    assert_eq!(code(&registry(no_id, true).await).await, expected(2));
}
