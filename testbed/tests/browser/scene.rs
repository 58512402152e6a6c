//! What each test starts from, and what each page must keep to.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use futures::FutureExt;
use orderlog_contract::event::OrderEvent;
use sandbox::pipeline::{Pipeline, TOPIC};
use sandbox::poison::{Kind, Poisoner};
use sandbox::testing::start_sandbox;
use serde_json::Value;
use testbed::events::{first, record};
use testbed::registry::Registry;
use testbed::wait::{LONG, until};
use testbed::writer::Writer;

use crate::driver::{self, Browser};
use crate::page::{Page, View};

/// Runs a test in a browser of its own, which ends with it. Where there is no browser it is skipped, but not with `CI=true`.
/// If it fails, a picture of the page is kept.
///
/// # Errors
/// The test's; or what the page reported in its console: errors of its code, violations of its Content-Security-Policy.
pub async fn in_browser(test: &str, run: impl AsyncFnOnce(Page) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if let Some(missing) = driver::missing() {
        anyhow::ensure!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{missing}; CI=true allows no test to be skipped"
        );
        println!("skipped: {missing}");
        return Ok(());
    }
    let browser = Arc::new(Browser::start().await?);
    // The browser is ended after a panic, too.
    let outcome = AssertUnwindSafe(run(Page::new(browser.clone()))).catch_unwind().await;
    let complaints = complaints(&browser).await;
    if !matches!(outcome, Ok(Ok(()))) || !matches!(&complaints, Ok(complaints) if complaints.is_empty()) {
        keep_picture(test, &browser).await;
    }
    // The test and its page have ended.
    if let Some(browser) = Arc::into_inner(browser) {
        browser.close().await?;
    }
    match outcome {
        Ok(outcome) => outcome.with_context(|| format!("the page's console: {complaints:?}"))?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    let complaints = complaints?;
    anyhow::ensure!(complaints.is_empty(), "the page's console: {complaints:?}");
    Ok(())
}

/// What the page's console reported that must not occur. Refused and failed requests may: the browser reports each.
async fn complaints(browser: &Browser) -> anyhow::Result<Vec<String>> {
    let is_bad = |entry: &Value| {
        let message = entry["message"].as_str().unwrap_or_default();
        let is_violation = message.contains("Content Security Policy") || message.contains("Refused to ");
        is_violation || (entry["level"] == "SEVERE" && entry["source"] != "network")
    };
    let entries = browser.console().await?;
    Ok(entries
        .iter()
        .filter(|entry| is_bad(entry))
        .map(Value::to_string)
        .collect())
}

/// Keeps a picture of the page beside the logs of other tests.
async fn keep_picture(test: &str, browser: &Browser) {
    let keep = async {
        let picture = browser.client().screenshot().await?;
        let program = std::env::current_exe()?;
        let target = program.ancestors().nth(3).context("a target directory")?;
        let directory = target.join("testbed/browser");
        std::fs::create_dir_all(&directory)?;
        let file: PathBuf = directory.join(format!("{test}.png"));
        std::fs::write(&file, picture)?;
        anyhow::Ok(file)
    };
    match keep.await {
        Ok(file) => println!("the page when it failed: {}", file.display()),
        Err(error) => println!("there is no picture of the page: {error:#}"),
    }
}

/// The sandbox, and its page at one of the places, such as `orders`.
///
/// # Errors
/// If it does not start, or the page does not connect.
pub async fn sandbox_at(page: &Page, place: &str, flags: &[&str]) -> anyhow::Result<Pipeline> {
    let sandbox = start_sandbox(flags).await?;
    page.open(&format!("{}/#/{place}", sandbox.order_url)).await?;
    page.see("connection", "live").await?;
    Ok(sandbox)
}

