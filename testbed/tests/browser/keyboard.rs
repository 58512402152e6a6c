//! The page without a mouse.

use anyhow::bail;

use crate::page::{Page, named};
use crate::scene::{in_browser, poisoned, sandbox_at, written};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
/// More than a place has controls.
const MANY: usize = 80;

/// Presses Tab until the focus is in the element of that name.
async fn tab_to(page: &Page, name: &str) -> anyhow::Result<()> {
    let mut passed = Vec::new();
    for _ in 0..MANY {
        page.press(TAB).await?;
        let focus = page.focus().await?;
        if focus == name {
            return Ok(());
        }
        passed.push(focus);
    }
    bail!("Tab does not lead to {name}, but through {passed:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_and_a_dead_letter_are_reached_by_keyboard_alone() -> anyhow::Result<()> {
    in_browser("keyboard", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        written(&sandbox, &[testbed::events::first("KEYS-1")]).await?;
        let poisoned = poisoned(&sandbox, "P-1").await?;
        page.press("/").await?;
        anyhow::ensure!(page.focus().await? == "find-order", "/ goes to the search");
        page.press(&format!("KEYS-1{ENTER}")).await?;
        page.see("order-detail", "version 1").await?;
        // From the heading of the place back to the top, and to another place.
        page.js("document.activeElement.blur()", &[]).await?;
        page.see("nav-dead-letters", "1").await?;
        tab_to(&page, "nav-dead-letters").await?;
        page.press(ENTER).await?;
        page.see("letter-row", &poisoned).await?;
        tab_to(&page, "letter-row").await?;
        page.press(TAB).await?;
        page.press(ENTER).await?;
        page.see("letter-detail", &poisoned).await?;
        tab_to(&page, "dry-run").await?;
        page.press(ENTER).await?;
        page.matching(&format!("{} [data-outcome=wouldFail]", named("dry-run-result")))
            .await?;
        page.see("replay", "Replay anyway").await?;
        anyhow::ensure!(page.focus().await? == "dry-run", "the focus stays");
        tab_to(&page, "discard").await?;
        page.press(ENTER).await?;
        page.at("discard-reason").await?;
        page.await_js(
            "the focus is in the dialog",
            "return document.activeElement.dataset.test === 'discard-reason'",
        )
        .await?;
        page.press("no mouse").await?;
        tab_to(&page, "discard-confirm").await?;
        page.press(ENTER).await?;
        page.await_count("letter-row", 0).await?;
        sandbox.stop().await
    })
    .await
}
