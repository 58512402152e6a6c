//! Ids that clients may choose. Stricter than the contract's rule, so that different ids also look different on a screen or in
//! a log. Orders that others wrote under other ids can still be read and updated.

use std::sync::LazyLock;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory as Category};
use icu_properties::{CodePointMapData, CodePointSetData};
use orderlog_contract::order::{MAX_ID_CHARS, check_id};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

/// What is wrong with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// It breaks the contract's rule.
    #[error("{0}")]
    Contract(&'static str),
    /// A space at the beginning or end.
    #[error("must not begin or end with a space")]
    OuterSpace,
    /// Several spaces in a row.
    #[error("must not contain consecutive spaces")]
    ConsecutiveSpaces,
    /// A combining mark.
    #[error("must not contain U+{0:04X}, a combining mark; use the composed character (Unicode NFC)")]
    CombiningMark(u32),
    /// A character that NFC replaces by another one.
    #[error("must not contain U+{0:04X}, a character with a canonical equivalent; use that (Unicode NFC)")]
    CanonicalEquivalent(u32),
    /// An invisible, unassigned or private-use character.
    #[error("must not contain U+{0:04X}, which is invisible or not a character")]
    Invisible(u32),
    /// Its characters compose to others.
    #[error("must be in Unicode composed form (NFC): é as one character")]
    NotComposed,
}

/// Checks an id that a client chose for something new.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(id: &str) -> Result<(), InvalidId> {
    check_id(id).map_err(InvalidId::Contract)?;
    if id.starts_with(' ') || id.ends_with(' ') {
        return Err(InvalidId::OuterSpace);
    }
    if id.contains("  ") {
        return Err(InvalidId::ConsecutiveSpaces);
    }
    if let Some(odd) = id.chars().find(|c| *c != ' ' && !stands_alone(*c)) {
        let code = u32::from(odd);
        return Err(if is_diacritic(odd) {
            InvalidId::CombiningMark(code)
        } else if !is_nfc(odd.encode_utf8(&mut [0; 4])) {
            InvalidId::CanonicalEquivalent(code)
        } else {
            InvalidId::Invisible(code)
        });
    }
    if !is_nfc(id) {
        return Err(InvalidId::NotComposed);
    }
    Ok(())
}

/// Whether a character is visible by itself and does not combine with others into what looks like another character.
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
        // The blank Braille pattern, the object replacement and the replacement character.
        && !matches!(c, '\u{2800}' | '\u{fffc}' | '\u{fffd}')
        && !is_diacritic(c)
        && is_nfc(c.encode_utf8(&mut [0; 4]))
}

/// The blocks of combining marks for any letter, not the marks of a single script (vowels, tones).
fn is_diacritic(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn is_nfc(text: &str) -> bool {
    ComposingNormalizerBorrowed::new_nfc().is_normalized(text)
}

/// The rule as a regular expression (ECMA-262), for OpenAPI. It cannot express that the whole id is in NFC.
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

/// Appends a range to a regular expression's character class, if there is one.
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

/// The OpenAPI schema of an id.
pub struct Id;

impl utoipa::PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .min_length(Some(1))
            .max_length(Some(MAX_ID_CHARS))
            .pattern(Some(pattern()))
            .description(Some(
                "1 to 64 visible characters: letters, digits, punctuation and symbols of any script, and single spaces between them. The pattern lists them all. Accented letters are single characters (Unicode NFC): no combining diacritics, no control or invisible characters, no white space other than the space.",
            ))
            .into()
    }
}

impl utoipa::ToSchema for Id {}

#[cfg(test)]
#[path = "id_tests.rs"]
mod tests;
