//! A lineage at the registry: registered, looked up, rejected.

use std::sync::atomic::{AtomicUsize, Ordering};

use orderlog_registry::{Reachability, RegisterError, Registry};
use serde_json::{Value, json};

use crate::fake::{Answer, Fake, Request, page, refusal, say};
use crate::{LINEAGE, NEWEST, client};

const SUBJECT: &str = "orders-value";
/// A schema that is incompatible with ours.
const OTHER: &str =
    r#"{"type":"record","name":"OrderEvent","namespace":"com.ecommerce.order","fields":[{"name":"a","type":"int"}]}"#;

/// The responses of a registry that has nothing under the subject and accepts everything.
fn empty(line: &str) -> Answer {
    match line {
        "GET /config/orders-value" => refusal(404, 40408),
        "GET /config" => say(200, json!({"compatibilityLevel": "BACKWARD"})),
        "PUT /config/orders-value" => say(200, json!({"compatibility": "FULL_TRANSITIVE"})),
        "DELETE /config/orders-value" => say(200, json!({"compatibilityLevel": "BACKWARD"})),
        "GET /mode/orders-value?defaultToGlobal=true" => say(200, json!({"mode": "READWRITE"})),
        "POST /subjects/orders-value" | "GET /subjects/orders-value/versions" => refusal(404, 40401),
        "POST /subjects/orders-value/versions" => say(200, json!({"id": 7})),
        line if line.starts_with("POST /compatibility/") => say(200, json!({"is_compatible": true})),
        _ => page(404),
    }
}

/// Such a registry, except where the closure answers a line such as `GET /config`.
async fn registry(but: impl Fn(&str) -> Option<Answer> + Send + 'static) -> (Fake, Registry) {
    registry_of(move |line, _| but(line)).await
}

/// The same where the requested schema matters.
async fn registry_of(but: impl Fn(&str, &Value) -> Option<Answer> + Send + 'static) -> (Fake, Registry) {
    let fake = Fake::with(move |request: &Request| {
        let line = format!("{} {}", request.method, request.target);
        but(&line, &request.body["schema"]).unwrap_or_else(|| empty(&line))
    })
    .await;
    let registry = client(&fake.url());
    (fake, registry)
}

/// A registry that holds a schema incompatible with ours; the closure gives its reasons.
async fn refusing(reasons: impl Fn(&str) -> Option<Answer> + Send + 'static) -> (Fake, Registry) {
    registry(move |line| {
        reasons(line).or_else(|| match line {
            "POST /subjects/orders-value" => Some(refusal(404, 40403)),
            "GET /subjects/orders-value/versions" => Some(say(200, json!([3]))),
            "GET /subjects/orders-value/versions/3" => Some(say(200, json!({"schema": OTHER, "id": 1, "version": 3}))),
            line if line.starts_with("POST /compatibility/") => Some(page(404)),
            _ => None,
        })
    })
    .await
}

/// A registry that has every version of ours, all as id 7: which id belongs to which version does not matter here.
async fn with_ours(but: impl Fn(&str) -> Option<Answer> + Send + 'static) -> (Fake, Registry) {
    registry_of(move |line, schema| {
        but(line).or_else(|| (line == "POST /subjects/orders-value").then(|| seven(schema)))
    })
    .await
}

fn seven(schema: &Value) -> Answer {
    say(200, json!({"id": 7, "schema": schema}))
}

/// The requests that would change something.
fn writes(requests: &[Request]) -> Vec<String> {
    let is_question = |it: &Request| {
        it.method == "GET" || it.target == "/subjects/orders-value" || it.target.starts_with("/compatibility/")
    };
    let writes = requests.iter().filter(|it| !is_question(it));
    writes.map(|it| format!("{} {}", it.method, it.target)).collect()
}

async fn refused(registry: &Registry) -> String {
    match registry.register_lineage(SUBJECT, LINEAGE).await {
        Err(RegisterError::Refused(reason)) => reason,
        other => panic!("a refusal, not {other:?}"),
    }
}

