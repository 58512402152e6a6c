//! The program itself. The report of `check-schemas` is tested next to its code; this only tests that the command
//! exists.

use std::process::Command;

/// Exit code and text of the program with those arguments, in an environment that holds secrets.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    run_in(&[], arguments)
}

/// The same with additional variables.
fn run_in(variables: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cart-service"))
        .args(arguments)
        .env_clear()
        .env("SCHEMA_REGISTRY_URL", "http://user:hunter2@127.0.0.1:9")
        .env("SCHEMA_REGISTRY_TOKEN", "")
        .env("SCHEMA_REGISTRY_PASSWORD_FILE", "")
        .envs(variables.iter().copied())
        .output()
        .expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn the_help_names_the_check_and_shows_no_secret() {
    let (code, said) = run(&["--help"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("check-schemas") && said.contains("--write-deadline-ms"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_check_without_an_answer_exits_with_code_2() {
    let (code, said) = run(&["check-schemas"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("the registry cannot be queried") && !said.contains("hunter2"),
        "{said}"
    );
}

#[test]
fn a_failure_through_a_proxy_names_the_proxy_and_not_its_password() {
    let proxy = ("HTTP_PROXY", "http://user:hunter2@127.0.0.1:9");
    let elsewhere = ["check-schemas", "--schema-registry-url=http://registry.invalid"];
    let (code, said) = run_in(&[proxy], &elsewhere);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("through the proxy http://127.0.0.1:9") && !said.contains("hunter2"),
        "{said}"
    );
    for direct in [&["check-schemas"], &elsewhere[..]] {
        let (_, said) = run_in(&[proxy, ("NO_PROXY", "registry.invalid")], direct);
        assert!(!said.contains("through the proxy"), "{said}");
    }
}

#[test]
fn the_check_rejects_settings_of_a_running_service() {
    let (code, said) = run(&["--api-port=0", "check-schemas"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cannot be used with"), "{said}");
}

#[test]
fn the_check_says_where_its_options_go() {
    let (code, said) = run(&["--kafka-topic=orders", "check-schemas"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("write '--kafka-topic' after 'check-schemas'"), "{said}");
}

#[test]
fn a_mistyped_log_level_is_reported_although_nothing_is_logged() {
    let store = tempfile::NamedTempFile::new().expect("a file");
    // A file is no store, so the service ends.
    let store = format!("--store=embedded:{}", store.path().display());
    let (code, said) = run_in(&[("RUST_LOG", "inf0")], &["--api-port=0", &store]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches("RUST_LOG: inf0 is not a level").count(), 1, "{said}");
}
