//! `check-schemas`, the subcommand of both services for deploy pipelines: could this release register its schemas? It
//! prints a report, and the exit code gives the same answer. Nothing here may write to the registry.

mod report;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use orderlog_contract::lineage;
use orderlog_kafka::topic_name::TopicName;
use orderlog_registry::Registry;
use orderlog_registry::config::RegistryConfig;
pub use report::Report;

/// Subcommands of a service.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Check that this release's schemas are registered or can be; writes nothing
    ///
    /// Prints one line per schema version. For deploy pipelines: run it before rolling out the release. Its options follow the
    /// subcommand.
    #[command(after_help = EXIT_CODES)]
    CheckSchemas(CheckSchemas),
}

const EXIT_CODES: &str = "Exit codes:
  0  every version is registered or can be (with SCHEMAS=verify: is registered)
  1  a version is incompatible, another version in the subject is incompatible with it, or the registry does not accept
     schemas (with SCHEMAS=verify: or a version is missing)
  2  the registry cannot be queried, or a setting is invalid";

/// The settings of `check-schemas`: a subset of the service's.
#[derive(Args, Clone, Debug)]
pub struct CheckSchemas {
    /// The schema registry.
    #[command(flatten)]
    pub registry: RegistryConfig,

    /// Topic of the order events; the subject is its name followed by -value
    #[arg(
        long = "kafka-topic",
        env = "KAFKA_TOPIC",
        value_name = "KAFKA_TOPIC",
        default_value_t
    )]
    pub topic: TopicName,
}

/// Runs the check and prints the report to stdout; if it fails, prints the reason to stderr.
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

/// Checks every version of the lineage against the others and against the registry.
///
/// # Errors
/// A setting is invalid, or the registry gives no usable answer.
pub async fn check(settings: &CheckSchemas) -> anyhow::Result<Report> {
    let registry = Registry::new(&settings.registry)?;
    let subject = lineage::subject(&settings.topic);
    let mut versions = Vec::new();
    for (name, text) in lineage::named(lineage::LINEAGE) {
        let status = registry
            .registration_status(&subject, &name, text)
            .await
            .context("the registry cannot be queried")?;
        versions.push((name, status));
    }
    Ok(Report {
        subject,
        registry: registry.urls(),
        mode: settings.registry.schemas,
        conflicts: lineage::conflicts(lineage::LINEAGE),
        versions,
    })
}
