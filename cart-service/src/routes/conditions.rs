//! What a request says in its headers about when it is to be carried out: `Idempotency-Key`, and the conditions on the
//! order's version ([`Preconditions`]).

use actix_web::HttpRequest;
use orderlog_contract::idempotency::{IdempotencyKey, KeyedRequest, MAX_KEY_CHARS, RequestHash};
use orderlog_web::Problem;
use orderlog_web::envelope::ENVELOPE_PREFIX;
use orderlog_web::preconditions::Preconditions;

/// Name of the header; draft-ietf-httpapi-idempotency-key-header.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The request under its key; `None` when it has none.
///
/// # Errors
/// A 400 when the key is none, or there are several.
pub fn keyed(request: &HttpRequest, body: &[u8]) -> Result<Option<KeyedRequest>, Problem> {
    let Some(value) = only(request, IDEMPOTENCY_KEY)? else {
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

/// What must hold of the version of an order that is to be created. A condition that could never hold is refused, so that
/// nobody takes it for one that did: `If-Match` asks for a version, and a new order has none.
///
/// # Errors
/// A 400 when there is an `If-Match`, or `If-None-Match` cannot be read.
pub fn of_a_new_order(request: &HttpRequest) -> Result<Preconditions, Problem> {
    let conditions = Preconditions::of(request.headers())?;
    if conditions.has_if_match() {
        return Err(Problem::invalid_field(
            "If-Match",
            "is for updates: a new order has no version yet",
        ));
    }
    Ok(conditions)
}

fn only<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a [u8]>, Problem> {
    let mut values = request.headers().get_all(name);
    let first = values.next();
    if values.next().is_some() {
        return Err(Problem::invalid_field(name, "must be given once"));
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
    fn a_key_names_the_same_request_at_both_paths() {
        let at = |path: &str, body: &[u8]| {
            let request = TestRequest::put().uri(path).insert_header((IDEMPOTENCY_KEY, "k"));
            keyed(&request.to_http_request(), body).expect("valid").expect("a key")
        };
        assert_eq!(at("/update-order", b"{}"), at("/api/update-order", b"{}"));
        assert_ne!(at("/update-order", b"{}").hash, at("/update-order", b"{ }").hash);
    }

    #[test]
    fn what_is_no_key_is_a_400_that_names_the_header() {
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
            of_a_new_order(&TestRequest::post().insert_header((name, value)).to_http_request())
        };
        assert_eq!(named(with("If-Match", "\"1\"").expect_err("it has one")), "If-Match");
        assert!(with("If-None-Match", "*").expect("valid").hold(None));
        assert!(of_a_new_order(&TestRequest::post().to_http_request()).is_ok());
    }
}
