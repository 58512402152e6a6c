//! The load again, with `kill -9` of order-service and of a cart-service in the middle: nothing is lost, nothing is
//! applied or counted twice.

use std::collections::HashMap;

use testbed::poison::{self, Poisoner};
use testbed::service::Service;
use testbed::traffic::{Pace, Traffic};
use testbed::wait::{LONG, until};
use testbed::world::World;

use crate::load::{ROUNDS, accounted_for, pour};

const ORDERS: usize = 1_000;
/// Each round of poison has its own kill: this many orders belong to a round.
const ROUND: usize = ORDERS / ROUNDS;
/// After this many orders of a round, a service is killed; the others are sent while the victim is down.
const BEFORE: usize = ROUND / 5;

/// The victims, round by round.
const VICTIMS: [Victim; ROUNDS] = {
    use Victim::{Cart, Order, OrderTwice};
    [Order, Cart, Order, OrderTwice, Cart, Order, Cart, Order]
};

#[derive(Clone, Copy, Debug)]
enum Victim {
    Cart,
    Order,
    /// Killed once more while it restarts.
    OrderTwice,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_under_load_lose_nothing_and_count_nothing_twice() -> anyhow::Result<()> {
    let world = World::new("crash")?;
    let mut cart = world.cart()?.with_short_grace().spawn()?;
    let mut other = world.cart()?.with_short_grace().spawn()?;
    let mut order = world.order()?.with_short_grace().start().await?;
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
    let pace = Pace::new(ROUND);
    let killing = kill(&mut cart, &mut order, &pace);
    let (told, poisoned, ()) = tokio::try_join!(traffic.run(&pace), pour(&poisoner, &pace, ORDERS), killing)?;
    assert!(
        told.iter().any(|told| !told.unknown.is_empty()),
        "no kill came while a request was under way"
    );

    let stats = world.caught_up(&order).await?;
    world.await_dead_letters(&order, poisoned.len()).await?;
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
    let dead_letters = world.dead_letters().await?;
    let mut copies: HashMap<(i32, i64), usize> = HashMap::new();
    for dead_letter in &dead_letters {
        *copies.entry(poison::origin(dead_letter)?).or_default() += 1;
    }
    assert_eq!(copies.len(), poisoned.len(), "{copies:?}");
    assert!(
        poisoned.iter().all(|one| copies.contains_key(&one.place)),
        "each poisoned record at least once"
    );

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
        dead_letters.len(),
        "a rebuild sends nothing again"
    );
    Ok(())
}

/// Kills a service in each round, and begins the next round when the victim is back.
async fn kill(cart: &mut Service, order: &mut Service, pace: &Pace) -> anyhow::Result<()> {
    for (round, victim) in VICTIMS.into_iter().enumerate() {
        pace.reached(round * ROUND + BEFORE).await;
        match victim {
            Victim::Cart => kill_and_start(cart).await?,
            Victim::Order => kill_and_start(order).await?,
            Victim::OrderTwice => {
                order.kill()?;
                order.spawn(&[])?;
                until("order-service answers", LONG, async || {
                    order.http.get("/health/live").await
                })
                .await?;
                kill_and_start(order).await?;
            }
        }
        pace.allow((round + 2) * ROUND);
    }
    Ok(())
}

async fn kill_and_start(service: &mut Service) -> anyhow::Result<()> {
    service.kill()?;
    service.start_again(&[]).await
}
