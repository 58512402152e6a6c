//! Settings with a fixed list of values, which librdkafka does not tell when it rejects another one. (It tells that one,
//! which may be a password on the wrong line.)

/// The settings that the file may contain, each with its values in librdkafka 2.12 (rdkafka_conf.c).
const CHOICES: [(&[&str], &str); 7] = [
    (&["security.protocol"], "plaintext, ssl, sasl_plaintext, sasl_ssl"),
    (&["ssl.endpoint.identification.algorithm"], "none, https"),
    (
        &["compression.type", "compression.codec"],
        "none, gzip, snappy, lz4, zstd",
    ),
    (&["broker.address.family"], "any, v4, v6"),
    (
        &["client.dns.lookup"],
        "use_all_dns_ips, resolve_canonical_bootstrap_servers_only",
    ),
    (&["metadata.recovery.strategy"], "none, rebootstrap"),
    (
        &["debug"],
        "generic, broker, topic, metadata, feature, queue, msg, protocol, cgrp, security, fetch, interceptor, plugin, consumer, admin, eos, mock, assignor, conf, telemetry, all",
    ),
];

/// The values of that setting, as a sentence; `None` if it has no such list.
pub(super) fn of(key: &str) -> Option<String> {
    let (_, values) = CHOICES.iter().find(|(names, _)| names.contains(&key))?;
    Some(format!("{key} must be one of: {values}"))
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    use super::*;

    #[test]
    fn librdkafka_accepts_every_value_that_is_listed() {
        for (names, values) in CHOICES {
            for (name, value) in names
                .iter()
                .flat_map(|name| values.split(", ").map(move |value| (name, value)))
            {
                let accepted = ClientConfig::new().set(*name, value).create_native_config();
                assert!(accepted.is_ok(), "{name}={value}");
            }
        }
    }
}
