//! axe-core, a checker of pages for those who cannot see or use them as others do, finds nothing.

use anyhow::Context;
use serde_json::{Value, json};

use crate::page::Page;
use crate::scene::{in_browser, populated, views};

/// Where `scripts/test.sh` has put axe-core.
const AXE: &str = "ORDERLOG_TEST_AXE";

/// What axe-core finds: rules that are broken, each with the elements that break it.
async fn findings(page: &Page, axe: &str) -> anyhow::Result<Vec<String>> {
    page.js(&format!("{axe}; window.axe = axe ?? window.axe"), &[]).await?;
    let found = page
        .js("return axe.run(document).then(({violations}) => violations)", &[])
        .await?;
    let of_rule = |rule: &Value| {
        let nodes = rule["nodes"].as_array().into_iter().flatten();
        let nodes: Vec<String> = nodes
            .map(|node| format!("{}: {}", node["html"], node["failureSummary"]))
            .collect();
        format!("{}: {}", rule["id"], nodes.join("; "))
    };
    Ok(found
        .as_array()
        .context("a list of violations")?
        .iter()
        .map(of_rule)
        .collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_place_has_a_barrier_in_either_theme() -> anyhow::Result<()> {
    in_browser("accessibility", async |page| {
        let file = std::env::var(AXE).with_context(|| format!("{AXE} is not set; scripts/test.sh sets it"))?;
        let axe = std::fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
        let sandbox = populated(&page).await?;
        let mut found = Vec::new();
        for theme in ["light", "dark"] {
            let features = json!({"features": [
                {"name": "prefers-color-scheme", "value": theme},
                // A color that fades in is not yet the one that is meant.
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ]});
            page.browser().devtools("Emulation.setEmulatedMedia", features).await?;
            for view in views(&sandbox).await? {
                page.show(&sandbox, &view).await?;
                let findings = findings(&page, &axe)
                    .await
                    .with_context(|| format!("{theme} {view:?}"))?;
                found.extend(
                    findings
                        .into_iter()
                        .map(|finding| format!("{theme} {}: {finding}", view.address)),
                );
            }
        }
        anyhow::ensure!(found.is_empty(), "{}", found.join("\n"));
        page.js(
            "document.querySelector('main').append(document.createElement('img'))",
            &[],
        )
        .await?;
        let findings = findings(&page, &axe).await?;
        anyhow::ensure!(
            findings.iter().any(|finding| finding.contains("image-alt")),
            "it notices a barrier: {findings:?}"
        );
        sandbox.stop().await
    })
    .await
}
