//! Hostile bytes: whatever a record or a registry holds ends as an event or as a code, in bounded time, without a panic.
//! (How much memory it takes is measured in `tests/allocations.rs`, which has an allocator of its own.)

mod arbitrary;
mod avro;
mod bombs;
mod corpus;
mod dropped;
mod events;
mod readers;
mod targets;
mod writers;

use std::time::{Duration, Instant};

use bombs::Bomb;
use orderlog_contract::decode::{WriterSchema, decode};

/// Most that a record may take whose schema is known. It is to take less than 10 ms; a debug build is some twenty times
/// slower, and the machine may be busy, but what grows without bound is far beyond that.
const A_RECORD: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 50 });
/// Most that a schema may take when it is first met. It is not in the way of other partitions.
const A_SCHEMA: Duration = Duration::from_secs(10);

/// Decodes a bomb.
fn explode(name: &str, bomb: &Bomb) {
    let start = Instant::now();
    let writer = WriterSchema::of(&bomb.schema);
    let resolved = start.elapsed();
    let decoded: Vec<_> = (0..3)
        .map(|_| {
            let start = Instant::now();
            let decoded = decode(&writer, &bomb.datum);
            (start.elapsed(), decoded.map(drop))
        })
        .collect();
    // The shortest of several: another process may have had the processor.
    let (took, decoded) = decoded.into_iter().min_by_key(|(took, _)| *took).expect("one");
    println!("{name}: schema {resolved:?}, record {took:?}, {decoded:?}");
    assert_eq!(decoded.as_ref().err().map(|fault| fault.code), bomb.ends, "{decoded:?}");
    assert!(
        !decoded.is_err_and(|fault| fault.reason.contains("panicked")),
        "a panic was caught"
    );
    assert!(took < A_RECORD, "a record took {took:?}");
    assert!(resolved < A_SCHEMA, "a schema took {resolved:?}");
}
