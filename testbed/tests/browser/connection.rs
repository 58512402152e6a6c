//! A page that loses its service.

use testbed::proxy::Proxy;

use crate::scene::{in_browser, sandbox_at};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_said_and_the_page_recovers_by_itself() -> anyhow::Result<()> {
    in_browser("connection", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        let proxy = Proxy::in_front_of(&sandbox.order_url).await?;
        page.open(&format!("http://{}/#/orders", proxy.address())).await?;
        page.see("connection", "live").await?;
        proxy.cut();
        page.await_text("connection", "the page says that it is not connected", |text| {
            text.contains("reconnecting") || text.contains("lost")
        })
        .await?;
        proxy.heal();
        page.see("connection", "live").await?;
        sandbox.stop().await
    })
    .await
}
