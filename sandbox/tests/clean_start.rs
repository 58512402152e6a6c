//! Nothing outlives the sandbox.

use sandbox::testing::start_sandbox as start;

async fn get(url: String) -> serde_json::Value {
    reqwest::get(url).await.expect("an answer").json().await.expect("JSON")
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
