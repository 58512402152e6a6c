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
    /// The one of them that "not found" stands for which has another code or none; `None` where that may mean that the
    /// registry has no such path.
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

    /// The same, for a thing that every registry can be asked for: not found in other words means the first refusal.
    pub fn look_up(mut self) -> Self {
        self.absent = self.refusals.first().copied();
        self
    }
}

/// What stands in a path as itself (RFC 3986, "unreserved").
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as one segment of a path.
pub(super) fn segment(name: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}
