//! `check-schemas`, the subcommand of both services for deploy pipelines: could this release register its schemas? It
//! prints a report, and says the answer again as the exit code. Nothing here may write to the registry.

use std::fmt;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use orderlog_avro::compatibility::{Parsed, full_transitive, house_rules};
use orderlog_contract::lineage;
use orderlog_kafka::topic_name::TopicName;
use orderlog_registry::config::{RegistryConfig, SchemasMode};
use orderlog_registry::{Registry, Standing};

/// What a service can do besides running.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Check that this release's schemas are registered or could be, and write nothing
    ///
    /// Prints one line for each version of the schema. For deploy pipelines: run it before the release is rolled out.
    #[command(after_help = EXIT_CODES)]
    CheckSchemas(CheckSchemas),
}

const EXIT_CODES: &str = "Exit codes:
  0  every version is registered, or could be (with SCHEMAS=verify: is registered)
  1  a version is incompatible, or another version in the subject is incompatible with it, or the registry takes no
     schemas (with SCHEMAS=verify: or a version is missing)
  2  the registry cannot be asked, or a setting is wrong";

/// The settings of `check-schemas`: those of the service that matter to it.
#[derive(Args, Clone, Debug)]
pub struct CheckSchemas {
    /// The schema registry.
    #[command(flatten)]
    pub registry: RegistryConfig,

    /// Topic of the order events; the subject is named after it, with -value behind it
    #[arg(
        long = "kafka-topic",
        env = "KAFKA_TOPIC",
        value_name = "KAFKA_TOPIC",
        default_value_t
    )]
    pub topic: TopicName,
}

/// What was found out.
#[derive(Debug)]
pub struct Report {
    subject: String,
    registry: String,
    mode: SchemasMode,
    /// Why the versions do not go together, whatever the registry holds.
    lineage: Vec<String>,
    versions: Vec<(String, Standing)>,
}

/// Checks, and prints the report to stdout, or to stderr why there is none.
pub async fn run(settings: &CheckSchemas) -> ExitCode {
    match check(settings).await {
        Ok(report) => {
            println!("{report}");
            ExitCode::from(u8::from(!report.is_fine()))
        }
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Checks every version of the lineage: against the others, and with the registry.
///
/// # Errors
/// A setting is wrong, or the registry gives no usable answer.
pub async fn check(settings: &CheckSchemas) -> anyhow::Result<Report> {
    let registry = Registry::new(&settings.registry)?;
    let subject = lineage::subject(&settings.topic);
    let mut versions = Vec::new();
    for (name, text) in named(lineage::LINEAGE) {
        let standing = registry
            .standing(&subject, &name, text)
            .await
            .context("the registry cannot be asked")?;
        versions.push((name, standing));
    }
    Ok(Report {
        subject,
        registry: registry.url(),
        mode: settings.registry.schemas,
        lineage: own_contradictions(),
        versions,
    })
}

/// Why the versions of this release do not go together. Asks nobody.
pub(crate) fn own_contradictions() -> Vec<String> {
    contradictions(lineage::LINEAGE)
}

/// The same of any versions.
fn contradictions(lineage: &[&str]) -> Vec<String> {
    let mut versions = Vec::new();
    for (name, text) in named(lineage) {
        match Parsed::parse(text, &[]) {
            Ok(parsed) => versions.push((name, parsed)),
            Err(reason) => return vec![format!("{name} cannot be parsed: {reason}")],
        }
    }
    let versions: Vec<_> = versions.iter().map(|(name, parsed)| (name.clone(), parsed)).collect();
    let found = [full_transitive(&versions), house_rules(&versions)].concat();
    found.iter().map(ToString::to_string).collect()
}

/// Each version with the name of its file.
fn named<'a>(lineage: &[&'a str]) -> impl Iterator<Item = (String, &'a str)> {
    (1..)
        .zip(lineage)
        .map(|(version, text)| (format!("v{version}.avsc"), *text))
}

