//! Other writers of order events: schemas that ours can read, and some that it cannot, each with the way it writes an
//! event.

use crate::avro::{Typed, array_of, block, long, record, record_of, sized, typed};
use crate::events::{
    STATUSES, UUID, event_around, event_fields, event_with, item_fields, items, items_as, nullable, order_fields,
    symbol, text,
};
use crate::order_event::OrderEvent;

/// How an event is written: the schema, which does not depend on the event, and the datum.
pub type Write = fn(&OrderEvent) -> Typed;

/// Every writer; ours is the first.
pub const WRITERS: [Write; 16] = [
    ours,
    all_nullable,
    reordered,
    with_nested_lists,
    with_every_kind,
    with_empty_values,
    with_smaller_numbers,
    with_bytes_for_strings,
    with_other_symbols,
    with_renamed_fields,
    one_of_several_records,
    with_blocks_that_say_their_size,
    with_shared_types,
    with_a_dropped_recursion,
    another_record,
    without_an_order,
];

fn ours(event: &OrderEvent) -> Typed {
    event_with(event, |_| {})
}

fn all_nullable(event: &OrderEvent) -> Typed {
    let all = |fields: Vec<(&'static str, Typed)>| -> Vec<(&'static str, Typed)> {
        let one = |(name, field): (&'static str, Typed)| {
            let is_union = field.of.starts_with('[');
            (name, if is_union { field } else { nullable(field) })
        };
        fields.into_iter().map(one).collect()
    };
    let items = items_as(&event.order.items, |item| {
        nullable(record("OrderItem", &all(item_fields(item))))
    });
    let order = record("Order", &all(order_fields(&event.order, items)));
    record("com.ecommerce.order.OrderEvent", &all(event_fields(event, order)))
}

fn reordered(event: &OrderEvent) -> Typed {
    let items = items_as(&event.order.items, |item| {
        let mut fields = item_fields(item);
        fields.reverse();
        record("OrderItem", &fields)
    });
    let mut order = order_fields(&event.order, items);
    order.reverse();
    let mut fields = event_fields(event, record("Order", &order));
    fields.reverse();
    record("com.ecommerce.order.OrderEvent", &fields)
}

