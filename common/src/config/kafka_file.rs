//! The file of `KAFKA_CONFIG`: librdkafka settings as a properties file. Which settings make sense is librdkafka's matter.

use std::path::Path;

use anyhow::{Context, bail};

/// The file's settings, in its order.
///
/// # Errors
/// The file cannot be read, or a line is no setting. The error names file and line, and never the line's text: it may be
/// a password.
pub fn read(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the file of KAFKA_CONFIG, {name}"))?;
    let mut settings: Vec<(String, String)> = Vec::new();
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
        settings.push((key.to_owned(), value.to_owned()));
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_text(text: &str) -> anyhow::Result<Vec<(String, String)>> {
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
            read_text("# TLS\n\n security.protocol = SASL_SSL \r\n! old style\nsasl.password=a=b#c\nempty=\n");
        let expected = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.password", "a=b#c"),
            ("empty", ""),
        ];
        assert_eq!(
            settings.expect("settings"),
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_fault_is_named_with_file_and_line_and_without_the_text() {
        for (text, line) in [
            ("a=1\nhunter2\n", "line 2"),
            ("=hunter2", "line 1"),
            ("a=1\n\na=hunter2", "line 3"),
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
