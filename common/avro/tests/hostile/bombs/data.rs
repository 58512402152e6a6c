//! Data that lie about their lengths, or expand to more than their size.

use super::{Bomb, with_dropped, with_order_field};
use crate::avro::{Typed, array_of, block, field_of, long, record, record_of, sized, typed};
use crate::events::{event_around, event_with, item, item_fields, items_as, order_fields, sample};

/// A little less than the largest record that a broker takes by default.
const MEGABYTE: usize = 1_000_000;

super::tests![
    a_string_of_2_to_the_40_bytes,
    a_string_of_a_negative_length,
    a_megabyte_of_ones,
    a_number_that_never_ends,
    an_array_of_2_to_the_62_entries,
    a_block_of_minus_2_to_the_63_entries,
    a_block_that_says_a_negative_size,
    a_block_that_says_a_larger_size,
    blocks_that_promise_ever_more,
    as_many_entries_as_are_read,
    one_entry_more_than_is_read,
    a_megabyte_of_entries,
    a_text_of_a_megabyte,
    a_dropped_array_of_2_to_the_62_nothings,
    a_megabyte_of_blocks_of_nothing,
    a_dropped_map_of_2_to_the_62_entries,
    a_megabyte_of_empty_keys,
    a_fixed_type_of_2_to_the_63_bytes,
    a_map_of_fixed_values_of_2_to_the_64_bytes,
    a_megabyte_of_lists_in_lists,
    fifty_eight_records_around_each_byte_of_a_megabyte,
    thirty_unions_around_a_value,
    ten_thousand_empty_fields_in_every_entry,
    a_branch_that_is_not_there,
    a_symbol_that_is_not_there,
];

fn a_string_of_2_to_the_40_bytes() -> Bomb {
    Bomb::bad_datum(with_order_field("customerId", long(1 << 40)))
}

fn a_string_of_a_negative_length() -> Bomb {
    Bomb::bad_datum(with_order_field("customerId", long(-1)))
}

fn a_megabyte_of_ones() -> Bomb {
    let ours = event_with(&sample(), |_| {});
    Bomb::bad_datum(typed(ours.of, vec![0xff; MEGABYTE]))
}

fn a_number_that_never_ends() -> Bomb {
    Bomb::bad_datum(with_order_field("orderDate", vec![0x80; MEGABYTE]))
}

fn an_array_of_2_to_the_62_entries() -> Bomb {
    Bomb::bad_datum(with_order_field("items", long(1 << 62)))
}

fn a_block_of_minus_2_to_the_63_entries() -> Bomb {
    Bomb::bad_datum(with_order_field("items", [long(i64::MIN), long(i64::MAX)].concat()))
}

fn a_block_that_says_a_negative_size() -> Bomb {
    let entry = record("OrderItem", &item_fields(&item(1))).bytes;
    Bomb::bad_datum(with_order_field(
        "items",
        [long(-1), long(i64::MIN), entry, long(0)].concat(),
    ))
}

fn a_block_that_says_a_larger_size() -> Bomb {
    let entry = record("OrderItem", &item_fields(&item(1))).bytes;
    let size = i64::try_from(entry.len()).expect("a size") + 1;
    Bomb::bad_datum(with_order_field(
        "items",
        [long(-1), long(size), entry, long(0)].concat(),
    ))
}

fn blocks_that_promise_ever_more() -> Bomb {
    let entry = record("OrderItem", &item_fields(&item(1))).bytes;
    let blocks: Vec<u8> = (1..=1_000).flat_map(|_| [long(1), entry.clone()].concat()).collect();
    Bomb::bad_datum(with_order_field("items", [blocks, long(1 << 40)].concat()))
}

/// An event with that many of the smallest items.
fn smallest_items(count: i64) -> Typed {
    let entries = [0, 0, 0].repeat(usize::try_from(count).expect("a count"));
    with_order_field("items", [block(count, &entries), long(0)].concat())
}

fn as_many_entries_as_are_read() -> Bomb {
    Bomb::event(smallest_items(8_192))
}

fn one_entry_more_than_is_read() -> Bomb {
    Bomb::bad_datum(smallest_items(8_193))
}

fn a_megabyte_of_entries() -> Bomb {
    Bomb::bad_datum(smallest_items(330_000))
}

fn a_text_of_a_megabyte() -> Bomb {
    Bomb::event(with_order_field("customerId", sized(&vec![b'x'; MEGABYTE])))
}

