//! A broker with an authorizer: whatever an account may not do is reported, with the missing ACL, and works once it is
//! granted.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};
use testbed::service::{Service, Setup};
use testbed::topics::Topics;
use testbed::wait::until;
use testbed::writer::{NewRecord, Writer};

use crate::scene::{KEPT, Scene};

/// Each account's password is its name.
const ACCOUNTS: [&str; 8] = [
    "seer",
    "nobody",
    "groupless",
    "letterless",
    "reader",
    "maker",
    "clerk",
    "all",
];
/// Maximum time until a refusal, or its end, is reported, on a busy machine.
const REPORT_TIMEOUT: Duration = Duration::from_secs(20);

/// A broker with one port that is open to everybody, for the operator, and one that requires accounts.
async fn guarded(test: &str) -> anyhow::Result<Scene> {
    let scene = Scene::without_broker(test).await?;
    let accounts: String = ACCOUNTS.map(|name| format!(" user_{name}=\"{name}\"")).concat();
    scene.broker.set(&format!(
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
listener.name.proxied.sasl.enabled.mechanisms=PLAIN
listener.name.proxied.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required{accounts};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"
    ))?;
    scene.broker.up().await?;
    let topics = Topics::new(&scene.broker.address())?;
    topics.create(&scene.world.topic, 6, &[KEPT]).await?;
    topics.create(&scene.world.dead_letter_topic(), 1, &[KEPT]).await?;
    Ok(scene)
}

/// The same service with that account.
fn log_in(setup: Setup, account: &str, password: &str) -> anyhow::Result<Service> {
    let settings = format!(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanisms=PLAIN\nsasl.username={account}\nsasl.password={password}\n"
    );
    setup.with_kafka_settings(&settings)?.spawn()
}

/// Grants or revokes: account, operation, kind of resource, its name.
async fn change(scene: &Scene, what: &'static str, rules: &[[&str; 4]]) -> anyhow::Result<()> {
    let rules: Vec<Value> = rules.iter().map(|rule| json!(rule)).collect();
    let mut command = Command::new(&scene.world.servers.python);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/acls.py"))
        .args([&scene.broker.address(), what])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let input = serde_json::to_string(&rules)?;
    tokio::task::spawn_blocking(move || {
        use std::io::Write;
        let mut child = command.spawn()?;
        child.stdin.take().context("no stdin")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "acls.py: {said}");
        Ok(())
    })
    .await?
}

/// An unrestricted writer of the topic.
fn operator(scene: &Scene) -> anyhow::Result<Writer> {
    Writer::new(&scene.broker.address(), &scene.world.topic)
}

/// Waits until health gives reasons that contain all those parts, and prints how long it took.
async fn tells(service: &Service, who: &str, parts: &[&str]) -> anyhow::Result<()> {
    let begun = Instant::now();
    until(&format!("{who} tells {parts:?}"), REPORT_TIMEOUT, async || {
        let health = service.http.health().await?;
        let told = parts.iter().all(|part| health.why().contains(part));
        anyhow::ensure!(told && health.status == "degraded", "{health:?}");
        Ok(())
    })
    .await?;
    println!("{who}: told after {} ms", begun.elapsed().as_millis());
    Ok(())
}

