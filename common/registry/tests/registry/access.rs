//! Credentials, and settings that contradict each other.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use orderlog_avro::SchemaText;
use orderlog_registry::config::RegistryConfig;
use tempfile::NamedTempFile;

use crate::fake::{Answer, Fake, Request, page, schema};
use crate::{TEXT, client_with, config, no_client, outage};

/// `user:p@ss:word`, as RFC 7617 wants it.
const BASIC: &str = "Basic dXNlcjpwQHNzOndvcmQ=";

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

/// The authorization header that a registry gets with these settings.
async fn authorization(urls: impl Fn(&str) -> String, change: impl Fn(&mut RegistryConfig)) -> Option<String> {
    let fake = Fake::always(schema(TEXT)).await;
    let mut config = config(&urls(&fake.url()));
    change(&mut config);
    client_with(&config).schema(5).await.expect("a schema");
    fake.take_requests().remove(0).authorization
}

#[tokio::test]
async fn nobody_is_named_unless_the_settings_do() {
    assert_eq!(authorization(str::to_owned, |_| ()).await, None);
    let empty = |config: &mut RegistryConfig| {
        config.user = Some(String::new());
        config.password = Some("".into());
        config.password_file = Some("".into());
        config.token = Some("".into());
        config.token_file = Some("".into());
        config.ca_file = Some("".into());
    };
    assert_eq!(
        authorization(str::to_owned, empty).await,
        None,
        "empty variables are not set"
    );
}

#[tokio::test]
async fn user_and_password_come_from_variables_a_file_or_the_address() {
    let basic = Some(BASIC.to_owned());
    let values = |config: &mut RegistryConfig| {
        config.user = Some("user".to_owned());
        config.password = Some("p@ss:word".into());
    };
    assert_eq!(authorization(str::to_owned, values).await, basic);
    let password = file("p@ss:word\n");
    let with_file = |config: &mut RegistryConfig| {
        config.user = Some("user".to_owned());
        config.password_file = Some(password.path().into());
    };
    assert_eq!(authorization(str::to_owned, with_file).await, basic);
    let in_address = |url: &str| url.replacen("://", "://user:p%40ss%3Aword@", 1);
    assert_eq!(authorization(in_address, |_| ()).await, basic);
}

#[tokio::test]
async fn a_token_comes_from_a_variable_or_a_file() {
    let bearer = Some("Bearer abc.def".to_owned());
    let value = |config: &mut RegistryConfig| config.token = Some("abc.def".into());
    assert_eq!(authorization(str::to_owned, value).await, bearer);
    let token = file("  abc.def\r\n");
    let with_file = |config: &mut RegistryConfig| config.token_file = Some(token.path().into());
    assert_eq!(authorization(str::to_owned, with_file).await, bearer);
}

#[tokio::test]
async fn credentials_of_one_address_are_not_sent_to_another() {
    let first = Fake::always(page(503)).await;
    let second = Fake::always(schema(TEXT)).await;
    let with_user = first.url().replacen("://", "://user:secret@", 1);
    let registry = client_with(&config(&format!("{with_user},{}", second.url())));
    registry.schema(5).await.expect("a schema");
    assert!(first.take_requests()[0].authorization.is_some());
    assert_eq!(second.take_requests()[0].authorization, None);
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let other = Fake::always(schema(TEXT)).await;
    let elsewhere = other.url().replacen("localhost", "127.0.0.1", 1);
    let location = format!("location: {elsewhere}/schemas/ids/5\r\n");
    let fake = Fake::always(Answer::Say(302, location, Vec::new())).await;
    let mut config = config(&fake.url());
    config.token = Some("abc".into());
    client_with(&config).schema(5).await.expect("a schema");
    assert_eq!(other.take_requests()[0].authorization, None);
}

/// Accepts the token that is valid at the time.
async fn gate(valid: Arc<Mutex<&'static str>>) -> Fake {
    Fake::with(move |request: &Request| {
        let expected = format!("Bearer {}", valid.lock().expect("a token"));
        if request.authorization == Some(expected) {
            schema(TEXT)
        } else {
            page(401)
        }
    })
    .await
}

#[tokio::test]
async fn a_rotated_token_is_read_again_when_the_registry_refuses_the_old_one() {
    let valid = Arc::new(Mutex::new("old"));
    let fake = gate(valid.clone()).await;
    let token = file("old");
    let mut config = config(&fake.url());
    config.token_file = Some(token.path().into());
    let registry = client_with(&config);
    registry.schema(5).await.expect("a schema");

    *valid.lock().expect("a token") = "new";
    let reason = outage(&registry).await;
    assert!(
        reason.contains("401") && reason.contains("SCHEMA_REGISTRY_TOKEN_FILE"),
        "{reason}"
    );
    std::fs::write(token.path(), "new\n").expect("written");
    assert_eq!(registry.schema(5).await.expect("a response"), SchemaText::avro(TEXT));
    fake.take_requests();
    registry.schema(5).await.expect("a schema");
    assert_eq!(fake.take_requests().len(), 1, "the new one is kept");

    *valid.lock().expect("a token") = "newer";
    std::fs::remove_file(token.path()).expect("removed");
    let reason = outage(&registry).await;
    let name = token.path().display().to_string();
    assert!(reason.contains("cannot read") && reason.contains(&name), "{reason}");
    std::fs::write(token.path(), "newer").expect("written");
    registry.schema(5).await.expect("a schema");
}

