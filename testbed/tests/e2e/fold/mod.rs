//! docs/consuming.md: its programs, run as printed, arrive at our outcomes and at our orders, whatever the topic holds.

mod life;
mod ours;
mod programs;
mod resending;
mod sandbox_too;
mod skipping;

use std::collections::BTreeMap;

use sandbox::testing::documents::{Block, blocks_run_by};
use sandbox::third_party;
use testbed::poison::{Kind, Poisoner, ValueEnum};
use testbed::registry::Registry;
use testbed::world::World;

use ours::Read;

const CONSUMING: &str = include_str!("../../../../docs/consuming.md");

/// The document's blocks that are run here.
fn blocks() -> Vec<Block<'static>> {
    blocks_run_by("testbed/tests/e2e/fold/mod.rs", CONSUMING)
}

/// Long enough for every kind of step to occur many times.
const STEPS: usize = 1500;

/// A topic with generated records, legal and not, and one record of every kind of poison.
async fn filled(world: &World) -> anyhow::Result<(Read, testbed::service::Service)> {
    let order = world.order()?.with_short_grace().start().await?;
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    let registry = Registry::new(&world.servers.registry)?;
    let schemas = life::Schemas {
        ours: poisoner.schema_id(),
        next: registry
            .register(&format!("{}-next", world.topic), &third_party::with_a_new_field()?)
            .await?,
        other: registry.greeting().await?,
    };
    let writer = world.writer()?;
    let mut sent = Vec::new();
    for record in life::records(STEPS, schemas)? {
        sent.push(writer.send(&record)?);
    }
    for written in sent {
        written.await??;
    }
    for kind in Kind::value_variants() {
        poisoner.write(*kind, &format!("P-{kind:?}"), &[]).await?;
    }
    let stats = world.caught_up(&order).await?;
    let read = ours::read(&world.log().await?, schemas, stats.partitions.len())?;
    let count = |outcomes: &[&str]| read.count(outcomes);
    assert_eq!(
        (
            stats.orders,
            stats.totals.applied,
            stats.totals.duplicate,
            stats.totals.superseded
        ),
        (
            read.orders.len() as u64,
            count(&["applied", "gap"]),
            count(&["duplicate"]),
            count(&["superseded"])
        ),
        "order-service itself: {stats:?}"
    );
    for outcome in ours::ALL {
        assert!(count(&[outcome]) >= 3, "{outcome} occurs: {:?}", read.outcomes);
    }
    Ok((read, order))
}

#[tokio::test]
async fn the_documented_folds_give_our_outcomes_and_orders_for_any_records() -> anyhow::Result<()> {
    let world = World::new("fold-programs")?;
    let (ours, order) = filled(&world).await?;
    for (program, command) in [("fold.py", programs::FOLD_PY), ("Fold.java", programs::FOLD_JAVA)] {
        let theirs = Read::printed(&programs::run((&world).into(), command).await?)?;
        let differ: BTreeMap<_, _> = theirs
            .outcomes
            .iter()
            .filter(|(place, outcome)| ours.outcomes.get(place) != Some(outcome))
            .map(|(place, outcome)| (place, (outcome, ours.outcomes.get(place))))
            .collect();
        assert!(differ.is_empty(), "{program}, then ours: {differ:#?}");
        assert_eq!(theirs, ours, "{program}");
    }
    // Without the checks, but with the list of what they reject.
    let skipping = Read::printed(&programs::skip((&world).into(), order.http.url()).await?)?;
    assert_eq!(skipping.orders, ours.orders, "skip.py");

    for (id, expected) in ours.orders.iter().take(20) {
        let shown = order.http.order(id, 1).await?;
        assert_eq!(
            (shown.version, shown.status.as_str(), shown.event_id),
            (expected.version, expected.status.as_str(), Some(expected.event_id)),
            "{id}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_documented_reader_prints_every_event_and_ctrl_c_ends_it_quietly() -> anyhow::Result<()> {
    let world = World::new("fold-reader")?;
    let (cart, order) = world.pair().await?;
    cart.http.created("A-1").await?;
    cart.http.updated("A-1", "confirmed").await?;
    let writer = world.writer()?;
    let null = |key: Option<&str>| testbed::writer::NewRecord {
        partition: Some(0),
        key: key.map(Into::into),
        ..Default::default()
    };
    writer.write(&null(Some("A-2"))).await?;
    writer.write(&null(None)).await?;
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    poisoner.write(Kind::NotAvro, "P-1", &[]).await?;
    cart.http.created("A-3").await?;
    world.caught_up(&order).await?;

    let read = programs::read_until_ctrl_c((&world).into(), 4).await?;
    let of = |key: &str| {
        read.iter()
            .filter(|line| line.contains(&format!("b'{key}'")))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (of("A-1").len(), of("A-3").len(), of("P-1").len()),
        (2, 1, 1),
        "{read:#?}"
    );
    assert!(of("A-1")[1].contains("'status': 'confirmed'"), "{read:#?}");
    assert!(
        of("P-1")[0].contains("cannot be decoded: SerializationError("),
        "{read:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_documented_programs_do_not_take_an_outage_of_the_registry_for_a_bad_record() -> anyhow::Result<()> {
    let world = World::new("fold-outage")?;
    let (cart, _order) = world.pair().await?;
    cart.http.created("A-1").await?;
    let nobody = format!("http://127.0.0.1:{}", testbed::ports::free()?);
    let topic = || programs::Topic {
        registry: &nobody,
        ..(&world).into()
    };
    let told = programs::errors_until_ctrl_c(topic()).await?;
    let waits = format!("waiting for the registry at {nobody}: ");
    assert!(told.len() == 1 && told[0].starts_with(&waits), "{told:#?}");
    for program in [programs::FOLD_PY, programs::FOLD_JAVA] {
        let ended = programs::run(topic(), program)
            .await
            .map_err(|error| format!("{error:#}"));
        let error = ended.expect_err("the program goes on");
        let names_it = error.contains(&format!("failed: the registry at {nobody} does not return schema "));
        // One line: no traceback.
        assert!(names_it && error.trim_end().lines().count() == 1, "{program}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn the_documented_reader_reports_each_error_once() -> anyhow::Result<()> {
    let world = World::new("fold-errors")?;
    let nobody = format!("127.0.0.1:{}", testbed::ports::free()?);
    let topic = programs::Topic {
        kafka: &nobody,
        ..(&world).into()
    };
    let told = programs::errors_until_ctrl_c(topic).await?;
    assert!(told[0].contains(&nobody) && told[0].contains("refused"), "{told:#?}");
    let kinds: std::collections::BTreeSet<_> = told.iter().collect();
    assert!(kinds.len() == told.len() && told.len() <= 3, "{told:#?}");

    let missing = programs::errors_until_ctrl_c((&world).into()).await?;
    assert!(missing.len() == 1 && missing[0].contains(&world.topic), "{missing:#?}");
    Ok(())
}
