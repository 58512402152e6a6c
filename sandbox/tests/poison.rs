//! Invalid records in the running pipeline.

use std::time::Duration;

use clap::ValueEnum;
use orderlog_kafka::partition::Partitioner;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sandbox::pipeline::{Pipeline, TOPIC};
use sandbox::poison::{Kind, OrderService, Outcome, Poisoner, Written};
use sandbox::testing::{ids_where, partition_of, start_sandbox};
use sandbox::third_party;
use serde_json::{Value, json};

/// Nobody listens there.
const NO_REGISTRY: &str = "http://127.0.0.1:1";

async fn poisoner(pipeline: &Pipeline, topic: &str, registry_url: &str) -> anyhow::Result<Poisoner> {
    Poisoner::connect(&pipeline.bootstrap_servers, topic, Partitioner::default(), registry_url).await
}

async fn outcome(url: &str, written: &Written) -> Outcome {
    let url = url.parse().expect("an address");
    OrderService::at(&url).expect("a client").outcome_of(written).await
}

async fn get(url: String) -> Value {
    reqwest::get(url).await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_becomes_one_dead_letter_with_its_code_and_is_reported_as_such() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let poisoner = poisoner(&pipeline, TOPIC, &pipeline.registry_url)
        .await
        .expect("connects");
    let kinds = Kind::value_variants();
    for (n, kind) in kinds.iter().enumerate() {
        let written = poisoner.write(*kind, &format!("P-{n}")).await.expect("written");
        let Outcome::DeadLettered { code, reason } = outcome(&pipeline.order_url, &written).await else {
            panic!("{kind} is not a dead letter")
        };
        assert_eq!(code, kind.code().as_str(), "{kind}: {reason}");
        assert!(!reason.is_empty(), "{kind}");
    }
    let count = &get(format!("{}/dlq/info", pipeline.order_url)).await["count"];
    assert_eq!(count, kinds.len());
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_an_unregistered_schema_can_be_read_once_the_schema_of_its_header_is_registered() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let poisoner = poisoner(&pipeline, TOPIC, &pipeline.registry_url)
        .await
        .expect("connects");
    let mut ids = Vec::new();
    for round in ["P-1", "P-2"] {
        for twice in ["", "-again"] {
            let order_id = format!("{round}{twice}");
            let written = poisoner
                .write(Kind::UnregisteredSchema, &order_id)
                .await
                .expect("written");
            let Outcome::DeadLettered { code, .. } = outcome(&pipeline.order_url, &written).await else {
                panic!("it is not a dead letter")
            };
            assert_eq!(code, "unknown_schema_id");
        }
        // Another kind registers nothing that takes the id.
        let other = poisoner
            .write(Kind::OtherSchema, &format!("{round}-other"))
            .await
            .expect("written");
        assert!(matches!(
            outcome(&pipeline.order_url, &other).await,
            Outcome::DeadLettered { .. }
        ));
        let page = get(format!("{}/dlq/messages?orderId={round}", pipeline.order_url)).await;
        let again = get(format!("{}/dlq/messages?orderId={round}-again", pipeline.order_url)).await;
        let claimed = page["messages"][0]["schemaId"].as_u64().expect("an id");
        assert_eq!(
            again["messages"][0]["schemaId"], claimed,
            "nobody has registered it meanwhile"
        );
        let schema = header_of(&pipeline, round);
        let registered = third_party::register(&pipeline.registry_url, "order-events-value", &schema, &json!([])).await;
        assert_eq!(u64::from(registered.expect("registered")), claimed, "the next id");
        ids.push(claimed);
    }
    assert!(ids[1] > ids[0], "another schema each time: {ids:?}");
    pipeline.stop().await.expect("a clean end");
}

