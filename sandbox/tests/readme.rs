//! The README's curl lines, run in order against the pipeline: each must return the printed status. And a clean start.

use std::process::Command;

use sandbox::testing::start_sandbox as start;

const README: &str = include_str!("../../README.md");

async fn get(url: String) -> serde_json::Value {
    reqwest::get(url).await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_curl_line_of_the_readme_answers_as_printed() {
    let pipeline = start(&[]).await.expect("starts");
    let (_, api) = README.split_once("\n## The API\n").expect("the section");
    let (api, _) = api.split_once("\n## ").expect("another section behind it");
    let lines: Vec<(&str, &str)> = api
        .lines()
        .filter(|line| line.starts_with("curl "))
        .filter_map(|line| line.rsplit_once("  # "))
        .collect();
    assert!(lines.len() >= 14, "the README has its curl lines");
    for (line, status) in lines {
        let cart = pipeline.cart_url.replace("http://", "");
        let order = pipeline.order_url.replace("http://", "");
        let line = line.replace("localhost:8000", &cart).replace("localhost:8001", &order);
        let ran = tokio::task::spawn_blocking({
            let line = line.clone();
            move || Command::new("sh").arg("-c").arg(line).output().expect("sh runs")
        });
        let ran = ran.await.expect("no panic");
        let answer = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{line}\nwanted {status}, got {answer}"
        );
    }
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_starts_as_clean_as_the_first() {
    for _ in 0..2 {
        let pipeline = start(&[]).await.expect("starts");
        let stats = get(format!("{}/stats", pipeline.order_url)).await;
        assert_eq!(
            (&stats["records"], &stats["orders"]),
            (&serde_json::json!(0), &serde_json::json!(0))
        );
        let body = serde_json::json!({"orderId": "1", "itemsCount": 1});
        let created = reqwest::Client::new()
            .post(format!("{}/create-order", pipeline.cart_url))
            .json(&body)
            .send()
            .await
            .expect("an answer");
        assert_eq!(created.status(), 201);
        pipeline.stop().await.expect("a clean end");
    }
}
