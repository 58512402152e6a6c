//! No secret is shown, by `Debug`, in errors or in the logs.

use std::io;
use std::sync::{Arc, Mutex};

use orderlog_registry::config::RegistryConfig;
use tracing_subscriber::fmt::MakeWriter;

use crate::fake::{Answer, Fake, page, refusal, schema};
use crate::{LINEAGE, TEXT, client_with, config};

/// All of them contain this.
const SECRET: &str = "hunter2";

/// Collects the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Every way to configure a secret.
fn configs(url: &str, file: &std::path::Path) -> Vec<RegistryConfig> {
    let mut basic = config(url);
    basic.user = Some("user".to_owned());
    basic.password = Some("hunter2-password".into());
    let mut token = config(url);
    token.token = Some("hunter2-token".into());
    let mut token_file = config(url);
    token_file.token_file = Some(file.into());
    let in_address = config(&url.replacen("://", "://user:hunter2-address@", 1));
    vec![basic, token, token_file, in_address]
}

#[tokio::test]
async fn neither_settings_nor_errors_nor_logs_show_one() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("orderlog_registry=trace")
        .with_writer(log.clone())
        .finish();
    // Global: a thread without a subscriber that logs a line first would disable it for all. What other tests log
    // meanwhile may hold no secret either.
    tracing::subscriber::set_global_default(subscriber).expect("the only one");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("token");
    let fake = Fake::always(schema(TEXT)).await;
    let mut shown = Vec::new();
    for config in configs(&fake.url(), &file) {
        std::fs::write(&file, "hunter2-file").expect("written");
        let registry = client_with(&config);
        for answer in [
            schema(TEXT),
            page(401),
            page(403),
            refusal(404, 40403),
            refusal(409, 409),
            page(500),
            Answer::Close,
        ] {
            fake.now(answer);
            shown.push(format!("{:?}", registry.schema(5).await));
            shown.push(format!(
                "{:?}",
                registry.register_lineage("orders-value", LINEAGE).await
            ));
            shown.push(format!("{:?}", registry.verify_lineage("orders-value", LINEAGE).await));
        }
        // The log says that a secret was renewed, but not the secret.
        std::fs::write(&file, "hunter2-renewed").expect("written");
        fake.now(page(401));
        shown.push(format!("{:?}", registry.schema(5).await));
        shown.push(format!("{registry:?} {registry:#?} {}", registry.urls()));
        shown.push(format!("{config:?} {config:#?}"));
    }
    let sent = fake.take_requests();
    assert!(
        sent.iter()
            .any(|it| it.authorization.as_deref() == Some("Bearer hunter2-renewed")),
        "they were in use"
    );
    let log = String::from_utf8(log.0.lock().expect("a log").clone()).expect("text");
    assert!(
        log.contains("registry responded") && log.contains("read a new one from its file"),
        "{log}"
    );
    shown.push(log);
    for text in shown {
        assert!(!text.contains(SECRET), "{text}");
        // Nor its base64 form, as in basic authentication: "user:hunter2" begins like this.
        assert!(!text.contains("dXNlcjpodW50ZXIy"), "{text}");
    }
}
