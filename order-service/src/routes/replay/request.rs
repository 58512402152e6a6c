//! What requests to replay and to discard say.

use std::collections::BTreeSet;

use orderlog_contract::rejection::Code;
use orderlog_web::whole_number::WholeNumber;
use orderlog_web::{Problem, openapi};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, Schema, SchemaFormat};

use crate::config::MAX_REPLAY_RATE;
use crate::dead_letter::marks::MAX_REASON_CHARS;
use crate::hidden::is_printable;
use crate::replay::{MAX_IDS, Selection};
use crate::routes::fields;

/// Which dead letters to replay: exactly one of `ids`, `code`, a time (`since`, `until` or both) and `all`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ReplayRequest {
    #[schema(schema_with = ids)]
    ids: Option<Vec<String>>,
    #[schema(schema_with = code)]
    code: Option<String>,
    #[schema(schema_with = since)]
    since: Option<String>,
    #[schema(schema_with = until)]
    until: Option<String>,
    /// True for all open dead letters.
    all: Option<bool>,
    /// Whether only to tell what would become of the records.
    pub dry_run: bool,
    /// How many records are sent in a second at most, 1 to 100000; by default `REPLAY_RATE`.
    #[serde(deserialize_with = "rate")]
    #[schema(minimum = 1, maximum = 100_000)]
    rate_per_second: Option<u32>,
}

/// Which dead letters to discard: exactly one of `ids`, `code`, a time (`since`, `until` or both) and `all`; and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiscardRequest {
    #[serde(default)]
    #[schema(schema_with = ids)]
    ids: Option<Vec<String>>,
    #[serde(default)]
    #[schema(schema_with = code)]
    code: Option<String>,
    #[serde(default)]
    #[schema(schema_with = since)]
    since: Option<String>,
    #[serde(default)]
    #[schema(schema_with = until)]
    until: Option<String>,
    /// True for all open and parked dead letters.
    #[serde(default)]
    all: Option<bool>,
    /// Why their records are not needed, 1 to 500 characters. It is kept on the dead-letter topic.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

impl ReplayRequest {
    /// The dead letters to replay.
    ///
    /// # Errors
    /// They are not selected in exactly one way, or a field is invalid.
    pub fn selection(&self) -> Result<Selection, Problem> {
        selection(&self.ids, &self.code, &self.since, &self.until, self.all)
    }

    /// The rate, if it is not the default.
    ///
    /// # Errors
    /// It is 0, or above [`MAX_REPLAY_RATE`].
    pub fn rate(&self) -> Result<Option<u32>, Problem> {
        match self.rate_per_second {
            Some(rate) if !(1..=MAX_REPLAY_RATE).contains(&rate) => Err(Problem::invalid_field(
                "ratePerSecond",
                format!("must be a number from 1 to {MAX_REPLAY_RATE}"),
            )),
            rate => Ok(rate),
        }
    }
}

impl DiscardRequest {
    /// The dead letters to discard.
    ///
    /// # Errors
    /// They are not selected in exactly one way, or a field is invalid.
    pub fn selection(&self) -> Result<Selection, Problem> {
        selection(&self.ids, &self.code, &self.since, &self.until, self.all)
    }

    /// Why, without spaces around it.
    ///
    /// # Errors
    /// It is empty, too long, or has characters that do not show or that reorder others.
    pub fn reason(&self) -> Result<String, Problem> {
        let reason = self.reason.trim();
        let length = reason.chars().count();
        if !(1..=MAX_REASON_CHARS).contains(&length) || !reason.chars().all(is_printable) {
            let message = format!("must have 1 to {MAX_REASON_CHARS} characters, all of them printable");
            return Err(Problem::invalid_field("reason", message));
        }
        Ok(reason.to_owned())
    }
}

/// A rate as JSON has it: 50.0 is 50.
fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<WholeNumber>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let rate = number.get().and_then(|rate| u32::try_from(rate).ok());
    rate.map(Some)
        .ok_or_else(|| D::Error::custom(format!("must be a whole number from 1 to {MAX_REPLAY_RATE}")))
}

