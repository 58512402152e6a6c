//! Requests that are sent twice. A client names its request with an `Idempotency-Key`; the key and a hash of the request
//! travel with the event as record headers, so every replica learns from the log which requests have been carried out.
//!
//! Pure. The store decides what is remembered, and cart-service what that means for a request.

use sha2::{Digest, Sha256};

/// Maximum length of a key, in characters.
pub const MAX_KEY_CHARS: usize = 64;

/// Header of a record: the key.
pub const KEY_HEADER: &str = "orderlog.idempotency-key";
/// Header of a record: the request's hash, hex.
pub const HASH_HEADER: &str = "orderlog.request-hash";

/// The name that a client gives its request: 1 to 64 printable ASCII characters. The HTTP header is that of
/// draft-ietf-httpapi-idempotency-key-header; its value is used as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Parses a key; `None` if the text is not one.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let fits = (1..=MAX_KEY_CHARS).contains(&text.len()) && text.iter().all(|byte| (b' '..=b'~').contains(byte));
        fits.then(|| Self(String::from_utf8_lossy(text).into_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Tells requests apart: the SHA-256 of method, path and body, each prefixed with its length; in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHash(String);

impl RequestHash {
    /// The hash of a request. `path` is without the prefix `/api`: both paths lead to the same handler.
    pub fn of(method: &str, path: &str, body: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        for part in [method.as_bytes(), path.as_bytes(), body] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(format!("{:x}", hasher.finalize()))
    }

    /// Parses a hash; `None` if the text is not one.
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

/// A request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    /// The client's name for it.
    pub key: IdempotencyKey,
    /// Hash of its content.
    pub hash: RequestHash,
}

impl KeyedRequest {
    /// The request that a record was written for; `None` if its headers do not say, or are malformed. `last` returns the value
    /// of the record's last header with a name.
    pub fn of<'a>(last: impl Fn(&str) -> Option<&'a [u8]>) -> Option<Self> {
        Some(Self {
            key: IdempotencyKey::parse(last(KEY_HEADER)?)?,
            hash: RequestHash::parse(last(HASH_HEADER)?)?,
        })
    }

    /// The headers of a record that is written for this request.
    pub fn headers(&self) -> [(&'static str, &str); 2] {
        [(KEY_HEADER, self.key.as_str()), (HASH_HEADER, self.hash.as_str())]
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
    fn a_requests_parts_cannot_run_into_each_other() {
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
    fn a_request_is_read_back_from_the_headers_of_its_record() {
        let request = keyed(b"k-1");
        assert_eq!(read(&request.headers()), Some(request));
    }

    #[test]
    fn incomplete_headers_are_ignored() {
        let request = keyed(b"k-1");
        for (name, value) in [
            (KEY_HEADER, ""),
            (KEY_HEADER, "é"),
            (HASH_HEADER, "short"),
            (HASH_HEADER, ""),
        ] {
            let spoilt = [&request.headers()[..], &[(name, value)]].concat();
            assert_eq!(read(&spoilt), None, "{name}: {value}");
        }
        assert_eq!(read(&[(KEY_HEADER, "k-1")]), None);
    }
}
