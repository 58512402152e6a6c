//! One request to the registry, as data. Pure: neither sending nor the meaning of a response is known here.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;

/// A request.
pub(crate) struct Request {
    pub method: Method,
    /// Relative to the registry's address, with a leading slash; names in it went through [`segment`].
    pub path: String,
    pub body: Option<Value>,
    /// The error codes that answer it.
    pub expected_errors: &'static [u32],
    /// Which of them a 404 with another code, or none, stands for; `None` where it may mean that the registry has no such
    /// path.
    pub not_found_code: Option<u32>,
}

impl Request {
    pub fn new(method: Method, path: String, body: Option<Value>, expected_errors: &'static [u32]) -> Self {
        Self {
            method,
            path,
            body,
            expected_errors,
            not_found_code: None,
        }
    }

    pub fn get(path: String, expected_errors: &'static [u32]) -> Self {
        Self::new(Method::GET, path, None, expected_errors)
    }

    pub fn post(path: String, body: Value, expected_errors: &'static [u32]) -> Self {
        Self::new(Method::POST, path, Some(body), expected_errors)
    }

    /// The same for a path that every registry has: a 404 with another code means the first of the expected errors.
    pub fn lookup(mut self) -> Self {
        self.not_found_code = self.expected_errors.first().copied();
        self
    }
}

/// Characters that need no encoding in a path (RFC 3986, "unreserved").
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}
