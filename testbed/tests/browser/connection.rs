//! A page that loses its service.

use testbed::proxy::Proxy;

use crate::scene::{in_browser, sandbox_at};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_said_and_the_page_recovers_by_itself() -> anyhow::Result<()> {
    in_browser("connection", async |page| {
        let proxy = Proxy::start("127.0.0.1:1").await?;
        let origin = format!("http://{}", proxy.address());
        let sandbox = sandbox_at(&page, "overview", &["--cors-origins", &origin]).await?;
        proxy.redirect_to(&sandbox.order_url)?;
        page.open(&format!("{origin}/#/orders")).await?;
        page.see("connection", "live").await?;
        proxy.cut();
        let is_off = |text: &str| text.contains("reconnecting") || text.contains("lost");
        page.await_text("connection", "the page says that it is not connected", is_off)
            .await?;
        page.see("connection", "lost").await?;
        proxy.heal();
        page.see("connection", "live").await?;
        sandbox.stop().await
    })
    .await
}