/// The header `writer.schema` of the event with that key.
fn header_of(pipeline: &Pipeline, key: &str) -> String {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &pipeline.bootstrap_servers)
        .set("group.id", "test")
        .set("fetch.wait.max.ms", "3")
        .create()
        .expect("a consumer");
    let mut partitions = TopicPartitionList::new();
    let partition = partition_of(key);
    partitions
        .add_partition_offset(TOPIC, partition, Offset::Beginning)
        .expect("an offset");
    consumer.assign(&partitions).expect("an assignment");
    loop {
        let Some(record) = consumer.poll(Duration::from_secs(10)) else {
            panic!("there is no record of {key}")
        };
        let record = record.expect("a record");
        if record.key() == Some(key.as_bytes()) {
            let headers = record.headers().expect("headers");
            let header = headers.iter().find(|header| header.key == "writer.schema");
            let value = header.and_then(|header| header.value).expect("the schema");
            return String::from_utf8(value.to_vec()).expect("text");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_can_write_each_kind_and_only_from_its_own_origin() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let client = reqwest::Client::new();
    let url = format!("{}/sandbox/poison", pipeline.order_url);
    let send = async |kind: &str, origin: &str| {
        let request = client.post(&url).header("origin", origin).json(&json!({"kind": kind}));
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.expect("JSON"))
    };
    for kind in Kind::value_variants() {
        let kind = kind.to_string();
        let (status, answer) = send(&kind, &pipeline.order_url).await;
        assert_eq!((status, &answer["kind"]), (200, &json!(kind)), "{answer}");
        assert!(
            answer["key"].as_str().is_some_and(|key| key.starts_with("POISON-")),
            "{answer}"
        );
        assert!(answer["partition"].is_i64() && answer["offset"].is_i64(), "{answer}");
    }
    let (status, answer) = send("sour", &pipeline.order_url).await;
    assert_eq!(
        (status, &answer["errors"][0]["field"]),
        (400, &json!("kind")),
        "{answer}"
    );
    let (status, answer) = send("empty", &pipeline.cart_url).await;
    assert_eq!(status, 403, "{answer}");
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_topic_is_named_and_creates_nothing() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let subjects = || get(format!("{}/subjects", pipeline.registry_url));
    let before = subjects().await;
    let Err(error) = poisoner(&pipeline, "order-event", &pipeline.registry_url).await else {
        panic!("there is no such topic")
    };
    let error = format!("{error:#}");
    assert!(error.starts_with("no such topic: order-event;"), "{error}");
    assert!(error.contains(TOPIC), "the existing topics: {error}");
    assert_eq!(subjects().await, before);
    assert!(
        poisoner(&pipeline, "order-event", &pipeline.registry_url)
            .await
            .is_err(),
        "asking has not created it"
    );
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_kinds_with_a_schema_id_need_the_registry() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let poisoner = poisoner(&pipeline, TOPIC, NO_REGISTRY).await.expect("connects");
    let needless = [Kind::Empty, Kind::NotAvro, Kind::Short, Kind::UnknownSchemaId];
    for kind in Kind::value_variants() {
        let written = poisoner.write(*kind, "P-1").await;
        match written {
            Ok(_) => assert!(needless.contains(kind), "{kind}"),
            Err(error) => {
                let error = format!("{error:#}");
                assert!(!needless.contains(kind), "{kind}: {error}");
                assert!(error.contains("SCHEMA_REGISTRY_URL"), "{kind}: {error}");
            }
        }
    }
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_no_service_uses_gets_no_subject() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    pipeline.broker.create_topic("payments", 1).expect("a topic");
    let poisoner = poisoner(&pipeline, "payments", &pipeline.registry_url)
        .await
        .expect("connects");
    let refused = poisoner.write(Kind::WrongTotal, "P-1").await.expect_err("no schema");
    assert!(
        refused.to_string().starts_with("subject payments-value "),
        "{refused:#}"
    );
    let subjects = get(format!("{}/subjects", pipeline.registry_url)).await;
    assert_eq!(subjects, json!(["order-events-value"]));

    let written = poisoner.write(Kind::NotAvro, "P-1").await.expect("needs no schema");
    let outcome = outcome(&pipeline.order_url, &written).await;
    assert_eq!(outcome, Outcome::OtherTopic(TOPIC.to_owned()));
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_order_service_and_another_server_in_its_place_are_told_apart() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let poisoner = poisoner(&pipeline, TOPIC, NO_REGISTRY).await.expect("connects");
    let written = poisoner.write(Kind::NotAvro, "P-1").await.expect("written");
    for (url, cause) in [
        ("http://127.0.0.1:1", "Connection refused"),
        (&pipeline.order_url.replace("http:", "https:"), "corrupt message"),
    ] {
        let Outcome::NoAnswer(why) = outcome(url, &written).await else {
            panic!("{url}: no order-service is there")
        };
        assert!(why.contains(cause), "{url}: {why}");
    }
    let Outcome::NoAnswer(why) = outcome(&pipeline.cart_url, &written).await else {
        panic!("that is cart-service")
    };
    assert!(why.contains("404"), "{why}");
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_service_of_another_kafka_is_not_taken_to_have_read_the_record() {
    let (ours, other) = tokio::try_join!(start_sandbox(&[]), start_sandbox(&[])).expect("both start");
    let mut ids = ids_where("P", |partition| partition == 3);
    let mut id = || ids.next().expect("an id");
    let theirs = poisoner(&other, TOPIC, NO_REGISTRY).await.expect("connects");
    let theirs = theirs.write(Kind::NotAvro, &id()).await.expect("written");
    let poisoner = poisoner(&ours, TOPIC, NO_REGISTRY).await.expect("connects");
    let written = poisoner.write(Kind::NotAvro, &id()).await.expect("written");
    assert_eq!(
        (theirs.partition, theirs.offset),
        (written.partition, written.offset),
        "the same place in both"
    );
    assert_eq!(outcome(&other.order_url, &written).await, Outcome::NotShown);
    let outcome = outcome(&ours.order_url, &written).await;
    assert!(matches!(outcome, Outcome::DeadLettered { .. }), "{outcome:?}");
    ours.stop().await.expect("a clean end");
    other.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_order_service_applies_is_reported_as_applied() {
    let pipeline = start_sandbox(&["--kafka-partitioner=crc32"]).await.expect("starts");
    let poisoner = poisoner(&pipeline, TOPIC, &pipeline.registry_url)
        .await
        .expect("connects");
    // What is the wrong partition by murmur2 is the right one by crc32.
    let is_right = |id: &String| Partitioner::Crc32.of_key(id.as_bytes(), 6) == (partition_of(id) + 1) % 6;
    let id = ids_where("P", |_| true).find(is_right).expect("an id");
    let written = poisoner.write(Kind::WrongPartition, &id).await.expect("written");
    assert_eq!(outcome(&pipeline.order_url, &written).await, Outcome::Accepted);
    pipeline.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_no_broker_answers_is_told() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let http = pipeline.order_url.trim_start_matches("http://").to_owned();
    let error = async |servers: &str| {
        let connected = Poisoner::connect(servers, TOPIC, Partitioner::default(), NO_REGISTRY).await;
        format!("{:#}", connected.err().expect("no broker is there"))
    };
    let (nobody, not_kafka) = tokio::join!(error("127.0.0.1:1"), error(&http));
    assert!(nobody.contains("Connection refused"), "{nobody}");
    assert!(!not_kafka.contains("refused"), "{not_kafka}");
    for (error, servers) in [(nobody, "127.0.0.1:1"), (not_kafka, http.as_str())] {
        let begin = format!("no answer from Kafka at {servers}: {servers}/bootstrap: ");
        assert!(error.starts_with(&begin), "the client's report: {error}");
        assert!(error.contains("KAFKA_BOOTSTRAP_SERVERS"), "{error}");
    }
    pipeline.stop().await.expect("a clean end");
}
