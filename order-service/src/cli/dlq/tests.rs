//! The commands against a server that answers as the test says, and notes what it was asked.

#[path = "fake_service.rs"]
mod fake_service;

use clap::Parser;
use fake_service::{Cli, Fake, asked_dlq, dlq};
use serde_json::Value;

use super::*;

#[path = "replays_tests.rs"]
mod replays_tests;

fn job(state: &str, sent: u64, outcomes: Value) -> Value {
    json!({
        "id": "019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11", "state": state, "by": "jane", "startedAt": "2026-01-02T03:04:05.000Z",
        "endedAt": null, "selection": {"all": true}, "total": 3, "sent": sent, "outcomes": outcomes, "waiting": null,
        "error": null, "messages": [
            {"id": "0-1", "key": "ORD-1", "outcome": "applied"},
            {"id": "0-2", "key": "ORD-2", "outcome": "deadLettered", "code": "invalid_order", "firstCode": "unknown_schema_id"},
        ],
    })
}

#[actix_web::test]
async fn the_list_is_a_table_in_which_nothing_steers_the_terminal() {
    let message = json!({
        "id": "0-17", "timestamp": "2026-01-02T03:04:05.006Z", "key": "ORD-\u{1b}[31m", "code": "undecodable", "reason": "unexpected end\u{202e}",
        "schemaId": 1, "size": 8, "replays": 0, "origin": null, "state": "open", "firstCode": null, "settled": null, "new": true,
    });
    let page = json!({"messages": [message], "next": "0-17", "complete": true, "asOf": null});
    let fake = Fake::start(vec![(200, page.clone()), (200, page.clone())]);
    let arguments = [
        "list",
        "--code=undecodable",
        "--order=a b&c",
        "--since=2026-01-02T03:04:05Z",
        "-n",
        "1",
    ];
    let (ended, printed) = dlq(&fake.url, &arguments).await;
    assert_eq!(ended, Ok(Ended::Well));
    assert_eq!(
        fake.asked()[0].1,
        "/dlq/messages?limit=1&state=open&code=undecodable&orderId=a+b%26c&since=2026-01-02T03%3A04%3A05Z"
    );
    assert!(
        printed.contains("0-17") && printed.contains("undecodable") && printed.contains("--after 0-17"),
        "{printed}"
    );
    assert!(
        printed.contains("ORD-\\u{1b}[31m") && printed.contains("end\\u{202e}"),
        "{printed}"
    );
    let (_, printed) = dlq(&fake.url, &["list", "--json", "--state=any"]).await;
    assert!(
        !printed.contains('\u{1b}') && !printed.contains('\u{202e}'),
        "{printed}"
    );
    assert_eq!(serde_json::from_str::<Value>(&printed).expect("JSON"), page);
}

#[actix_web::test]
async fn a_replay_is_watched_until_it_ends_and_reports_what_is_still_dead() {
    let fake = Fake::start(vec![
        (202, job("running", 0, json!({}))),
        (200, job("running", 2, json!({"applied": 1}))),
        (200, job("done", 3, json!({"applied": 2, "deadLettered": 1}))),
    ]);
    let arguments = [
        "replay",
        "--code=unknown_schema_id",
        "--rate=100",
        "--admin-api-key=sesame",
        "--user=jane",
    ];
    let (ended, printed) = dlq(&fake.url, &arguments).await;
    assert_eq!(ended, Ok(Ended::SomeFailed));
    assert!(
        printed.contains("2 applied") && printed.contains("1 dead-lettered again"),
        "{printed}"
    );
    assert!(
        printed.contains("0-2") && printed.contains("invalid_order") && !printed.contains("0-1 "),
        "{printed}"
    );
    let asked = fake.asked();
    let post = &asked[0];
    assert_eq!((post.0.as_str(), post.1.as_str()), ("POST", "/dlq/replay"));
    assert_eq!(
        post.4,
        json!({"code": "unknown_schema_id", "dryRun": false, "ratePerSecond": 100})
    );
    assert_eq!(
        (post.2.as_deref(), post.3.as_deref()),
        (Some("Bearer sesame"), Some("jane"))
    );
    assert_eq!(asked[2].1, "/dlq/replays/019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11");
    assert_eq!(asked[2].2, None, "the key is sent only where it is needed");
}

