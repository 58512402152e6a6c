//! Topics: created with the right settings, and refused if they would lose records or if their number of partitions has
//! changed.

use testbed::events;
use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::world::World;
use testbed::writer::NewRecord;

#[tokio::test]
async fn missing_topics_are_created_with_settings_that_lose_no_records() -> anyhow::Result<()> {
    let world = World::new("topics-made")?;
    let _pair = world.pair().await?;
    let topics = Topics::new(&world.servers.kafka)?;
    let dead_letters = world.dead_letter_topic();
    assert_eq!(
        (topics.partitions(&world.topic)?, topics.partitions(&dead_letters)?),
        (6, 1)
    );
    let mut largest = Vec::new();
    for topic in [&world.topic, &dead_letters] {
        let settings = topics.settings(topic).await?;
        for (name, value) in [
            ("retention.ms", "-1"),
            ("retention.bytes", "-1"),
            ("cleanup.policy", "delete"),
        ] {
            assert_eq!(settings[name], value, "{topic}: {name}");
        }
        largest.push(settings["max.message.bytes"].parse::<u64>()?);
    }
    assert!(
        largest[0] < largest[1],
        "a dead letter is larger than its record: {largest:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_topic_that_may_not_be_created_is_waited_for() -> anyhow::Result<()> {
    let world = World::new("topics-awaited")?;
    let mut cart = world.cart()?.with("KAFKA_CREATE_TOPICS", "false").spawn()?;
    let mut order = world.order()?.with("KAFKA_CREATE_TOPICS", "false").spawn()?;
    cart.await_reason(&[&world.topic, "does not exist"]).await?;
    order.await_reason(&[&world.topic, "does not exist"]).await?;
    cart.refuses("does not exist").await?;
    let early = order.http.details("A-1").await?;
    assert_eq!(
        (early.status, early.problem().as_str()),
        (503, "not-ready"),
        "{early:?}"
    );
    let topics = Topics::new(&world.servers.kafka)?;
    // Another number of partitions than ours is fine, as long as it does not change.
    topics.create(&world.topic, 3, &[("retention.ms", "86400000")]).await?;
    topics.create(&world.dead_letter_topic(), 1, &[]).await?;
    cart.ready().await?;
    order.ready().await?;
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    order.await_reason(&["retention.ms=86400000"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_topic_that_is_compacted_is_refused() -> anyhow::Result<()> {
    let world = World::new("topics-compacted")?;
    Topics::new(&world.servers.kafka)?
        .create(&world.topic, 6, &[("cleanup.policy", "compact")])
        .await?;
    let (cart, order) = (world.cart()?.spawn()?, world.order()?.spawn()?);
    for service in [&cart, &order] {
        let health = service
            .await_reason(&["cleanup.policy=compact", "cleanup.policy=delete"])
            .await?;
        assert_eq!(health.status, "degraded", "{health:?}");
    }
    cart.refuses("cleanup.policy=compact").await
}

#[tokio::test]
async fn a_changed_number_of_partitions_stops_reading_and_writing() -> anyhow::Result<()> {
    let world = World::new("topics-grown")?;
    let (mut cart, mut order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    tokio::try_join!(cart.terminate(), order.terminate())?;
    Topics::new(&world.servers.kafka)?.grow(&world.topic, 7).await?;
    cart.spawn(&[])?;
    order.spawn(&[])?;
    for service in [&cart, &order] {
        service.await_reason(&["has 7 partitions, but had 6"]).await?;
    }
    cart.refuses("has 7 partitions, but had 6").await?;
    // It still serves what it knows.
    let known: testbed::api_types::Order = order.http.details("A-1").await?.read(200)?;
    assert_eq!(known.version, 1);
    let stats = order.http.stats().await?;
    assert_eq!((stats.orders, stats.records), (1, 1), "{stats:?}");
    assert!(
        stats
            .partitions
            .iter()
            .all(|p| p.paused.as_ref().is_some_and(|why| why.contains("7 partitions"))),
        "{stats:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_new_replica_of_a_topic_with_added_partitions_reads_nothing_and_says_why() -> anyhow::Result<()> {
    let world = World::new("topics-grown-fresh")?;
    let (mut cart, mut order) = world.pair().await?;
    for n in 0..12 {
        cart.http.created(&format!("A-{n}")).await?;
    }
    world.caught_up(&order).await?;
    Topics::new(&world.servers.kafka)?.grow(&world.topic, 12).await?;
    // Others continue to write, to the topic as it is now.
    let id = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    let writer = world.writer()?;
    for n in 0..12 {
        writer
            .write(&events::record(id, &events::first(&format!("B-{n}")))?)
            .await?;
    }
    let why = [
        "has 12 partitions",
        "partitioned as in a topic with 6",
        "Copy the events to a new topic",
    ];
    let (mut new_cart, mut new_order) = (world.cart()?.spawn()?, world.order()?.spawn()?);
    for service in [&new_cart, &new_order] {
        service.await_reason(&why).await?;
    }
    for n in 0..12 {
        let created = new_cart.http.create_short(&format!("A-{n}")).await?;
        assert_eq!(created.status, 503, "it exists: {created:?}");
        assert_eq!(new_order.http.details(&format!("A-{n}")).await?.status, 503);
    }
    assert_eq!(
        world.dead_letters().await?.len(),
        0,
        "valid records are not dead-lettered"
    );
    // Neither a restart nor a rebuild helps.
    tokio::try_join!(new_cart.terminate(), new_order.terminate())?;
    tokio::try_join!(cart.terminate(), order.terminate())?;
    new_cart.spawn(&[])?;
    new_order.spawn(&[])?;
    cart.spawn(&["--rebuild"])?;
    order.spawn(&["--rebuild"])?;
    for service in [&new_cart, &new_order, &cart, &order] {
        service.await_reason(&why).await?;
    }
    assert_eq!(world.dead_letters().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn misplaced_records_at_the_start_of_a_topic_are_dead_lettered_and_stop_nothing() -> anyhow::Result<()> {
    let world = World::new("topics-misplaced")?;
    let (cart, order) = world.pair().await?;
    let id = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    let writer = world.writer()?;
    // Where a topic of one partition would have them.
    for name in ["X", "Y"] {
        let misplaced = events::record(id, &events::first(&events::id_in(3, name)))?;
        let partition = Some(0);
        writer.write(&NewRecord { partition, ..misplaced }).await?;
    }
    for n in 0..12 {
        cart.http.created(&format!("A-{n}")).await?;
    }
    world.await_dead_letters(&order, 2).await?;
    let (new_cart, new_order) = world.pair().await?;
    let stats = world.caught_up(&new_order).await?;
    assert_eq!((stats.totals.applied, stats.totals.dead_lettered), (12, 2), "{stats:?}");
    assert_eq!(new_cart.http.create_short("A-1").await?.status, 409);
    Ok(())
}
