//! The page on a narrow screen.

use serde_json::json;

use crate::scene::{in_browser, populated, views};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wider_than_a_phone() -> anyhow::Result<()> {
    in_browser("phone", async |page| {
        let sandbox = populated(&page).await?;
        let phone = json!({"width": 400, "height": 800, "deviceScaleFactor": 2, "mobile": true});
        page.browser()
            .devtools("Emulation.setDeviceMetricsOverride", phone)
            .await?;
        for view in views(&sandbox).await? {
            page.show(&sandbox, &view).await?;
            let widths = page
                .js("return [document.documentElement.scrollWidth, innerWidth]", &[])
                .await?;
            anyhow::ensure!(
                widths == json!([400, 400]),
                "{view:?}: content and screen are {widths} pixels wide"
            );
        }
        sandbox.stop().await
    })
    .await
}
