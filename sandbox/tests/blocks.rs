//! The blocks of README.md and docs/http.md that the sandbox can run, in order, as printed: only ports differ. A block of
//! JSON or text shows what the block above it prints.

use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Parser;
use sandbox::cli::Cli;
use sandbox::pipeline::Pipeline;
use sandbox::testing::documents::{Block, blocks_run_by, with_checks};
use sandbox::testing::{eventually, start_sandbox};
use sandbox::welcome;
use serde_json::Value;

const README: &str = include_str!("../../README.md");
const HTTP: &str = include_str!("../../docs/http.md");
/// As the markers of the blocks name this test.
const THIS: &str = "sandbox/tests/blocks.rs";

/// Fields of answers whose values differ in each run.
const GENERATED: [&str; 13] = [
    "asOf",
    "customerId",
    "eventId",
    "itemId",
    "key",
    "offset",
    "orderDate",
    "partition",
    "price",
    "quantity",
    "size",
    "timestamp",
    "totalAmount",
];

/// What the script prints, with the pipeline in place of a sandbox on the default ports.
async fn run(pipeline: &Pipeline, script: &str) -> anyhow::Result<String> {
    let address = |url: &str| url.trim_start_matches("http://").to_owned();
    let script = script
        .replace("localhost:8000", &address(&pipeline.cart_url))
        .replace("localhost:8001", &address(&pipeline.order_url))
        .replace("scripts/run.sh", env!("CARGO_BIN_EXE_sandbox"));
    let mut bash = Command::new("bash");
    bash.args(["-e", "-o", "pipefail", "-c", &script])
        .env("KAFKA_BOOTSTRAP_SERVERS", &pipeline.bootstrap_servers)
        .env("SCHEMA_REGISTRY_URL", &pipeline.registry_url)
        .env("ORDER_SERVICE_URL", &pipeline.order_url)
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || bash.output()).await??;
    let said = String::from_utf8(output.stdout)?;
    let erred = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{script}\n{said}\n{erred}");
    Ok(said)
}

/// Whether an answer is what is shown: it has the same fields, and the same values where they are not generated.
fn is_same(answer: &Value, shown: &Value) -> bool {
    match (answer, shown) {
        (Value::Object(answer), Value::Object(shown)) => {
            answer.len() == shown.len()
                && shown.iter().all(|(name, shown)| {
                    answer.get(name).is_some_and(|value| {
                        is_same(value, shown) || GENERATED.contains(&name.as_str()) && !value.is_null()
                    })
                })
        }
        (Value::Array(answer), Value::Array(shown)) => {
            answer.len() == shown.len() && answer.iter().zip(shown).all(|(answer, shown)| is_same(answer, shown))
        }
        _ => answer == shown,
    }
}

/// Whether that is what the block shows. Lines of text may come in any order: they are from commands that run in parallel.
fn is_shown(printed: &str, block: &Block<'_>) -> bool {
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    if block.language == "json" {
        let shown: Value = serde_json::from_str(&block.text).expect("the document shows JSON");
        // Before the answer there may be what another command printed.
        let answer = printed.lines().last().and_then(|line| serde_json::from_str(line).ok());
        answer.is_some_and(|answer: Value| is_same(&answer, &shown))
    } else {
        sorted(printed) == sorted(&block.text)
    }
}

/// The last line of a block, if it may be repeated until it prints what is shown.
fn repeatable(block: &str) -> Option<&str> {
    let last = block.lines().last()?;
    (last.starts_with("curl ") && !last.contains(" -X ")).then_some(last)
}

/// `before`: how many blocks are above the first command; they show what others print.
async fn works_as_printed(document: &str, before: usize, at_least: usize) -> anyhow::Result<()> {
    let pipeline = start_sandbox(&[]).await?;
    let blocks = blocks_run_by(THIS, document);
    let above = blocks.iter().take_while(|block| block.language != "sh").count();
    assert_eq!(
        above, before,
        "blocks above the first command, which are not looked at here"
    );
    let mut ran = 0;
    let (mut script, mut printed) = ("", String::new());
    for block in &blocks[above..] {
        if block.language == "sh" {
            ran += 1;
            script = &block.text;
            printed = run(&pipeline, &with_checks(script)).await?;
        } else if !is_shown(&printed, block) {
            // A record is read a moment after it was written.
            let again = repeatable(script);
            let is_shown_now = || async {
                let Some(line) = again else { return false };
                run(&pipeline, line).await.is_ok_and(|now| is_shown(&now, block))
            };
            let is_as_shown = again.is_some() && eventually(is_shown_now).await;
            anyhow::ensure!(
                is_as_shown,
                "line {}: {}is shown, not\n{printed}",
                block.line,
                block.text
            );
        }
    }
    assert!(ran >= at_least, "only {ran} blocks were found");
    pipeline.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_sandbox_commands_work_as_printed() -> anyhow::Result<()> {
    works_as_printed(README, 1, 4).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_prints_what_the_readme_shows_first() -> anyhow::Result<()> {
    let pipeline = start_sandbox(&[]).await?;
    let printed = welcome::text(&pipeline, &Cli::parse_from(["sandbox"]), Duration::from_secs(1));
    let printed = printed
        .replace(&pipeline.cart_url, "http://localhost:8000")
        .replace(&pipeline.order_url, "http://localhost:8001")
        .replace(&pipeline.registry_url, "http://localhost:8081")
        .replace(&pipeline.bootstrap_servers, "localhost:9092");
    let blocks = blocks_run_by(THIS, README);
    let shown = &blocks.first().expect("a block").text;
    // How long the start took differs.
    let (first, rest) = shown.split_once('\n').expect("lines");
    assert!(first.starts_with("Orderlog is up"), "{first}");
    assert!(
        rest.lines().count() > 3 && printed.contains(rest),
        "{rest}is not in\n{printed}"
    );
    pipeline.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_in_docs_http_md_is_answered_as_printed() -> anyhow::Result<()> {
    works_as_printed(HTTP, 0, 2).await
}

#[test]
fn an_answer_has_exactly_what_is_shown_except_for_generated_values() {
    let answer = serde_json::json!({"code": "a", "key": "K-1", "origin": [{"offset": 7, "topic": "t"}]});
    for (shown, expected) in [
        (
            r#"{"code": "a", "key": "K-2", "origin": [{"offset": 8, "topic": "t"}]}"#,
            true,
        ),
        (r#"{"key": "K-2", "origin": [{"offset": 8, "topic": "t"}]}"#, false),
        (r#"{"code": "a", "key": "K-2", "origin": [{"topic": "t"}]}"#, false),
        (
            r#"{"code": "b", "key": "K-1", "origin": [{"offset": 7, "topic": "t"}]}"#,
            false,
        ),
        (
            r#"{"code": "a", "key": "K-1", "origin": [{"offset": 7, "topic": "u"}]}"#,
            false,
        ),
        (
            r#"{"code": "a", "key": "K-1", "size": 3, "origin": [{"offset": 7, "topic": "t"}]}"#,
            false,
        ),
        (r#"{"code": "a", "key": "K-1", "origin": []}"#, false),
    ] {
        let shown: Value = serde_json::from_str(shown).expect("JSON");
        assert_eq!(is_same(&answer, &shown), expected, "{shown}");
    }
}
