//! The program itself: its help, its errors, and `check-schemas` with its exit codes.

use std::process::Output;

use sandbox::registry::Registry;
use serde_json::Value;

/// The output of the program with those arguments and only that environment.
async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_order-service"));
    program.args(arguments).env_clear().envs(environment.iter().copied());
    // On a thread of its own: the registry that it asks runs on this one.
    let output = tokio::task::spawn_blocking(move || program.output()).await;
    let Output { status, stdout, stderr } = output.expect("it ran").expect("it starts");
    (
        status.code(),
        String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned(),
    )
}

async fn subjects(registry: &Registry) -> Value {
    let answer = reqwest::get(format!("{}/subjects", registry.url())).await;
    answer.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn neither_help_nor_errors_show_a_secret_from_the_environment() {
    let environment = [
        ("SCHEMA_REGISTRY_URL", "http://user:hunter2@127.0.0.1:9"),
        ("SCHEMA_REGISTRY_PASSWORD", "hunter2"),
        ("SCHEMA_REGISTRY_TOKEN", "hunter2"),
        ("ADMIN_API_KEY", "hunter2"),
        ("ORDER_SERVICE_URL", "http://user:hunter2@127.0.0.1:9"),
    ];
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["-h"], 0),
        (&["check-schemas", "--help"], 0),
        (&["tail", "--help"], 0),
        (&["dlq", "replay", "--help"], 0),
        (&["tail"], 1),
        (&["check-schemas"], 2),
        (&["--schema-registry-url=http://user:hunter2"], 2),
        (&["--schemas=perhaps"], 2),
    ] {
        let (status, said) = run(arguments, &environment).await;
        assert_eq!(status, Some(code), "{arguments:?}: {said}");
        assert!(said.len() > 50 && !said.contains("hunter2"), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn the_help_describes_the_check_and_its_exit_codes() {
    let (_, said) = run(&["--help"], &[]).await;
    assert!(said.contains("check-schemas") && said.contains("--api-port"), "{said}");
    let (_, said) = run(&["check-schemas", "--help"], &[]).await;
    for part in [
        "Exit codes",
        "SCHEMAS=verify",
        "--schema-registry-ca-file",
        "--kafka-topic",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn the_check_reports_by_exit_code_and_writes_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let registry = Registry::start(("127.0.0.1", 0)).expect("a registry");
    let url = registry.url();
    let check = async |more: &[(&str, &str)]| {
        run(
            &["check-schemas"],
            &[&[("SCHEMA_REGISTRY_URL", url.as_str())], more].concat(),
        )
        .await
    };

    let (code, said) = check(&[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("v1.avsc: can be registered"), "{said}");
    let (code, said) = check(&[("SCHEMAS", "verify")]).await;
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(subjects(&registry).await, serde_json::json!([]));

    let other = r#"{"type":"record","name":"Other","fields":[{"name":"a","type":"int"}]}"#;
    let taken = sandbox::third_party::register(&url, "taken-value", other, &serde_json::json!([])).await;
    taken.expect("registers");
    let (code, said) = check(&[("KAFKA_TOPIC", "taken")]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("subject taken-value") && said.contains("v1.avsc: incompatible\n    "),
        "{said}"
    );

    let (code, said) = check(&[("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9")]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("the registry cannot be queried") && said.contains("127.0.0.1:9"),
        "{said}"
    );
}