async fn outage(registry: &Registry) -> String {
    match registry.register_lineage(SUBJECT, LINEAGE).await {
        Err(RegisterError::Outage(outage)) => outage.to_string(),
        other => panic!("an outage, not {other:?}"),
    }
}

#[tokio::test]
async fn the_level_is_set_and_every_version_registered_in_order() {
    let (fake, registry) = registry(|_| None).await;
    assert_eq!(
        registry.register_lineage(SUBJECT, LINEAGE).await.expect("a response"),
        7
    );
    let requests = fake.take_requests();
    let mut expected = vec!["PUT /config/orders-value"];
    expected.extend(LINEAGE.iter().map(|_| "POST /subjects/orders-value/versions"));
    assert_eq!(writes(&requests), expected);
    let level = requests.iter().find(|it| it.method == "PUT").expect("a level");
    assert_eq!(level.body["compatibility"], "FULL_TRANSITIVE");
    // Old registries know no other field, and reject a request with one.
    let bodies = requests
        .iter()
        .filter(|it| it.target == "/subjects/orders-value/versions" && it.method == "POST")
        .map(|it| it.body.clone());
    let expected = LINEAGE.iter().map(|text| json!({"schema": text}));
    assert_eq!(bodies.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn where_all_is_there_nothing_is_written() {
    let level = |line: &str| {
        line.starts_with("GET /config")
            .then(|| say(200, json!({"compatibilityLevel": "full_transitive"})))
    };
    let (fake, registry) = with_ours(level).await;
    assert_eq!(
        registry.register_lineage(SUBJECT, LINEAGE).await.expect("a response"),
        7
    );
    assert_eq!(writes(&fake.take_requests()), [""; 0]);
    assert_eq!(
        registry.compatibility_level(SUBJECT).await.as_deref(),
        Some("FULL_TRANSITIVE")
    );
}

#[tokio::test]
async fn where_all_is_there_a_level_that_cannot_be_set_is_no_obstacle() {
    for answer in [
        refusal(422, 42205),
        refusal(403, 40301),
        refusal(401, 40101),
        page(403),
        page(404),
        page(405),
        page(500),
        Answer::Close,
    ] {
        let (fake, registry) = with_ours(move |line| line.starts_with("PUT ").then(|| answer.clone())).await;
        assert_eq!(
            registry.register_lineage(SUBJECT, LINEAGE).await.expect("a response"),
            7
        );
        assert_eq!(writes(&fake.take_requests()), ["PUT /config/orders-value"]);
        assert_eq!(registry.compatibility_level(SUBJECT).await.as_deref(), Some("BACKWARD"));
        assert_eq!(registry.reachability(), Reachability::Connected);
    }
    // A registry that does not reveal its configuration.
    let (_fake, registry) = with_ours(|line| line.contains(" /config").then(|| refusal(403, 40301))).await;
    assert_eq!(
        registry.register_lineage(SUBJECT, LINEAGE).await.expect("a response"),
        7
    );
    assert_eq!(registry.compatibility_level(SUBJECT).await, None);
}

#[tokio::test]
async fn a_level_that_the_subject_has_already_is_not_set() {
    let full = || say(200, json!({"compatibilityLevel": "FULL_TRANSITIVE"}));
    for (line, answer, is_set) in [
        ("GET /config/orders-value", full(), false),
        // The global level may change tomorrow, and an unknown one may be anything.
        ("GET /config", full(), true),
        ("GET /config/orders-value", page(403), true),
    ] {
        let (fake, registry) = registry(move |asked| (asked == line).then(|| answer.clone())).await;
        assert_eq!(
            registry.register_lineage(SUBJECT, LINEAGE).await.expect("a response"),
            7
        );
        let writes = writes(&fake.take_requests());
        assert_eq!(
            writes.contains(&"PUT /config/orders-value".to_owned()),
            is_set,
            "{writes:?}"
        );
    }
}

#[tokio::test]
async fn a_level_that_this_registry_cannot_be_given_is_named_with_the_ways_out() {
    for answer in [page(404), page(405), page(501), refusal(404, 404)] {
        let (fake, registry) = registry(move |line| line.contains(" /config").then(|| answer.clone())).await;
        let reason = outage(&registry).await;
        for part in [SUBJECT, "FULL_TRANSITIVE by hand", "SCHEMAS=verify"] {
            assert!(reason.contains(part), "{part} in {reason}");
        }
        assert_eq!(writes(&fake.take_requests()), ["PUT /config/orders-value"]);
    }
}

#[tokio::test]
async fn a_schema_that_gets_no_possible_id_is_not_registered() {
    for id in [json!(0), json!(2_147_483_648_u32), json!(-1)] {
        let told = format!("returned id {id}; ids are 1 to 2147483647");
        let given = id.clone();
        let (_fake, at_registration) = registry(move |line| {
            (line == "POST /subjects/orders-value/versions").then(|| say(200, json!({"id": given})))
        })
        .await;
        assert!(outage(&at_registration).await.contains(&told));
        let (fake, at_look_up) = registry_of(move |line, schema| {
            (line == "POST /subjects/orders-value").then(|| say(200, json!({"id": id, "schema": schema})))
        })
        .await;
        assert!(outage(&at_look_up).await.contains(&told));
        let verified = at_look_up.verify_lineage(SUBJECT, LINEAGE).await;
        assert!(matches!(verified, Err(RegisterError::Outage(_))), "{verified:?}");
        assert_eq!(writes(&fake.take_requests()), [""; 0]);
    }
}

#[tokio::test]
async fn a_registry_that_takes_no_schemas_now_is_not_touched_and_named_with_the_way_out() {
    for mode in ["READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD"] {
        for path in ["GET /mode/orders-value?defaultToGlobal=true", "GET /mode"] {
            let (fake, registry) = registry(move |line| match line {
                line if line == path => Some(say(200, json!({"mode": mode}))),
                line if line.starts_with("GET /mode") => Some(refusal(404, 40409)),
                _ => None,
            })
            .await;
            let reason = outage(&registry).await;
            assert!(
                [mode, "v1.avsc", "SCHEMAS=verify"]
                    .iter()
                    .all(|part| reason.contains(part)),
                "{reason}"
            );
            assert_eq!(writes(&fake.take_requests()), [""; 0]);
        }
    }
}

#[tokio::test]
async fn a_registry_that_does_not_tell_its_mode_is_left_as_it_was() {
    for (own, back) in [
        (false, "DELETE /config/orders-value"),
        (true, "PUT /config/orders-value"),
    ] {
        let (fake, registry) = registry(move |line| match line {
            "GET /config/orders-value" if own => Some(say(200, json!({"compatibilityLevel": "NONE"}))),
            "POST /subjects/orders-value/versions" => Some(refusal(422, 42205)),
            line if line.starts_with("GET /mode") => Some(page(404)),
            _ => None,
        })
        .await;
        let reason = outage(&registry).await;
        assert!(
            reason.contains("refusal 42205") && reason.contains("SCHEMAS=verify"),
            "{reason}"
        );
        let requests = fake.take_requests();
        assert_eq!(writes(&requests).last().map(String::as_str), Some(back));
        if own {
            assert_eq!(requests.last().expect("a request").body["compatibility"], "NONE");
        }
    }
}

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
async fn whoever_may_not_write_is_told_of_the_mode_that_does_not() {
    for (path, answer) in [
        ("PUT /config/orders-value", page(403)),
        ("PUT /config/orders-value", refusal(422, 42205)),
        ("POST /subjects/orders-value/versions", refusal(401, 40101)),
    ] {
        let (_fake, registry) = registry(move |line| (line == path).then(|| answer.clone())).await;
        let reason = outage(&registry).await;
        assert!(
            reason.contains("may not write") && reason.contains("SCHEMAS=verify"),
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

#[tokio::test]
async fn verifying_finds_what_is_there_and_writes_nothing() {
    let fake =
        Fake::with(|request: &Request| say(200, json!({"id": 7, "version": 1, "schema": request.body["schema"]})))
            .await;
    assert_eq!(
        client(&fake.url())
            .verify_lineage(SUBJECT, LINEAGE)
            .await
            .expect("a response"),
        7
    );
    let expected = vec!["POST /subjects/orders-value".to_owned(); LINEAGE.len()];
    assert_eq!(fake.take_lines(), expected);
}

#[tokio::test]
async fn a_look_up_needs_no_more_than_an_id() {
    let (_fake, registry) = registry_of(move |line, schema| {
        if line == "POST /subjects/orders-value" {
            let id = 1 + LINEAGE.iter().position(|text| schema == text)?;
            return Some(say(200, json!({"id": id.to_string(), "version": {}, "subject": 5})));
        }
        let id: usize = line.strip_prefix("GET /schemas/ids/")?.parse().ok()?;
        Some(say(200, json!({"schema": LINEAGE[id - 1]})))
    })
    .await;
    let newest = u32::try_from(LINEAGE.len()).expect("few versions");
    assert_eq!(
        registry.verify_lineage(SUBJECT, LINEAGE).await.expect("a response"),
        newest
    );
}

/// Our schema, split: the item type is in a schema of its own.
fn in_two_schemas() -> (String, String) {
    let mut whole: Value = serde_json::from_str(NEWEST).expect("JSON");
    let order = whole["fields"].as_array_mut().expect("fields").iter_mut();
    let order = order.into_iter().find(|field| field["name"] == "order").expect("order");
    let items = order["type"]["fields"].as_array_mut().expect("fields").iter_mut();
    let items = items.into_iter().find(|field| field["name"] == "items").expect("items");
    let name = json!("com.ecommerce.order.OrderItem");
    let mut item = std::mem::replace(&mut items["type"]["items"], name);
    item["namespace"] = json!("com.ecommerce.order");
    (whole.to_string(), item.to_string())
}

#[tokio::test]
async fn our_schema_is_ours_although_it_was_written_with_references() {
    let (whole, item) = in_two_schemas();
    let references = json!([{"name": "com.ecommerce.order.OrderItem", "subject": "items", "version": 1}]);
    let held = json!({"id": 7, "version": 3, "schema": whole, "references": references});
    // Some registries find it by its full text and return what they store; with others it has to be searched.
    for finds_it in [true, false] {
        let (held, item, newest) = (held.clone(), item.clone(), NEWEST.to_owned());
        let (fake, registry) = registry_of(move |line, schema| match line {
            "POST /subjects/orders-value" if schema != &newest => Some(say(200, json!({"id": 6, "schema": schema}))),
            "POST /subjects/orders-value" if finds_it => Some(say(200, held.clone())),
            "GET /subjects/orders-value/versions" => Some(say(200, json!([2, 3]))),
            "GET /subjects/orders-value/versions/2" => Some(say(200, json!({"schema": OTHER, "id": 1, "version": 2}))),
            "GET /subjects/orders-value/versions/3" => Some(say(200, held.clone())),
            "GET /subjects/items/versions/1?deleted=true" => Some(say(200, json!({"schema": item}))),
            _ => None,
        })
        .await;
        assert_eq!(registry.verify_lineage(SUBJECT, LINEAGE).await.expect("a response"), 7);
        assert_eq!(writes(&fake.take_requests()), [""; 0]);
    }
}

#[tokio::test]
async fn verifying_refuses_what_is_missing_or_different_and_writes_nothing() {
    let other = say(200, json!({"id": 7, "version": 1, "schema": OTHER}));
    for answer in [refusal(404, 40401), refusal(404, 40403), other] {
        let (fake, registry) =
            registry(move |line| (line == "POST /subjects/orders-value").then(|| answer.clone())).await;
        let error = registry.verify_lineage(SUBJECT, LINEAGE).await.expect_err("a refusal");
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
        assert_eq!(writes(&fake.take_requests()), [""; 0]);
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
            .verify_lineage(SUBJECT, LINEAGE)
            .await
            .expect_err("an outage");
        assert!(matches!(error, RegisterError::Outage(_)), "{error:?}");
        assert_eq!(writes(&fake.take_requests()), [""; 0]);
    }
}
