//! Schemas of few bytes whose types lie in one another in many ways.

use super::{Bomb, with_dropped};
use crate::avro::{Typed, array_of, field_of, record_of, typed};
use crate::events::{event_with, sample};

super::tests![
    types_64_deep,
    types_65_deep,
    records_64_deep,
    records_65_deep,
    ten_thousand_records_each_in_the_next,
    ten_thousand_texts_each_in_the_next,
    a_type_that_contains_itself,
    two_types_that_contain_each_other,
    a_type_that_contains_itself_and_is_read,
    two_to_the_58_nothings,
    two_to_the_58_numbers,
    two_to_the_58_defaults,
    two_to_the_50_ways_through_unions,
    ten_thousand_events_in_a_union,
    ten_thousand_orders_of_which_none_can_be_read,
];

/// Fifty-eight records, side by side as fields so that none is met within another, each of two fields of the one before it.
fn doubling(last: &str, default: &str) -> Typed {
    let fields: Vec<String> = (0..58)
        .map(|n| {
            let of = if n == 0 {
                last.to_owned()
            } else {
                format!("\"D{}\"", n - 1)
            };
            let part = |name| format!(r#"{{"name":"{name}","type":{of}{}}}"#, if n > 0 { default } else { "" });
            field_of(&format!("d{n}"), &record_of(&format!("D{n}"), &[part("a"), part("b")]))
        })
        .collect();
    typed(record_of("Doubling", &fields), [])
}

/// So many arrays in one another; the event and its order are two types more, and so is what lies within.
fn arrays(count: usize) -> Typed {
    with_dropped(typed(
        (0..count).fold(r#""int""#.to_owned(), |of, _| array_of(&of)),
        [0],
    ))
}

fn types_64_deep() -> Bomb {
    Bomb::event(arrays(61))
}

fn types_65_deep() -> Bomb {
    Bomb::wrong_schema(arrays(62).of)
}

/// So many records in one another, by references to the one before.
fn records(count: usize) -> (Vec<String>, Typed) {
    let of = |n: usize| {
        if n == 0 {
            r#""null""#.to_owned()
        } else {
            format!("\"c.R{}\"", n - 1)
        }
    };
    let record = |n| record_of(&format!("c.R{n}"), &[field_of("a", &of(n))]);
    ((0..count).map(record).collect(), with_dropped(typed(of(count), [])))
}

fn records_64_deep() -> Bomb {
    let (references, written) = records(61);
    Bomb::event(written).referring_to(references)
}

fn records_65_deep() -> Bomb {
    let (references, written) = records(62);
    Bomb::wrong_schema(written.of).referring_to(references)
}

fn ten_thousand_texts_each_in_the_next() -> Bomb {
    let (references, written) = records(10_000);
    Bomb::wrong_schema(written.of).referring_to(references)
}

fn ten_thousand_records_each_in_the_next() -> Bomb {
    let (types, _) = records(10_000);
    let fields: Vec<String> = types
        .iter()
        .enumerate()
        .map(|(n, of)| field_of(&format!("f{n}"), of))
        .collect();
    Bomb::wrong_schema(with_dropped(typed(record_of("Holder", &fields), [])).of)
}

fn a_type_that_contains_itself() -> Bomb {
    let node = record_of("Node", &[field_of("next", r#"["null","Node"]"#)]);
    Bomb::wrong_schema(with_dropped(typed(node, [0])).of)
}

fn two_types_that_contain_each_other() -> Bomb {
    let inner = record_of("Inner", &[field_of("outer", &array_of(r#""Outer""#))]);
    let outer = record_of("Outer", &[field_of("inner", &inner)]);
    Bomb::wrong_schema(with_dropped(typed(outer, [0])).of)
}

fn a_type_that_contains_itself_and_is_read() -> Bomb {
    let written = event_with(&sample(), |order| {
        order.insert(0, ("previous", typed(r#"["null","Order"]"#, [0])));
    });
    Bomb::wrong_schema(written.of)
}

fn two_to_the_58_nothings() -> Bomb {
    Bomb::event(with_dropped(doubling(r#""null""#, "")))
}

fn two_to_the_58_numbers() -> Bomb {
    let numbers = typed(doubling(r#""int""#, "").of, vec![0; 1_000_000]);
    Bomb::undecodable(with_dropped(numbers))
}

fn two_to_the_58_defaults() -> Bomb {
    // The innermost default is given, so that each of the others is one of two fields that have it again.
    Bomb::event(with_dropped(doubling(r#""null","default":null"#, r#","default":{}"#)))
}

fn two_to_the_50_ways_through_unions() -> Bomb {
    let fields: Vec<String> = (0..25)
        .map(|n| {
            let of = if n == 0 {
                r#"["null","int"]"#.to_owned()
            } else {
                format!(r#"["W{0}","X{0}"]"#, n - 1)
            };
            let both =
                ["W", "X"].map(|name| record_of(&format!("{name}{n}"), &[field_of("a", &of), field_of("b", &of)]));
            field_of(&format!("f{n}"), &format!("[{}]", both.join(",")))
        })
        .collect();
    // Every union's first branch, and in the innermost nothing.
    Bomb::undecodable(with_dropped(typed(record_of("Ways", &fields), vec![0; 1_000_000])))
}

fn ten_thousand_events_in_a_union() -> Bomb {
    let events: Vec<String> = (0..10_000)
        .map(|n| record_of(&format!("n{n}.OrderEvent"), &[]))
        .collect();
    Bomb::wrong_schema(format!("[{}]", events.join(",")))
}

fn ten_thousand_orders_of_which_none_can_be_read() -> Bomb {
    let fields = [field_of("orderId", r#""string""#), field_of("version", r#""double""#)];
    let orders: Vec<String> = (0..8_000).map(|n| record_of(&format!("n{n}.Order"), &fields)).collect();
    let ours = event_with(&sample(), |_| {}).of;
    let start = ours.find(r#"{"name":"order","type":"#).expect("the order");
    Bomb::wrong_schema(format!(
        r#"{}{{"name":"order","type":[{}]}}]}}"#,
        &ours[..start],
        orders.join(",")
    ))
}
