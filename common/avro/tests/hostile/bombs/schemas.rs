//! Texts that are not schemas, or not schemas of order events.

use super::{Bomb, with_dropped};
use crate::avro::{field_of, record_of, typed};
use crate::events::{event_with, sample};

super::tests![
    json_nested_100_000_deep,
    json_nested_as_deep_as_it_is_read,
    a_half_of_a_surrogate_pair,
    text_that_is_no_schema,
    names_of_anything,
    a_name_of_a_megabyte,
    a_namespace_of_half_a_megabyte,
    a_key_that_stands_twice,
    two_types_of_one_name,
    two_types_of_one_simple_name,
    a_field_of_two_types_by_name_and_alias,
    a_type_that_no_text_defines,
    a_text_that_refers_to_one_behind_it,
    texts_that_refer_to_each_other,
];

fn json_nested_100_000_deep() -> Bomb {
    Bomb::bad_schema(r#"{"type":"array","items":"#.repeat(40_000))
}

fn json_nested_as_deep_as_it_is_read() -> Bomb {
    Bomb::bad_schema(format!("{}\"int\"{}", r#"{"type":"#.repeat(126), "}".repeat(126)))
}

fn a_half_of_a_surrogate_pair() -> Bomb {
    let half = r#"{"type":"record","name":"A","doc":"\ud800","fields":[]}"#;
    Bomb::event(with_dropped(typed(half, [])))
}

fn text_that_is_no_schema() -> Bomb {
    Bomb::bad_schema("\0\u{feff}{}")
}

fn names_of_anything() -> Bomb {
    let of = r#"{"type":"error","name":"\n\u202e-. \u0000","fields":[{"name":"\u001b[31m","type":"int"}]}"#;
    Bomb::event(with_dropped(typed(of, [2])))
}

fn a_name_of_a_megabyte() -> Bomb {
    Bomb::bad_schema(record_of(&"N".repeat(1_000_000), &[]))
}

fn a_namespace_of_half_a_megabyte() -> Bomb {
    let fields: Vec<String> = (0..5_000)
        .map(|n| {
            field_of(
                &format!("f{n}"),
                &format!(r#"{{"type":"fixed","name":"F{n}","size":1}}"#),
            )
        })
        .collect();
    Bomb::bad_schema(record_of(&format!("{}.A", "n".repeat(500_000)), &fields))
}

fn a_key_that_stands_twice() -> Bomb {
    let ours = event_with(&sample(), |_| {});
    // The last one counts.
    let of = ours
        .of
        .replace(r#""name":"Order","#, r#""name":"Payment","name":"Order","#);
    assert_ne!(of, ours.of);
    Bomb::event(typed(of, ours.bytes))
}

fn two_types_of_one_name() -> Bomb {
    let twice = record_of("OrderItem", &[field_of("a", r#""int""#)]);
    Bomb::bad_schema(with_dropped(typed(twice, [0])).of)
}

fn two_types_of_one_simple_name() -> Bomb {
    let other = record_of("com.ecommerce.other.OrderItem", &[field_of("a", r#""int""#)]);
    Bomb::event(with_dropped(typed(other, [0])))
}

fn a_field_of_two_types_by_name_and_alias() -> Bomb {
    // The one with the right name is meant, whatever the other's alias says.
    let written = with_dropped(typed(r#""int""#, [2]));
    let of = written
        .of
        .replace(r#""name":"dropped","#, r#""name":"dropped","aliases":["version"],"#);
    Bomb::event(typed(of, written.bytes))
}

fn a_type_that_no_text_defines() -> Bomb {
    Bomb::bad_schema(with_dropped(typed(r#""com.ecommerce.Missing""#, [])).of)
}

fn a_text_that_refers_to_one_behind_it() -> Bomb {
    let ours = event_with(&sample(), |_| {}).of;
    let references = vec![
        record_of("First", &[field_of("a", r#""Second""#)]),
        record_of("Second", &[]),
    ];
    Bomb::bad_schema(ours).referring_to(references)
}

fn texts_that_refer_to_each_other() -> Bomb {
    let one = |name, other| record_of(name, &[field_of("a", &format!(r#"["null","{other}"]"#))]);
    let ours = with_dropped(typed(r#"["null","First"]"#, [0])).of;
    Bomb::bad_schema(ours).referring_to(vec![one("First", "Second"), one("Second", "First")])
}
