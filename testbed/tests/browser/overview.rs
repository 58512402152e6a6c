//! The overview: its forms, its live orders, and what stays where it is while figures change.

use crate::journey::create_order;
use crate::page::named;
use crate::scene::{in_browser, poisoned, sandbox_at};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_just_created_can_be_updated_to_the_statuses_that_may_follow() -> anyhow::Result<()> {
    in_browser("update-order", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        create_order(&page, "NEXT-1").await?;
        page.await_js(
            "the next order gets another id, and the created one can be updated",
            "const [create, update] = ['create', 'update'].map((form) => document.querySelector(`[data-test=${form}-order-form]`).elements.orderId.value);
             return create !== 'NEXT-1' && update === 'NEXT-1'",
        )
        .await?;
        let form = named("update-order-form");
        let status = page.matching(&format!("{form} [name=status]")).await?;
        status.select_by_value("shipped").await?;
        page.click_on(&format!("{form} button")).await?;
        page.see("update-order-result", "version 2").await?;
        page.await_js(
            "only delivered may follow",
            "return [...document.querySelector('[data-test=update-order-form]').elements.status].map((option) => option.value).join() === 'delivered'",
        )
        .await?;
        sandbox.stop().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_orders_are_still_there_after_a_visit_to_another_place() -> anyhow::Result<()> {
    in_browser("live-orders", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        create_order(&page, "STAYS-1").await?;
        page.see("order-row", "STAYS-1").await?;
        page.click("nav-partitions").await?;
        page.await_count("order-row", 0).await?;
        page.click("nav-overview").await?;
        page.see("order-row", "STAYS-1").await?;
        sandbox.stop().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_what_needs_attention_keeps_the_focus_when_its_figure_changes() -> anyhow::Result<()> {
    in_browser("attention", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        poisoned(&sandbox, "P-1").await?;
        page.see("attention", "1 invalid_order").await?;
        page.js("document.querySelector('[data-test=attention] a').focus()", &[])
            .await?;
        poisoned(&sandbox, "P-2").await?;
        page.see("attention", "2 invalid_order").await?;
        page.await_js(
            "the focus is on the link for the same code",
            "return document.activeElement.textContent === '2 invalid_order'",
        )
        .await?;
        sandbox.stop().await
    })
    .await
}
