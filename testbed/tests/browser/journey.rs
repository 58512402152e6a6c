//! What the page is for, from the first order to a dead letter that is replayed.

use crate::page::{Page, named};
use crate::scene::{in_browser, sandbox_at};

/// Creates an order with the page's form, and waits for the answer.
async fn create_order(page: &Page, order_id: &str) -> anyhow::Result<()> {
    let form = named("create-order-form");
    page.fill(&format!("{form} [name=orderId]"), order_id).await?;
    page.fill(&format!("{form} [name=itemsCount]"), "2").await?;
    page.click_on(&format!("{form} button[type=submit]")).await?;
    page.see("create-order-result", order_id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_created_on_the_page_appears_among_the_live_orders() -> anyhow::Result<()> {
    in_browser("create-order", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        create_order(&page, "SEEN-1").await?;
        page.see("order-row", "SEEN-1").await?;
        page.fill(&named("find-order"), "SEEN-1\u{e007}").await?;
        page.see("order-detail", "SEEN-1").await?;
        page.see("order-detail", "new").await?;
        sandbox.stop().await
    })
    .await
}
