//! Whatever a record contains is shown as text: markup is not, scripts do not run, and no character changes the order of
//! others.

use orderlog_contract::event::OrderEvent;
use serde_json::json;
use testbed::events;
use testbed::writer::{NewRecord, Writer};

use crate::page::{Page, named};
use crate::scene::{in_browser, sandbox_at, written};

/// Runs if it becomes markup; within the 64 characters of an id. What follows it would be shown backwards.
const HOSTILE: &str = "<img src=x onerror=window.ran=1><script>ran=1</script>\u{202e}txt";
/// Part of it, as it must be seen.
const SEEN: &str = "<img src=x onerror=window.ran=1>";

/// A valid event with hostile text wherever an event has text that somebody may choose.
fn hostile_event() -> OrderEvent {
    let mut event = events::first(HOSTILE);
    event.order.customer_id = HOSTILE.to_owned();
    for item in &mut event.order.items {
        item.item_id = HOSTILE.to_owned();
    }
    event
}

/// Nothing ran, nothing became an element, and what reorders text is shown by its name.
async fn is_text(page: &Page, at: &str) -> anyhow::Result<()> {
    page.see(at, SEEN).await?;
    page.see(at, "U+202E").await?;
    let script = "return [window.ran ?? null, document.querySelectorAll('main img, main script, [onerror]').length]";
    let seen = page.js(script, &[]).await?;
    anyhow::ensure!(
        seen == json!([null, 0]),
        "{at}: something ran, or became an element: {seen}"
    );
    let shown = page
        .js("return document.body.innerText.includes('\\u202e')", &[])
        .await?;
    anyhow::ensure!(
        shown == json!(false),
        "{at}: a character that reorders others is in the page as it is"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_in_every_field_is_shown_as_text_and_runs_nothing() -> anyhow::Result<()> {
    in_browser("hostile", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        written(&sandbox, &[hostile_event()]).await?;
        let invalid = NewRecord {
            headers: vec![
                (HOSTILE.to_owned(), Some(HOSTILE.as_bytes().to_vec())),
                ("writer.schema".to_owned(), Some(HOSTILE.as_bytes().to_vec())),
            ],
            ..NewRecord::of(HOSTILE, HOSTILE.as_bytes())
        };
        let writer = Writer::new(&sandbox.bootstrap_servers, sandbox::pipeline::TOPIC)?;
        writer.write(&invalid).await?;
        is_text(&page, "order-row").await?;
        page.click("nav-orders").await?;
        is_text(&page, "order-row").await?;
        page.click_on(&format!("{} a", named("order-row"))).await?;
        is_text(&page, "order-detail").await?;
        page.see("nav-dead-letters", "1").await?;
        page.click("nav-dead-letters").await?;
        is_text(&page, "letter-row").await?;
        page.click_on(&format!("{} a", named("letter-row"))).await?;
        page.js(
            "document.querySelectorAll('details').forEach(one => { one.open = true })",
            &[],
        )
        .await?;
        is_text(&page, "letter-detail").await?;
        page.click("dry-run").await?;
        page.at("dry-run-result").await?;
        page.click("discard").await?;
        page.at("discard-reason").await?;
        // Typed characters of this kind do not reach the field on every system.
        let script = "document.querySelector(arguments[0]).value = arguments[1]";
        page.js(script, &[json!(named("discard-reason")), json!(HOSTILE)])
            .await?;
        page.click("discard-confirm").await?;
        page.await_text("letter-detail", "the reason is shown", |text| {
            text.matches(SEEN).count() > 1
        })
        .await?;
        is_text(&page, "letter-detail").await?;
        sandbox.stop().await
    })
    .await
}
