//! The pictures in `docs/images/`. `scripts/screenshots.sh` makes them.

use std::path::PathBuf;

use anyhow::Context;
use sandbox::demo::{self, Demo};
use sandbox::pipeline::Pipeline;
use sandbox::poison::{Kind, Poisoner};
use serde_json::json;
use testbed::wait::until;

use crate::page::Page;
use crate::scene::{answer, in_browser, poisoner, sandbox_at};

/// The directory to write them to.
const DIRECTORY: &str = "ORDERLOG_PICTURES";
/// Enough for charts of traffic; the demo writes four records in a second.
const RECORDS: u64 = 160;
const LIMIT: std::time::Duration = std::time::Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes files into the repository: run scripts/screenshots.sh"]
async fn pictures_of_the_page() -> anyhow::Result<()> {
    let directory = std::env::var_os(DIRECTORY).with_context(|| format!("{DIRECTORY} is not set"))?;
    let directory = PathBuf::from(directory);
    in_browser("pictures", async |page| {
        let sandbox = sandbox_at(&page, "overview", &[]).await?;
        let traffic = Demo::of(&sandbox);
        tokio::select! {
            ended = demo::run(&traffic) => ended?,
            made = pictures(&page, &sandbox, &directory) => made?,
        }
        sandbox.stop().await
    })
    .await
}

async fn pictures(page: &Page, sandbox: &Pipeline, directory: &std::path::Path) -> anyhow::Result<()> {
    let save = async |name: &str| {
        let picture = page.browser().client().screenshot().await?;
        std::fs::write(directory.join(name), picture).with_context(|| format!("writing {name}"))
    };
    page.browser()
        .devtools("Emulation.setScrollbarsHidden", json!({"hidden": true}))
        .await?;
    theme(page, "light").await?;
    screen(page, 1440, 960, false).await?;
    until("there is enough to see", LIMIT, async || {
        let records = answer(sandbox, "/stats").await?["records"].take();
        anyhow::ensure!(records.as_u64() >= Some(RECORDS), "{records} records");
        Ok(())
    })
    .await?;
    save("overview-light.png").await?;

    theme(page, "dark").await?;
    let poisoned = poisoner(sandbox)
        .await?
        .write(Kind::CutOff, &Poisoner::an_order_id())
        .await?;
    let path = format!("/dlq/messages?orderId={}", poisoned.key);
    let id = until("the dead letter is listed", LIMIT, async || {
        let page = answer(sandbox, &path).await?;
        page["messages"][0]["id"]
            .as_str()
            .map(str::to_owned)
            .context("it is not")
    });
    let letter = format!("{}/#/dead-letters/{}", sandbox.order_url, id.await?);
    page.open(&letter).await?;
    page.at("fault-byte").await?;
    save("dead-letter-dark.png").await?;

    theme(page, "light").await?;
    screen(page, 400, 800, true).await?;
    page.open(&letter).await?;
    page.at("fault-byte").await?;
    save("dead-letter-phone.png").await
}

async fn theme(page: &Page, theme: &str) -> anyhow::Result<()> {
    let features = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
    page.browser()
        .devtools("Emulation.setEmulatedMedia", features)
        .await
        .map(drop)
}

async fn screen(page: &Page, width: u32, height: u32, mobile: bool) -> anyhow::Result<()> {
    let scale = if mobile { 2 } else { 1 };
    let screen = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile});
    page.browser()
        .devtools("Emulation.setDeviceMetricsOverride", screen)
        .await
        .map(drop)
}
