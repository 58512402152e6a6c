//! Security settings that librdkafka accepts but that have no effect or cannot work in this build: without Cyrus SASL
//! (Kerberos) and without curl (OIDC).

use super::Secret;

/// The supported SASL mechanisms.
const MECHANISMS: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

const WORKS: &str = "What works: sasl.mechanisms=PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (security.protocol=SASL_SSL or SASL_PLAINTEXT), or a client certificate (security.protocol=SSL)";
const NO_KERBEROS: &str = "this build does not support Kerberos (GSSAPI)";
const NO_OAUTH: &str = "this build does not support OAUTHBEARER (OIDC)";

/// Why a setting cannot work in this build, and what does; `None` when it can, as far as it alone tells.
pub(super) fn unsupported(key: &str, value: &str) -> Option<String> {
    let is_of = |families: &[&str]| families.iter().any(|family| key.starts_with(family));
    let why = if is_of(&["sasl.kerberos."]) {
        NO_KERBEROS
    } else if is_of(&["sasl.oauthbearer.", "enable.sasl.oauthbearer.", "https.ca."]) {
        NO_OAUTH
    } else if is_mechanism(key) && !MECHANISMS.contains(&value) {
        match value.to_ascii_uppercase().as_str() {
            "GSSAPI" => NO_KERBEROS,
            "OAUTHBEARER" => NO_OAUTH,
            // Not shown: it may be a password on the wrong line.
            _ => "this build does not support that mechanism",
        }
    } else {
        return None;
    };
    Some(format!("{why}. {WORKS}"))
}

/// Which of the settings would have no effect, and what it needs; `None` when all have one.
pub(super) fn without_effect(settings: &[(String, Secret)]) -> Option<String> {
    let protocol = settings.iter().find(|(key, _)| key == "security.protocol");
    let Some((_, protocol)) = protocol else {
        let (key, _) = settings
            .iter()
            .find(|(key, _)| key.starts_with("sasl.") || key.starts_with("ssl."))?;
        let needed = if key.starts_with("sasl.") {
            "SASL_SSL (or SASL_PLAINTEXT, without TLS)"
        } else {
            "SSL (or SASL_SSL, with SASL as well)"
        };
        return Some(format!(
            "it sets {key} but not security.protocol, so connections would be in plain text and {key} without effect; add security.protocol={needed}"
        ));
    };
    let protocol = protocol.expose().to_ascii_lowercase();
    let (uses_sasl, uses_tls) = (protocol.starts_with("sasl_"), protocol.ends_with("ssl"));
    // Plain text is a deliberate choice, which overrides the rest; half of the protection is a mistake.
    let is_unused = |key: &str| key.starts_with("sasl.") && !uses_sasl || key.starts_with("ssl.") && !uses_tls;
    if (uses_sasl || uses_tls)
        && let Some((key, _)) = settings.iter().find(|(key, _)| is_unused(key))
    {
        return Some(format!(
            "it sets {key}, which has no effect with the security.protocol in this file; set security.protocol=SASL_SSL, or remove {key}"
        ));
    }
    (uses_sasl && !settings.iter().any(|(key, _)| is_mechanism(key))).then(|| {
        format!("it sets a security.protocol with SASL but not sasl.mechanisms, whose default is GSSAPI; {NO_KERBEROS}. {WORKS}")
    })
}

/// What the settings lack so that a client can be created, or authenticate; `None` when nothing.
pub(super) fn incomplete(settings: &[(String, Secret)]) -> Option<String> {
    let is_set = |names: &[&str]| {
        let mut set = settings.iter().filter(|(_, value)| !value.expose().is_empty());
        set.any(|(key, _)| names.contains(&key.as_str()))
    };
    let uses_sasl = settings
        .iter()
        .any(|(key, value)| key == "security.protocol" && value.expose().to_ascii_lowercase().starts_with("sasl_"));
    for key in ["sasl.username", "sasl.password"] {
        if uses_sasl && !is_set(&[key]) {
            return Some(format!(
                "it sets a security.protocol with SASL but not {key}; add {key}"
            ));
        }
    }
    if !uses_tls(settings) {
        return None;
    }
    // librdkafka presents no certificate without a key, and says nothing.
    let certificate = ["ssl.certificate.location", "ssl.certificate.pem"];
    let key = ["ssl.key.location", "ssl.key.pem"];
    match (is_set(&certificate), is_set(&key)) {
        (true, false) => Some("it sets a client certificate but not its key; add ssl.key.location".to_owned()),
        (false, true) => Some(
            "it sets the key of a client certificate but not the certificate; add ssl.certificate.location".to_owned(),
        ),
        _ => None,
    }
}

/// Whether connections use TLS. Otherwise librdkafka looks at no `ssl.*` setting, and leftover ones do no harm.
pub(super) fn uses_tls(settings: &[(String, Secret)]) -> bool {
    settings
        .iter()
        .any(|(key, value)| key == "security.protocol" && value.expose().to_ascii_lowercase().ends_with("ssl"))
}

fn is_mechanism(key: &str) -> bool {
    matches!(key, "sasl.mechanisms" | "sasl.mechanism")
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    /// When the library is built differently, the messages above must change.
    #[test]
    fn the_library_is_built_with_what_the_messages_say() {
        let config = ClientConfig::new().create_native_config().expect("a configuration");
        let built_in = config.get("builtin.features").expect("a list");
        let built_in: Vec<&str> = built_in.split([',', ' ']).collect();
        let has = |feature| built_in.contains(&feature);
        assert!(has("ssl") && has("sasl_plain") && has("sasl_scram"), "{built_in:?}");
        assert!(!has("sasl_gssapi") && !has("oidc"), "{built_in:?}");
    }
}
