//! What the sandbox does: ports, poison, a clean end.

use clap::Parser;
use sandbox::cli::Cli;
use sandbox::pipeline::{Pipeline, TOPIC};
use sandbox::poison::{Kind, Poisoner};
use sandbox::testing::eventually;

async fn start(flags: &[&str]) -> anyhow::Result<Pipeline> {
    // Tests share the process's crypto provider; the first one installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut cli = Cli::parse_from(["sandbox"].iter().chain(flags));
    // Ports that the test does not choose are free ones.
    for (port, default) in [
        (&mut cli.cart_port, 8000),
        (&mut cli.order_port, 8001),
        (&mut cli.registry_port, 8081),
    ] {
        if *port == default {
            *port = 0;
        }
    }
    Pipeline::start(&cli).await
}

async fn get(url: String) -> serde_json::Value {
    reqwest::get(url).await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_poison_becomes_one_dead_letter_with_its_code() {
    use clap::ValueEnum;
    let pipeline = start(&[]).await.expect("starts");
    let poisoner = Poisoner::connect(&pipeline.broker.bootstrap_servers(), TOPIC, &pipeline.registry_url)
        .await
        .expect("connects");
    let kinds = Kind::value_variants();
    for (n, kind) in kinds.iter().enumerate() {
        poisoner.write(*kind, &format!("P-{n}")).expect("written");
    }
    let all = || async { get(format!("{}/dlq/info", pipeline.order_url)).await["count"] == kinds.len() };
    assert!(
        eventually(all).await,
        "{}",
        get(format!("{}/dlq/info", pipeline.order_url)).await
    );
    let messages = get(format!("{}/dlq/messages", pipeline.order_url)).await;
    let messages = messages["messages"].as_array().expect("messages");
    for (n, kind) in kinds.iter().enumerate() {
        let key = if *kind == Kind::WrongKey {
            format!("P-{n}-not")
        } else {
            format!("P-{n}")
        };
        let codes: Vec<_> = messages
            .iter()
            .filter(|message| message["key"] == key)
            .map(|message| &message["code"])
            .collect();
        assert_eq!(codes, [kind.code().as_str()], "{kind:?}");
    }
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_port_is_reported_with_the_flag_that_changes_it() {
    let busy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = busy.local_addr().expect("an address").port();
    for flag in ["--cart-port", "--order-port", "--registry-port"] {
        let Err(error) = start(&[&format!("{flag}={port}")]).await else {
            panic!("{flag}: the port is busy")
        };
        let error = format!("{error:#}");
        assert!(error.contains(flag) && error.contains(&port.to_string()), "{error}");
    }
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
