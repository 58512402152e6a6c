//! Other libraries' validation errors as one [`Problem`]: a 400 whose `errors` names fields as the client wrote them.
//! What is valid is never decided here.

use super::kind::Kind;
use super::plain_words::{HALF_A_PAIR, plainly};
use super::problem::{FieldError, Problem};

/// Most faults that one answer names.
const MOST_FAULTS: usize = 100;
/// Longest text of a fault, in bytes: it may repeat what the client wrote.
const LONGEST: usize = 300;

impl Problem {
    /// A 400 with those faults. There should be at least one. Of very many only the first are told, each in a few words:
    /// an answer must not be larger than its request.
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        let count = errors.len();
        errors.truncate(MOST_FAULTS);
        for error in &mut errors {
            clip(&mut error.field);
            clip(&mut error.message);
        }
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            _ => format!("{count} fields are not valid"),
        };
        Self::new(Kind::InvalidRequest, detail).with_errors(errors)
    }

    /// A 400 with one fault.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }
}

impl From<garde::Report> for Problem {
    /// Fields are named in camelCase, as the JSON has them: `unit_price` of the first item is `items[0].unitPrice`.
    /// A fault of the whole gets the field `body`.
    fn from(report: garde::Report) -> Self {
        let fault = |(path, error): (garde::error::Path, garde::Error)| FieldError {
            field: if path.is_empty() {
                "body".to_owned()
            } else {
                camel_case(&path.to_string())
            },
            message: error.message().to_owned(),
        };
        Self::invalid(report.into_inner().into_iter().map(fault).collect())
    }
}

impl From<anyhow::Error> for Problem {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}

/// The 400 of a serde error: at `path` (as serde_path_to_error writes it), with that message. `whole` is what the fault
/// is said of where no field is named.
pub(super) fn from_serde(path: &str, message: &str, whole: &str) -> Problem {
    let parent = if path == "." { "" } else { path };
    // serde reports these at the struct and names the field only in the message, between backticks.
    let named = ["missing field `", "duplicate field `", "unknown field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split_once('`').map(|(name, _)| name));
    let field = match named {
        Some(name) if parent.is_empty() => name.to_owned(),
        Some(name) if parent == name || parent.ends_with(&format!(".{name}")) => parent.to_owned(),
        Some(name) => format!("{parent}.{name}"),
        None => parent.to_owned(),
    };
    let message = plainly(message);
    if field.is_empty() {
        let mut message = format!("{whole} {message}");
        clip(&mut message);
        return Problem::new(Kind::InvalidRequest, message);
    }
    Problem::invalid_field(field, message)
}

/// The 400 of a body that serde_json did not accept.
pub(super) fn from_json(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    let text = inner.to_string();
    // Where a field is named, line and column only distract.
    let message = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message);
    if !inner.is_data() && !HALF_A_PAIR.contains(&message) {
        return Problem::new(Kind::InvalidRequest, format!("the body is not valid JSON: {text}"));
    }
    let path = error.path().to_string();
    // The name of a field that could not be read, of which the message says nothing.
    let path = match path.strip_suffix('?') {
        Some(parent) if HALF_A_PAIR.contains(&message) => parent.trim_end_matches('.'),
        _ => &path,
    };
    from_serde(path, message, "the body")
}

/// Cuts a text that is too long, between two characters.
fn clip(text: &mut String) {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
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
    fn an_answer_does_not_grow_with_what_the_client_wrote() {
        let fault = FieldError {
            field: "é".repeat(100_000),
            message: "x".repeat(100_000),
        };
        let problem = Problem::invalid(vec![fault; 5_000]);
        assert_eq!(
            (problem.errors().len(), problem.summary()),
            (100, "5000 fields are not valid")
        );
        assert_eq!(problem.errors()[0].field.chars().count(), 151);
        let message = format!("unknown variant `{}`", "x".repeat(100_000));
        assert!(from_serde("status", &message, "it").summary().len() < 400);
        assert!(from_serde(".", &message, "it").summary().len() < 400);
    }

    #[derive(Validate)]
    struct Order {
        #[garde(length(min = 1))]
        order_id: String,
        #[garde(dive)]
        items: Vec<Item>,
    }

    #[derive(Validate)]
    struct Item {
        #[garde(range(min = 1))]
        unit_count: i32,
    }

    fn fields(problem: &Problem) -> Vec<&str> {
        problem.errors().iter().map(|fault| fault.field.as_str()).collect()
    }

    #[test]
    fn a_validation_report_names_fields_as_the_json_has_them() {
        let order = Order {
            order_id: String::new(),
            items: vec![Item { unit_count: 1 }, Item { unit_count: 0 }],
        };
        let problem = Problem::from(order.validate().expect_err("two faults"));
        assert_eq!(problem.kind(), Kind::InvalidRequest);
        let mut fields = fields(&problem);
        fields.sort_unstable();
        assert_eq!(fields, ["items[1].unitCount", "orderId"]);
        assert!(problem.errors().iter().all(|fault| !fault.message.is_empty()));
    }

    #[test]
    fn a_fault_of_the_whole_is_one_of_the_body() {
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
