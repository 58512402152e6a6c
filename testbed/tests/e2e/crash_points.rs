//! `kill -9` exactly where it could hurt: at every crash point in turn, while clients write and invalid records pour
//! in, a service dies and is restarted, and nothing is lost, made up, or counted twice.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;
use orderlog_contract::event::OrderStatus;
use orderlog_projection::store::{Store, StoreUrl};
use orderlog_runtime::crash_point::Point;
use testbed::client::Client;
use testbed::events;
use testbed::expected::Expected;
use testbed::poison::{self, Kind, Poisoned, Poisoner, ValueEnum};
use testbed::registry::Registry;
use testbed::service::{Service, Setup};
use testbed::traffic::{ClientLog, Pace, Traffic};
use testbed::world::World;
use testbed::writer::Writer;

use crate::load::accounted_for;

/// Orders that are created and updated around each crash.
const ROUND: usize = 6;
/// What is written in addition to the orders.
const POISON: [Kind; 3] = [Kind::NotAvro, Kind::UnknownSchemaId, Kind::WrongTotal];
/// Pause between two writes of the clients that write until the service is dead.
const PAUSE: Duration = Duration::from_millis(50);

/// Where both services die, and at which visit of that point.
const BOTH: [(Point, u32); 13] = [
    (Point::BatchFolded, 1),
    (Point::BatchWritten, 2),
    (Point::ProgressNotReported, 1),
    (Point::ProgressReported, 1),
    (Point::StoreClearing, 1),
    // Our own schema's id comes first, then the twin's.
    (Point::SchemaLearned, 1),
    (Point::SchemaLearned, 2),
    (Point::SchemaRegistered, 1),
    (Point::RegistrationTurn, 1),
    (Point::ProjectionTurn, 2),
    (Point::SchemaIdAuditTurn, 1),
    (Point::SyncTurn, 1),
    (Point::MetricsUpkeepTurn, 1),
];

/// Where cart-service dies in addition.
const CART: [(Point, u32); 8] = [
    (Point::RequestReceived, 3),
    (Point::EventSent, 1),
    (Point::EventSent, 3),
    (Point::EventReadBack, 1),
    (Point::EventReported, 1),
    (Point::EndOffsetsTurn, 1),
    (Point::UnresolvedOrdersStored, 1),
    (Point::UnresolvedOrdersTurn, 1),
];

/// Where order-service dies in addition.
const ORDER: [(Point, u32); 6] = [
    (Point::RequestReceived, 3),
    (Point::DeadLetterSent, 1),
    (Point::DeadLetterSent, 2),
    (Point::DeadLetterReported, 1),
    (Point::DeadLettersAcknowledged, 1),
    (Point::DeadLettersIndexed, 1),
];