#[tokio::test]
async fn rejected_credentials_are_reported_with_the_settings_to_check() {
    let fake = Fake::always(page(403)).await;
    let told = async |change: fn(&mut RegistryConfig)| {
        let mut config = config(&fake.url());
        change(&mut config);
        outage(&client_with(&config)).await
    };
    assert!(told(|_| ()).await.contains("set SCHEMA_REGISTRY_USER"));
    let token = told(|config| config.token = Some("abc".into())).await;
    assert!(token.ends_with("check SCHEMA_REGISTRY_TOKEN"), "{token}");
    let user = told(|config| {
        config.user = Some("user".to_owned());
        config.password = Some("word".into());
    });
    assert!(
        user.await
            .ends_with("check SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD")
    );
    let in_address = config(&fake.url().replacen("://", "://user:word@", 1));
    assert!(
        outage(&client_with(&in_address))
            .await
            .ends_with("in SCHEMA_REGISTRY_URL")
    );
}

#[test]
fn settings_that_contradict_each_other_stop_the_start() {
    let refused = |urls: &str, settings: &[&str]| {
        let mut config = config(urls);
        for setting in settings {
            match *setting {
                "user" => config.user = Some("user".to_owned()),
                "password" => config.password = Some("hunter2".into()),
                "password file" => config.password_file = Some("hunter2".into()),
                "token" => config.token = Some("hunter2".into()),
                "token file" => config.token_file = Some("hunter2".into()),
                other => panic!("{other}"),
            }
        }
        no_client(&config)
    };
    let plain = "http://registry";
    for (urls, settings, named) in [
        (
            plain,
            &["user"][..],
            &["SCHEMA_REGISTRY_USER", "SCHEMA_REGISTRY_PASSWORD"][..],
        ),
        (
            plain,
            &["password"],
            &["SCHEMA_REGISTRY_PASSWORD", "SCHEMA_REGISTRY_USER"],
        ),
        (
            plain,
            &["user", "token"],
            &["SCHEMA_REGISTRY_TOKEN", "SCHEMA_REGISTRY_USER"],
        ),
        (
            plain,
            &["password", "token"],
            &["SCHEMA_REGISTRY_TOKEN", "SCHEMA_REGISTRY_PASSWORD"],
        ),
        (
            plain,
            &["token", "token file"],
            &["SCHEMA_REGISTRY_TOKEN", "SCHEMA_REGISTRY_TOKEN_FILE"],
        ),
        (
            plain,
            &["user", "password", "password file"],
            &["SCHEMA_REGISTRY_PASSWORD_FILE"],
        ),
        ("http://u:p@registry", &["token"], &["SCHEMA_REGISTRY_URL"]),
        ("http://a,http://u:p@b", &["user", "password"], &["SCHEMA_REGISTRY_URL"]),
    ] {
        let error = refused(urls, settings);
        assert!(error.contains("set") && !error.contains("hunter2"), "{error}");
        for name in named {
            assert!(error.contains(name), "{name} in {error}");
        }
    }
}

#[test]
fn a_file_that_holds_nothing_of_use_stops_the_start_and_is_named() {
    let with = |variable: &str, path: &Path| {
        let mut config = config("http://registry");
        match variable {
            "SCHEMA_REGISTRY_PASSWORD_FILE" => {
                config.user = Some("user".to_owned());
                config.password_file = Some(path.into());
            }
            "SCHEMA_REGISTRY_TOKEN_FILE" => config.token_file = Some(path.into()),
            _ => config.ca_file = Some(path.into()),
        }
        no_client(&config)
    };
    let (empty, lines) = (file(" \n"), file("hunter2\nmore"));
    for variable in [
        "SCHEMA_REGISTRY_PASSWORD_FILE",
        "SCHEMA_REGISTRY_TOKEN_FILE",
        "SCHEMA_REGISTRY_CA_FILE",
    ] {
        for (path, what) in [
            (Path::new("no/such.file"), "cannot read"),
            (empty.path(), "hold"),
            (lines.path(), "hold"),
        ] {
            let error = with(variable, path);
            let name = path.display().to_string();
            assert!(error.contains(variable) && error.contains(&name), "{error}");
            assert!(error.contains(what) || error.contains("is empty"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
