//! Requests that are sent twice. A client names its request with an `Idempotency-Key`; the key and a hash of the request
//! travel with the event as record headers, so every replica learns from the log which requests were carried out.
//!
//! Pure. What is remembered is the store's matter, what it means for a request cart-service's.

use sha2::{Digest, Sha256};

/// Most characters of a key.
pub const MAX_KEY_CHARS: usize = 64;

/// Header of a record: the key.
const KEY: &str = "orderlog.idempotency-key";
/// Header of a record: the request's hash, hex.
const HASH: &str = "orderlog.request-hash";

/// What a client calls its request: 1 to 64 printable ASCII characters. The name of the HTTP header is that of
/// draft-ietf-httpapi-idempotency-key-header; its value is taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key in that text; `None` when it is none.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let fits = (1..=MAX_KEY_CHARS).contains(&text.len()) && text.iter().all(|byte| (b' '..=b'~').contains(byte));
        fits.then(|| Self(String::from_utf8_lossy(text).into_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What tells one request from another: SHA-256 of method, path and body, each with its length before it; hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHash(String);

impl RequestHash {
    /// The hash of a request. `path` is without `/api`: both paths lead to the same handler.
    pub fn of(method: &str, path: &str, body: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        for part in [method.as_bytes(), path.as_bytes(), body] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(format!("{:x}", hasher.finalize()))
    }

    /// The hash in that text; `None` when it is none.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let fits = text.len() == 64 && text.iter().all(is_hex);
        fits.then(|| Self(String::from_utf8_lossy(text).into_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request that has a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    /// What the client calls it.
    pub key: IdempotencyKey,
    /// What it asks for.
    pub hash: RequestHash,
}

impl KeyedRequest {
    /// The request that a record was written for; `None` when it does not say, or not readably. `last` gives the value of the
    /// record's last header of a name.
    pub fn of<'a>(last: impl Fn(&str) -> Option<&'a [u8]>) -> Option<Self> {
        Some(Self {
            key: IdempotencyKey::parse(last(KEY)?)?,
            hash: RequestHash::parse(last(HASH)?)?,
        })
    }

    /// The headers of a record that is written for it.
    pub fn headers(&self) -> [(&'static str, &str); 2] {
        [(KEY, self.key.as_str()), (HASH, self.hash.as_str())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(key: &[u8]) -> KeyedRequest {
        KeyedRequest {
            key: IdempotencyKey::parse(key).expect("a key"),
            hash: RequestHash::of("PUT", "/update-order", b"{}"),
        }
    }

    #[test]
    fn a_key_is_1_to_64_printable_ascii_characters() {
        for good in [b"k".as_slice(), b"a key ~", &[b'x'; 64]] {
            assert!(IdempotencyKey::parse(good).is_some(), "{good:?}");
        }
        for bad in [b"".as_slice(), &[b'x'; 65], b"a\tb", b"\x7f", "é".as_bytes(), b"a\0"] {
            assert_eq!(IdempotencyKey::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_request_s_parts_cannot_run_into_each_other() {
        let hash = RequestHash::of("PUT", "/update-order", b"{}");
        assert_eq!(hash, RequestHash::of("PUT", "/update-order", b"{}"));
        for (method, path, body) in [
            ("POST", "/update-order", "{}"),
            ("PUT", "/update-order{", "}"),
            ("PUT", "/update-order", "{ }"),
        ] {
            assert_ne!(hash, RequestHash::of(method, path, body.as_bytes()));
        }
        assert_eq!(RequestHash::parse(hash.as_str().as_bytes()), Some(hash));
    }

    /// What those headers name.
    fn read(headers: &[(&str, &str)]) -> Option<KeyedRequest> {
        let last = |name: &str| Some(headers.iter().rfind(|(found, _)| *found == name)?.1.as_bytes());
        KeyedRequest::of(last)
    }

    #[test]
    fn what_was_written_into_a_record_is_read_back_from_it() {
        let request = keyed(b"k-1");
        assert_eq!(read(&request.headers()), Some(request));
    }

    #[test]
    fn headers_that_are_not_whole_are_ignored() {
        let request = keyed(b"k-1");
        for (name, value) in [(KEY, ""), (KEY, "é"), (HASH, "short"), (HASH, "")] {
            let spoilt = [&request.headers()[..], &[(name, value)]].concat();
            assert_eq!(read(&spoilt), None, "{name}: {value}");
        }
        assert_eq!(read(&[(KEY, "k-1")]), None);
    }
}
