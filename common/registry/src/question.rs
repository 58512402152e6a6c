//! One request to the registry, as data. Pure: neither sending nor the meaning of a response is known here.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;

/// A request.
pub(super) struct Question {
    pub method: Method,
    /// Relative to the registry's address, with a leading slash; names in it went through [`segment`].
    pub path: String,
    pub body: Option<Value>,
    /// The error codes that answer it.
    pub refusals: &'static [u32],
    /// Which of them a 404 with another code, or none, stands for; `None` where it may mean that the registry has no such
    /// path.
    pub absent: Option<u32>,
}

impl Question {
    pub fn get(path: String, refusals: &'static [u32]) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
            refusals,
            absent: None,
        }
    }

    pub fn post(path: String, body: Value, refusals: &'static [u32]) -> Self {
        Self {
            method: Method::POST,
            path,
            body: Some(body),
            refusals,
            absent: None,
        }
    }

    /// The same for a path that every registry has: a 404 with another code means the first of the refusals.
    pub fn look_up(mut self) -> Self {
        self.absent = self.refusals.first().copied();
        self
    }
}

/// Characters that need no encoding in a path (RFC 3986, "unreserved").
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as one segment of a path.
pub(super) fn segment(name: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}
