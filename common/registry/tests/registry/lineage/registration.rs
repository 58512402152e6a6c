//! Registering a lineage: the level, every version in order, and what stands in the way.

use orderlog_registry::{Reachability, RegisterError};
use serde_json::json;

use super::{SUBJECT, outage, registry, registry_of, with_ours, writes};
use crate::LINEAGE;
use crate::fake::{Answer, page, refusal, say};

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