/// Waits until health gives no reasons.
async fn content(service: &Service, who: &str) -> anyhow::Result<()> {
    until(&format!("{who} reports no problem"), REPORT_TIMEOUT, async || {
        let health = service.http.health().await?;
        anyhow::ensure!(health.status == "healthy" && health.ready, "{health:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_permission_is_reported_with_the_acl_until_it_is_granted() -> anyhow::Result<()> {
    let scene = guarded("outages-rights").await?;
    let world = &scene.world;
    let (events, dead_letters, other) = (
        world.topic.as_str(),
        world.dead_letter_topic(),
        format!("{}-other", world.topic),
    );
    let dead_letters = dead_letters.as_str();
    // A topic of its own, to which nobody else has written the dead letter yet.
    let own_letters = format!("{}-own", world.topic);
    let own_letters = own_letters.as_str();
    Topics::new(&scene.broker.address())?
        .create(own_letters, 1, &[KEPT])
        .await?;
    let may = |account, operation, topic| [account, operation, "topic", topic];
    let mut granted = vec![may("seer", "DESCRIBE", events)];
    for account in ["groupless", "letterless", "reader", "seer", "clerk"] {
        granted.push(may(account, "DESCRIBE_CONFIGS", events));
        granted.push(may(account, "DESCRIBE_CONFIGS", dead_letters));
    }
    granted.extend(["READ", "DESCRIBE_CONFIGS"].map(|operation| may("clerk", operation, own_letters)));
    for account in ["groupless", "letterless", "reader", "clerk"] {
        granted.push(may(account, "READ", events));
    }
    for account in ["groupless", "seer"] {
        granted.extend([may(account, "READ", dead_letters), may(account, "WRITE", dead_letters)]);
    }
    granted.push(["groupless", "DESCRIBE", "group", "order-service"]);
    for account in ["seer", "letterless", "reader", "nobody", "clerk"] {
        granted.extend(["cart-service", "order-service"].map(|group| [account, "READ", "group", group]));
    }
    granted.extend(["DESCRIBE", "READ", "WRITE"].map(|operation| may("maker", operation, &other)));
    change(&scene, "grant", &granted).await?;

    // The topic may be described but not read.
    let seer = log_in(world.order()?, "seer", "seer")?;
    // Not even described.
    let nobody = log_in(world.cart()?, "nobody", "nobody")?;
    // Committed offsets may not be written.
    let groupless = log_in(world.order()?, "groupless", "groupless")?;
    // No dead letters.
    let letterless = log_in(world.order()?, "letterless", "letterless")?;
    // Read but not written, neither as a topic nor as an idempotent producer.
    let reader = log_in(world.cart()?, "reader", "reader")?;
    // Dead letters read but not written, and there is one to write.
    operator(&scene)?.write(&NewRecord::of("A-1", "poison")).await?;
    let clerk = log_in(world.order()?.with("KAFKA_DLQ_TOPIC", own_letters), "clerk", "clerk")?;
    // Not created.
    let maker = log_in(world.cart()?.with("KAFKA_TOPIC", &other), "maker", "maker")?;
    // Not authenticated.
    let stranger = log_in(world.cart()?, "reader", "wrong")?;

    let acl = |operation: &str, topic: &str| format!("(ACL {operation} on topic {topic})");
    let cannot_read = format!("not allowed to read topic {events} {}", acl("Read", events));
    let cannot_see = format!("not allowed to see topic {events} {}", acl("Describe", events));
    let cannot_see_letters = format!(
        "not allowed to see topic {dead_letters} {}",
        acl("Describe", dead_letters)
    );
    let cannot_write = format!("not allowed to write topic {events} {}", acl("Write", events));
    let cannot_make = format!("not allowed to create topic {other} {}", acl("Create", &other));
    let cannot_commit = "(ACL Read on group order-service)";
    tells(&seer, "seer", &[&cannot_read]).await?;
    tells(&nobody, "nobody", &[&cannot_see]).await?;
    tells(&groupless, "groupless", &[cannot_commit]).await?;
    tells(&letterless, "letterless", &[&cannot_see_letters]).await?;
    tells(
        &reader,
        "reader",
        &[&cannot_write, "ACL IdempotentWrite on the cluster"],
    )
    .await?;
    let cannot_write_letters = format!("not allowed to write topic {own_letters} {}", acl("Write", own_letters));
    tells(
        &clerk,
        "clerk",
        &[
            &cannot_write_letters,
            "is paused: dead letters cannot be written: not allowed",
        ],
    )
    .await?;
    tells(&maker, "maker", &[&cannot_make]).await?;
    tells(&stranger, "stranger", &["refuses to authenticate", "sasl.password"]).await?;
    assert!(
        groupless.http.health().await?.ready,
        "nothing depends on committed offsets"
    );
    for (service, reason) in [(&nobody, cannot_see.as_str()), (&reader, cannot_write.as_str())] {
        service.refuses_with(reason).await?;
    }

    change(
        &scene,
        "grant",
        &[
            may("seer", "READ", events),
            may("nobody", "READ", events),
            may("nobody", "WRITE", events),
            may("nobody", "DESCRIBE_CONFIGS", events),
            ["groupless", "READ", "group", "order-service"],
            may("letterless", "READ", dead_letters),
            may("letterless", "WRITE", dead_letters),
            may("reader", "WRITE", events),
            may("clerk", "WRITE", own_letters),
            may("maker", "CREATE", &other),
            may("maker", "DESCRIBE_CONFIGS", &other),
            ["maker", "READ", "group", "cart-service"],
        ],
    )
    .await?;
    for (service, who) in [
        (&seer, "seer"),
        (&nobody, "nobody"),
        (&groupless, "groupless"),
        (&letterless, "letterless"),
        (&reader, "reader"),
        (&clerk, "clerk"),
        (&maker, "maker"),
    ] {
        content(service, who).await?;
    }
    world.await_dead_letters(&clerk, 1).await?;
    for service in [&nobody, &reader] {
        service.http.created(&format!("R-{:08x}", fastrand::u32(..))).await?;
    }
    for (service, reason) in [
        (&seer, cannot_read.as_str()),
        (&nobody, cannot_see.as_str()),
        (&groupless, cannot_commit),
        (&reader, cannot_write.as_str()),
    ] {
        let log = service.log();
        let told = log
            .lines()
            .filter(|line| line.contains("kafka permission denied") && line.contains(reason));
        assert_eq!(told.count(), 1, "{reason}: {}", service.log_tail());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_permissions_stop_what_needs_them_until_they_are_granted_again() -> anyhow::Result<()> {
    let scene = guarded("outages-revoked").await?;
    let world = &scene.world;
    let events = world.topic.as_str();
    let dead_letters = world.dead_letter_topic();
    let may = |operation, topic| ["all", operation, "topic", topic];
    let mut granted = Vec::new();
    for operation in ["READ", "WRITE", "DESCRIBE_CONFIGS"] {
        granted.extend([may(operation, events), may(operation, dead_letters.as_str())]);
    }
    granted.extend(["cart-service", "order-service"].map(|group| ["all", "READ", "group", group]));
    change(&scene, "grant", &granted).await?;
    let cart = log_in(world.cart()?, "all", "all")?;
    let order = log_in(world.order()?, "all", "all")?;
    content(&cart, "cart-service").await?;
    content(&order, "order-service").await?;
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;

    let write = [may("WRITE", events)];
    let refusal = format!("ACL Write on topic {events}");
    change(&scene, "revoke", &write).await?;
    tells(&cart, "no more Write", &[&refusal]).await?;
    cart.refuses(&refusal).await?;
    content(&order, "order-service, which does not need it,").await?;
    change(&scene, "grant", &write).await?;
    content(&cart, "Write again").await?;
    cart.http.updated("A-1", "confirmed").await?;

    let write = [may("WRITE", dead_letters.as_str())];
    let refusal = format!("dead letters cannot be written: not allowed to write topic {dead_letters}");
    change(&scene, "revoke", &write).await?;
    operator(&scene)?.write(&NewRecord::of("A-1", "poison")).await?;
    tells(&order, "no more dead letters", &["is paused", &refusal]).await?;
    change(&scene, "grant", &write).await?;
    content(&order, "dead letters again").await?;
    world.await_dead_letters(&order, 1).await?;

    let read = [may("READ", events)];
    let refusal = format!("ACL Read on topic {events}");
    change(&scene, "revoke", &read).await?;
    for service in [&cart, &order] {
        tells(service, "no more Read", &[&refusal]).await?;
    }
    cart.refuses(&refusal).await?;
    assert_eq!(order.http.order("A-1", 2).await?.status, "confirmed");
    change(&scene, "grant", &read).await?;
    content(&cart, "Read again").await?;
    cart.http.updated("A-1", "shipped").await?;
    order.http.order("A-1", 3).await?;
    content(&order, "Read again").await
}
