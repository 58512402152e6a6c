//! Converts other libraries' validation errors into one [`Problem`]: a 400 whose `errors` name fields as the client wrote
//! them. What is valid is never decided here.

use super::problem::{FieldError, Problem};
use super::problem_kind::ProblemKind;
use super::serde_messages::{LONE_SURROGATE, for_clients};
use super::whole_number::WholeNumber;

/// Maximum number of errors that one response lists.
const MAX_ERRORS: usize = 100;
/// Longest text in an error, in bytes: it may repeat what the client wrote.
const MAX_TEXT_BYTES: usize = 300;

impl Problem {
    /// A 400 with those errors (at least one). Long lists and long texts are cut: a response must not be larger than its
    /// request.
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        let count = errors.len();
        errors.truncate(MAX_ERRORS);
        for error in &mut errors {
            truncate(&mut error.field);
            truncate(&mut error.message);
        }
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            _ => format!("{count} fields are invalid"),
        };
        Self::new(ProblemKind::InvalidRequest, detail).with_errors(errors)
    }

    /// A 400 with one error.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }
}

/// The garde rule for a whole number in that range: its message, unlike that of garde's own `range`, names both ends.
pub fn whole_from(min: i64, max: i64) -> impl FnOnce(&WholeNumber, &()) -> garde::Result {
    move |number, ()| match number.get() {
        Some(number) if (min..=max).contains(&number) => Ok(()),
        _ => Err(garde::Error::new(format!("must be a whole number from {min} to {max}"))),
    }
}

/// The garde rule for the number of entries in a list, if there is one: from 1 to `max`.
pub fn entries_up_to<T>(max: usize) -> impl FnOnce(&Option<Vec<T>>, &()) -> garde::Result {
    move |list, ()| match list.as_ref().map_or(1, Vec::len) {
        0 => Err(garde::Error::new("must not be empty")),
        n if n > max => Err(garde::Error::new(format!("must have at most {max} entries"))),
        _ => Ok(()),
    }
}

impl From<garde::Report> for Problem {
    /// Fields are named in camelCase as in the JSON: `unit_price` of the first item is `items[0].unitPrice`. An error
    /// about the body as a whole gets the field `body`.
    fn from(report: garde::Report) -> Self {
        let field_error = |(path, error): (garde::error::Path, garde::Error)| FieldError {
            field: if path.is_empty() {
                "body".to_owned()
            } else {
                camel_case(&path.to_string())
            },
            message: error.message().to_owned(),
        };
        Self::invalid(report.into_inner().into_iter().map(field_error).collect())
    }
}

/// The 400 for a serde error with that message at `path` (in serde_path_to_error's notation). `whole` is the subject of the
/// message where no field is named.
pub(super) fn from_serde(path: &str, message: &str, whole: &str) -> Problem {
    let parent = if path == "." { "" } else { path };
    // serde reports these at the struct and names the field only in the message, in backticks.
    let named = ["missing field `", "duplicate field `", "unknown field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split_once('`').map(|(name, _)| name));
    let field = match named {
        Some(name) if parent.is_empty() => name.to_owned(),
        Some(name) if parent == name || parent.ends_with(&format!(".{name}")) => parent.to_owned(),
        Some(name) => format!("{parent}.{name}"),
        None => parent.to_owned(),
    };
    let message = for_clients(message);
    if field.is_empty() {
        let mut message = format!("{whole} {message}");
        truncate(&mut message);
        return Problem::new(ProblemKind::InvalidRequest, message);
    }
    Problem::invalid_field(field, message)
}

/// The 400 for a body that serde_json rejected.
pub(super) fn from_json(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    let text = inner.to_string();
    // Where a field is named, line and column would only distract.
    let message = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message);
    if !inner.is_data() && !LONE_SURROGATE.contains(&message) {
        return Problem::new(
            ProblemKind::InvalidRequest,
            format!("the body is not valid JSON: {text}"),
        );
    }
    let path = error.path().to_string();
    // serde_path_to_error writes `?` for a field whose name could not be read.
    let path = match path.strip_suffix('?') {
        Some(parent) if LONE_SURROGATE.contains(&message) => parent.trim_end_matches('.'),
        _ => &path,
    };
    from_serde(path, message, "the body")
}

