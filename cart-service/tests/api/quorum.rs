//! A replicated topic: a request is refused only if the partition's replicas have acknowledged something newer than the
//! request.

use std::time::{Duration, Instant};

use orderlog_contract::barrier;
use orderlog_runtime::secret::Secret;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use reqwest::{Method, StatusCode};
use sandbox::testing::partition_of;
use serde_json::json;

use crate::helpers::{App, TOPIC, World, eventually};
use crate::others::neighbour;

/// Headers of the null records in the order's partition, each with its name and value, in order; and how many others
/// there are.
fn null_records(world: &World, order_id: &str) -> (Vec<Vec<(String, String)>>, usize) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", world.broker.bootstrap_servers())
        .set("group.id", "test")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "3")
        .create()
        .expect("a consumer");
    let mut partitions = TopicPartitionList::new();
    let _ = partitions.add_partition_offset(TOPIC, partition_of(order_id), Offset::Beginning);
    consumer.assign(&partitions).expect("an assignment");
    let (mut nulls, mut others) = (Vec::new(), 0);
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(record)) if record.payload().is_none() && record.key().is_none() => {
                let headers = record.headers().into_iter().flat_map(|headers| headers.iter());
                let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
                nulls.push(
                    headers
                        .map(|header| (header.key.to_owned(), text(header.value)))
                        .collect(),
                );
            }
            Some(Ok(_)) => others += 1,
            Some(Err(_)) => return (nulls, others),
            None => {}
        }
    }
    panic!("the partition's end was not reached");
}

async fn keyed_update(app: &App, key: &str, order_id: &str, status: &str) -> StatusCode {
    let body = json!({"orderId": order_id, "status": status});
    let headers = [("Idempotency-Key", key)];
    app.send(Method::PUT, "/update-order", &headers, &body).await.status()
}

#[tokio::test]
async fn every_kind_of_refusal_follows_a_barrier_that_belongs_to_no_order() {
    let world = World::with_brokers(3);
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    assert_eq!(keyed_update(&app, "k-1", "A-1", "confirmed").await, StatusCode::OK);
    assert_eq!(null_records(&world, "A-1"), (vec![], 2), "writes need no barrier");
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CONFLICT);
    assert_eq!(app.update("A-1", "confirmed").await.0, StatusCode::OK, "already so");
    assert_eq!(app.update("A-1", "new").await.0, StatusCode::CONFLICT);
    let body = json!({"orderId": "A-1", "status": "shipped"});
    let old = app
        .send(Method::PUT, "/update-order", &[("If-Match", "\"1\"")], &body)
        .await;
    assert_eq!(old.status(), StatusCode::PRECONDITION_FAILED);
    let other = neighbour("A-1");
    assert_eq!(app.update(&other, "confirmed").await.0, StatusCode::NOT_FOUND);
    // It is not known yet whether the key was also used for this order.
    assert_eq!(
        keyed_update(&app, "k-1", &other, "confirmed").await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let marked = vec![(barrier::HEADER.to_owned(), "cart-service".to_owned())];
    assert_eq!(null_records(&world, "A-1"), (vec![marked; 6], 2));
    // An answer that cannot change needs no barrier.
    assert_eq!(keyed_update(&app, "k-1", "A-1", "confirmed").await, StatusCode::OK);
    assert_eq!(
        keyed_update(&app, "k-1", "A-1", "shipped").await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(null_records(&world, "A-1").0.len(), 6);
    assert_eq!(app.update("A-1", "shipped").await.1["order"]["version"], 3);
    app.stop().await;
}

#[tokio::test]
async fn simultaneous_refusals_share_barriers() {
    let world = World::with_brokers(3);
    let app = world.start().await;
    let mut orders = (0..).map(|n| format!("N-{n}")).filter(|id| partition_of(id) == 0);
    let orders: Vec<String> = orders.by_ref().take(50).collect();
    let updates = orders.iter().map(|id| app.update(id, "confirmed"));
    for (status, _) in futures::future::join_all(updates).await {
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let barriers = null_records(&world, &orders[0]).0.len();
    assert!((1..=10).contains(&barriers), "{barriers}");
    app.stop().await;
}

#[tokio::test]
async fn while_the_replicas_acknowledge_nothing_a_refusal_is_a_503_and_health_says_so() {
    let world = World::with_brokers(3);
    let app = world.start_with(|config| config.write_deadline_ms = 1000).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let cluster = world.broker.cluster().expect("a cluster");
    let too_few = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    cluster.request_errors(RDKafkaApiKey::Produce, &[too_few; 1000]);
    for (status, problem) in [
        app.update("A-1", "new").await,
        app.create_short("A-1").await,
        app.update(&neighbour("A-1"), "new").await,
    ] {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(
            detail.contains(&format!("the replicas of partition {}", partition_of("A-1"))),
            "{problem}"
        );
    }
    let (_, health) = app.get("/health").await;
    assert!(
        health["reasons"].to_string().contains("acknowledge nothing"),
        "{health}"
    );
    cluster.clear_request_errors(RDKafkaApiKey::Produce);
    let refused = || async { app.create_short("A-1").await.0 == StatusCode::CONFLICT };
    assert!(eventually(refused).await);
    let healthy = || async { app.get("/health").await.1["status"] == "healthy" };
    assert!(eventually(healthy).await, "{}", app.get("/health").await.1);
    app.stop().await;
}

#[tokio::test]
async fn a_topic_with_one_replica_gets_no_barriers() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.update("A-1", "confirmed").await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.record_count(), 0);
    app.stop().await;
}

#[tokio::test]
async fn client_rack_is_refused_with_the_reason() {
    let world = World::new();
    let store = tempfile::tempdir().expect("a directory");
    let mut config = world.config(store.path());
    config
        .pipeline
        .kafka
        .kafka_extra
        .push(("client.rack".to_owned(), Secret::from("r3")));
    let built = cart_service::Application::build(
        config,
        orderlog_runtime::telemetry::metrics_recorder(),
        orderlog_runtime::supervisor::Supervisor::default(),
    )
    .await;
    let error = built.err().expect("refused").to_string();
    assert!(
        error.contains("KAFKA_CONFIG") && error.contains("partition leaders"),
        "{error}"
    );
}
