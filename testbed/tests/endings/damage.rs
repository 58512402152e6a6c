//! Stores that are damaged or in use: each start says why and what to do, and does not touch another's files; damage
//! that a running service encounters is reported, and never taken for data.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use orderlog_projection::store::Embedded;
use testbed::api_types::{Order, Written};
use testbed::client::Answer;
use testbed::expected::Expected;
use testbed::poison::{Kind, Poisoner};
use testbed::service::Service;
use testbed::wait::{LONG, until};
use testbed::world::World;

use crate::small_disk::{noise, put};

#[tokio::test]
async fn a_damaged_store_is_refused_and_a_rebuild_recreates_it() -> anyhow::Result<()> {
    let world = World::new("endings-damage")?;
    let (mut cart, mut order) = world.pair().await?;
    for n in 0..10 {
        cart.http.created(&format!("A-{n}")).await?;
    }
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    poisoner.write(Kind::NotAvro, "A-1", &[]).await?;
    world.await_dead_letters(&order, 1).await?;
    let before = world.caught_up(&order).await?;
    for service in [&mut cart, &mut order] {
        service.terminate().await?;
        // The file that lists a table's files: the database alone would consider the table empty.
        fs::remove_file(service.store_dir()?.join("keyspaces/1/current"))?;
        service.spawn(&[])?;
        assert_eq!(service.ended().await?, Some(1));
        let (log, dir) = (service.log(), service.store_dir()?.display().to_string());
        assert!(
            log.contains("is damaged") && log.contains("--rebuild") && log.contains(&dir),
            "{}",
            service.log_tail()
        );
        service.start_again(&["--rebuild"]).await?;
    }
    assert_eq!(world.caught_up(&order).await?, before);
    assert_eq!(world.dead_letters().await?.len(), 1, "no dead letter is sent again");
    assert_eq!(cart.http.create_short("A-1").await?.status, 409);
    Ok(())
}