#[actix_web::test]
async fn a_dry_run_counts_what_would_become_of_each_and_replays_nothing() {
    let answer = json!({
        "total": 2, "examined": 2, "byOutcome": {"wouldApply": 1, "wouldDuplicate": 0, "wouldSupersede": 0, "wouldFail": 1},
        "messages": [{"id": "0-3", "key": "K", "outcome": "wouldFail", "code": "invalid_order", "reason": "no total"}],
    });
    let fake = Fake::start(vec![(200, answer)]);
    let (ended, printed) = dlq(&fake.url, &["replay", "0-3", "0-4", "--dry-run"]).await;
    assert_eq!(ended, Ok(Ended::SomeFailed));
    assert!(
        printed.contains("1 would apply") && printed.contains("no total") && printed.contains("Nothing was replayed"),
        "{printed}"
    );
    assert_eq!(fake.asked()[0].4, json!({"ids": ["0-3", "0-4"], "dryRun": true}));
}

#[actix_web::test]
async fn a_replay_that_stops_or_fails_is_a_failure_that_says_why() {
    let mut failed = job("failed", 1, json!({"applied": 1}));
    failed["error"] = "the topic is gone".into();
    let fake = Fake::start(vec![(202, failed), (202, job("stopped", 1, json!({"applied": 1})))]);
    let (ended, _) = dlq(&fake.url, &["replay", "--all", "--yes"]).await;
    assert!(ended.expect_err("failed").contains("the topic is gone"));
    let (ended, printed) = dlq(&fake.url, &["replay", "--all", "--yes"]).await;
    assert!(ended.expect_err("stopped").contains("still open") && printed.contains("1 applied"));
}

#[actix_web::test]
async fn a_discard_that_passes_something_over_says_so_and_does_not_succeed() {
    let skipped = json!([{"id": "0-9", "reason": "there is no dead letter with this id"}]);
    let fake = Fake::start(vec![(200, json!({"discarded": 1, "skipped": skipped}))]);
    let (ended, printed) = dlq(&fake.url, &["discard", "0-8", "0-9", "--reason=test data"]).await;
    let expected = "0-9 was not discarded: there is no dead letter with this id.\n1 dead letter discarded.\n";
    assert_eq!((ended, printed.as_str()), (Ok(Ended::SomeFailed), expected));
}

#[actix_web::test]
async fn the_address_of_the_envelope_is_refused_with_what_to_leave_out() {
    let enveloped = json!({"status": "success", "data": {"messages": []}});
    let fake = Fake::start(vec![(200, enveloped), (401, json!({"status": "error"}))]);
    let url = format!("{}api", fake.url);
    for arguments in [&["list"][..], &["resume"]] {
        let (ended, _) = dlq(&url, arguments).await;
        let error = ended.expect_err("not an answer");
        assert!(error.contains("leave out /api"), "{error}");
    }
}