fn a_dropped_array_of_2_to_the_62_nothings() -> Bomb {
    Bomb::event(with_dropped(typed(
        array_of(&record_of("Empty", &[field_of("none", r#""null""#)])),
        [long(1 << 62), long(-(1 << 62)), long(0), long(0)].concat(),
    )))
}

fn a_megabyte_of_blocks_of_nothing() -> Bomb {
    let blocks = [vec![2; MEGABYTE], long(0)].concat();
    Bomb::event(with_dropped(typed(array_of(r#""null""#), blocks)))
}

fn a_dropped_map_of_2_to_the_62_entries() -> Bomb {
    let map = r#"{"type":"map","values":"null"}"#;
    Bomb::bad_datum(with_dropped(typed(map, long(1 << 62))))
}

fn a_megabyte_of_empty_keys() -> Bomb {
    let map = r#"{"type":"map","values":"null"}"#;
    let count = i64::try_from(MEGABYTE).expect("a count");
    Bomb::event(with_dropped(typed(
        map,
        [block(count, &vec![0; MEGABYTE]), long(0)].concat(),
    )))
}

fn a_fixed_type_of_2_to_the_63_bytes() -> Bomb {
    let fixed = format!(r#"{{"type":"fixed","name":"Huge","size":{}}}"#, 1_u64 << 63);
    Bomb::bad_datum(with_dropped(typed(array_of(&fixed), block(1, &[]))))
}

fn a_map_of_fixed_values_of_2_to_the_64_bytes() -> Bomb {
    let fixed = format!(r#"{{"type":"fixed","name":"Huge","size":{}}}"#, u64::MAX);
    // Read as if an entry had no bytes, this would be an event.
    let map = format!(r#"{{"type":"map","values":{fixed}}}"#);
    Bomb::bad_datum(with_dropped(typed(map, [long(1), long(0)].concat())))
}

fn a_megabyte_of_lists_in_lists() -> Bomb {
    let of = (0..60).fold(r#""null""#.to_owned(), |of, _| array_of(&of));
    Bomb::bad_datum(with_dropped(typed(of, vec![2; MEGABYTE])))
}

fn fifty_eight_records_around_each_byte_of_a_megabyte() -> Bomb {
    let first = record_of("N0", &[field_of("a", r#""boolean""#)]);
    let types: Vec<String> = (1..58)
        .map(|n| record_of(&format!("N{n}"), &[field_of("a", &format!("\"N{}\"", n - 1))]))
        .collect();
    let count = i64::try_from(MEGABYTE).expect("a count");
    let bytes = [block(count, &vec![1; MEGABYTE]), long(0)].concat();
    // The types are defined side by side, in fields that take one byte each.
    let defined: Vec<(String, Typed)> = [first]
        .into_iter()
        .chain(types)
        .enumerate()
        .map(|(n, of)| (format!("d{n}"), typed(of, [1])))
        .collect();
    let mut fields: Vec<(&str, Typed)> = defined.iter().map(|(name, field)| (&**name, field.clone())).collect();
    fields.push(("all", typed(array_of(r#""N57""#), bytes)));
    Bomb::event(with_dropped(record("Holder", &fields)))
}

fn thirty_unions_around_a_value() -> Bomb {
    let of = (0..30).fold(r#""null""#.to_owned(), |of, n| {
        format!("[{},\"int\"]", record_of(&format!("U{n}"), &[field_of("a", &of)]))
    });
    Bomb::event(with_dropped(typed(of, [0; 30])))
}

fn ten_thousand_empty_fields_in_every_entry() -> Bomb {
    let nothing: Vec<String> = (0..10_000).map(|n| format!("n{n}")).collect();
    let small = |_: &_| {
        let mut fields = item_fields(&item(1));
        fields[0].1.bytes = long(0);
        let mut fields: Vec<(&str, Typed)> = fields;
        fields.extend(nothing.iter().map(|name| (&**name, typed(r#""null""#, []))));
        record("OrderItem", &fields)
    };
    let mut order = sample().order;
    let whole = items_as(&order.items, small);
    let entry = small(&item(1)).bytes;
    order.items.clear();
    let bytes = [block(8_192, &entry.repeat(8_192)), long(0)].concat();
    let fields = order_fields(&order, typed(whole.of, bytes));
    Bomb::event(event_around(&sample(), record("Order", &fields)))
}

fn a_branch_that_is_not_there() -> Bomb {
    let names: Vec<String> = (0..10_000).map(|n| record_of(&format!("B{n}"), &[])).collect();
    let union = format!("[{}]", names.join(","));
    Bomb::bad_datum(with_dropped(typed(union, long(10_000))))
}

fn a_symbol_that_is_not_there() -> Bomb {
    let ours = event_with(&sample(), |_| {});
    let symbols: Vec<String> = (0..10_000).map(|n| format!("\"S{n}\"")).collect();
    let of = ours
        .of
        .replace(r#""symbols":["#, &format!(r#""symbols":[{},"#, symbols.join(",")));
    let mut bytes = ours.bytes;
    // The last field is the status.
    bytes.pop();
    Bomb::bad_datum(typed(of, [bytes, long(10_008)].concat()))
}
