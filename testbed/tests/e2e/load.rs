//! A thousand orders on 64 connections while every kind of invalid record is written to the same partitions: nothing is
//! lost, no valid record is dead-lettered, and every record is accounted for.

use std::collections::{BTreeMap, HashMap, HashSet};

use testbed::api_types::Stats;
use testbed::expected::{self, Expected};
use testbed::log::Record;
use testbed::poison::{self, Kind, Poisoned, Poisoner, ValueEnum};
use testbed::service::Service;
use testbed::traffic::{ClientLog, Pace, Traffic};
use testbed::world::World;

/// How many orders are created.
const ORDERS: usize = 1_000;
/// How often each kind of poison is written, besides every proper prefix of one good record.
pub const ROUNDS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_orders_and_every_kind_of_invalid_record_are_accounted_for() -> anyhow::Result<()> {
    let world = World::new("load")?;
    // Enough time for every request on a busy machine: a 504 would be a failure here.
    let mut cart = world
        .cart()?
        .with_short_grace()
        .with("WRITE_DEADLINE_MS", "30000")
        .spawn()?;
    let order = world.order()?.with_short_grace().start().await?;
    cart.ready().await?;
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    let traffic = Traffic {
        urls: vec![cart.http.url().to_owned()],
        orders: ORDERS,
        connections: 64,
        update: false,
    };
    let pace = Pace::new(ORDERS);
    let (told, poisoned) = tokio::try_join!(traffic.run(&pace), pour(&poisoner, &pace, ORDERS))?;
    let unknown: Vec<&ClientLog> = told.iter().filter(|told| !told.unknown.is_empty()).collect();
    assert!(unknown.is_empty(), "no answer was lost: {unknown:?}");

    let stats = world.caught_up(&order).await?;
    let log = world.log().await?;
    accounted_for(&order, &log, &told, &poisoned, &stats).await?;
    let dead_letters = world.dead_letters().await?;
    let once: HashMap<(i32, i64), &Record> = dead_letters
        .iter()
        .map(|dead_letter| Ok((poison::origin(dead_letter)?, dead_letter)))
        .collect::<anyhow::Result<_>>()?;
    assert_eq!(
        (dead_letters.len(), once.len()),
        (poisoned.len(), poisoned.len()),
        "each poisoned record once"
    );
    for one in &poisoned {
        let dead_letter = once
            .get(&one.place)
            .unwrap_or_else(|| panic!("no dead letter of {one:?}"));
        assert_eq!(
            (&dead_letter.key, &dead_letter.value),
            (&one.record.key, &one.record.value)
        );
        assert_eq!(dead_letter.header("orderlog.code"), one.code.as_str(), "{one:?}");
    }
    Ok(())
}

/// Writes every kind of poison and every proper prefix of a good record, spread over the time of that many orders.
pub async fn pour(poisoner: &Poisoner, pace: &Pace, orders: usize) -> anyhow::Result<Vec<Poisoned>> {
    let prefixes = poisoner.prefixes(&testbed::events::first("PREFIX"))?;
    let mut prefixes = prefixes.chunks(prefixes.len().div_ceil(ROUNDS));
    let mut poisoned = Vec::new();
    for round in 0..ROUNDS {
        pace.reached(round * orders / ROUNDS + 1).await;
        for kind in Kind::value_variants() {
            poisoned.push(poisoner.write(*kind, &format!("POISON-{kind:?}-{round}"), &[]).await?);
        }
        for (record, code) in prefixes.next().unwrap_or_default() {
            poisoned.push(poisoner.write_as_is(record.clone(), *code).await?);
        }
    }
    Ok(poisoned)
}

/// Checks that what the clients were told matches the topic and order-service's answers, and that its numbers match a
/// second count.
pub async fn accounted_for(
    order: &Service,
    log: &[Record],
    told: &[ClientLog],
    poisoned: &[Poisoned],
    stats: &Stats,
) -> anyhow::Result<()> {
    let places: HashSet<(i32, i64)> = poison::places(poisoned);
    let expected = Expected::of(log, &places)?;
    let by_place: HashMap<(i32, i64), &Record> = log.iter().map(|record| (record.place(), record)).collect();
    for told in told {
        for written in told.created.iter().chain(&told.updated) {
            let record = by_place.get(&(written.partition, written.offset));
            let event = expected::event(record.unwrap_or_else(|| panic!("not in the topic: {written:?}")))?;
            let found = (event.event_id, event.order.order_id.as_str(), event.order.version);
            assert_eq!(
                found,
                (written.event_id, written.order_id.as_str(), written.order.version)
            );
        }
        let shown = order.http.order(&told.order_id, 1).await?;
        let last = &expected.orders[&told.order_id];
        assert_eq!(
            (shown.event_id, shown.version),
            (Some(last.event_id), last.order.version),
            "{told:?}"
        );
    }
    assert_eq!(stats.totals, expected.outcomes());
    assert_eq!(
        (stats.records, stats.totals.records()),
        (log.len() as u64, log.len() as u64),
        "{stats:?}"
    );
    assert_eq!(stats.orders, expected.orders.len() as u64);
    for partition in &stats.partitions {
        let count = log
            .iter()
            .filter(|record| record.partition == partition.partition)
            .count() as u64;
        assert_eq!(
            (partition.outcomes.records(), partition.lag, &partition.paused),
            (count, Some(0), &None),
            "{partition:?}"
        );
        assert_eq!(
            partition.position as u64, count,
            "every offset is a record: {partition:?}"
        );
    }
    let mut ids: Vec<&String> = expected.orders.keys().collect();
    ids.sort();
    assert_eq!(
        order
            .http
            .order_ids(&stats.topic, 500)
            .await?
            .concat()
            .iter()
            .collect::<Vec<_>>(),
        ids
    );

    let dead_letters = order.http.dead_letters(100).await?;
    let origins: HashSet<(i32, i64)> = dead_letters
        .iter()
        .filter_map(|dead_letter| dead_letter.origin.as_ref())
        .map(|origin| (origin.partition, origin.offset))
        .collect();
    assert_eq!(
        (dead_letters.len(), origins.len()),
        (poisoned.len(), poisoned.len()),
        "each poisoned record once in the views"
    );
    assert_eq!(origins, places);
    let mut by_code = BTreeMap::new();
    for one in poisoned {
        *by_code.entry(one.code.as_str().to_owned()).or_insert(0) += 1;
    }
    let info = order.http.dlq().await?;
    assert_eq!((info.count, &info.by_code), (poisoned.len() as u64, &by_code));
    Ok(())
}
