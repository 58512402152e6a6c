use super::{Level, incompatibilities};
use crate::registry::error::Refusal;
use crate::registry::schema::ParsedSchema;

/// A version of a record whose fields are all ints; a name with `?` has a default.
fn version(fields: &str) -> ParsedSchema {
    let fields: Vec<String> = fields
        .split_whitespace()
        .map(|field| match field.strip_suffix('?') {
            Some(name) => format!(r#"{{"name": "{name}", "type": "int", "default": 0}}"#),
            None => format!(r#"{{"name": "{field}", "type": "int"}}"#),
        })
        .collect();
    let text = format!(
        r#"{{"type": "record", "name": "R", "fields": [{}]}}"#,
        fields.join(", ")
    );
    ParsedSchema::parse(&text, Vec::new(), &[]).expect("a valid schema")
}

fn allowed(level: Level, earlier: &[&str], new: &str) -> bool {
    let earlier: Vec<(u32, ParsedSchema)> = (1..).zip(earlier.iter().map(|fields| version(fields))).collect();
    incompatibilities(
        level,
        &version(new),
        earlier.iter().map(|(number, schema)| (*number, schema)),
    )
    .is_empty()
}

#[test]
fn each_level_accepts_exactly_what_it_promises() {
    use Level::{Backward, BackwardTransitive, Forward, ForwardTransitive, Full, None};
    let every = Level::ALL.map(|(level, _)| level);
    // (earlier versions, new version) → the levels that accept it
    let cases: [(&[&str], &str, &[Level]); 7] = [
        (&[], "a", &every),
        // a field with a default is added
        (&["a"], "a b?", &every),
        // a field without a default is added: new cannot read old
        (&["a"], "a b", &[None, Forward, ForwardTransitive]),
        // a field without a default is removed: old cannot read new
        (&["a b"], "a", &[None, Backward, BackwardTransitive]),
        // version 3 drops the default of version 2: compatible with 2, but not with 1, which lacks the field
        (
            &["a", "a b?"],
            "a b",
            &[None, Backward, Forward, ForwardTransitive, Full],
        ),
        // a field is removed in two steps: version 1 needs it, version 2 does not
        (
            &["a b", "a b?"],
            "a",
            &[None, Backward, BackwardTransitive, Forward, Full],
        ),
        // one field is replaced by another
        (&["a"], "b", &[None]),
    ];
    for (earlier, new, levels) in cases {
        for (level, name) in Level::ALL {
            assert_eq!(
                allowed(level, earlier, new),
                levels.contains(&level),
                "{earlier:?} → {new:?} under {name}"
            );
        }
    }
}

#[test]
fn a_reason_says_which_schema_cannot_read_which() {
    let old = version("a");
    let reasons = incompatibilities(Level::Full, &version("b"), std::iter::once((4, &old)));
    assert_eq!(reasons.len(), 2);
    assert!(reasons[0].contains("at b") && reasons[0].ends_with("(the new schema reading version 4, FULL)"));
    assert!(reasons[1].contains("at a") && reasons[1].ends_with("(version 4 reading the new schema, FULL)"));
}

#[test]
fn levels_are_read_in_any_case_and_shown_in_upper_case() {
    assert_eq!("full_Transitive".parse(), Ok(Level::FullTransitive));
    assert_eq!(Level::FullTransitive.to_string(), "FULL_TRANSITIVE");
    assert_eq!("HALF".parse::<Level>(), Err(Refusal::InvalidLevel("HALF".to_owned())));
    assert_eq!(Level::default(), Level::Backward);
}
