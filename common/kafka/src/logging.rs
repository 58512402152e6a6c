//! librdkafka's log lines, as they reach our log.

use rdkafka::config::RDKafkaLogLevel;

/// Forwards librdkafka's log lines to tracing, one level lower: its "error" is mostly a broker that is down, which health
/// reports better.
pub(crate) fn forward(level: RDKafkaLogLevel, fac: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "librdkafka", fac, "{message}");
        }
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => tracing::info!(target: "librdkafka", fac, "{message}"),
        _ => tracing::debug!(target: "librdkafka", fac, "{message}"),
    }
}
