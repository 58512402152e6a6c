//! Files that a setting names: librdkafka reports one that is missing by a line of OpenSSL's source.

use std::fs::File;
use std::path::absolute;

use anyhow::anyhow;
use rdkafka::error::KafkaError;

/// The settings that name a file (`ssl.ca.location` may name a directory instead).
const LOCATIONS: [&str; 5] = [
    CA,
    "ssl.certificate.location",
    KEY,
    "ssl.keystore.location",
    "ssl.crl.location",
];
const CA: &str = "ssl.ca.location";
const KEY: &str = "ssl.key.location";

/// Why the file that a setting names cannot be read; `None` if it can, or the setting names none.
pub(super) fn unreadable(key: &str, value: &str) -> Option<String> {
    // librdkafka looks for the system's certificates.
    let is_probe = key == CA && value == "probe";
    if !LOCATIONS.contains(&key) || value.is_empty() || is_probe {
        return None;
    }
    let error = File::open(value).err()?;
    // A relative path is relative to where the service was started, which may surprise.
    let path = absolute(value).unwrap_or_else(|_| value.into());
    Some(format!(
        "{key} names {}, which cannot be read: {error}; correct the path, or the permissions of the file",
        path.display()
    ))
}

/// Why librdkafka creates no client with the user's settings, each of which is valid alone.
pub fn explain(error: KafkaError) -> anyhow::Error {
    if let KafkaError::ClientCreation(why) = &error
        && let Some((key, details)) = why.split_once(" failed: ")
        && LOCATIONS.contains(&key)
    {
        let what = match key {
            KEY if details.contains("mismatch") => "does not belong to the certificate of ssl.certificate.location",
            KEY => "holds no private key in PEM format, or ssl.key.password does not decrypt it",
            _ => "holds no certificate in PEM format",
        };
        // OpenSSL's reason comes last, after where in its source it was found.
        let reason = details.rsplit("::").next().unwrap_or(details).trim();
        return anyhow!("KAFKA_CONFIG: the file of {key} {what} ({reason})");
    }
    anyhow::Error::new(error).context("librdkafka does not accept this combination of settings in KAFKA_CONFIG")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rdkafka::ClientConfig;
    use rdkafka::producer::BaseProducer;

    use super::*;

    #[test]
    fn a_file_that_holds_something_else_is_named_by_its_setting() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"hunter2\n").expect("written");
        let path = file.path().to_str().expect("a path");
        for (key, what) in [
            (CA, "no certificate in PEM format"),
            ("ssl.certificate.location", "no certificate in PEM format"),
            (KEY, "ssl.key.password"),
        ] {
            assert_eq!(unreadable(key, path), None);
            let created: Result<BaseProducer, _> = ClientConfig::new()
                .set("security.protocol", "SSL")
                .set(key, path)
                .create();
            let error = explain(created.err().expect(key)).to_string();
            for part in ["KAFKA_CONFIG", key, what] {
                assert!(error.contains(part), "{part} in {error}");
            }
            assert!(!error.contains("hunter2") && !error.contains("../crypto"), "{error}");
        }
    }
}