#[test]
fn some_service_dies_at_every_crash_point() {
    let tried: Vec<Point> = BOTH
        .iter()
        .chain(&CART)
        .chain(&ORDER)
        .chain(&crate::replay::POINTS)
        .map(|(point, _)| *point)
        .collect();
    for point in Point::value_variants() {
        assert!(tried.contains(point), "{point:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_service_loses_nothing_wherever_it_dies() -> anyhow::Result<()> {
    let world = World::new("crash-points-order")?;
    let (cart, mut order) = start(&world).await?;
    let points = [&BOTH[..], &ORDER].concat();
    let traffic = traffic(&[&cart], points.len());
    let mut crashes = Crashes::begin(&world).await?;
    let pace = crashes.pace.clone();
    let crashing = async {
        for (point, nth) in points {
            crashes.at(&mut order, point, nth).await?;
            let counted = crashes.counted(&order).await;
            counted.with_context(|| format!("after {point:?}"))?;
        }
        Ok(())
    };
    let (told, ()) = tokio::try_join!(traffic.run(&pace), crashing)?;
    crashes.end(&told, cart, order).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cart_service_loses_nothing_wherever_it_dies() -> anyhow::Result<()> {
    let world = World::new("crash-points-cart")?;
    let (mut cart, order) = start(&world).await?;
    let other = hasty(world.cart()?)?.start().await?;
    let points = [&BOTH[..], &CART].concat();
    let traffic = traffic(&[&cart, &other], points.len());
    let mut crashes = Crashes::begin(&world).await?;
    let pace = crashes.pace.clone();
    let crashing = async {
        for (point, nth) in points {
            crashes.at(&mut cart, point, nth).await?;
            let counted = crashes.counted(&order).await;
            counted.with_context(|| format!("after {point:?}"))?;
        }
        Ok(())
    };
    let (told, ()) = tokio::try_join!(traffic.run(&pace), crashing)?;
    crashes.end(&told, cart, order).await
}

async fn start(world: &World) -> anyhow::Result<(Service, Service)> {
    let (mut cart, mut order) = (hasty(world.cart()?)?.spawn()?, hasty(world.order()?)?.spawn()?);
    cart.ready().await?;
    order.ready().await?;
    Ok((cart, order))
}

/// A service with short timeouts: it is restarted again and again.
fn hasty(setup: Setup) -> anyhow::Result<Setup> {
    setup
        .with("UNKNOWN_SCHEMA_GRACE_MS", "30")
        .with_kafka_settings("fetch.wait.max.ms=20\n")
}

fn traffic(carts: &[&Service], rounds: usize) -> Traffic {
    Traffic {
        urls: carts.iter().map(|cart| cart.http.url().to_owned()).collect(),
        orders: rounds * ROUND,
        connections: ROUND,
        update: true,
    }
}

/// Rounds in which a service dies, and everything that is written meanwhile.
struct Crashes<'a> {
    world: &'a World,
    registry: Registry,
    poisoner: Poisoner,
    writer: Writer,
    pace: Pace,
    rounds: usize,
    poisoned: Vec<Poisoned>,
}

impl<'a> Crashes<'a> {
    async fn begin(world: &'a World) -> anyhow::Result<Self> {
        Ok(Self {
            world,
            registry: Registry::new(&world.servers.registry)?,
            poisoner: Poisoner::new(&world.servers, &world.topic).await?,
            writer: world.writer()?,
            pace: Pace::new(0),
            rounds: 0,
            poisoned: Vec::new(),
        })
    }

    /// Lets the victim die there while clients write and invalid records arrive, and restarts it.
    async fn at(&mut self, victim: &mut Service, point: Point, nth: u32) -> anyhow::Result<()> {
        let name = point.name();
        let before = deaths(victim, &name);
        victim.kill()?;
        let arguments: &[&str] = match point {
            Point::StoreClearing => &["--rebuild"],
            _ => &[],
        };
        victim.spawn_to_crash(&format!("{name}:{nth}"), arguments)?;
        self.rounds += 1;
        self.pace.allow(self.rounds * ROUND);
        let http = victim.http.clone();
        let dead = Cell::new(false);
        let dying = async {
            let crashed = victim.await_crash().await;
            dead.set(true);
            crashed
        };
        tokio::try_join!(dying, self.write(&dead), nudge(&http, &dead)).with_context(|| format!("{name}:{nth}"))?;
        anyhow::ensure!(deaths(victim, &name) == before + 1, "{name}: it never died there");
        victim.start_again(&[]).await?;
        self.pace.reached(self.rounds * ROUND).await;
        Ok(())
    }

    /// Writes poison, and good records whose schema is new, until the victim is dead.
    async fn write(&mut self, dead: &Cell<bool>) -> anyhow::Result<()> {
        let twin = self
            .registry
            .twin(&format!("{}-{}", self.world.topic, self.rounds))
            .await?;
        while !dead.get() {
            let n = self.poisoned.len();
            let kind = POISON[n % POISON.len()];
            self.poisoned
                .push(self.poisoner.write(kind, &format!("POISON-{n}"), &[]).await?);
            let event = events::first(&format!("TWIN-{n}"));
            self.writer.write(&events::record(twin, &event)?).await?;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Checks that order-service has counted every record once, and has dead letters of the poisoned records and no
    /// others.
    async fn counted(&self, order: &Service) -> anyhow::Result<Expected> {
        let stats = self.world.caught_up(order).await?;
        self.world.await_dead_letters(order, self.poisoned.len()).await?;
        let places = poison::places(&self.poisoned);
        let expected = Expected::of(&self.world.log().await?, &places)?;
        assert_eq!(stats.totals, expected.outcomes());
        assert_eq!(stats.orders, expected.orders.len() as u64);
        let mut copies: HashMap<(i32, i64), usize> = HashMap::new();
        for dead_letter in self.world.dead_letters().await? {
            let place = poison::origin(&dead_letter)?;
            let one = self.poisoned.iter().find(|one| one.place == place);
            let one = one.with_context(|| format!("a dead letter of a good record: {dead_letter:?}"))?;
            assert_eq!(
                (&dead_letter.key, &dead_letter.value),
                (&one.record.key, &one.record.value)
            );
            let at = format!("{}-{}-{}", self.world.topic, place.0, place.1);
            assert_eq!(
                (
                    dead_letter.header("orderlog.at"),
                    dead_letter.header("orderlog.code").as_str()
                ),
                (at, one.code.as_str())
            );
            *copies.entry(place).or_default() += 1;
        }
        assert_eq!(
            copies.len(),
            self.poisoned.len(),
            "each poisoned record has a dead letter"
        );
        // One that was in flight when the process died, and one that the next process sent.
        assert!(copies.values().all(|copies| *copies <= 2), "{copies:?}");
        Ok(expected)
    }

    /// Checks what the clients were told, ends both services, and inspects their stores.
    async fn end(self, told: &[ClientLog], mut cart: Service, mut order: Service) -> anyhow::Result<()> {
        let expected = self.counted(&order).await?;
        let stats = order.http.stats().await?;
        accounted_for(&order, &self.world.log().await?, told, &self.poisoned, &stats).await?;
        for told in told {
            let last = &expected.orders[&told.order_id].order;
            assert_eq!((last.version, last.status), (2, OrderStatus::Confirmed), "{told:?}");
        }
        let partitions = i32::try_from(stats.partitions.len())?;
        for partition in 0..partitions {
            // It refuses only once it has read the partition to its end.
            let nobody = events::id_in(partition, "NOBODY");
            assert_eq!(cart.http.update(&nobody, "confirmed").await?.status, 404);
        }
        for service in [&mut cart, &mut order] {
            service.terminate().await?;
            let store = Store::open(&StoreUrl::Embedded(service.store_dir()?), false).await?;
            expected.check_store(&store).await?;
        }
        Ok(())
    }
}

/// How often it died at that point.
fn deaths(victim: &Service, name: &str) -> usize {
    let line = format!("crash point {name} reached");
    victim.log().lines().filter(|log| **log == line).count()
}

/// Makes cart-service refuse and write until it is dead. order-service just gets requests.
async fn nudge(http: &Client, dead: &Cell<bool>) -> anyhow::Result<()> {
    while !dead.get() {
        // The service may be down.
        let _ = http.update("NOBODY", "confirmed").await;
        let _ = http.create_short(&format!("NUDGE-{:08x}", fastrand::u32(..))).await;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
