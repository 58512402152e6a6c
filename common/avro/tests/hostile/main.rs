//! Hostile bytes: whatever a schema or a datum contains, the result is a value or an error, in bounded time, without a
//! panic. (How much memory it takes is measured in `tests/allocations.rs`, which has an allocator of its own.)

mod arbitrary;
mod avro;
mod bombs;
mod corpus;
mod dropped;
mod events;
mod order_event;
mod readers;
mod targets;
mod writers;

use std::time::{Duration, Instant};

use bombs::Bomb;
use order_event::Writer;

/// Maximum time that a datum may take. The aim is less than 10 ms; a debug build is some twenty times slower, and the machine
/// may be busy, but what grows without bound is far beyond that.
const MAX_DATUM_TIME: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 50 });
/// Maximum time that a schema may take, once.
const MAX_SCHEMA_TIME: Duration = Duration::from_secs(10);

/// Reads a bomb.
fn explode(name: &str, bomb: &Bomb) {
    let start = Instant::now();
    let writer = Writer::of(&bomb.schema);
    let resolved = start.elapsed();
    let decoded: Vec<_> = (0..3)
        .map(|_| {
            let start = Instant::now();
            let decoded = writer.read(&bomb.datum);
            (start.elapsed(), decoded.map(drop))
        })
        .collect();
    // The shortest of several: another process may have occupied the CPU.
    let (took, decoded) = decoded.into_iter().min_by_key(|(took, _)| *took).expect("one");
    println!("{name}: schema {resolved:?}, datum {took:?}, {decoded:?}");
    assert_eq!(
        decoded.as_ref().err().map(|fault| fault.stage),
        bomb.fails,
        "{decoded:?}"
    );
    assert!(took < MAX_DATUM_TIME, "a datum took {took:?}");
    assert!(resolved < MAX_SCHEMA_TIME, "a schema took {resolved:?}");
}
