//! Schemas as long as any that is parsed, and longer: each is an event's schema with a field that takes no bytes but a
//! lot of text, or with a lot of other text that does not affect the bytes.

use orderlog_avro::MAX_SCHEMA_BYTES;

use super::{Bomb, with_dropped};
use crate::avro::{field_of, record_of, typed};
use crate::events::{event_with, sample};

super::tests![
    a_schema_of_10_megabytes,
    a_schema_of_a_byte_too_many,
    ten_thousand_fields,
    a_mebibyte_of_fields,
    a_mebibyte_of_named_types,
    a_mebibyte_of_symbols,
    a_mebibyte_of_branches,
    a_mebibyte_of_empty_unions,
    a_mebibyte_of_aliases_of_a_type,
    a_mebibyte_of_aliases_of_the_order,
    a_mebibyte_of_aliases_of_a_field,
    a_mebibyte_of_references,
    a_mebibyte_of_text,
    a_mebibyte_of_numbers,
    a_mebibyte_of_properties,
    a_mebibyte_of_empty_references,
];

/// An event's schema filled up to the limit: pieces are made until they fill it, and the rest is blank.
fn filled(piece: impl Fn(usize) -> String, whole: impl Fn(&str) -> String) -> Bomb {
    let room = MAX_SCHEMA_BYTES - with_dropped(typed(whole(""), [])).of.len();
    let mut pieces = String::with_capacity(room);
    for n in 0.. {
        let piece = piece(n);
        if pieces.len() + piece.len() + 1 > room {
            break;
        }
        pieces.push_str(if n > 0 { "," } else { "" });
        pieces.push_str(&piece);
    }
    let mut written = with_dropped(typed(whole(&pieces), []));
    written.of.push_str(&" ".repeat(MAX_SCHEMA_BYTES - written.of.len()));
    assert_eq!(written.of.len(), MAX_SCHEMA_BYTES);
    Bomb::event(written)
}

fn a_record_with(attribute: &str) -> impl Fn(&str) -> String {
    move |pieces| format!(r#"{{"type":"record","name":"Long","{attribute}":[{pieces}],"fields":[]}}"#)
}

fn a_schema_of_10_megabytes() -> Bomb {
    Bomb::bad_schema(format!("\"{}\"", "x".repeat(10_000_000)))
}

fn a_schema_of_a_byte_too_many() -> Bomb {
    let mut bomb = a_mebibyte_of_text();
    bomb.schema.text.push(' ');
    Bomb::bad_schema(bomb.schema.text)
}

fn ten_thousand_fields() -> Bomb {
    let fields: Vec<String> = (0..10_000).map(|n| field_of(&format!("f{n}"), r#""int""#)).collect();
    Bomb::event(with_dropped(typed(record_of("Wide", &fields), vec![0; 10_000])))
}

fn a_mebibyte_of_fields() -> Bomb {
    filled(
        |n| format!(r#"{{"name":"f{n}","type":"null"}}"#),
        |fields| format!(r#"{{"type":"record","name":"Long","fields":[{fields}]}}"#),
    )
}

fn a_mebibyte_of_named_types() -> Bomb {
    filled(
        |n| field_of(&format!("f{n}"), &record_of(&format!("R{n}"), &[])),
        |fields| format!(r#"{{"type":"record","name":"Long","fields":[{fields}]}}"#),
    )
}

fn a_mebibyte_of_symbols() -> Bomb {
    let mut bomb = filled(
        |n| format!("\"S{n}\""),
        |symbols| {
            format!(
                r#"{{"type":"enum","name":"Long","symbols":["A"{}{symbols}]}}"#,
                if symbols.is_empty() { "" } else { "," }
            )
        },
    );
    bomb.datum = with_dropped(typed(r#""int""#, [0])).bytes;
    bomb
}

fn a_mebibyte_of_branches() -> Bomb {
    let mut bomb = filled(|n| record_of(&format!("B{n}"), &[]), |branches| format!("[{branches}]"));
    bomb.datum = with_dropped(typed(r#""int""#, [0])).bytes;
    bomb
}

fn a_mebibyte_of_empty_unions() -> Bomb {
    let mut bomb = filled(
        |n| field_of(&format!("f{n}"), "[]"),
        |fields| format!(r#"{{"type":"record","name":"Long","fields":[{fields}]}}"#),
    );
    bomb.fails = Some(crate::order_event::Stage::Datum);
    bomb
}

fn a_mebibyte_of_aliases_of_a_type() -> Bomb {
    filled(|n| format!("\"a{n}\""), a_record_with("aliases"))
}

fn a_mebibyte_of_aliases_of_the_order() -> Bomb {
    let ours = event_with(&sample(), |_| {});
    let aliases: Vec<String> = (0..100_000).map(|n| format!("\"a{n}\"")).collect();
    let renamed = format!(r#""name":"Bestellung","aliases":[{},"Order"],"#, aliases.join(","));
    Bomb::event(typed(ours.of.replace(r#""name":"Order","#, &renamed), ours.bytes))
}

fn a_mebibyte_of_aliases_of_a_field() -> Bomb {
    filled(
        |n| format!("\"a{n}\""),
        |aliases| {
            format!(
                r#"{{"type":"record","name":"Long","fields":[{{"name":"a","type":"null","aliases":[{aliases}]}}]}}"#
            )
        },
    )
}

fn a_mebibyte_of_references() -> Bomb {
    filled(
        |n| field_of(&format!("f{n}"), r#""Long""#),
        |fields| {
            let more = if fields.is_empty() { "" } else { "," };
            let first = field_of("first", &record_of("Long", &[]));
            format!(r#"{{"type":"record","name":"Holder","fields":[{first}{more}{fields}]}}"#)
        },
    )
}

fn a_mebibyte_of_text() -> Bomb {
    filled(|n| format!("\"{}\"", "é\\n".repeat(n)), a_record_with("doc"))
}

fn a_mebibyte_of_numbers() -> Bomb {
    filled(|n| (n % 10).to_string(), a_record_with("numbers"))
}

fn a_mebibyte_of_properties() -> Bomb {
    filled(
        |n| format!("\"{n}\":0"),
        |properties| {
            let more = if properties.is_empty() { "" } else { "," };
            format!(r#"{{"type":"record","name":"Long","fields":[]{more}{properties}}}"#)
        },
    )
}

fn a_mebibyte_of_empty_references() -> Bomb {
    let ours = event_with(&sample(), |_| {}).of;
    Bomb::bad_schema(ours).referring_to(vec![String::new(); 1_000_000])
}
