//! What a client puts into the path of a request.

use actix_web::HttpRequest;
use percent_encoding::percent_decode_str;

use super::problem::Problem;

/// Checks that a request's path is UTF-8: actix-web replaces what is not, and would find something else than was asked for.
///
/// # Errors
/// It is not; `field` is blamed.
pub fn check_utf_8(request: &HttpRequest, field: &'static str) -> Result<(), Problem> {
    match percent_decode_str(request.uri().path()).decode_utf8() {
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::invalid_field(field, "must be UTF-8, percent-encoded")),
    }
}