/// Truncates a long text at a character boundary.
fn truncate(text: &mut String) {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.push('…');
    }
}

fn camel_case(path: &str) -> String {
    let mut camel = String::with_capacity(path.len());
    let mut upper = false;
    for c in path.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                camel.extend(c.to_uppercase());
                upper = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use garde::Validate;

    use super::*;

    #[test]
    fn a_response_does_not_grow_with_what_the_client_wrote() {
        let error = FieldError {
            field: "é".repeat(100_000),
            message: "x".repeat(100_000),
        };
        let problem = Problem::invalid(vec![error; 5_000]);
        assert_eq!(
            (problem.errors().len(), problem.summary()),
            (100, "5000 fields are invalid")
        );
        assert_eq!(problem.errors()[0].field.chars().count(), 151);
        let message = format!("unknown variant `{}`", "x".repeat(100_000));
        assert!(from_serde("status", &message, "it").summary().len() < 400);
        assert!(from_serde(".", &message, "it").summary().len() < 400);
    }

    #[derive(Validate)]
    struct Order {
        #[garde(inner(custom(whole_from(1, 9))))]
        line_count: Option<WholeNumber>,
        #[garde(custom(entries_up_to(2)), dive)]
        items: Option<Vec<Item>>,
    }

    #[derive(Validate)]
    struct Item {
        #[garde(custom(whole_from(1, 9)))]
        unit_count: WholeNumber,
    }

    fn order(line_count: i64, unit_counts: &[i64]) -> Order {
        let item = |&count: &i64| Item {
            unit_count: count.into(),
        };
        Order {
            line_count: Some(line_count.into()),
            items: Some(unit_counts.iter().map(item).collect()),
        }
    }

    fn fields(problem: &Problem) -> Vec<&str> {
        problem.errors().iter().map(|error| error.field.as_str()).collect()
    }

    #[test]
    fn a_validation_report_names_fields_as_the_json_has_them() {
        let problem = Problem::from(order(0, &[1, 0]).validate().expect_err("two faults"));
        assert_eq!(problem.kind(), ProblemKind::InvalidRequest);
        let mut fields = fields(&problem);
        fields.sort_unstable();
        assert_eq!(fields, ["items[1].unitCount", "lineCount"]);
        let says = |error: &FieldError| error.message == "must be a whole number from 1 to 9";
        assert!(problem.errors().iter().all(says), "{problem:?}");
        let message = |order: Order| {
            Problem::from(order.validate().expect_err("a fault")).errors()[0]
                .message
                .clone()
        };
        assert_eq!(message(order(1, &[])), "must not be empty");
        assert_eq!(message(order(1, &[1, 1, 1])), "must have at most 2 entries");
        assert!(order(9, &[9, 1]).validate().is_ok());
    }

    #[test]
    fn an_error_about_the_body_as_a_whole_names_the_body() {
        let mut report = garde::Report::new();
        report.append(
            garde::error::Path::empty(),
            garde::Error::new("the total does not add up"),
        );
        let problem = Problem::from(report);
        assert_eq!(fields(&problem), ["body"]);
        assert_eq!(problem.summary(), "body: the total does not add up");
    }

    #[test]
    fn a_field_named_only_in_the_message_is_found() {
        for (path, message, field) in [
            (".", "missing field `orderId`", "orderId"),
            ("items[0]", "missing field `price`", "items[0].price"),
            (
                "items[0].colour",
                "unknown field `colour`, expected `price`",
                "items[0].colour",
            ),
            ("items[0].price", "invalid type: string", "items[0].price"),
        ] {
            assert_eq!(fields(&from_serde(path, message, "it")), [field], "{message}");
        }
        assert!(from_serde(".", "invalid type: sequence", "it").errors().is_empty());
    }
}