#[actix_web::test]
async fn discard_and_resume_say_what_they_did() {
    let fake = Fake::start(vec![
        (200, json!({"discarded": 2})),
        (200, json!({"resumed": [2, 5]})),
        (200, json!({"resumed": []})),
        (200, json!({"replays": [job("done", 3, json!({"applied": 3}))]})),
    ]);
    let (ended, printed) = dlq(
        &fake.url,
        &["discard", "--until=2026-01-02T03:04:05Z", "--reason=test data"],
    )
    .await;
    assert_eq!(
        (ended, printed.as_str()),
        (Ok(Ended::Well), "2 dead letters discarded.\n")
    );
    let (_, printed) = dlq(&fake.url, &["resume", "--partition=2", "--max-dead-letters=1500"]).await;
    assert_eq!(printed, "Partitions 2, 5 have been resumed.\n");
    let (_, printed) = dlq(&fake.url, &["resume"]).await;
    assert_eq!(printed, "No partition was paused by its dead letters.\n");
    let (_, printed) = dlq(&fake.url, &["replays"]).await;
    assert!(
        printed.contains("019ac8a4") && printed.contains("done") && printed.contains("jane"),
        "{printed}"
    );
    let bodies: Vec<Value> = fake.asked().into_iter().map(|asked| asked.4).collect();
    assert_eq!(
        bodies[0],
        json!({"until": "2026-01-02T03:04:05Z", "reason": "test data"})
    );
    assert_eq!(
        bodies[1..3],
        [json!({"partition": 2, "maxDeadLetters": 1500}), json!({})]
    );
}

#[actix_web::test]
async fn an_error_says_what_to_do() {
    let problem = |kind: &str, detail: &str| json!({"type": format!("/problems/{kind}"), "title": "T", "status": 400, "detail": detail});
    for (arguments, status, body, says) in [
        (
            &["discard", "--all", "--yes", "--reason=r"][..],
            401,
            problem("admin-key-required", "d"),
            "--admin-api-key / ADMIN_API_KEY",
        ),
        (
            &["resume"],
            403,
            problem("admin-loopback-only", "only from its own machine"),
            "only from its own machine",
        ),
        (
            &["resume"],
            404,
            problem("not-found", "nothing at this path"),
            "of another release",
        ),
        (
            &["replays", "019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11"],
            404,
            problem("replay-not-found", "this instance has no replay"),
            "no replay; order-service dlq replays lists",
        ),
        (
            &["show", "0-9"],
            404,
            problem("dead-letter-not-found", "no dead letter 0-9"),
            "dlq list shows",
        ),
        (&["list"], 503, problem("not-ready", "still catching up"), "/health"),
        (&["list"], 500, json!("<html>"), "check --order-service-url"),
        (&["list"], 200, json!({"a": 1}), "check --order-service-url"),
    ] {
        let fake = Fake::start(vec![(status, body)]);
        let (ended, printed) = dlq(&fake.url, arguments).await;
        let error = ended.expect_err("an error");
        assert!(
            error.contains(says) && printed.is_empty(),
            "{arguments:?} {status}: {error}"
        );
    }
    let (ended, _) = dlq("http://jane:hunter2@127.0.0.1:1/", &["list"]).await;
    let error = ended.expect_err("nobody there");
    assert!(
        error.contains("http://127.0.0.1:1 cannot be reached") && error.contains("ORDER_SERVICE_URL"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_selection_is_needed_and_is_one_of_a_kind() {
    let parse = |arguments: &[&str]| {
        Cli::try_parse_from([&["dlq", "replay"], arguments].concat()).map_err(|error| error.to_string())
    };
    for fine in [
        &["0-1"][..],
        &["0-1", "0-2"],
        &["--code=not_framed"],
        &["--since=2026-01-02T03:04:05Z"],
        &["--all"],
    ] {
        parse(fine).expect("a selection");
    }
    for (wrong, says) in [
        (&[][..], "required"),
        (&["0-1", "--all"], "cannot be used with"),
        (&["--code=not_framed", "--all"], "cannot be used with"),
        (&["--code=nope"], "must be one of: not_framed"),
        (&["17"], "such as 0-17"),
        (&["--since=yesterday"], "such as 2026-01-02T03:04:05Z"),
        (
            &["--all", "--order-service-url=localhost"],
            "such as http://localhost:8001",
        ),
        (&["--all", "--rate=0"], "--rate"),
    ] {
        let error = parse(wrong).expect_err("no selection");
        assert!(error.contains(says), "{wrong:?}: {error}");
    }
}
