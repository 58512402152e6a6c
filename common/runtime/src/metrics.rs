//! Every metric of ours: its name, type, unit and HELP text, in one place. Where it is counted or set is elsewhere; what is not
//! listed here is not counted. `docs/metrics.md` is the same list for operators, and a test holds it against `/metrics`.
//!
//! Each has the label `service`: one process may run several services.

use ::metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// The type of a metric, as Prometheus has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, until the process restarts.
    Counter,
    /// It is as it is now.
    Gauge,
    /// Observations, counted in buckets.
    Histogram,
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What is counted or measured.
    pub unit: &'static str,
    /// Its HELP text, one line.
    pub help: &'static str,
}

/// Declares constants whose documentation is the metric's HELP text, and the list of them.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $kind:ident $constant:ident = $name:literal, $unit:literal;)+) => {
        $($(#[doc = $help])+ pub const $constant: &str = $name;)+

        /// Every metric.
        pub const ALL: &[Metric] = &[$(Metric {
            name: $name,
            kind: Kind::$kind,
            unit: $unit,
            help: concat!($($help),+).trim_ascii(),
        }),+];
    };
}

metrics! {
    /// Always 1; the label version is the release that runs.
    Gauge BUILD_INFO = "orderlog_build_info", "always 1";
    /// Whether the service can serve requests, as /health/ready says.
    Gauge READY = "orderlog_ready", "0 or 1";
    /// Whether any Kafka broker is connected.
    Gauge KAFKA_CONNECTED = "orderlog_kafka_connected", "0 or 1";
    /// Whether the schema registry responds; 1 until it has been asked.
    Gauge REGISTRY_CONNECTED = "orderlog_registry_connected", "0 or 1";
    /// Upper bound on a partition's unread records; NaN while unknown (its broker is away, or the topic is missing or not yet read), unchanged while the partition is paused.
    Gauge LAG = "orderlog_lag_records", "records";
    /// Age of the last record read from a partition, by its timestamp; missing until one has been read since the start.
    Gauge LAST_RECORD_AGE = "orderlog_last_record_age_seconds", "seconds";
    /// Whether a partition is not being read: it waits for a schema, a step failed, its breaker is open, or consumption is halted, suspended, starting or restarting.
    Gauge PARTITION_PAUSED = "orderlog_partition_paused", "0 or 1";
    /// Whether a partition's breaker is open: too many of its last records are dead letters, and it is not read until POST /dlq/resume.
    Gauge BREAKER_OPEN = "orderlog_breaker_open", "0 or 1";
    /// How long another producer's open transaction has been blocking a partition; 0 if none is.
    Gauge OPEN_TRANSACTION = "orderlog_open_transaction_seconds", "seconds";
    /// Records read and committed to the store, by outcome.
    Counter RECORDS = "orderlog_records_total", "records";
    /// Rejected records, by code: order-service dead-letters them, cart-service skips them.
    Counter UNUSABLE_RECORDS = "orderlog_unusable_records_total", "records";
    /// Records copied to the dead-letter topic, by code.
    Counter DEAD_LETTERS = "orderlog_dead_letters_total", "records";
    /// Orders in the store.
    Gauge ORDERS = "orderlog_orders", "orders";
    /// Idempotency keys that are remembered.
    Gauge IDEMPOTENCY_KEYS = "orderlog_idempotency_keys", "keys";
    /// Unresolved orders: they cannot be written for now, because one of their records has a schema id unknown to the registry.
    Gauge ORDERS_IN_DOUBT = "orderlog_orders_in_doubt", "orders";
    /// Free space on the disk of the store; NaN if it cannot be read.
    Gauge STORE_FREE = "orderlog_store_free_bytes", "bytes";
    /// Valid write requests by outcome, and events that lost a race (superseded).
    Counter WRITES = "orderlog_writes_total", "requests";
    /// Time from sending an event until it was read back from the log.
    Histogram READ_BACK = "orderlog_read_back_seconds", "seconds";
    /// Barriers sent to confirm the end of a partition.
    Counter BARRIERS = "orderlog_barriers_total", "records";
    /// Failed deliveries of events, barriers or dead letters, by librdkafka's error code.
    Counter DELIVERIES_FAILED = "orderlog_deliveries_failed_total", "records";
    /// Kafka producers replaced after a fatal error.
    Counter PRODUCERS_REPLACED = "orderlog_producers_replaced_total", "producers";
    /// HTTP requests, by method, route and status.
    Counter HTTP_REQUESTS = "http_requests_total", "requests";
    /// Time from the head of a request to the head of its response.
    Histogram HTTP_DURATION = "http_request_duration_seconds", "seconds";
}

/// Describes every metric to the recorder.
pub(crate) fn describe_all() {
    for metric in ALL {
        let Metric { name, kind, help, .. } = *metric;
        let unit = match metric.unit {
            "seconds" => Unit::Seconds,
            "bytes" => Unit::Bytes,
            _ => Unit::Count,
        };
        match kind {
            Kind::Counter => describe_counter!(name, unit, help),
            Kind::Gauge => describe_gauge!(name, unit, help),
            Kind::Histogram => describe_histogram!(name, unit, help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for Metric { name, kind, unit, help } in ALL {
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            for unit_suffix in ["seconds", "bytes"] {
                assert_eq!(name.ends_with(unit_suffix), unit == &unit_suffix, "{name}");
            }
            assert!(name.starts_with("orderlog_") || name.starts_with("http_"), "{name}");
            assert!(help.ends_with('.') && !help.contains('\n'), "{name}: {help}");
        }
    }

    #[test]
    fn no_two_metrics_have_one_name() {
        let names: std::collections::HashSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
