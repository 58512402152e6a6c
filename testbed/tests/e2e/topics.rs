//! Topics: created as they must be, refused if they would forget, and recognized when they are no longer the same.

use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::wait::{LONG, until};
use testbed::world::World;
use testbed::writer::{NewRecord, Writer};
use testbed::{events, log};

#[tokio::test]
async fn missing_topics_are_made_so_that_nothing_is_forgotten() -> anyhow::Result<()> {
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
async fn a_topic_that_is_not_to_be_made_is_waited_for() -> anyhow::Result<()> {
    let world = World::new("topics-awaited")?;
    let mut cart = world.cart()?.with("KAFKA_CREATE_TOPICS", "false").spawn()?;
    let mut order = world.order()?.with("KAFKA_CREATE_TOPICS", "false").spawn()?;
    cart.says(&[&world.topic, "does not exist"]).await?;
    order.says(&[&world.topic, "does not exist"]).await?;
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
    order.says(&["retention.ms=86400000"]).await?;
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
            .says(&["cleanup.policy=compact", "cleanup.policy=delete"])
            .await?;
        assert_eq!(health.status, "degraded", "{health:?}");
    }
    cart.refuses("cleanup.policy=compact").await
}

#[tokio::test]
async fn another_number_of_partitions_than_before_stops_reading_and_writing() -> anyhow::Result<()> {
    let world = World::new("topics-grown")?;
    let (mut cart, mut order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    tokio::try_join!(cart.terminate(), order.terminate())?;
    Topics::new(&world.servers.kafka)?.grow(&world.topic, 7).await?;
    cart.spawn(&[])?;
    order.spawn(&[])?;
    for service in [&cart, &order] {
        service.says(&["has 7 partitions, but had 6"]).await?;
    }
    cart.refuses("has 7 partitions, but had 6").await?;
    // It still answers what it knows.
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
async fn a_topic_that_was_made_anew_is_noticed_and_read_only_after_a_rebuild() -> anyhow::Result<()> {
    let world = World::new("topics-anew")?;
    let (mut cart, mut order) = world.pair().await?;
    for n in 0..12 {
        cart.http.created(&format!("A-{n}")).await?;
    }
    world.writer()?.write(&NewRecord::of("A-1", "poison")).await?;
    let before = world.caught_up(&order).await?;
    tokio::try_join!(cart.terminate(), order.terminate())?;
    let topics = Topics::new(&world.servers.kafka)?;
    topics.delete(&world.topic).await?;
    topics.create(&world.topic, 6, &[("retention.ms", "-1")]).await?;
    // As many records as before, in the same partitions: only their content shows that the topic is another one.
    let id = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    let writer = world.writer()?;
    for n in 0..12 {
        writer
            .write(&events::record(id, &events::first(&format!("A-{n}")))?)
            .await?;
    }
    writer.write(&NewRecord::of("A-1", "other poison")).await?;

    cart.spawn(&[])?;
    order.spawn(&[])?;
    for service in [&cart, &order] {
        service
            .says(&["is not the topic that the store was built from", "--rebuild"])
            .await?;
    }
    cart.refuses("--rebuild").await?;
    let known: testbed::api_types::Order = order.http.details("A-1").await?.read(200)?;
    assert_ne!(
        known.customer_id, "CUST-TESTBED",
        "what it knew is still told, and nothing else"
    );
    let stats = order.http.stats().await?;
    assert_eq!(
        (stats.records, stats.totals),
        (before.records, before.totals),
        "{stats:?}"
    );

    tokio::try_join!(cart.terminate(), order.terminate())?;
    tokio::try_join!(cart.start_again(&["--rebuild"]), order.start_again(&["--rebuild"]))?;
    let after = world.caught_up(&order).await?;
    assert_eq!(
        (after.orders, after.totals.applied, after.totals.dead_lettered),
        (12, 12, 1),
        "{after:?}"
    );
    assert_eq!(order.http.order("A-1", 1).await?.customer_id, "CUST-TESTBED");
    assert_eq!(cart.http.updated("A-1", "confirmed").await?.order.version, 2);
    world.await_dead_letters(&order, 2).await?;

    tokio::try_join!(cart.restart(), order.restart())?;
    assert_eq!(order.http.order("A-1", 2).await?.status, "confirmed");
    Ok(())
}

#[tokio::test]
async fn a_topic_that_lost_records_which_were_not_read_is_read_on_only_when_that_is_accepted() -> anyhow::Result<()> {
    let world = World::new("topics-cut")?;
    let (cart, mut order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    order.terminate().await?;
    let missed = cart.http.updated("A-1", "confirmed").await?;
    let ends = log::ends(&world.servers.kafka, &world.topic).await?;
    Topics::new(&world.servers.kafka)?.truncate(&world.topic, &ends).await?;

    order.spawn(&[])?;
    let partition = format!("partition {}", missed.partition);
    order
        .says(&["were deleted", &partition, "--accept-truncated", "--rebuild"])
        .await?;
    let known: testbed::api_types::Order = order.http.details("A-1").await?.read(200)?;
    assert_eq!(known.version, 1);
    // A service without a store has missed them too.
    let mut fresh = world.order()?.spawn()?;
    fresh.says(&["were deleted", "--accept-truncated", "--rebuild"]).await?;

    order.terminate().await?;
    order.start_again(&["--accept-truncated"]).await?;
    cart.http.updated("A-1", "shipped").await?;
    fresh.terminate().await?;
    fresh.start_again(&["--rebuild"]).await?;
    for (service, applied) in [(&order, 2), (&fresh, 1)] {
        let shown = service.http.order("A-1", 3).await?;
        assert_eq!(shown.status, "shipped", "every event carries the whole order");
        let stats = service.http.stats().await?;
        assert_eq!((stats.totals.applied, stats.totals.gaps), (applied, 1), "{stats:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_deletion_of_an_aborted_transaction_behind_all_that_was_read_stops_nothing() -> anyhow::Result<()> {
    let world = World::new("topics-aborted")?;
    let (mut cart, mut order) = world.pair().await?;
    let written = cart.http.created("A-1").await?;
    let id = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    let aborted = Writer::in_transaction(&world.servers.kafka, &world.topic)?;
    for partition in 0..6 {
        // Partitions with nothing else are among them.
        let event = events::first(&events::id_in(partition, "aborted"));
        aborted.write(&events::record(id, &event)?).await?;
    }
    aborted.abort()?;
    let ends = log::ends(&world.servers.kafka, &world.topic).await?;
    assert_eq!(world.log().await?.len(), 1, "the others did not happen");
    // Both have read up to the end, although nothing was delivered after the one record.
    let stats = world.caught_up(&order).await?;
    assert_eq!(stats.records, 1, "{stats:?}");
    until("cart-service has passed over the markers", LONG, async || {
        let metrics = cart.http.get("/metrics").await?.text;
        let lags = metrics.lines().filter(|line| line.starts_with("orderlog_lag_records"));
        let lags: Vec<&str> = lags.filter_map(|line| line.rsplit(' ').next()).collect();
        anyhow::ensure!(lags == ["0"; 6], "{lags:?}");
        Ok(())
    })
    .await?;

    Topics::new(&world.servers.kafka)?.truncate(&world.topic, &ends).await?;
    // A refusal checks where the partition ends: it succeeds although it has to read from there.
    for partition in 0..6 {
        let nobody = events::id_in(partition, "nobody");
        let refused = cart.http.update(&nobody, "confirmed").await?;
        assert_eq!(refused.status, 404, "{refused:?}");
    }
    tokio::try_join!(cart.terminate(), order.terminate())?;
    tokio::try_join!(cart.start_again(&[]), order.start_again(&[]))?;
    let updated = cart.http.updated("A-1", "confirmed").await?;
    assert!(
        updated.offset > written.offset + 2,
        "behind record and marker: {updated:?}"
    );
    assert_eq!(order.http.order("A-1", 2).await?.status, "confirmed");
    world.caught_up(&order).await?;

    // Records that were not read are missing as before.
    tokio::try_join!(cart.terminate(), order.terminate())?;
    let event = events::first(&events::id_in(0, "missed"));
    world.writer()?.write(&events::record(id, &event)?).await?;
    let ends = log::ends(&world.servers.kafka, &world.topic).await?;
    Topics::new(&world.servers.kafka)?.truncate(&world.topic, &ends).await?;
    cart.spawn(&[])?;
    order.spawn(&[])?;
    for service in [&cart, &order] {
        service
            .says(&["were deleted", "partition 0", "--accept-truncated"])
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_new_replica_of_a_topic_that_was_given_more_partitions_reads_nothing_and_says_why() -> anyhow::Result<()> {
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
        "partitioned as in a topic of 6",
        "Copy the events to a new topic",
    ];
    let (mut new_cart, mut new_order) = (world.cart()?.spawn()?, world.order()?.spawn()?);
    for service in [&new_cart, &new_order] {
        service.says(&why).await?;
    }
    for n in 0..12 {
        let created = new_cart.http.create_short(&format!("A-{n}")).await?;
        assert_eq!(created.status, 503, "it exists: {created:?}");
        assert_eq!(new_order.http.details(&format!("A-{n}")).await?.status, 503);
    }
    assert_eq!(world.dead_letters().await?.len(), 0, "good records are no dead letters");
    // Neither a restart nor a rebuild helps.
    tokio::try_join!(new_cart.terminate(), new_order.terminate())?;
    tokio::try_join!(cart.terminate(), order.terminate())?;
    new_cart.spawn(&[])?;
    new_order.spawn(&[])?;
    cart.spawn(&["--rebuild"])?;
    order.spawn(&["--rebuild"])?;
    for service in [&new_cart, &new_order, &cart, &order] {
        service.says(&why).await?;
    }
    assert_eq!(world.dead_letters().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn misplaced_records_at_a_topics_beginning_are_dead_letters_and_no_reason_to_stop() -> anyhow::Result<()> {
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
