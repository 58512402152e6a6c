//! Small disks. On a full one, nothing is read that cannot be stored, known orders are still served, and everything
//! continues on its own once there is space. On one that cannot be written, a start says so. (`scripts/test.sh` refers
//! to this module by name: it skips it where mounting is not allowed.)

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use orderlog_contract::event::Order;
use orderlog_contract::order::OrderState;
use orderlog_projection::store::{BatchChanges, Embedded, StoreError, StoredOrder, Unwritable};
use testbed::disk::SmallDisk;
use testbed::events;
use testbed::service::Service;
use testbed::wait::{LONG, throughout, until};
use testbed::world::World;
use uuid::Uuid;

/// Twice the space that must stay free.
const DISK_MIB: u32 = 128;
const ORDERS: usize = 10;

/// Waits until the service says that its disk is full, which one, and what to do.
async fn tells_of_full_disk(service: &Service, dir: &Path) -> anyhow::Result<()> {
    service
        .await_reason(&["is full", &dir.display().to_string(), "Free up space"])
        .await?;
    Ok(())
}

#[tokio::test]
async fn order_service_stops_reading_on_a_full_disk_and_serves_what_it_knows() -> anyhow::Result<()> {
    let world = World::new("endings-full-order")?;
    let disk = SmallDisk::mount(DISK_MIB)?;
    let mut cart = world.cart()?.spawn()?;
    let mut order = world.order()?.with("STORE", disk.store()).start().await?;
    cart.ready().await?;
    for n in 0..ORDERS {
        cart.http.created(&format!("A-{n}")).await?;
    }
    let before = world.caught_up(&order).await?;
    disk.fill()?;
    tells_of_full_disk(&order, disk.path()).await?;
    for n in 0..ORDERS {
        cart.http.created(&format!("B-{n}")).await?;
        cart.http.updated(&format!("A-{n}"), "confirmed").await?;
    }
    let position =
        |stats: &testbed::api_types::Stats| -> Vec<i64> { stats.partitions.iter().map(|p| p.position).collect() };
    throughout(
        "nothing is read from the topic, but orders are still served",
        Duration::from_secs(2),
        async || {
            let stats = order.http.stats().await?;
            anyhow::ensure!(position(&stats) == position(&before), "{stats:?}");
            anyhow::ensure!(stats.totals == before.totals, "{stats:?}");
            anyhow::ensure!(order.http.details("A-3").await?.status == 200);
            anyhow::ensure!(order.http.get("/health/ready").await?.status == 200);
            Ok(())
        },
    )
    .await?;
    until("a partition says why it waits", LONG, async || {
        let stats = order.http.stats().await?;
        let mut reasons = stats.partitions.iter().filter_map(|p| p.paused.as_ref());
        anyhow::ensure!(reasons.any(|why| why.contains("is full")), "{stats:?}");
        Ok(())
    })
    .await?;

    // A crash in the middle, and a start on the full disk.
    order.kill()?;
    order.spawn(&[])?;
    tells_of_full_disk(&order, disk.path()).await?;
    assert_eq!(
        order.http.get("/health/ready").await?.status,
        503,
        "it has not caught up"
    );
    // A start without a store has no space for one.
    let nowhere = world
        .order()?
        .with("STORE", format!("{}-2", disk.store()))
        .run(&[])
        .await?;
    assert_eq!(nowhere.0, Some(1));
    assert!(
        nowhere.1.contains("is full") && nowhere.1.contains("STORE"),
        "{}",
        nowhere.1
    );

    disk.free()?;
    order.ready().await?;
    let after = world.caught_up(&order).await?;
    assert_eq!(
        (after.orders, after.totals.applied),
        (2 * ORDERS as u64, 3 * ORDERS as u64),
        "{after:?}"
    );
    assert_eq!(order.http.order("A-3", 2).await?.status, "confirmed");
    order.await_healthy().await?;
    order.terminate().await?;
    order.start_again(&["--rebuild"]).await?;
    assert_eq!(world.caught_up(&order).await?, after, "a rebuild counts the same");
    Ok(())
}

#[tokio::test]
async fn cart_service_accepts_nothing_on_a_full_disk() -> anyhow::Result<()> {
    let world = World::new("endings-full-cart")?;
    let disk = SmallDisk::mount(DISK_MIB)?;
    let mut cart = world.cart()?.with("STORE", disk.store()).start().await?;
    cart.http.created("A-1").await?;
    disk.fill()?;
    tells_of_full_disk(&cart, disk.path()).await?;
    assert_eq!(cart.http.get("/health/ready").await?.status, 503);
    for answer in [
        cart.http.create_short("A-2").await?,
        cart.http.update("A-1", "confirmed").await?,
        cart.http.create_short("A-1").await?,
    ] {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(
            answer.text.contains("is full") && !answer.header("retry-after").is_empty(),
            "{}",
            answer.text
        );
    }
    assert_eq!(world.log().await?.len(), 1, "nothing was produced");
    disk.free()?;
    cart.ready().await?;
    cart.http.created("A-2").await?;
    cart.http.updated("A-1", "confirmed").await?;

    // It ends normally with a full disk.
    disk.fill()?;
    tells_of_full_disk(&cart, disk.path()).await?;
    cart.terminate().await
}

