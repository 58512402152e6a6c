//! What reading one order costs a server thread: read in place, and through a hop to a thread for blocking work, as
//! [`Store::order`] does. `cargo bench -p orderlog-projection --bench store_read` prints both for a store that is cached,
//! for one that is not, and for one that is being written and synced meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use orderlog_contract::encode::record_value;
use orderlog_contract::event::{Order, OrderEvent};
use orderlog_contract::frame;
use orderlog_contract::testing::{an_event, state_after};
use orderlog_projection::store::{BatchChanges, Embedded, Store, StoredOrder};
use rustix::fs::{Advice, fadvise};

const SCHEMA_ID: u32 = 7;
/// Fits into the store's cache of 64 MiB.
const SMALL: usize = 10_000;
/// Does not fit into it.
const LARGE: usize = 400_000;
const BATCH: usize = 2_000;
const READS: usize = 20_000;
const COLD_READS: usize = 2_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime like a server thread's");
    println!("{:<42} {:>10} {:>10} {:>10}", "", "p50", "p99", "max");
    let dir = tempfile::tempdir().expect("a directory");
    let small = filled(&dir.path().join("small"), SMALL);
    measure("cached", &runtime, &small, SMALL, READS);
    let path = dir.path().join("large");
    drop(filled(&path, LARGE));
    drop_page_cache(&path);
    let large = open(&path);
    measure("not cached", &runtime, &large, LARGE, COLD_READS);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| write_and_sync(&large, &stop));
        measure("written and synced meanwhile", &runtime, &large, LARGE, READS);
        stop.store(true, Ordering::Relaxed);
    });
}

fn measure(name: &str, runtime: &tokio::runtime::Runtime, embedded: &Arc<Embedded>, orders: usize, reads: usize) {
    let store = Store::Embedded(embedded.clone());
    let ids = || std::iter::repeat_with(|| id(fastrand::usize(..orders))).take(reads);
    let in_place = ids().map(|id| {
        let begun = Instant::now();
        assert!(embedded.order(&id).expect("reads").is_some());
        begun.elapsed()
    });
    print(&format!("{name}, in place"), in_place.collect());
    let with_a_hop = ids().map(|id| {
        let begun = Instant::now();
        assert!(runtime.block_on(store.order(&[id])).expect("reads").is_some());
        begun.elapsed()
    });
    print(&format!("{name}, with a hop"), with_a_hop.collect());
}

fn print(name: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |part: usize| took[(took.len() - 1) * part / 100];
    println!("{name:<42} {:>10.1?} {:>10.1?} {:>10.1?}", at(50), at(99), at(100));
}

fn id(n: usize) -> String {
    format!("ORD-{n:07}")
}

fn open(path: &Path) -> Arc<Embedded> {
    let store = Arc::new(Embedded::open(path).expect("opens"));
    store.schemas().learn_own("orders-value", SCHEMA_ID).expect("learns");
    store
}

fn filled(path: &Path, orders: usize) -> Arc<Embedded> {
    let store = open(path);
    for from in (0..orders).step_by(BATCH) {
        put(&store, from..(from + BATCH).min(orders));
    }
    store.sync().expect("syncs");
    store
}

fn put(store: &Embedded, orders: std::ops::Range<usize>) {
    let stored = |n: usize| {
        let event = an_event("A-1", 1);
        let order = Order {
            order_id: id(n),
            // Random, so that it does not compress.
            customer_id: format!("{:032x}", fastrand::u128(..)),
            ..event.order
        };
        let event = OrderEvent { order, ..event };
        let value = record_value(SCHEMA_ID, &event).expect("encodes");
        let (schema_id, datum) = frame::split(&value).expect("a frame");
        let stored = StoredOrder {
            state: state_after(&event, (0, 0)),
            schema_id,
            datum: datum.to_vec(),
        };
        (id(n), Some(stored))
    };
    let changes = BatchChanges {
        orders: orders.map(stored).collect::<BTreeMap<_, _>>(),
        ..BatchChanges::default()
    };
    store.commit(&changes).expect("commits");
}

/// Writes as a service does while it catches up.
fn write_and_sync(store: &Embedded, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let from = fastrand::usize(..LARGE - BATCH);
        put(store, from..from + BATCH);
        store.sync().expect("syncs");
    }
}

/// Makes the system drop what it has cached of the files there.
fn drop_page_cache(dir: &Path) {
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        if entry.path().is_dir() {
            drop_page_cache(&entry.path());
        } else {
            let file = File::open(entry.path()).expect("opens");
            file.sync_all().expect("syncs");
            fadvise(&file, 0, None, Advice::DontNeed).expect("is forgotten");
        }
    }
}
