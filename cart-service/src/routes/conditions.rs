//! Request headers that decide whether a command is carried out: `Idempotency-Key`, and the preconditions on the order's
//! version ([`Preconditions`]).

use actix_web::HttpRequest;
use orderlog_contract::idempotency::{IdempotencyKey, KeyedRequest, MAX_KEY_CHARS, RequestHash};
use orderlog_web::Problem;
use orderlog_web::envelope::ENVELOPE_PREFIX;
use orderlog_web::preconditions::Preconditions;

/// Defined by draft-ietf-httpapi-idempotency-key-header.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The request's key and hash; `None` when it has no key.
///
/// # Errors
/// A 400 when the key is malformed, or there are several.
pub fn keyed(request: &HttpRequest, body: &[u8]) -> Result<Option<KeyedRequest>, Problem> {
    let Some(value) = single_header(request, IDEMPOTENCY_KEY)? else {
        return Ok(None);
    };
    let key = IdempotencyKey::parse(value).ok_or_else(|| {
        let message = format!("must be 1 to {MAX_KEY_CHARS} printable ASCII characters");
        Problem::invalid_field(IDEMPOTENCY_KEY, message)
    })?;
    let path = request.path();
    let path = path.strip_prefix(ENVELOPE_PREFIX).unwrap_or(path);
    let hash = RequestHash::of(request.method().as_str(), path, body);
    Ok(Some(KeyedRequest { key, hash }))
}

/// The preconditions of a create request. `If-Match` requires a version and a new order has none, so it could never hold; it
/// is refused rather than ignored.
///
/// # Errors
/// A 400 when there is an `If-Match`, or `If-None-Match` is malformed.
pub fn create_preconditions(request: &HttpRequest) -> Result<Preconditions, Problem> {
    let conditions = Preconditions::of(request.headers())?;
    if conditions.has_if_match() {
        return Err(Problem::invalid_field(
            "If-Match",
            "is only for updates: a new order has no version yet",
        ));
    }
    Ok(conditions)
}

fn single_header<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a [u8]>, Problem> {
    let mut values = request.headers().get_all(name);
    let first = values.next();
    if values.next().is_some() {
        return Err(Problem::invalid_field(name, "must be given only once"));
    }
    Ok(first.map(|value| value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn named(problem: Problem) -> String {
        problem.errors()[0].field.clone()
    }

    #[test]
    fn a_key_identifies_the_same_request_at_both_paths() {
        let at = |path: &str, body: &[u8]| {
            let request = TestRequest::put().uri(path).insert_header((IDEMPOTENCY_KEY, "k"));
            keyed(&request.to_http_request(), body).expect("valid").expect("a key")
        };
        assert_eq!(at("/update-order", b"{}"), at("/api/update-order", b"{}"));
        assert_ne!(at("/update-order", b"{}").hash, at("/update-order", b"{ }").hash);
    }

    #[test]
    fn a_malformed_key_is_a_400_that_names_the_header() {
        for bad in ["", &"x".repeat(65), "é"] {
            let request = TestRequest::put().insert_header((IDEMPOTENCY_KEY, bad));
            let problem = keyed(&request.to_http_request(), b"").expect_err(bad);
            assert_eq!(named(problem), IDEMPOTENCY_KEY);
        }
        let twice = TestRequest::put()
            .append_header((IDEMPOTENCY_KEY, "a"))
            .append_header((IDEMPOTENCY_KEY, "a"));
        assert!(keyed(&twice.to_http_request(), b"").is_err());
        assert_eq!(keyed(&TestRequest::put().to_http_request(), b"").expect("valid"), None);
    }

    #[test]
    fn a_new_order_has_no_version_to_match() {
        let with = |name: &str, value: &str| {
            create_preconditions(&TestRequest::post().insert_header((name, value)).to_http_request())
        };
        assert_eq!(named(with("If-Match", "\"1\"").expect_err("it has one")), "If-Match");
        assert!(with("If-None-Match", "*").expect("valid").are_met(None));
        assert!(create_preconditions(&TestRequest::post().to_http_request()).is_ok());
    }
}
