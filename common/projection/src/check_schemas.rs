//! `check-schemas`, the subcommand of both services for deploy pipelines: could this release register its schemas? It
//! prints a report, and says the answer again as the exit code. Nothing here may write to the registry.

use std::fmt;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use orderlog_contract::lineage;
use orderlog_kafka::topic_name::TopicName;
use orderlog_registry::config::{RegistryConfig, SchemasMode};
use orderlog_registry::{RegistrationStatus, Registry};

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
    versions: Vec<(String, RegistrationStatus)>,
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
    for (name, text) in lineage::named(lineage::LINEAGE) {
        let status = registry
            .registration_status(&subject, &name, text)
            .await
            .context("the registry cannot be asked")?;
        versions.push((name, status));
    }
    Ok(Report {
        subject,
        registry: registry.urls(),
        mode: settings.registry.schemas,
        lineage: own_contradictions(),
        versions,
    })
}

/// Why the versions of this release do not go together. Asks nobody.
pub(crate) fn own_contradictions() -> Vec<String> {
    lineage::conflicts(lineage::LINEAGE)
}

impl Report {
    /// Whether the release can be rolled out.
    pub fn is_fine(&self) -> bool {
        let may_be_missing = self.mode == SchemasMode::Register;
        self.lineage.is_empty()
            && self.versions.iter().all(|(_, status)| match status {
                RegistrationStatus::Registered {
                    incompatible_versions, ..
                } => incompatible_versions.is_empty(),
                RegistrationStatus::Registrable => may_be_missing,
                RegistrationStatus::ReadOnly(_) | RegistrationStatus::Incompatible(_) => false,
            })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subject {} of the registry at {}", self.subject, self.registry)?;
        for (name, status) in &self.versions {
            write!(f, "\n{name}: ")?;
            match status {
                RegistrationStatus::Registered {
                    id,
                    version,
                    incompatible_versions,
                } => {
                    write!(f, "registered with id {id}")?;
                    version.map_or(Ok(()), |version| write!(f, " as version {version}"))?;
                    if !incompatible_versions.is_empty() {
                        f.write_str(", but incompatible with other versions of the subject")?;
                        write_reasons(f, incompatible_versions)?;
                    }
                }
                RegistrationStatus::Registrable | RegistrationStatus::ReadOnly(_)
                    if self.mode == SchemasMode::Verify =>
                {
                    f.write_str("missing, and SCHEMAS=verify does not register it")?;
                }
                RegistrationStatus::Registrable if !self.lineage.is_empty() => {
                    f.write_str("not registered; see below")?
                }
                RegistrationStatus::Registrable => f.write_str("can be registered")?,
                RegistrationStatus::ReadOnly(mode) => {
                    write!(f, "compatible, but the registry takes no schemas in mode {mode}")?;
                }
                RegistrationStatus::Incompatible(reasons) => {
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

    fn report(mode: SchemasMode, status: RegistrationStatus) -> Report {
        Report {
            subject: "orders-value".to_owned(),
            registry: "http://registry".to_owned(),
            mode,
            lineage: Vec::new(),
            versions: vec![("v1.avsc".to_owned(), status)],
        }
    }

    fn registered(reasons: &[&str]) -> RegistrationStatus {
        RegistrationStatus::Registered {
            id: 7,
            version: Some(2),
            incompatible_versions: reasons.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_version_has_a_line_and_its_reasons_are_indented() {
        let status = RegistrationStatus::Incompatible(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(
            report(SchemasMode::Register, status).to_string(),
            "subject orders-value of the registry at http://registry\nv1.avsc: incompatible\n    one\n    two"
        );
        for (status, line) in [
            (registered(&[]), "registered with id 7 as version 2"),
            (
                registered(&["one"]),
                "registered with id 7 as version 2, but incompatible with other versions of the subject\n    one",
            ),
            (
                RegistrationStatus::ReadOnly("IMPORT".to_owned()),
                "compatible, but the registry takes no schemas in mode IMPORT",
            ),
        ] {
            let shown = report(SchemasMode::Register, status).to_string();
            assert!(shown.ends_with(&format!("\nv1.avsc: {line}")), "{shown}");
        }
    }

    #[test]
    fn what_is_missing_is_fine_only_where_it_will_be_registered() {
        assert!(report(SchemasMode::Register, RegistrationStatus::Registrable).is_fine());
        let verified = report(SchemasMode::Verify, RegistrationStatus::Registrable);
        assert!(
            !verified.is_fine() && verified.to_string().contains("missing"),
            "{verified}"
        );
        for mode in [SchemasMode::Register, SchemasMode::Verify] {
            assert!(report(mode, registered(&[])).is_fine());
            assert!(!report(mode, registered(&["a reason"])).is_fine());
            assert!(!report(mode, RegistrationStatus::ReadOnly("READONLY".to_owned())).is_fine());
            assert!(!report(mode, RegistrationStatus::Incompatible(Vec::new())).is_fine());
        }
    }

    #[test]
    fn versions_that_do_not_read_each_other_are_not_fine_whatever_the_registry_holds() {
        assert_eq!(lineage::conflicts(lineage::LINEAGE), [""; 0]);
        let with_another_field = r#"{"type":"record","name":"R","fields":[{"name":"b","type":"int"}]}"#;
        let lineage = lineage::conflicts(&[r#"{"type":"record","name":"R","fields":[]}"#, with_another_field]);
        assert!(
            lineage.iter().any(|reason| reason.contains("v2.avsc reading v1.avsc")),
            "{lineage:?}"
        );
        let report = Report {
            lineage,
            ..report(SchemasMode::Register, RegistrationStatus::Registrable)
        };
        assert!(
            !report.is_fine() && report.to_string().contains("do not go together"),
            "{report}"
        );
        assert!(lineage::conflicts(&["no schema"])[0].contains("v1.avsc cannot be parsed"));
    }
}