fn with_nested_lists(event: &OrderEvent) -> Typed {
    let rows = [
        block(2, &[block(2, &[long(1), long(2)].concat()), vec![0, 0]].concat()),
        vec![0],
    ]
    .concat();
    let tags = typed(
        format!(r#"{{"type":"map","values":{}}}"#, array_of(r#"["null","string"]"#)),
        [
            block(1, &[sized(b"key"), block(2, &[0, 2, 2, b'x']), vec![0]].concat()),
            vec![0],
        ]
        .concat(),
    );
    event_with(event, |order| {
        order.insert(0, ("rows", typed(array_of(&array_of(r#""int""#)), rows)));
        order.push(("tags", tags));
    })
}

fn with_every_kind(event: &OrderEvent) -> Typed {
    let added = [
        ("flag", typed(r#""boolean""#, [1])),
        ("rate", typed(r#""double""#, 0.5_f64.to_le_bytes())),
        ("share", typed(r#""float""#, 0.5_f32.to_le_bytes())),
        ("none", typed(r#""null""#, [])),
        ("raw", typed(r#""bytes""#, sized(&[0xff, 0]))),
        ("hash", typed(r#"{"type":"fixed","name":"Hash","size":4}"#, [0xff; 4])),
        ("channel", symbol("Channel", &["WEB", "SHOP"], 1)),
        (
            "note",
            typed(r#"["null","string","int"]"#, [long(2), long(-1)].concat()),
        ),
        (
            "parent",
            record(
                "Parent",
                &[("id", text("PAYLOAD")), ("depth", typed(r#""int""#, long(3)))],
            ),
        ),
    ];
    let mut fields = event_fields(
        event,
        record("Order", &order_fields(&event.order, items(&event.order.items))),
    );
    for (n, field) in added.into_iter().enumerate() {
        fields.insert(n.min(fields.len()), field);
    }
    record("com.ecommerce.order.OrderEvent", &fields)
}

fn with_empty_values(event: &OrderEvent) -> Typed {
    let items = items_as(&event.order.items, |item| {
        let mut fields = item_fields(item);
        fields.extend(["a", "b", "c"].map(|name| (name, typed(r#""null""#, []))));
        record("OrderItem", &fields)
    });
    let mut order = order_fields(&event.order, items);
    let empty = record_of("Empty", &[]);
    order.push(("none", typed(array_of(&empty), [long(1 << 62), long(0)].concat())));
    event_around(event, record("Order", &order))
}

fn with_smaller_numbers(event: &OrderEvent) -> Typed {
    event_with(event, |order| {
        let total = order.iter_mut().find(|(name, _)| *name == "totalMinor");
        total.expect("the total").1.of = r#""int""#.to_owned();
    })
}

fn with_bytes_for_strings(event: &OrderEvent) -> Typed {
    event_with(event, |order| {
        for (_, field) in order.iter_mut().filter(|(_, field)| field.of == r#""string""#) {
            field.of = r#""bytes""#.to_owned();
        }
    })
}

fn with_other_symbols(event: &OrderEvent) -> Typed {
    let symbols = [
        "lost",
        "unknown",
        "cancelled",
        "delivered",
        "shipped",
        "processing",
        "confirmed",
        "pending",
        "new",
    ];
    let (_, status) = STATUSES[event.order.status as usize];
    let status = symbols.iter().position(|symbol| *symbol == status);
    event_with(event, |order| {
        order.pop();
        order.push(("status", symbol("OrderStatus", &symbols, status.expect("a symbol"))));
    })
}

fn with_renamed_fields(event: &OrderEvent) -> Typed {
    let written = event_with(event, |order| order[2].0 = "buyer");
    let of = written
        .of
        .replace(r#""name":"buyer""#, r#""name":"buyer","aliases":["customerId"]"#);
    typed(of, written.bytes)
}

fn one_of_several_records(event: &OrderEvent) -> Typed {
    let ours = ours(event);
    let other = r#"{"type":"record","name":"Greeting","fields":[{"name":"text","type":"string"}]}"#;
    typed(
        format!(r#"["null",{other},{}]"#, ours.of),
        [long(2), ours.bytes].concat(),
    )
}

fn with_blocks_that_say_their_size(event: &OrderEvent) -> Typed {
    let mut whole = items(&event.order.items);
    let entries = event
        .order
        .items
        .iter()
        .map(|item| record("OrderItem", &item_fields(item)).bytes);
    let blocks = entries.flat_map(|entry| {
        let size = i64::try_from(entry.len()).expect("a size");
        [long(-1), long(size), entry].concat()
    });
    whole.bytes = blocks.chain([0]).collect();
    event_around(event, record("Order", &order_fields(&event.order, whole)))
}

fn with_shared_types(event: &OrderEvent) -> Typed {
    event_with(event, |order| {
        let status = order.pop().expect("status").1;
        order.insert(0, ("firstStatus", status.clone()));
        order.push(("status", typed(r#""OrderStatus""#, status.bytes)));
        order.push(("lastIds", typed(array_of(UUID), [0])));
    })
}

fn with_a_dropped_recursion(event: &OrderEvent) -> Typed {
    let node = r#"{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]}]}"#;
    event_with(event, |order| order.push(("history", typed(node, long(0)))))
}

fn another_record(event: &OrderEvent) -> Typed {
    record("com.ecommerce.other.Greeting", &[("text", text(&event.order.order_id))])
}

fn without_an_order(event: &OrderEvent) -> Typed {
    let mut fields = event_fields(event, text("none"));
    fields.pop();
    record("com.ecommerce.order.OrderEvent", &fields)
}
