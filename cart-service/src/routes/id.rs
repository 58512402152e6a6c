//! Ids that clients may give. Stricter than the contract's rule, so that no two ids look alike to whoever reads them, pastes
//! them or finds them in a log; orders that others wrote under odd ids can be read and updated all the same.

use std::sync::LazyLock;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory as Category};
use icu_properties::{CodePointMapData, CodePointSetData};
use orderlog_contract::order::{MAX_ID_CHARS, check_id};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

/// Checks an id that a client gives to something new.
///
/// # Errors
/// What is wrong with it.
pub fn check(id: &str) -> Result<(), String> {
    check_id(id)?;
    if id.starts_with(' ') || id.ends_with(' ') {
        return Err("must not begin or end with a blank".to_owned());
    }
    if id.contains("  ") {
        return Err("must not have several blanks in a row".to_owned());
    }
    if let Some(odd) = id.chars().find(|c| *c != ' ' && !stands_alone(*c)) {
        let code = u32::from(odd);
        let what = if is_diacritic(odd) {
            "a combining mark; write the letter and its mark as one character (Unicode NFC)"
        } else if !is_nfc(odd.encode_utf8(&mut [0; 4])) {
            "a character that Unicode has twice; write the usual one (Unicode NFC)"
        } else {
            "a character that cannot be seen, or is none"
        };
        return Err(format!("must not contain U+{code:04X}, {what}"));
    }
    if !is_nfc(id) {
        return Err("must be in Unicode's composed form (NFC): é as one character".to_owned());
    }
    Ok(())
}

/// Whether a character can be seen, and is not written with others in a way that looks like another character.
fn stands_alone(c: char) -> bool {
    let seen = !matches!(
        CodePointMapData::<Category>::new().get(c),
        Category::Control
            | Category::Format
            | Category::Unassigned
            | Category::PrivateUse
            | Category::Surrogate
            | Category::SpaceSeparator
            | Category::LineSeparator
            | Category::ParagraphSeparator
    );
    seen && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        // Braille's blank; what stands for an object, and for a character that was lost.
        && !matches!(c, '\u{2800}' | '\u{fffc}' | '\u{fffd}')
        && !is_diacritic(c)
        && is_nfc(c.encode_utf8(&mut [0; 4]))
}

/// The blocks of marks that go with any letter. Marks of one script (vowels, tones) are none of them.
fn is_diacritic(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn is_nfc(text: &str) -> bool {
    ComposingNormalizerBorrowed::new_nfc().is_normalized(text)
}

/// The rule as a regular expression (ECMA-262), for OpenAPI. It says all but that the whole is in NFC, which it cannot.
pub fn pattern() -> &'static str {
    static PATTERN: LazyLock<String> = LazyLock::new(|| {
        let mut class = String::new();
        let mut range: Option<(char, char)> = None;
        for c in (char::MIN..=char::MAX).filter(|c| stands_alone(*c)) {
            range = match range {
                Some((first, last)) if u32::from(last) + 1 == u32::from(c) => Some((first, c)),
                ended => {
                    push(&mut class, ended);
                    Some((c, c))
                }
            };
        }
        push(&mut class, range);
        format!("^(?! )(?!.* (?: |$))[{class} ]+$")
    });
    &PATTERN
}

/// Adds a range to a class of a regular expression, if there is one.
fn push(class: &mut String, range: Option<(char, char)>) {
    let Some((first, last)) = range else { return };
    let escaped = |c: char| match c {
        '\\' | ']' | '[' | '^' | '-' => format!("\\{c}"),
        c => c.to_string(),
    };
    *class += &escaped(first);
    if first != last {
        *class += &format!("-{}", escaped(last));
    }
}

/// What OpenAPI says of an id.
pub struct Id;

impl utoipa::PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .min_length(Some(1))
            .max_length(Some(MAX_ID_CHARS))
            .pattern(Some(pattern()))
            .description(Some(
                "1 to 64 characters in Unicode's composed form (NFC), each of which can be seen, with single blanks between them: letters, digits, punctuation and symbols of any script, but no control, format, private-use or unassigned character, no white space but the blank, and no combining diacritic (an accent is part of its letter). The pattern lists them.",
            ))
            .into()
    }
}

impl utoipa::ToSchema for Id {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_seen_and_told_apart_is_an_id() {
        for id in [
            "ORD-1001",
            "A B",
            "a/b?c#d%e&f=g",
            "\"'><script>",
            "注文-Ж-é-🎉",
            "品目 “1”\\",
            "Zoë Ünal",
            "٣",
            "नमस्ते",
            "ที่",
            "Größe-½",
            "x²",
            "№-7",
            "한국어",
            "عربي",
            "עברית",
            "Việt",
            "ﬀ",
            "€",
            "—",
        ] {
            assert_eq!(check(id), Ok(()), "{id}");
        }
    }

    #[test]
    fn what_cannot_be_seen_or_looks_like_another_is_none() {
        for id in [
            "",
            " ",
            "\u{a0}",
            "\u{3000}",
            "\u{200b}",
            "1001 ",
            " 1001",
            "1001\u{a0}",
            "A  B",
            "A\tB",
            "A\u{2003}B",
            "ORD\u{200b}-1",
            "ORD-1\u{200d}",
            "\u{feff}ORD-1",
            "ORD\u{ad}-1",
            "a\u{2060}b",
            "A\u{2028}level=error",
            "A\u{2029}B",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{61c}b",
            "a\u{200e}b",
            "e\u{301}",
            "\u{301}",
            "A\u{30a}",
            "\u{212b}",
            "\u{2126}",
            "\u{f900}",
            "x\u{302}",
            "か\u{3099}",
            "\u{1112}\u{1161}",
            "\u{e000}",
            "\u{f8ff}",
            "\u{100000}",
            "\u{378}",
            "\u{ffff}",
            "\u{fdd0}",
            "\u{3164}",
            "\u{115f}",
            "\u{ffa0}",
            "\u{2800}",
            "\u{fffc}",
            "\u{fffd}",
            "❤\u{fe0f}",
            "a\u{e0041}b",
            "\u{180e}",
            "a\u{85}b",
        ] {
            let message = check(id).expect_err(&format!("{id:?}"));
            assert!(
                message.starts_with("must ") && !message.contains(char::is_control),
                "{message}"
            );
        }
        assert!(check("a\u{200b}").expect_err("a fault").contains("U+200B"));
        assert!(check("e\u{301}").expect_err("a fault").contains("U+0301"));
    }

    #[test]
    fn the_pattern_names_each_character_that_the_rule_takes_and_no_other() {
        let class = pattern()
            .strip_prefix("^(?! )(?!.* (?: |$))[")
            .and_then(|rest| rest.strip_suffix(" ]+$"));
        let mut rest = class.expect("a class").chars().peekable();
        let mut named = Vec::new();
        let next = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| match rest.next() {
            Some('\\') => rest.next(),
            other => other,
        };
        while let Some(first) = next(&mut rest) {
            let last = if rest.next_if_eq(&'-').is_some() {
                next(&mut rest)
            } else {
                Some(first)
            };
            named.extend(first..=last.expect("an end"));
        }
        let taken: Vec<char> = (char::MIN..=char::MAX).filter(|c| stands_alone(*c)).collect();
        assert_eq!(named, taken);
        assert!(taken.len() > 140_000);
    }
}