fn selection(
    ids: &Option<Vec<String>>,
    code: &Option<String>,
    since: &Option<String>,
    until: &Option<String>,
    all: Option<bool>,
) -> Result<Selection, Problem> {
    if all == Some(false) {
        return Err(Problem::invalid_field("all", "must be true, or left out"));
    }
    let is_by_time = since.is_some() || until.is_some();
    let given = [ids.is_some(), code.is_some(), is_by_time, all.is_some()];
    if given.iter().filter(|given| **given).count() != 1 {
        return Err(Problem::invalid_field(
            "ids",
            "give exactly one of ids, code, a time (since, until or both) and all",
        ));
    }
    if let Some(ids) = ids {
        return parse_ids(ids);
    }
    if let Some(code) = fields::code(code.as_deref())? {
        return Ok(Selection::Code(code));
    }
    if !is_by_time {
        return Ok(Selection::All);
    }
    let (since, until) = (
        fields::time("since", since.as_deref())?,
        fields::time("until", until.as_deref())?,
    );
    if since.zip(until).is_some_and(|(since, until)| since >= until) {
        return Err(Problem::invalid_field("until", "must be later than since"));
    }
    Ok(Selection::Written { since, until })
}

fn parse_ids(ids: &[String]) -> Result<Selection, Problem> {
    if !(1..=MAX_IDS).contains(&ids.len()) {
        return Err(Problem::invalid_field("ids", format!("must have 1 to {MAX_IDS} ids")));
    }
    let mut parsed = BTreeSet::new();
    for (n, id) in ids.iter().enumerate() {
        let id = id
            .parse()
            .map_err(|message: &str| Problem::invalid_field(format!("ids[{n}]"), message))?;
        parsed.insert(id);
    }
    Ok(Selection::Ids(parsed))
}

fn ids() -> Schema {
    let id = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[0-9]{1,9}-[0-9]{1,18}$"));
    let ids = ArrayBuilder::new()
        .items(id)
        .min_items(Some(1))
        .max_items(Some(MAX_IDS));
    ids.description(Some("Ids of dead letters, 1 to 1000.")).into()
}

fn code() -> Schema {
    openapi::one_of(Code::ALL.map(Code::as_str))
        .description(Some("The code that they have."))
        .into()
}

fn since() -> Schema {
    moment("They were written then or later (RFC 3339).")
}

fn until() -> Schema {
    moment("They were written before that (RFC 3339).")
}

fn moment(description: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some(description))
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selected(body: serde_json::Value) -> Result<Selection, String> {
        let request: ReplayRequest = serde_json::from_value(body).expect("a request");
        let field = |problem: Problem| {
            problem
                .errors()
                .first()
                .map(|error| error.field.clone())
                .unwrap_or_default()
        };
        request.selection().map_err(field)
    }

    #[test]
    fn a_request_selects_in_exactly_one_way() {
        let ids = ["0-1", "0-2"].map(|id| id.parse().expect("an id")).into();
        for (body, expected) in [
            (json!({"ids": ["0-2", "0-1", "0-2"]}), Ok(Selection::Ids(ids))),
            (json!({"code": "undecodable"}), Ok(Selection::Code(Code::Undecodable))),
            (json!({"all": true, "dryRun": true}), Ok(Selection::All)),
            (
                json!({"since": "1970-01-01T00:00:01Z"}),
                Ok(Selection::Written {
                    since: Some(1000),
                    until: None,
                }),
            ),
            (json!({}), Err("ids".to_owned())),
            (json!({"all": true, "code": "undecodable"}), Err("ids".to_owned())),
            (json!({"all": false}), Err("all".to_owned())),
            (json!({"ids": []}), Err("ids".to_owned())),
            (json!({"ids": ["0-1", "x"]}), Err("ids[1]".to_owned())),
            (json!({"code": "bad"}), Err("code".to_owned())),
            (json!({"until": "tomorrow"}), Err("until".to_owned())),
            (
                json!({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}),
                Err("until".to_owned()),
            ),
        ] {
            assert_eq!(selected(body.clone()), expected, "{body}");
        }
    }

    #[test]
    fn the_rate_and_the_reason_have_limits() {
        let rate = |rate: u32| {
            let request: ReplayRequest = serde_json::from_value(json!({"ratePerSecond": rate})).expect("a request");
            request.rate().is_ok()
        };
        assert_eq!([0, 1, 100_000, 100_001].map(rate), [false, true, true, false]);
        let reason = |reason: &str| {
            let request: DiscardRequest = serde_json::from_value(json!({"reason": reason})).expect("a request");
            request.reason().is_ok()
        };
        assert!(reason("a test") && reason(&"é".repeat(500)));
        assert!(!reason("a\u{202e}b") && !reason("zero\u{200b}width"));
        assert!(!reason(" ") && !reason(&"é".repeat(501)) && !reason("a\nb"));
    }
}
