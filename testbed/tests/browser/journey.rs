//! What the page is for, from the first order to a dead letter that is replayed.

use anyhow::Context;
use serde_json::json;

use crate::letters;
use crate::page::{Page, named};
use crate::scene::{in_browser, sandbox_at};

/// Creates an order with the page's form, and waits for the answer.
///
/// # Errors
/// If there is none; the error shows the page's text.
pub async fn create_order(page: &Page, order_id: &str) -> anyhow::Result<()> {
    let form = named("create-order-form");
    page.fill(&format!("{form} [name=orderId]"), order_id).await?;
    page.fill(&format!("{form} [name=itemsCount]"), "2").await?;
    page.click_on(&format!("{form} button")).await?;
    page.see("create-order-result", order_id).await
}

/// Writes an invalid record with the page's form, and returns its key.
async fn poison(page: &Page, kind: &str) -> anyhow::Result<String> {
    let select = page.matching(&format!("{} [name=kind]", named("poison-form"))).await?;
    select.select_by_value(kind).await?;
    page.click_on(&format!("{} button", named("poison-form"))).await?;
    let is_written = |text: &str| text.contains("POISON-");
    let answer = page
        .await_text("poison-result", "the record is written", is_written)
        .await?;
    let words = answer.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let key = words.into_iter().find(|word| word.starts_with("POISON-"));
    key.map(str::to_owned).context("a key")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_created_on_the_page_is_confirmed_and_appears_among_the_live_orders() -> anyhow::Result<()> {
    in_browser("create-order", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        create_order(&page, "SEEN-1").await?;
        page.see("create-order-result", "version 1").await?;
        page.see("order-row", "SEEN-1").await?;
        letters::find_order(&page, "SEEN-1").await?;
        page.see("order-detail", "new").await?;
        sandbox.stop().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_schema_is_registered_with_the_command_shown_and_the_replay_brings_the_order() -> anyhow::Result<()> {
    in_browser("replay", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        let key = poison(&page, "unregistered-schema").await?;
        letters::open(&page, &key).await?;
        letters::repair_and_replay(&page, &key).await?;
        sandbox.stop().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_shows_the_faulty_byte_and_is_discarded_with_a_reason() -> anyhow::Result<()> {
    in_browser("discard", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        let key = poison(&page, "cut-off").await?;
        letters::open(&page, &key).await?;
        page.matching(&format!("{}[data-state=passed]", named("letter-step-schema")))
            .await?;
        page.matching(&format!("{}[data-state=failed]", named("letter-step-decode")))
            .await?;
        page.see("letter-detail", "order.status").await?;
        page.at("fault-byte").await?;
        page.click("discard").await?;
        page.fill(&named("discard-reason"), "The producer was a test").await?;
        page.click("discard-confirm").await?;
        page.see("letter-detail", "The producer was a test").await?;
        page.await_count("letter-row", 0).await?;
        sandbox.stop().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_that_others_have_changed_it_and_shows_it_when_asked() -> anyhow::Result<()> {
    in_browser("list-changes", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        let discarded = poison(&page, "wrong-total").await?;
        let stays = poison(&page, "not-avro").await?;
        page.see("nav-dead-letters", "2").await?;
        page.click("nav-dead-letters").await?;
        page.await_count("letter-row", 2).await?;
        let body = json!({"code": "invalid_order", "reason": "somebody else did"});
        let answer = reqwest::Client::new()
            .post(format!("{}/dlq/discard", sandbox.order_url))
            .json(&body)
            .send()
            .await?;
        anyhow::ensure!(answer.status() == 200, "{answer:?}");
        page.see("list-news", "The list has changed").await?;
        page.see("letter-row", &discarded).await?;
        page.click_on(&format!("{} button", named("list-news"))).await?;
        page.await_count("letter-row", 1).await?;
        page.see("letter-row", &stays).await?;
        sandbox.stop().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_letters_of_one_code_are_listed_alone() -> anyhow::Result<()> {
    in_browser("filter", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        let (total, text) = (poison(&page, "wrong-total").await?, poison(&page, "not-avro").await?);
        anyhow::ensure!(total != text);
        page.see("nav-dead-letters", "2").await?;
        page.click("nav-dead-letters").await?;
        page.await_count("letter-row", 2).await?;
        page.click_on(&format!("{}[data-code=invalid_order]", named("filter-code")))
            .await?;
        page.await_count("letter-row", 1).await?;
        page.see("letter-row", &total).await?;
        sandbox.stop().await
    })
    .await
}
