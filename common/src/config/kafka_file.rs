//! The file of `KAFKA_CONFIG`: librdkafka settings as a properties file. Which settings make sense is librdkafka's matter.

use std::path::Path;

use anyhow::{Context, bail};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use super::Secret;

/// The file's settings, in its order.
///
/// # Errors
/// The file cannot be read, or a line is no setting of librdkafka. The error names file and line, and never the line's
/// text: it may be a password.
pub fn read(path: &Path) -> anyhow::Result<Vec<(String, Secret)>> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the file of KAFKA_CONFIG, {name}"))?;
    let mut settings: Vec<(String, Secret)> = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        // The first `=` ends the key: passwords have some too.
        let (key, value) = match line.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => (key.trim(), value.trim()),
            _ => bail!("KAFKA_CONFIG: line {number} of {name} is no setting; write key=value, or # before a comment"),
        };
        if settings.iter().any(|(earlier, _)| earlier == key) {
            bail!("KAFKA_CONFIG: line {number} of {name} sets {key} a second time; keep one");
        }
        if let Some(reason) = refusal(key, value) {
            bail!("KAFKA_CONFIG: line {number} of {name}: {reason}");
        }
        settings.push((key.to_owned(), value.into()));
    }
    Ok(settings)
}

/// Why librdkafka does not take a setting, without its value. The error of a client that is made with it shows the value:
/// a misspelt `sasl.password` would be in the log.
fn refusal(key: &str, value: &str) -> Option<String> {
    match ClientConfig::new().set(key, value).create_native_config() {
        Err(KafkaError::ClientConfig(_, reason, ..)) => Some(reason),
        // A setting that makes sense only beside others is not judged alone.
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_text(text: &str) -> anyhow::Result<Vec<(String, Secret)>> {
        let mut file = tempfile::Builder::new()
            .suffix(".properties")
            .tempfile()
            .expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        read(file.path())
    }

    #[test]
    fn settings_are_read_and_comments_skipped() {
        let settings =
            read_text("# TLS\n\n security.protocol = SASL_SSL \r\n! old style\nsasl.password=a=b#c\nclient.rack=\n");
        let expected = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.password", "a=b#c"),
            ("client.rack", ""),
        ];
        assert_eq!(
            settings.expect("settings"),
            expected.map(|(key, value)| (key.to_owned(), value.into()))
        );
    }

    #[test]
    fn a_fault_is_named_with_file_and_line_and_without_the_text() {
        for (text, line) in [
            ("client.rack=1\nhunter2\n", "line 2"),
            ("=hunter2", "line 1"),
            ("client.rack=1\n\nclient.rack=hunter2", "line 3"),
            ("client.rack=1\nsasl.pasword=hunter2", "line 2"),
        ] {
            let error = format!("{:#}", read_text(text).expect_err(text));
            assert!(error.contains(line) && error.contains(".properties"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = format!("{:#}", read(Path::new("no/such.properties")).expect_err("no file"));
        assert!(
            error.contains("KAFKA_CONFIG") && error.contains("no/such.properties"),
            "{error}"
        );
    }
}
