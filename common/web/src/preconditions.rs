//! Conditional requests (RFC 9110, section 13) on a version that is a strong entity tag: `"3"`. Whether a route evaluates
//! them, and what it answers when they fail, is never decided here.

use actix_web::http::header::{self, HeaderMap, HeaderName};

use super::problem::Problem;

/// The format of a list of entity tags, for OpenAPI.
pub const TAGS_PATTERN: &str = r#"^(?:W/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:W/)?"[!#-~]*")*$"#;

/// A request's conditions on the version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

/// The value of either header field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    /// `*`: any version.
    Any,
    List(Vec<Tag>),
}

/// An entity tag (RFC 9110, section 8.8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    weak: bool,
    opaque: Vec<u8>,
}

impl Preconditions {
    /// The conditions in a request's headers.
    ///
    /// # Errors
    /// A 400 that names the header that is neither `*` nor a list of entity tags.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            if_match: tags(headers, header::IF_MATCH)?,
            if_none_match: tags(headers, header::IF_NONE_MATCH)?,
        })
    }

    /// `If-Match` with that version alone.
    pub fn if_match(version: i32) -> Self {
        let tag = Tag {
            weak: false,
            opaque: version.to_string().into_bytes(),
        };
        Self {
            if_match: Some(Tags::List(vec![tag])),
            if_none_match: None,
        }
    }

    /// Whether the request has an `If-Match`.
    pub fn has_if_match(&self) -> bool {
        self.if_match.is_some()
    }

    /// Whether `If-Match` holds for that version (`None`: there is no order). A weak tag never matches (section 13.1.1).
    pub fn if_match_holds(&self, version: Option<i32>) -> bool {
        self.if_match
            .as_ref()
            .is_none_or(|tags| tags.match_any(version, |tag| !tag.weak))
    }

    /// Whether `If-None-Match` holds for that version. It ignores whether tags are weak (section 13.1.2).
    pub fn if_none_match_holds(&self, version: Option<i32>) -> bool {
        self.if_none_match
            .as_ref()
            .is_none_or(|tags| !tags.match_any(version, |_| true))
    }

    /// Whether both hold, as a write requires.
    pub fn are_met(&self, version: Option<i32>) -> bool {
        self.if_match_holds(version) && self.if_none_match_holds(version)
    }
}

impl Tags {
    fn match_any(&self, version: Option<i32>, counts: impl Fn(&Tag) -> bool) -> bool {
        let Some(version) = version.map(|version| version.to_string()) else {
            return false;
        };
        match self {
            Self::Any => true,
            Self::List(tags) => tags.iter().any(|tag| counts(tag) && tag.opaque == version.as_bytes()),
        }
    }
}

fn tags(headers: &HeaderMap, name: HeaderName) -> Result<Option<Tags>, Problem> {
    // Several lines of one header are one list (section 5.3).
    let lines: Vec<_> = headers.get_all(&name).map(|value| value.as_bytes()).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let whole = lines.join(&b',');
    let tags = if whole.trim_ascii() == b"*" {
        Some(Tags::Any)
    } else {
        list(&whole).map(Tags::List)
    };
    tags.map(Some).ok_or_else(|| {
        let name = if name == header::IF_MATCH {
            "If-Match"
        } else {
            "If-None-Match"
        };
        Problem::invalid_field(
            name,
            "must be * or quoted versions as in ETag, separated by commas: \"3\", \"4\"",
        )
    })
}

/// At least one tag; empty list elements are ignored (section 5.6.1.2).
fn list(mut rest: &[u8]) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        match rest {
            [] => return (!tags.is_empty()).then_some(tags),
            [b',', more @ ..] => rest = more,
            _ => {
                let (tag, more) = tag(rest)?;
                tags.push(tag);
                rest = more.trim_ascii_start();
                if !matches!(rest, [] | [b',', ..]) {
                    return None;
                }
            }
        }
    }
}

/// The tag at the beginning of the text, and the rest.
fn tag(text: &[u8]) -> Option<(Tag, &[u8])> {
    let (weak, quoted) = match text.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let quoted = quoted.strip_prefix(b"\"")?;
    let (opaque, behind) = quoted.split_at(quoted.iter().position(|byte| *byte == b'"')?);
    let is_etagc = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
    let tag = Tag {
        weak,
        opaque: opaque.to_vec(),
    };
    opaque.iter().all(is_etagc).then_some((tag, &behind[1..]))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn of(headers: &[(&str, &str)]) -> Result<Preconditions, Problem> {
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, header| request.append_header(*header));
        Preconditions::of(request.to_http_request().headers())
    }

    fn holds(headers: &[(&str, &str)], version: Option<i32>) -> bool {
        of(headers).expect("conditions").are_met(version)
    }

    #[test]
    fn if_match_takes_any_of_its_strong_tags() {
        for (value, holds_for_3) in [
            ("*", true),
            ("\"3\"", true),
            ("\"2\", \"3\"", true),
            (",\"3\" ,, \"4\"", true),
            ("\"2\"", false),
            ("W/\"3\"", false),
            ("W/\"3\", \"3\"", true),
            ("\"03\"", false),
            ("\"\"", false),
            ("\"a,b\"", false),
            ("\"3\\\"", false),
        ] {
            assert_eq!(holds(&[("if-match", value)], Some(3)), holds_for_3, "{value}");
            assert!(!holds(&[("if-match", value)], None), "{value}");
        }
        assert!(holds(&[("if-match", "\"2\""), ("if-match", "\"3\"")], Some(3)));
    }

    #[test]
    fn if_none_match_excludes_each_of_its_tags_weak_or_not() {
        for (value, holds_for_3) in [
            ("*", false),
            ("\"3\"", false),
            ("W/\"3\"", false),
            ("\"2\", W/\"3\"", false),
            ("\"2\"", true),
        ] {
            assert_eq!(holds(&[("if-none-match", value)], Some(3)), holds_for_3, "{value}");
            assert!(holds(&[("if-none-match", value)], None), "{value}");
        }
        assert!(holds(&[], Some(3)) && holds(&[], None));
    }

    #[test]
    fn a_malformed_list_of_tags_is_a_400_that_names_the_header() {
        for bad in [
            "3",
            "\"3",
            "",
            "\"",
            "\" \"",
            ",",
            "*, \"3\"",
            "w/\"3\"",
            "\"3\" \"4\"",
            "W/3",
            "\"3\"x",
        ] {
            for name in ["If-Match", "If-None-Match"] {
                let problem = of(&[(name, bad)]).expect_err(bad);
                assert_eq!(problem.errors()[0].field, name, "{bad}");
            }
        }
    }
}