#[tokio::test]
async fn a_write_that_fails_midway_ends_the_service_and_a_restart_continues() -> anyhow::Result<()> {
    let world = World::new("endings-failed-write")?;
    let mut cart = world.cart()?.spawn()?;
    let mut order = world.order()?.start().await?;
    cart.ready().await?;
    cart.http.created("A-0").await?;
    world.caught_up(&order).await?;
    order.restart().await?;
    let journal = std::fs::metadata(order.store_dir()?.join("0.jnl"))?.len();
    order.terminate().await?;
    // Space for the start, and for some orders.
    order.spawn_with_file_limit(journal / 1024 + 24)?;
    order.ready().await?;
    let mut written = 1;
    until("a write fails midway", LONG, async || {
        cart.http.created(&format!("A-{written}")).await?;
        written += 1;
        let log = order.log();
        let told = log.contains("failed midway") && log.contains("to be restarted");
        anyhow::ensure!(told, "{}", order.log_tail());
        Ok(())
    })
    .await?;
    assert_eq!(order.ended().await?, Some(1), "{}", order.log_tail());
    order.start_again(&[]).await?;
    let after = world.caught_up(&order).await?;
    assert!(
        after.totals.applied >= written && after.totals.applied == after.records,
        "{written}: {after:?}"
    );
    assert_eq!(after.orders, after.records, "{after:?}");
    order.terminate().await?;
    order.start_again(&["--rebuild"]).await?;
    assert_eq!(world.caught_up(&order).await?, after, "a rebuild counts the same");
    Ok(())
}

/// An order whose event has that datum: only its length matters.
pub fn put(store: &Embedded, order_id: &str, datum: &[u8]) -> Result<(), StoreError> {
    let event = events::first(order_id);
    let state = OrderState {
        event_id: Uuid::nil(),
        order: Order {
            order_id: order_id.to_owned(),
            ..event.order
        },
        partition: 0,
        offset: 0,
        partial: false,
    };
    let stored = StoredOrder {
        state,
        schema_id: 1,
        datum: datum.to_vec(),
    };
    store.commit(&BatchChanges {
        orders: BTreeMap::from([(order_id.to_owned(), Some(stored))]),
        ..BatchChanges::default()
    })
}

/// That many MiB of incompressible data.
pub fn noise(mib: usize) -> Vec<u8> {
    let words = std::iter::repeat_with(|| fastrand::u64(..).to_le_bytes());
    words.take(mib * 1024 * 1024 / 8).flatten().collect()
}

#[test]
fn a_commit_that_fills_the_disk_leaves_a_store_that_can_be_read_and_reopened() -> anyhow::Result<()> {
    let disk = SmallDisk::mount(DISK_MIB)?;
    let dir = disk.path().join("store");
    let store = Embedded::open(&dir)?;
    put(&store, "A-1", b"small")?;
    // More than there is, although less must stay free than there is now.
    let large = noise(DISK_MIB as usize);
    let error = put(&store, "A-2", &large).expect_err("there is no space");
    assert!(format!("{error:#}").contains("No space left"), "{error:#}");
    let refused = store.check_writable();
    assert!(
        matches!(
            refused,
            Err(Unwritable::UntilReopened {
                has_disk_space: false,
                ..
            })
        ),
        "{refused:?}"
    );
    assert!(put(&store, "A-3", b"small").is_err());
    assert_eq!(store.order_ids(None, 10)?, ["A-1"], "it is read as before");
    drop(store);
    let store = Embedded::open(&dir)?;
    assert_eq!(store.order_ids(None, 10)?, ["A-1"], "all of it or nothing");
    put(&store, "A-3", b"small")?;
    assert_eq!(store.check_writable(), Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_named_with_advice() -> anyhow::Result<()> {
    let world = World::new("endings-directory")?;
    let disk = SmallDisk::mount(DISK_MIB)?;
    let file = disk.path().join("file");
    std::fs::write(&file, "not a directory")?;
    let foreign = disk.path().join("foreign");
    std::fs::create_dir_all(foreign.join("keyspaces"))?;
    std::fs::write(foreign.join("version"), "2.0")?;
    std::fs::write(foreign.join("keyspaces/treasure"), "gold")?;
    // A store that was created when the disk was writable.
    let mut order = world.order()?.with("STORE", disk.store()).start().await?;
    order.terminate().await?;
    disk.make_read_only()?;
    let beside = disk.path().join("new");
    for dir in [
        file.clone(),
        file.join("below"),
        beside,
        disk.path().join("store"),
        foreign.clone(),
    ] {
        for (setup, arguments) in [(world.cart()?, &["--rebuild"][..]), (world.order()?, &[])] {
            let store = format!("embedded:{}", dir.display());
            let (code, said) = setup.with("STORE", store).run(arguments).await?;
            assert_eq!(code, Some(1), "{said}");
            assert!(said.contains(&dir.display().to_string()), "{said}");
            assert!(said.contains("STORE") || said.contains("--rebuild"), "{said}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
    assert_eq!(std::fs::read_to_string(foreign.join("keyspaces/treasure"))?, "gold");
    Ok(())
}
