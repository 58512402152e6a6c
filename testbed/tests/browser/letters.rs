//! What a user does with a dead letter, from finding it to the order that its replay brings.

use std::process::{Command, Stdio};

use anyhow::Context;

use crate::page::{Page, named};

/// Opens the dead letter with that key from the list.
///
/// # Errors
/// If it is not there.
pub async fn open(page: &Page, key: &str) -> anyhow::Result<()> {
    let is_counted = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    page.await_text("nav-dead-letters", "the dead letter is counted", is_counted)
        .await?;
    page.click("nav-dead-letters").await?;
    page.see("letter-row", key).await?;
    page.click_on(&format!("{} a", named("letter-row"))).await?;
    page.see("letter-detail", key).await
}

/// Repairs what the open dead letter with that key lacks, the schema that it was written with, as the page says, and replays
/// it; then looks at its order.
///
/// # Errors
/// If the page shows anything else on the way.
pub async fn repair_and_replay(page: &Page, key: &str) -> anyhow::Result<()> {
    page.matching(&format!("{}[data-state=failed]", named("letter-step-schema")))
        .await?;
    page.see("letter-step-decode", "not reached").await?;
    dry_run(page, "wouldFail").await?;
    let shown = page.text("advice-command").await?;
    tokio::task::spawn_blocking(move || as_shown(&shown)).await??;
    dry_run(page, "wouldApply").await?;
    page.click("replay").await?;
    page.matching(&format!("{}[data-state=done]", named("replay-progress")))
        .await?;
    page.matching(&format!("{} [data-outcome=applied]", named("replay-progress")))
        .await?;
    page.see("letter-detail", "and applied").await?;
    find_order(page, key).await
}

/// Has the page say what a replay would do, until it is that.
async fn dry_run(page: &Page, outcome: &str) -> anyhow::Result<()> {
    page.click("dry-run").await?;
    let selector = format!("{} [data-outcome={outcome}]", named("dry-run-result"));
    page.matching(&selector).await.map(drop)
}

/// Runs a command as somebody would who copies it from the page into a shell.
fn as_shown(command: &str) -> anyhow::Result<()> {
    let output = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .output()
        .context("running sh")?;
    let (out, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    anyhow::ensure!(output.status.success(), "{command}\n{out}\n{errors}");
    // curl succeeds whatever the registry answers.
    anyhow::ensure!(out.contains("\"id\""), "{command}\nanswered {out}\n{errors}");
    Ok(())
}

/// Finds that order with the field at the top.
///
/// # Errors
/// If it is not there.
pub async fn find_order(page: &Page, order_id: &str) -> anyhow::Result<()> {
    page.fill(&named("find-order"), &format!("{order_id}\u{e007}")).await?;
    page.see("order-detail", "version 1").await?;
    page.await_js(
        "the order's own page is shown",
        &format!("return decodeURIComponent(location.hash) === '#/orders/{order_id}'"),
    )
    .await
}