impl Report {
    /// Whether the release can be rolled out.
    pub fn is_fine(&self) -> bool {
        let may_be_missing = self.mode == SchemasMode::Register;
        self.lineage.is_empty()
            && self.versions.iter().all(|(_, standing)| match standing {
                Standing::Registered { beside, .. } => beside.is_empty(),
                Standing::Registrable => may_be_missing,
                Standing::Closed(_) | Standing::Incompatible(_) => false,
            })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subject {} of the registry at {}", self.subject, self.registry)?;
        for (name, standing) in &self.versions {
            write!(f, "\n{name}: ")?;
            match standing {
                Standing::Registered { id, version, beside } => {
                    write!(f, "registered with id {id}")?;
                    version.map_or(Ok(()), |version| write!(f, " as version {version}"))?;
                    if !beside.is_empty() {
                        f.write_str(", but incompatible with other versions of the subject")?;
                        write_reasons(f, beside)?;
                    }
                }
                Standing::Registrable | Standing::Closed(_) if self.mode == SchemasMode::Verify => {
                    f.write_str("missing, and SCHEMAS=verify does not register it")?;
                }
                Standing::Registrable if !self.lineage.is_empty() => f.write_str("not registered; see below")?,
                Standing::Registrable => f.write_str("can be registered")?,
                Standing::Closed(mode) => {
                    write!(f, "compatible, but the registry takes no schemas in mode {mode}")?;
                }
                Standing::Incompatible(reasons) => {
                    f.write_str("incompatible")?;
                    write_reasons(f, reasons)?;
                }
            }
        }
        if !self.lineage.is_empty() {
            f.write_str("\nthe versions of this release do not go together")?;
            write_reasons(f, &self.lineage)?;
        }
        Ok(())
    }
}

fn write_reasons(f: &mut fmt::Formatter<'_>, reasons: &[String]) -> fmt::Result {
    reasons.iter().try_for_each(|reason| write!(f, "\n    {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(mode: SchemasMode, standing: Standing) -> Report {
        Report {
            subject: "orders-value".to_owned(),
            registry: "http://registry".to_owned(),
            mode,
            lineage: Vec::new(),
            versions: vec![("v1.avsc".to_owned(), standing)],
        }
    }

    fn registered(beside: &[&str]) -> Standing {
        Standing::Registered {
            id: 7,
            version: Some(2),
            beside: beside.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_version_has_a_line_and_its_reasons_are_indented() {
        let standing = Standing::Incompatible(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(
            report(SchemasMode::Register, standing).to_string(),
            "subject orders-value of the registry at http://registry\nv1.avsc: incompatible\n    one\n    two"
        );
        for (standing, line) in [
            (registered(&[]), "registered with id 7 as version 2"),
            (
                registered(&["one"]),
                "registered with id 7 as version 2, but incompatible with other versions of the subject\n    one",
            ),
            (
                Standing::Closed("IMPORT".to_owned()),
                "compatible, but the registry takes no schemas in mode IMPORT",
            ),
        ] {
            let shown = report(SchemasMode::Register, standing).to_string();
            assert!(shown.ends_with(&format!("\nv1.avsc: {line}")), "{shown}");
        }
    }

    #[test]
    fn what_is_missing_is_fine_only_where_it_will_be_registered() {
        assert!(report(SchemasMode::Register, Standing::Registrable).is_fine());
        let verified = report(SchemasMode::Verify, Standing::Registrable);
        assert!(
            !verified.is_fine() && verified.to_string().contains("missing"),
            "{verified}"
        );
        for mode in [SchemasMode::Register, SchemasMode::Verify] {
            assert!(report(mode, registered(&[])).is_fine());
            assert!(!report(mode, registered(&["a reason"])).is_fine());
            assert!(!report(mode, Standing::Closed("READONLY".to_owned())).is_fine());
            assert!(!report(mode, Standing::Incompatible(Vec::new())).is_fine());
        }
    }

    #[test]
    fn versions_that_do_not_read_each_other_are_not_fine_whatever_the_registry_holds() {
        assert_eq!(contradictions(lineage::LINEAGE), [""; 0]);
        let with_another_field = r#"{"type":"record","name":"R","fields":[{"name":"b","type":"int"}]}"#;
        let lineage = contradictions(&[r#"{"type":"record","name":"R","fields":[]}"#, with_another_field]);
        assert!(
            lineage.iter().any(|reason| reason.contains("v2.avsc reading v1.avsc")),
            "{lineage:?}"
        );
        let report = Report {
            lineage,
            ..report(SchemasMode::Register, Standing::Registrable)
        };
        assert!(
            !report.is_fine() && report.to_string().contains("do not go together"),
            "{report}"
        );
        assert!(contradictions(&["no schema"])[0].contains("v1.avsc cannot be parsed"));
    }
}
