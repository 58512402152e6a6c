//! What reading an event of about 150 bytes costs, compared with apache-avro. The last lines compare them; an event of
//! our own schema should take at most 1.3 times what apache-avro takes.

#[path = "../tests/hostile/avro.rs"]
mod avro;
#[path = "../tests/hostile/events.rs"]
mod events;
#[path = "../tests/hostile/order_event.rs"]
mod order_event;

use std::hint::black_box;
use std::time::{Duration, Instant};

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::{Schema, from_value};
use criterion::Criterion;
use orderlog_avro::SchemaText;

use avro::typed;
use events::{event_with, sample};
use order_event::{OrderEvent, Writer};

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let ratios = [own_schema(&mut criterion), other_schema(&mut criterion)];
    criterion.final_summary();
    // Benches that the command line left out have no result.
    for (what, ours, theirs) in ratios
        .into_iter()
        .filter(|(_, ours, theirs)| (ours + theirs).is_finite())
    {
        println!(
            "{what}: {ours:.0} ns, apache-avro {theirs:.0} ns, ratio {:.2}",
            ours / theirs
        );
    }
}

/// What was compared, and the nanoseconds that ours and apache-avro took at best.
type Ratio = (&'static str, f64, f64);

fn own_schema(criterion: &mut Criterion) -> Ratio {
    let text = include_str!("../tests/hostile/order-event.avsc");
    let datum = event_with(&sample(), |_| {}).bytes;
    println!("the datum has {} bytes", datum.len());
    let writer = Writer::of(&SchemaText::avro(text));
    let ours = timed(criterion, "own schema/ours", || {
        writer.read(black_box(&datum)).expect("an event")
    });
    let schema = Schema::parse_str(text).expect("a schema");
    let builder = GenericDatumReader::builder(&schema);
    let reader = builder.human_readable(true).build().expect("a reader");
    let theirs = timed(criterion, "own schema/read_deser", || {
        let event: OrderEvent = reader.read_deser(&mut black_box(&*datum)).expect("an event");
        event
    });
    ("an event of our own schema", ours, theirs)
}

/// Another writer's schema: an added field, an int where ours has a long, and the order's fields in reverse.
fn other_schema(criterion: &mut Criterion) -> Ratio {
    let event = sample();
    let written = event_with(&event, |order| {
        let total = order.iter_mut().find(|(name, _)| *name == "totalMinor");
        total.expect("the total").1.of = r#""int""#.to_owned();
        order.push(("note", typed(r#""string""#, avro::sized(b"added"))));
        order.reverse();
    });
    let writer = Writer::of(&SchemaText::avro(&*written.of));
    let datum = &*written.bytes;
    assert_eq!(writer.read(datum).as_ref(), Ok(&event));
    let ours = timed(criterion, "other schema/ours", || {
        writer.read(black_box(datum)).expect("an event")
    });
    let schema = Schema::parse_str(&written.of).expect("a schema");
    let newest = Schema::parse_str(include_str!("../tests/hostile/order-event.avsc")).expect("a schema");
    let builder = GenericDatumReader::builder(&schema);
    let reader = builder.reader_schema(&newest).build().expect("a reader");
    let theirs = timed(criterion, "other schema/read_value", || {
        let value = reader.read_value(&mut black_box(datum)).expect("a value");
        let event: OrderEvent = from_value(&value).expect("an event");
        event
    });
    ("an event of another schema", ours, theirs)
}

/// Measures, and returns the nanoseconds of the fastest sample.
fn timed<T>(criterion: &mut Criterion, name: &str, mut run: impl FnMut() -> T) -> f64 {
    let mut best = f64::INFINITY;
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let start = Instant::now();
            for _ in 0..times {
                black_box(run());
            }
            let took = start.elapsed();
            best = best.min(took.as_secs_f64() * 1e9 / times as f64);
            took
        });
    });
    best
}
