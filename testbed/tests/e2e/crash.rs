//! The load again, with `kill -9` of order-service and of a cart-service in the middle of it: nothing is lost, nothing is
//! applied or counted twice.

use std::collections::HashMap;

use testbed::poison::{self, Poisoner};
use testbed::service::Service;
use testbed::traffic::Traffic;
use testbed::world::World;
use tokio::sync::watch;

use crate::load::{accounted_for, pour};

const ORDERS: usize = 1_000;

/// Who is killed when so many orders are through; mostly just after poison was poured.
const KILLS: [(usize, Victim); 7] = [
    (112, Victim::Order),
    (224, Victim::Cart),
    (335, Victim::Order),
    (447, Victim::Cart),
    (558, Victim::Order),
    (670, Victim::Cart),
    (780, Victim::Order),
];

#[derive(Clone, Copy, Debug)]
enum Victim {
    Cart,
    Order,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_in_the_middle_lose_nothing_and_count_nothing_twice() -> anyhow::Result<()> {
    let world = World::new("crash")?;
    let (mut cart, mut other) = (world.cart()?.spawn()?, world.cart()?.spawn()?);
    let mut order = world.order()?.with("UNKNOWN_SCHEMA_GRACE_MS", "300").start().await?;
    cart.ready().await?;
    other.ready().await?;
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    let urls = [&cart, &other].map(|service| service.http.url().to_owned()).to_vec();
    let traffic = Traffic {
        urls,
        orders: ORDERS,
        connections: 64,
        update: true,
    };
    let (done, seen) = watch::channel(0);
    let killing = kill(&mut cart, &mut order, seen.clone());
    let (told, poisoned, ()) = tokio::try_join!(traffic.run(&done), pour(&poisoner, seen), killing)?;

    let stats = world.caught_up(&order).await?;
    world.letters_indexed(&order, poisoned.len()).await?;
    let log = world.log().await?;
    accounted_for(&order, &log, &told, &poisoned, &stats).await?;
    for told in &told {
        let shown = order.http.order(&told.order_id, 1).await?;
        assert_eq!(
            (shown.version, shown.status.as_str()),
            (2, "confirmed"),
            "one creation, one update: {told:?}"
        );
    }
    let letters = world.dead_letters().await?;
    let mut copies: HashMap<(i32, i64), usize> = HashMap::new();
    for letter in &letters {
        *copies.entry(poison::origin(letter)?).or_default() += 1;
    }
    assert_eq!(copies.len(), poisoned.len(), "{copies:?}");
    assert!(
        poisoned.iter().all(|one| copies.contains_key(&one.place)),
        "each poisoned record at least once"
    );

    eprintln!("unknown {} lostcreate {} letters {} poisoned {} outcomes {:?}", told.iter().map(|t| t.unknown).sum::<usize>(), told.iter().filter(|t| t.created.is_none()).count(), letters.len(), poisoned.len(), stats.totals);
    order.terminate().await?;
    order.start_again(&["--rebuild"]).await?;
    let rebuilt = world.caught_up(&order).await?;
    assert_eq!(
        (&rebuilt.totals, rebuilt.orders),
        (&stats.totals, stats.orders),
        "a rebuild counts the same"
    );
    assert_eq!(
        world.dead_letters().await?.len(),
        letters.len(),
        "a rebuild sends nothing again"
    );
    Ok(())
}

async fn kill(cart: &mut Service, order: &mut Service, mut done: watch::Receiver<usize>) -> anyhow::Result<()> {
    for (count, victim) in KILLS {
        done.wait_for(|done| *done >= count).await?;
        let service = match victim {
            Victim::Cart => &mut *cart,
            Victim::Order => &mut *order,
        };
        let at = *done.borrow();
        let t = std::time::Instant::now();
        service.kill9()?;
        eprintln!("kill {victim:?} at {at} ");
        let s = service;
        s.start_again(&[]).await?;
        eprintln!("ready after {:?} at {}", t.elapsed(), *done.borrow());
        let service = s; let _ = 0;
        if false { service.start_again(&[]).await?; }
    }
    Ok(())
}
