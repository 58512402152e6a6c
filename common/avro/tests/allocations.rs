//! How much memory reading takes, counted by an allocator that only this test uses.

#[path = "hostile/avro.rs"]
mod avro;
#[path = "hostile/bombs/mod.rs"]
mod bombs;
#[path = "hostile/events.rs"]
mod events;
#[path = "hostile/order_event.rs"]
mod order_event;

use allocation_counter::{AllocationInfo, measure};
use bombs::Bomb;
use events::{event_with, item, sample};
use order_event::Writer;
use orderlog_avro::SchemaText;

/// Maximum memory that a datum may take beyond its own length.
const MAX_DATUM_MEMORY: u64 = 1024 * 1024;
/// Maximum memory that a schema may take while it is resolved: about sixty times the longest text that is parsed.
const MAX_SCHEMA_MEMORY: u64 = 64 * 1024 * 1024;

/// Reads a bomb.
fn explode(name: &str, bomb: &Bomb) {
    let mut writer = None;
    let resolved = measure(|| writer = Some(Writer::of(&bomb.schema)));
    let writer = writer.expect("resolved");
    let decoded = measure(|| drop(writer.read(&bomb.datum)));
    let beyond = decoded.bytes_max.saturating_sub(bomb.datum.len() as u64);
    println!(
        "{name}: schema {} bytes, kept {}; record {beyond} beyond its {}",
        resolved.bytes_max,
        resolved.bytes_current,
        bomb.datum.len()
    );
    assert!(
        beyond < MAX_DATUM_MEMORY,
        "a datum took {beyond} bytes more than it has"
    );
    assert!(
        resolved.bytes_max < MAX_SCHEMA_MEMORY,
        "a schema took {} bytes",
        resolved.bytes_max
    );
    assert_eq!(decoded.bytes_current, 0, "nothing of a datum is kept");
}

/// What reading a datum of this schema allocates, while the event lives.
fn reading(schema: &SchemaText, datum: &[u8]) -> AllocationInfo {
    let writer = Writer::of(schema);
    let mut event = None;
    let allocated = measure(|| event = Some(writer.read(datum)));
    assert!(matches!(event, Some(Ok(_))));
    allocated
}

#[test]
fn an_event_allocates_what_its_fields_hold() {
    let event = sample();
    let written = event_with(&event, |_| {});
    let datum = &*written.bytes;
    let allocated = reading(&SchemaText::avro(&*written.of), datum);
    // Three texts, the list of items, and the text of each.
    assert_eq!(allocated.count_total, 3 + 1 + event.order.items.len() as u64);
    let texts = [&event.order.order_id, &event.order.customer_id, &event.order.currency];
    let items = event.order.items.iter().map(|item| &item.item_id);
    let held: usize = texts.into_iter().chain(items).map(String::len).sum();
    // Vec reserves four at once if it does not know how many there will be.
    let list = 4.max(event.order.items.len()) * size_of_val(&item(1));
    println!("{} bytes of datum: {allocated:?}", datum.len());
    assert!(allocated.bytes_total <= (held + list) as u64, "{allocated:?}");
    assert_eq!(
        allocated.bytes_total, allocated.bytes_max,
        "nothing is allocated temporarily"
    );
}

#[test]
fn a_datum_of_a_megabyte_takes_little_more_than_itself() {
    let mut event = sample();
    event.order.items = (0..8_192).map(item).collect();
    for item in &mut event.order.items {
        item.item_id = "x".repeat(110);
    }
    let written = event_with(&event, |_| {});
    let datum = written.bytes;
    assert!(datum.len() > 900_000, "{}", datum.len());
    let beyond = reading(&SchemaText::avro(written.of), &datum)
        .bytes_max
        .saturating_sub(datum.len() as u64);
    println!("{} bytes of datum: {beyond} bytes beyond", datum.len());
    assert!(beyond < MAX_DATUM_MEMORY, "{beyond}");
}
