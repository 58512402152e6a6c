//! A topic that is busier than anybody can read.

use testbed::events;
use testbed::wait::{LONG, until};

use crate::letters;
use crate::scene::{answer, in_browser, sandbox_at, written};

/// Orders that are created as fast as the broker takes them.
const ORDERS: usize = 20_000;
/// Elements that the page may have: it shows a few rows, however many orders change.
const MAX_ELEMENTS: u64 = 3_000;
/// Rows of the live orders.
const MAX_ROWS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_topic_is_sampled_and_the_page_says_so_and_stays_small() -> anyhow::Result<()> {
    in_browser("load", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        let orders: Vec<_> = (0..ORDERS).map(|n| events::first(&format!("BUSY-{n}"))).collect();
        let writing = written(&sandbox, &orders);
        let watching = async {
            page.await_js(
                "the page says that it shows a sample",
                "return document.querySelector('[data-test=order-row]')?.closest('section')?.innerText.includes('sample') ?? false",
            )
            .await?;
            // It still reacts: to a click, and to the next frame.
            page.click("pause-live").await?;
            page.js("return new Promise(done => requestAnimationFrame(() => done(true)))", &[]).await?;
            page.click("pause-live").await
        };
        tokio::try_join!(writing, watching)?;
        let elements = page.js("return document.getElementsByTagName('*').length", &[]).await?;
        anyhow::ensure!(elements.as_u64() < Some(MAX_ELEMENTS), "{elements} elements");
        let rows = page.count("order-row").await?;
        anyhow::ensure!((1..=MAX_ROWS).contains(&rows), "{rows} rows");
        until("all orders are in the store", LONG, async || {
            let stats = answer(&sandbox, "/stats").await?;
            anyhow::ensure!(stats["orders"] == ORDERS, "{stats}");
            Ok(())
        })
        .await?;
        letters::find_order(&page, &format!("BUSY-{}", ORDERS - 1)).await?;
        sandbox.stop().await
    })
    .await
}
