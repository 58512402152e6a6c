//! Arbitrary bytes, and events with arbitrary damage.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::events::{MARKER, STATUSES, sample};
use crate::order_event::{EventType, Fault, Order, OrderEvent, OrderItem, OrderStatus};
use crate::targets::{read_datum, read_from, resolve_and_read};
use crate::writers::WRITERS;

/// How many of the writers can be read; they come first.
const READABLE: usize = WRITERS.len() - 2;

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| format!("{MARKER}{text}"))
}

fn item() -> impl Strategy<Value = OrderItem> {
    (text(), any::<i32>(), any::<i64>()).prop_map(|(item_id, quantity, unit_price_minor)| OrderItem {
        item_id,
        quantity,
        unit_price_minor,
    })
}

fn status() -> impl Strategy<Value = OrderStatus> {
    select(STATUSES.map(|(status, _)| status).to_vec())
}

fn order() -> impl Strategy<Value = Order> {
    let numbers = (any::<i32>(), any::<i64>(), any::<i32>());
    (text(), text(), text(), numbers, vec(item(), 0..4), status()).prop_map(
        |(order_id, customer_id, currency, (version, order_date, total), items, status)| {
            let mut order = sample().order;
            (order.order_id, order.customer_id, order.currency) = (order_id, customer_id, currency);
            (order.version, order.order_date, order.total_minor) = (version, order_date, total.into());
            (order.items, order.status) = (items, status);
            order
        },
    )
}

prop_compose! {
    /// Any event of the schema, legal or not, except that the total fits an int.
    fn event()(
        event_id in any::<u128>(),
        previous in any::<Option<u128>>(),
        event_type in select(vec![EventType::OrderCreated, EventType::OrderStatusUpdated, EventType::Unknown]),
        occurred_at in any::<i64>(),
        order in order(),
    ) -> OrderEvent {
        OrderEvent {
            event_id: Uuid::from_u128(event_id),
            previous_event_id: previous.map(Uuid::from_u128),
            event_type,
            occurred_at,
            order,
        }
    }
}

/// Damage to a datum, at positions modulo its length.
#[derive(Clone, Debug)]
enum Damage {
    Flip(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize),
    Swap(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0..10_000_usize;
    prop_oneof![
        (place.clone(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        place.clone().prop_map(Damage::Cut),
        (place.clone(), 1..9_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        (place.clone(), vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (place.clone(), place.clone()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        (place.clone(), place).prop_map(|(one, other)| Damage::Swap(one, other)),
    ]
}

fn damaged(mut bytes: Vec<u8>, all: &[Damage]) -> Vec<u8> {
    for damage in all {
        let length = bytes.len() + 1;
        match damage {
            Damage::Flip(at, bit) => {
                let place = at % length;
                bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << bit);
            }
            Damage::Cut(at) => bytes.truncate(at % length),
            Damage::Remove(at, count) => drop(bytes.drain(at % length..(at % length + count).min(length - 1))),
            Damage::Insert(at, inserted) => drop(bytes.splice(at % length..at % length, inserted.iter().copied())),
            Damage::Repeat(from, to) => {
                let (from, to) = (from % length, to % length);
                let repeated = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.extend(repeated);
            }
            Damage::Swap(one, other) if length > 1 => bytes.swap(one % (length - 1), other % (length - 1)),
            Damage::Swap(..) => {}
        }
    }
    bytes
}

fn has_nothing_of_the_payload(decoded: &Result<OrderEvent, Fault>) {
    if let Err(fault) = decoded {
        assert!(!fault.text.contains(MARKER), "{fault}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn arbitrary_bytes_end_as_an_event_or_an_error(bytes in vec(any::<u8>(), 0..400)) {
        read_datum(&bytes);
        resolve_and_read(&bytes);
        for writer in 0..WRITERS.len() {
            let _ = read_from(writer, &bytes);
        }
    }

    #[test]
    fn every_writers_event_is_read_as_it_was_meant(event in event()) {
        for (n, write) in WRITERS.iter().enumerate() {
            let read = read_from(n, &write(&event).bytes);
            has_nothing_of_the_payload(&read);
            if n < READABLE {
                prop_assert_eq!(read.as_ref(), Ok(&event), "writer {}", n);
            } else {
                prop_assert!(read.is_err(), "writer {}", n);
            }
        }
    }

    #[test]
    fn a_damaged_event_ends_as_an_event_or_an_error(event in event(), damage in vec(damage(), 1..4)) {
        for (n, write) in WRITERS.iter().enumerate() {
            has_nothing_of_the_payload(&read_from(n, &damaged(write(&event).bytes, &damage)));
        }
    }

    #[test]
    fn a_datum_of_another_writer_ends_as_an_event_or_an_error(event in event(), damage in vec(damage(), 0..2)) {
        for (n, write) in WRITERS.iter().enumerate() {
            let bytes = damaged(write(&event).bytes, &damage);
            for other in (0..WRITERS.len()).filter(|other| *other != n) {
                has_nothing_of_the_payload(&read_from(other, &bytes));
            }
        }
    }

    #[test]
    fn a_damaged_schema_ends_as_an_event_or_an_error(event in event(), damage in vec(damage(), 1..4)) {
        for write in WRITERS {
            let written = write(&event);
            let schema = damaged(written.of.into_bytes(), &damage);
            resolve_and_read(&[&schema, &[0][..], &written.bytes].concat());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn every_proper_prefix_and_every_extra_byte_is_an_error(event in event()) {
        for write in &WRITERS[..READABLE] {
            let n = WRITERS.iter().position(|other| std::ptr::fn_addr_eq(*other, *write)).expect("a writer");
            let mut bytes = write(&event).bytes;
            for length in 0..bytes.len() {
                prop_assert!(read_from(n, &bytes[..length]).is_err(), "writer {}, {} bytes", n, length);
            }
            bytes.push(0);
            prop_assert!(read_from(n, &bytes).is_err(), "writer {}", n);
        }
    }

    #[test]
    fn every_flipped_bit_ends_as_an_event_or_an_error(event in event()) {
        for (n, write) in WRITERS.iter().enumerate() {
            let mut bytes = write(&event).bytes;
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                has_nothing_of_the_payload(&read_from(n, &bytes));
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}
