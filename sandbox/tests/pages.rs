//! The services' own pages: what they show can be pasted, in order, and works.

use std::process::Command;

use sandbox::testing::start_sandbox;

/// The commands on a page, as a browser shows them.
async fn commands(url: &str) -> Vec<String> {
    let answer = reqwest::get(url).await.expect("an answer");
    let page = answer.text().await.expect("a page");
    let (_, rest) = page.split_once("<pre>").expect("commands");
    let (commands, _) = rest.split_once("</pre>").expect("an end of the commands");
    commands
        .replace("&amp;", "&")
        .split("\n\n")
        .map(str::to_owned)
        .collect()
}

async fn run(command: String) -> String {
    let ran = tokio::task::spawn_blocking(move || Command::new("sh").arg("-c").arg(command).output());
    let output = ran.await.expect("no panic").expect("sh runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_names_the_address_that_clients_bootstrap_from() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let facts = reqwest::get(format!("{}/console.json", pipeline.order_url))
        .await
        .expect("an answer");
    let facts: serde_json::Value = facts.json().await.expect("JSON");
    assert_eq!(facts["bootstrapServers"], pipeline.bootstrap_servers);
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_on_each_page_work_as_shown() {
    for (is_cart, expected) in [(true, ["201", "200", "200"]), (false, ["201", "200", "200"])] {
        let pipeline = start_sandbox(&[]).await.expect("starts");
        let page = if is_cart {
            pipeline.cart_url.clone()
        } else {
            format!("{}/about", pipeline.order_url)
        };
        let commands = commands(&page).await;
        assert_eq!(commands.len(), expected.len(), "{commands:?}");
        for (command, status) in commands.into_iter().zip(expected) {
            let answer = run(command.clone()).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{command}\nwanted {status}, got {answer}"
            );
        }
        pipeline.stop().await.expect("a clean end");
    }
}
