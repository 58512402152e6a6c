//! One question to the registry, as data. Pure: who sends it, and what an answer means, is not known here.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;

/// What is asked.
pub(super) struct Question {
    pub method: Method,
    /// From the registry's address on, with a slash at its beginning; names in it went through [`segment`].
    pub path: String,
    pub body: Option<Value>,
    /// The error codes that answer it.
    pub refusals: &'static [u32],
}

impl Question {
    pub fn get(path: String, refusals: &'static [u32]) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
            refusals,
        }
    }

    pub fn post(path: String, body: Value, refusals: &'static [u32]) -> Self {
        Self {
            method: Method::POST,
            path,
            body: Some(body),
            refusals,
        }
    }
}

/// What stands in a path as itself (RFC 3986, "unreserved").
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as one segment of a path.
pub(super) fn segment(name: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}