#[tokio::test]
async fn a_second_process_on_a_store_ends_and_does_not_disturb_the_first() -> anyhow::Result<()> {
    let world = World::new("endings-locked")?;
    let (cart, order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    for (first, setup) in [(&cart, world.cart()?), (&order, world.order()?)] {
        let store = format!("embedded:{}", first.store_dir()?.display());
        for arguments in [&[][..], &["--rebuild"]] {
            let (code, said) = setup.clone().with("STORE", &store).run(arguments).await?;
            assert_eq!(code, Some(1), "{said}");
            assert!(
                said.contains("in use by another process") && said.contains("STORE"),
                "{said}"
            );
        }
    }
    cart.http.updated("A-1", "confirmed").await?;
    assert_eq!(order.http.order("A-1", 2).await?.status, "confirmed");
    Ok(())
}

#[tokio::test]
async fn a_service_refuses_a_store_that_was_filled_by_the_other() -> anyhow::Result<()> {
    let world = World::new("endings-other-s")?;
    let (mut cart, mut order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    let stores = [cart.store_dir()?, order.store_dir()?];
    tokio::try_join!(cart.terminate(), order.terminate())?;
    let [carts, orders] = stores.map(|dir| format!("embedded:{}", dir.display()));
    for (setup, store, owner) in [
        (world.cart()?, orders, "order-service"),
        (world.order()?, carts, "cart-service"),
    ] {
        for arguments in [&[][..], &["--rebuild"]] {
            let (code, said) = setup.clone().with("STORE", &store).run(arguments).await?;
            assert_eq!(code, Some(1), "{said}");
            assert!(said.contains(&format!("belongs to {owner}")), "{said}");
        }
    }
    // Nothing in it was touched.
    tokio::try_join!(cart.start_again(&[]), order.start_again(&[]))?;
    assert_eq!(cart.http.create_short("A-1").await?.status, 409);
    assert_eq!(order.http.order("A-1", 1).await?.status, "new");
    Ok(())
}

/// Moves everything that a closed store knows from its journal to table files: the database does that when it has
/// enough.
async fn into_tables(dir: &Path) -> anyhow::Result<()> {
    let store = Embedded::open(dir)?;
    // Its memtable is 8 MiB, and the next commit notices that it is full.
    put(&store, "LARGE", &noise(9))?;
    put(&store, "NEXT", b"small")?;
    store.sync()?;
    until("there is a large table", LONG, async || {
        let large = tables(dir)?.into_iter().any(|(_, size)| size > 8 * 1024 * 1024);
        anyhow::ensure!(large, "{:?}", tables(dir)?);
        Ok(())
    })
    .await
}

/// The files of its tables, and their sizes.
fn tables(dir: &Path) -> anyhow::Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    for keyspace in fs::read_dir(dir.join("keyspaces"))? {
        for file in fs::read_dir(keyspace?.path().join("tables"))? {
            let file = file?;
            found.push((file.path(), file.metadata()?.len()));
        }
    }
    Ok(found)
}

/// Flips a bit in every hundred bytes of every table.
fn flip(dir: &Path) -> anyhow::Result<()> {
    for (path, _) in tables(dir)? {
        let mut bytes = fs::read(&path)?;
        bytes.iter_mut().step_by(100).for_each(|byte| *byte ^= 16);
        // In place: the service has the file open.
        let file = File::options().write(true).open(&path)?;
        file.write_all_at(&bytes, 0)?;
    }
    Ok(())
}

/// Whether the answer is an error with a reason, rather than a claim about an order. So is no answer from a service
/// that has exited.
fn is_fault(service: &mut Service, answer: &anyhow::Result<Answer>) -> anyhow::Result<bool> {
    match answer {
        Ok(answer) => Ok(answer.status >= 500 && answer.value()["title"].is_string()),
        Err(_) => Ok(service.has_ended()?.is_some_and(|status| !status.success())),
    }
}

#[tokio::test]
async fn damage_in_a_running_service_is_reported_and_never_taken_for_data() -> anyhow::Result<()> {
    const ORDERS: usize = 30;
    let world = World::new("endings-damage-met")?;
    let (mut cart, mut order) = world.pair().await?;
    let mut known: Vec<Order> = Vec::new();
    for n in 0..ORDERS {
        let id = format!("A-{n}");
        cart.http.created(&id).await?;
        known.push(order.http.order(&id, 1).await?);
    }
    for service in [&mut cart, &mut order] {
        service.terminate().await?;
        into_tables(&service.store_dir()?).await?;
        service.start_again(&[]).await?;
        flip(&service.store_dir()?)?;
    }
    let (mut unread, mut unwritten) = (0, 0);
    for known in &known {
        let answer = order.http.details(&known.order_id).await;
        match &answer {
            Ok(answer) if answer.status == 200 => assert_eq!(&answer.read::<Order>(200)?, known),
            _ => {
                assert!(is_fault(&mut order, &answer)?, "{answer:?}");
                unread += 1;
            }
        }
        let answer = cart.http.update(&known.order_id, "confirmed").await;
        match &answer {
            Ok(answer) if answer.status == 200 => assert_eq!(answer.read::<Written>(200)?.order.version, 2),
            _ => {
                assert!(is_fault(&mut cart, &answer)?, "{answer:?}");
                unwritten += 1;
            }
        }
    }
    println!("of {ORDERS} orders {unread} were not read, {unwritten} not written");
    assert!(unread > 0 && unwritten > 0, "no damage was encountered");
    // How each of them copes: log and rebuild agree.
    let log = world.log().await?;
    let expected = Expected::of(&log, &Default::default())?;
    assert_eq!(
        expected.outcomes().applied,
        log.len() as u64,
        "{:?}",
        expected.outcomes()
    );
    for service in [&mut cart, &mut order] {
        if service.log().contains("panicked at") && service.has_ended()?.is_none() {
            assert_ne!(service.ended().await?, Some(0), "it continues after a panic");
        } else if service.has_ended()?.is_none() {
            // It may already know that it cannot continue.
            let _ = service.kill();
        }
        service.start_again(&["--rebuild"]).await?;
    }
    world.caught_up(&order).await?;
    for known in &known {
        let shown = order.http.order(&known.order_id, 1).await?;
        let last = &expected.orders[&known.order_id].order;
        assert_eq!((shown.version, &shown.items), (last.version, &known.items));
    }
    Ok(())
}