/// The five places, an order and a dead letter.
///
/// # Errors
/// If there is no dead letter.
pub async fn views(sandbox: &Pipeline) -> anyhow::Result<Vec<View>> {
    let page = answer(sandbox, "/dlq/messages?limit=1").await?;
    let id = page["messages"][0]["id"].as_str().context("a dead letter")?;
    let view = |address: &str, shows| View {
        address: address.to_owned(),
        shows,
    };
    Ok(vec![
        view("overview", "[data-test=accounting]"),
        view("orders", "[data-test=order-row]"),
        view(&format!("orders/{ORDER}"), "[data-test=order-detail]"),
        view("dead-letters", "[data-test=letter-row]"),
        view(&format!("dead-letters/{id}"), "[data-test=letter-step-rules]"),
        view("schemas", "main section"),
        view("partitions", "main table"),
    ])
}

/// The order of [`populated`].
const ORDER: &str = "VIEW-1";

/// The sandbox with an order and dead letters, and its page.
///
/// # Errors
/// As [`sandbox_at`].
pub async fn populated(page: &Page) -> anyhow::Result<Pipeline> {
    let sandbox = sandbox_at(page, "overview", &[]).await?;
    written(&sandbox, &[first(ORDER)]).await?;
    let poisoner = poisoner(&sandbox).await?;
    // The last one has all that a dead letter can show.
    for kind in [Kind::UnregisteredSchema, Kind::NotAvro, Kind::WrongTotal, Kind::CutOff] {
        poisoner.write(kind, &Poisoner::an_order_id()).await?;
    }
    until("there are four dead letters", LONG, async || {
        let info = answer(&sandbox, "/dlq/info").await?;
        anyhow::ensure!(info["count"] == 4, "{info}");
        Ok(())
    })
    .await?;
    Ok(sandbox)
}

/// What order-service answers to a GET.
///
/// # Errors
/// If it is not JSON.
pub async fn answer(sandbox: &Pipeline, path: &str) -> anyhow::Result<Value> {
    Ok(reqwest::get(format!("{}{path}", sandbox.order_url))
        .await?
        .json()
        .await?)
}

/// A writer of invalid records into that sandbox.
///
/// # Errors
/// If its broker does not answer.
pub async fn poisoner(sandbox: &Pipeline) -> anyhow::Result<Poisoner> {
    let (servers, registry) = (&sandbox.bootstrap_servers, &sandbox.registry_url);
    Poisoner::connect(servers, TOPIC, sandbox.partitioner, registry).await
}

/// Writes a record whose total is wrong for that order, and returns its key.
///
/// # Errors
/// If the broker does not take it.
pub async fn poisoned(sandbox: &Pipeline, order_id: &str) -> anyhow::Result<String> {
    let written = poisoner(sandbox).await?.write(Kind::WrongTotal, order_id).await?;
    Ok(written.key)
}

/// Writes those events as another producer would, as fast as the broker takes them.
///
/// # Errors
/// If the broker does not take them.
pub async fn written(sandbox: &Pipeline, written: &[OrderEvent]) -> anyhow::Result<()> {
    let schema_id = Registry::new(&sandbox.registry_url)?.ours(TOPIC).await?;
    let writer = Writer::new(&sandbox.bootstrap_servers, TOPIC)?;
    for events in written.chunks(1_000) {
        let mut reports = Vec::new();
        for event in events {
            reports.push(writer.send(&record(schema_id, event)?)?);
        }
        for report in reports {
            report.await??;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_breaks_its_policy_or_throws_fails_its_test() -> anyhow::Result<()> {
    let page_with = |script: &str| {
        let policy = "<meta http-equiv=Content-Security-Policy content=\"style-src 'none'\">";
        format!("data:text/html,{policy}<p data-test=text>shown</p>{script}")
    };
    for (script, complaint) in [
        ("<p style='color:red'>styled</p>", "Content Security Policy"),
        ("<script>undefined.x</script>", "TypeError"),
    ] {
        let failed = in_browser("broken-page", async |page| {
            page.open(&page_with(script)).await?;
            page.see("text", "shown").await
        })
        .await;
        let Err(failed) = failed else {
            anyhow::ensure!(driver::missing().is_some(), "{script} was not noticed");
            continue;
        };
        anyhow::ensure!(format!("{failed:#}").contains(complaint), "{failed:#}");
    }
    in_browser("good-page", async |page| {
        page.open(&page_with("")).await?;
        page.see("text", "shown").await
    })
    .await
}
