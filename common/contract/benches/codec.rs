//! What the codec costs per event of about 150 bytes, beside what apache-avro takes for the same. The last lines say how
//! they compare; reading our own schema is to take at most 1.3 times of what apache-avro takes.

#[path = "../tests/hostile/avro.rs"]
mod avro;
#[path = "../tests/hostile/events.rs"]
mod events;

use std::hint::black_box;
use std::time::{Duration, Instant};

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use apache_avro::{Schema, from_value};
use avro::typed;
use criterion::Criterion;
use events::{event_with, sample};
use orderlog_avro::SchemaText;
use orderlog_contract::decode::{WriterSchema, decode};
use orderlog_contract::encode::record_value;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::{frame, lineage};

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let ratios = [
        encode(&mut criterion),
        decode_ours(&mut criterion),
        resolve(&mut criterion),
    ];
    criterion.final_summary();
    // Those that the command line left out have no number.
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

/// What was compared, and the nanoseconds that ours and apache-avro take at best.
type Ratio = (&'static str, f64, f64);

fn encode(criterion: &mut Criterion) -> Ratio {
    let event = sample();
    let ours = timed(criterion, "encode/ours", || {
        record_value(7, black_box(&event)).expect("encodes")
    });
    let builder = GenericDatumWriter::builder(lineage::newest());
    let writer = builder.human_readable(true).build().expect("a writer");
    let theirs = timed(criterion, "encode/write_ser", || {
        let mut value = Vec::with_capacity(256);
        writer.write_ser(&mut value, black_box(&event)).expect("encodes");
        value
    });
    ("an event encoded", ours, theirs)
}

fn decode_ours(criterion: &mut Criterion) -> Ratio {
    let value = record_value(7, &sample()).expect("encodes");
    let (_, datum) = frame::split(&value).expect("a frame");
    println!("the datum has {} bytes", datum.len());
    let writer = WriterSchema::of(&lineage::newest_text());
    let ours = timed(criterion, "decode/ours", || {
        decode(&writer, black_box(datum)).expect("decodes")
    });
    let builder = GenericDatumReader::builder(lineage::newest());
    let reader = builder.human_readable(true).build().expect("a reader");
    let theirs = timed(criterion, "decode/read_deser", || {
        let event: OrderEvent = reader.read_deser(&mut black_box(datum)).expect("decodes");
        event
    });
    ("an event of our own schema decoded", ours, theirs)
}

/// Another writer's schema: an added field, an int where ours has a long, the order's fields the other way round.
fn resolve(criterion: &mut Criterion) -> Ratio {
    let event = sample();
    let written = event_with(&event, |order| {
        let total = order.iter_mut().find(|(name, _)| *name == "totalMinor");
        total.expect("the total").1.of = r#""int""#.to_owned();
        order.push(("note", typed(r#""string""#, avro::sized(b"added"))));
        order.reverse();
    });
    let writer = WriterSchema::of(&SchemaText::avro(&*written.of));
    let datum = &*written.bytes;
    assert_eq!(decode(&writer, datum).as_ref(), Ok(&event));
    let ours = timed(criterion, "resolve/ours", || {
        decode(&writer, black_box(datum)).expect("decodes")
    });
    let schema = Schema::parse_str(&written.of).expect("a schema");
    let builder = GenericDatumReader::builder(&schema);
    let reader = builder.reader_schema(lineage::newest()).build().expect("a reader");
    let theirs = timed(criterion, "resolve/read_value", || {
        let value = reader.read_value(&mut black_box(datum)).expect("decodes");
        let event: OrderEvent = from_value(&value).expect("an event");
        event
    });
    ("an event of another schema decoded", ours, theirs)
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
