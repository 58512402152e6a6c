//! Small schemas whose types contain each other in many ways.

use super::{Bomb, with_dropped};
use crate::avro::{Typed, array_of, field_of, record_of, typed};
use crate::events::{event_with, sample};

super::tests![
    types_as_deep_as_json_is_read,
    records_1000_deep,
    ten_thousand_records_each_in_the_next,
    ten_thousand_texts_each_in_the_next,
    a_type_that_contains_itself,
    a_list_of_a_megabyte,
    a_tree_of_a_megabyte,
    lists_in_lists_without_an_end,
    two_types_that_contain_each_other,
    a_type_that_contains_itself_and_is_not_read,
    a_record_that_never_ends,
    two_records_that_never_end,
    thirty_records_that_contain_all_of_them,
    a_mebibyte_of_types_used_before_they_are_defined,
    a_mebibyte_of_types_defined_again,
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

/// That many nested arrays; the event, its order and the innermost value add to the depth.
fn arrays(count: usize) -> Typed {
    with_dropped(typed(
        (0..count).fold(r#""int""#.to_owned(), |of, _| array_of(&of)),
        [0],
    ))
}

fn types_as_deep_as_json_is_read() -> Bomb {
    Bomb::event(arrays(120))
}

/// That many nested records, each with a reference to the one before.
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

fn records_1000_deep() -> Bomb {
    let (references, written) = records(1_000);
    Bomb::event(written).referring_to(references)
}

fn ten_thousand_texts_each_in_the_next() -> Bomb {
    let (references, written) = records(10_000);
    Bomb::event(written).referring_to(references)
}

fn ten_thousand_records_each_in_the_next() -> Bomb {
    let (types, _) = records(10_000);
    let fields: Vec<String> = types
        .iter()
        .enumerate()
        .map(|(n, of)| field_of(&format!("f{n}"), of))
        .collect();
    Bomb::event(with_dropped(typed(record_of("Holder", &fields), [])))
}

fn node() -> String {
    record_of(
        "Node",
        &[field_of("value", r#""int""#), field_of("next", r#"["null","Node"]"#)],
    )
}

fn tree() -> String {
    record_of(
        "Tree",
        &[
            field_of("name", r#""string""#),
            field_of("children", &array_of(r#""Tree""#)),
        ],
    )
}

fn a_type_that_contains_itself() -> Bomb {
    Bomb::event(with_dropped(typed(node(), [2, 2, 4, 0])))
}

fn a_list_of_a_megabyte() -> Bomb {
    Bomb::event(with_dropped(typed(
        node(),
        [[2, 2].repeat(500_000), vec![2, 0]].concat(),
    )))
}

fn a_tree_of_a_megabyte() -> Bomb {
    // A name of no length, and a block of one child, and so on.
    Bomb::bad_datum(with_dropped(typed(tree(), [0, 2].repeat(500_000))))
}

fn lists_in_lists_without_an_end() -> Bomb {
    let list = record_of("L", &[field_of("l", &array_of(r#""L""#))]);
    Bomb::bad_datum(with_dropped(typed(list, vec![2; 1_000_000])))
}

fn two_types_that_contain_each_other() -> Bomb {
    let inner = record_of("Inner", &[field_of("outer", &array_of(r#""Outer""#))]);
    let outer = record_of("Outer", &[field_of("inner", &inner)]);
    Bomb::event(with_dropped(typed(outer, [2, 2, 0, 0, 0])))
}

fn a_type_that_contains_itself_and_is_not_read() -> Bomb {
    let written = event_with(&sample(), |order| {
        order.insert(0, ("previous", typed(r#"["null","Order"]"#, [0])));
    });
    Bomb::event(written)
}

fn a_record_that_never_ends() -> Bomb {
    let record = record_of("R", &[field_of("r", r#""R""#), field_of("s", r#""R""#)]);
    Bomb::bad_datum(with_dropped(typed(record, vec![0; 1_000_000])))
}

fn two_records_that_never_end() -> Bomb {
    let inner = record_of("Inner", &[field_of("outer", r#""Outer""#)]);
    let outer = record_of("Outer", &[field_of("inner", &inner)]);
    Bomb::bad_datum(with_dropped(typed(array_of(&outer), vec![2; 1_000_000])))
}

fn thirty_records_that_contain_all_of_them() -> Bomb {
    let names: Vec<String> = (0..30).map(|n| format!("\"R{n}\"")).collect();
    let union = format!("[{}]", names.join(","));
    let record = |n| record_of(&format!("R{n}"), &[field_of("a", &union), field_of("b", &union)]);
    let fields: Vec<String> = (0..30).map(|n| field_of(&format!("f{n}"), &record(n))).collect();
    Bomb::bad_datum(with_dropped(typed(record_of("Holder", &fields), vec![0; 1_000_000])))
}

/// In a namespace as long as one may be, which is part of every name in it.
fn in_a_long_namespace(fields: impl Iterator<Item = String>) -> String {
    let room = orderlog_avro::MAX_SCHEMA_BYTES - 4_000;
    let mut all = String::new();
    for field in fields {
        all.push_str(if all.is_empty() { "" } else { "," });
        all.push_str(&field);
        if all.len() + 200 > room {
            break;
        }
    }
    format!(
        r#"{{"type":"record","name":"{}.Holder","fields":[{all}]}}"#,
        "n".repeat(1_000)
    )
}

fn a_mebibyte_of_types_used_before_they_are_defined() -> Bomb {
    let used = (0..).map(|n| field_of(&format!("f{n}"), &format!("\"T{n}\"")));
    Bomb::bad_schema(in_a_long_namespace(used))
}

fn a_mebibyte_of_types_defined_again() -> Bomb {
    let again = (0..).map(|n| field_of(&format!("f{n}"), r#"{"type":"fixed","name":"F","size":0}"#));
    Bomb::event(with_dropped(typed(in_a_long_namespace(again), [])))
}

fn two_to_the_58_nothings() -> Bomb {
    Bomb::event(with_dropped(doubling(r#""null""#, "")))
}

fn two_to_the_58_numbers() -> Bomb {
    let numbers = typed(doubling(r#""int""#, "").of, vec![0; 1_000_000]);
    Bomb::bad_datum(with_dropped(numbers))
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
    Bomb::bad_datum(with_dropped(typed(record_of("Ways", &fields), vec![0; 1_000_000])))
}

fn ten_thousand_events_in_a_union() -> Bomb {
    let events: Vec<String> = (0..10_000)
        .map(|n| record_of(&format!("n{n}.OrderEvent"), &[]))
        .collect();
    Bomb::bad_schema(format!("[{}]", events.join(",")))
}

fn ten_thousand_orders_of_which_none_can_be_read() -> Bomb {
    let fields = [field_of("orderId", r#""string""#), field_of("version", r#""double""#)];
    let orders: Vec<String> = (0..8_000).map(|n| record_of(&format!("n{n}.Order"), &fields)).collect();
    let ours = event_with(&sample(), |_| {}).of;
    let start = ours.find(r#"{"name":"order","type":"#).expect("the order");
    Bomb::bad_schema(format!(
        r#"{}{{"name":"order","type":[{}]}}]}}"#,
        &ours[..start],
        orders.join(",")
    ))
}
