//! Who may change something, and who is refused with which problem.

use actix_web::test::{self, TestRequest};
use actix_web::{App, HttpResponse, ResponseError};
use orderlog_runtime::testing::{parse, variables};

use super::*;

const OWN: &str = "127.0.0.1:50000";
const OTHER: &str = "192.0.2.7:50000";
const LOCAL: (&str, &str) = ("host", "localhost:8001");

fn admitted(key: Option<&str>, peer: &str, headers: &[(&str, &str)]) -> Result<String, (&'static str, String)> {
    let request = headers
        .iter()
        .fold(TestRequest::post(), |request, header| request.insert_header(*header));
    let request = request.to_http_request();
    let peer = Some(peer.parse().expect("an address"));
    let admitted = admit(key.map(Secret::from).as_ref(), request.headers(), None, peer);
    admitted
        .map(|admin| admin.by)
        .map_err(|problem| (problem.kind().type_uri(), problem.summary().to_owned()))
}

#[test]
fn who_is_admitted_and_who_is_refused() {
    const KEY: &str = "/problems/admin-key-required";
    const LOOPBACK: &str = "/problems/admin-loopback-only";
    const ORIGIN: &str = "/problems/cross-origin";
    type Case<'a> = (
        Option<&'a str>,
        &'a str,
        &'a [(&'a str, &'a str)],
        Result<&'a str, &'a str>,
    );
    let cases: [Case<'_>; 37] = [
        // Without a key: this machine only.
        (None, OWN, &[LOCAL], Ok("127.0.0.1")),
        (None, "127.8.9.1:1", &[("host", "127.0.0.1:8001")], Ok("127.8.9.1")),
        (None, "[::1]:1", &[("host", "[::1]:8001")], Ok("::1")),
        (None, "[::ffff:127.0.0.1]:1", &[LOCAL], Ok("127.0.0.1")),
        (None, OTHER, &[LOCAL], Err(LOOPBACK)),
        (None, "[::ffff:192.0.2.7]:1", &[LOCAL], Err(LOOPBACK)),
        (None, OWN, &[LOCAL, ("authorization", "Bearer any")], Ok("127.0.0.1")),
        (None, OTHER, &[LOCAL, ("authorization", "Bearer any")], Err(LOOPBACK)),
        // A proxy on this machine stands for anybody.
        (None, OWN, &[LOCAL, ("x-forwarded-for", "127.0.0.1")], Err(LOOPBACK)),
        (None, OWN, &[LOCAL, ("forwarded", "for=192.0.2.7")], Err(LOOPBACK)),
        (None, OWN, &[LOCAL, ("x-real-ip", "127.0.0.1")], Err(LOOPBACK)),
        (None, OWN, &[LOCAL, ("via", "1.1 proxy")], Err(LOOPBACK)),
        (None, OWN, &[LOCAL, ("x-forwarded-port", "443")], Err(LOOPBACK)),
        (None, OWN, &[LOCAL, ("cf-connecting-ip", "127.0.0.1")], Err(LOOPBACK)),
        (None, OWN, &[LOCAL, ("true-client-ip", "127.0.0.1")], Err(LOOPBACK)),
        (None, OWN, &[LOCAL, ("x-client-ip", "127.0.0.1")], Err(LOOPBACK)),
        (
            None,
            OWN,
            &[LOCAL, ("x-envoy-external-address", "127.0.0.1")],
            Err(LOOPBACK),
        ),
        // As of a proxy that speaks HTTP/1.0.
        (None, OWN, &[], Err(LOOPBACK)),
        // A page whose own name resolves to this machine.
        (
            None,
            OWN,
            &[("host", "evil.example:8001"), ("sec-fetch-site", "same-origin")],
            Err(LOOPBACK),
        ),
        (None, OWN, &[("host", "localhost.evil.example")], Err(LOOPBACK)),
        // Pages.
        (None, OWN, &[LOCAL, ("sec-fetch-site", "same-origin")], Ok("127.0.0.1")),
        (None, OWN, &[LOCAL, ("sec-fetch-site", "none")], Ok("127.0.0.1")),
        (
            None,
            OWN,
            &[LOCAL, ("origin", "http://localhost:8001")],
            Ok("127.0.0.1"),
        ),
        (None, OWN, &[LOCAL, ("sec-fetch-site", "cross-site")], Err(ORIGIN)),
        (None, OWN, &[LOCAL, ("sec-fetch-site", "same-site")], Err(ORIGIN)),
        (None, OWN, &[LOCAL, ("origin", "http://localhost:3000")], Err(ORIGIN)),
        (None, OWN, &[LOCAL, ("origin", "null")], Err(ORIGIN)),
        (None, OWN, &[LOCAL, ("origin", "file://localhost:8001")], Err(ORIGIN)),
        (
            Some("k"),
            OWN,
            &[LOCAL, ("authorization", "Bearer k"), ("sec-fetch-site", "cross-site")],
            Err(ORIGIN),
        ),
        (
            Some("k"),
            OWN,
            &[LOCAL, ("authorization", "Bearer k"), ("origin", "https://shop.example")],
            Err(ORIGIN),
        ),
        // With a key: whoever has it, from anywhere.
        (
            Some("k"),
            OTHER,
            &[("host", "orders.internal"), ("authorization", "Bearer k")],
            Ok("192.0.2.7"),
        ),
        (
            Some("k"),
            OTHER,
            &[("authorization", "bearer  k "), ("x-forwarded-for", "::1")],
            Ok("192.0.2.7"),
        ),
        (Some("k"), OWN, &[LOCAL], Err(KEY)),
        (Some("k"), OWN, &[LOCAL, ("authorization", "Bearer kk")], Err(KEY)),
        (Some("k"), OWN, &[LOCAL, ("authorization", "Bearer ")], Err(KEY)),
        (Some("k"), OWN, &[LOCAL, ("authorization", "Basic k")], Err(KEY)),
        (Some("k"), OWN, &[LOCAL, ("authorization", "k")], Err(KEY)),
    ];
    for (key, peer, headers, expected) in cases {
        let found = admitted(key, peer, headers);
        let found = found.as_deref().map_err(|(kind, _)| *kind);
        assert_eq!(found, expected, "{key:?} {peer} {headers:?}");
    }
}

#[test]
fn the_name_of_the_user_is_taken_from_its_header() {
    let by = |user: &str| admitted(None, OWN, &[LOCAL, ("x-orderlog-user", user)]);
    assert_eq!(by(" jane "), Ok("jane".to_owned()));
    assert_eq!(by("Jörg Müller"), Ok("Jörg Müller".to_owned()));
    assert_eq!(by(&"x".repeat(100)), Ok("x".repeat(100)));
    assert_eq!(by(""), Ok("127.0.0.1".to_owned()));
    for user in [&"x".repeat(101), "a\u{202e}b", "a\tb", "a\u{200b}"] {
        let (kind, text) = by(user).expect_err("not printable");
        assert_eq!(kind, "/problems/invalid-request", "{user:?}");
        assert!(text.contains("X-Orderlog-User"), "{text}");
    }
}

#[test]
fn a_refusal_says_what_is_missing_and_never_the_key() {
    let (_, text) = admitted(Some("sesame"), OWN, &[LOCAL]).expect_err("no key");
    assert!(
        text.contains("Authorization: Bearer") && text.ends_with("has none"),
        "{text}"
    );
    let wrong = admitted(Some("sesame"), OWN, &[LOCAL, ("authorization", "Bearer open")]);
    let (_, text) = wrong.expect_err("another key");
    assert!(
        text.ends_with("has another key") && !text.contains("sesame") && !text.contains("open"),
        "{text}"
    );
    let (_, text) = admitted(None, OTHER, &[LOCAL]).expect_err("another machine");
    assert!(
        text.contains("comes from 192.0.2.7") && text.contains("ADMIN_API_KEY_FILE"),
        "{text}"
    );
    let problem = check_key(&"k".into(), &HeaderMap::new()).expect_err("no key");
    let response = problem.error_response();
    assert_eq!(response.headers().get("www-authenticate").expect("it"), "Bearer");
}

#[test]
fn settings_that_admit_nobody_or_contradict_each_other_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |content: &str| {
        let path = folder.path().join("key");
        std::fs::write(&path, content).expect("written");
        format!("--admin-api-key-file={}", path.display())
    };
    let access = |arguments: &[&str]| {
        let config = parse::<AdminConfig>(arguments).expect("valid flags");
        AdminAccess::new(&config).map_err(|error| format!("{error:#}"))
    };
    for unset in [&[][..], &["--admin-api-key="], &["--admin-api-key-file="]] {
        assert!(!access(unset).expect("no key").requires_key(), "{unset:?}");
    }
    assert!(access(&["--admin-api-key=k"]).expect("a key").requires_key());
    assert!(access(&[&file("k\n")]).expect("a key").requires_key());
    for (arguments, says) in [
        (&["--admin-api-key=secret key"][..], "ADMIN_API_KEY (--admin-api-key)"),
        (&[&file(" \n")], "is empty; write the key into it"),
    ] {
        let error = access(arguments).expect_err("no usable key");
        assert!(error.contains(says) && !error.contains("secret key"), "{error}");
    }
    let error = access(&[&file("one\ntwo")]).expect_err("two lines");
    assert!(error.contains("on one line"), "{error}");
    let error = access(&["--admin-api-key-file=/dev/null"]).expect_err("a device");
    assert!(error.contains("is not a regular file"), "{error}");
    let error = access(&["--admin-api-key-file=/nowhere/key"]).expect_err("no file");
    assert!(
        error.contains("ADMIN_API_KEY_FILE") && error.contains("/nowhere/key"),
        "{error}"
    );
    let error = access(&["--admin-api-key=k", &file("k")]).expect_err("both");
    assert!(error.contains("keep only one"), "{error}");
}

#[actix_web::test]
async fn a_handler_that_takes_it_is_reached_only_with_the_key_that_is_in_the_file_now() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    std::fs::write(&path, "first\n").expect("written");
    let access = AdminAccess::new(&AdminConfig {
        key: None,
        key_file: Some(path.clone()),
    });
    let handler = async |admin: Admin| HttpResponse::Ok().body(admin.by);
    let app = App::new()
        .app_data(web::Data::new(access.expect("a key")))
        .route("/", web::post().to(handler));
    let app = test::init_service(app).await;
    let status = async |key: &str| {
        let request = TestRequest::post().peer_addr(OTHER.parse().expect("an address"));
        let request = request
            .insert_header(("authorization", format!("Bearer {key}")))
            .to_request();
        test::call_service(&app, request).await.status().as_u16()
    };
    assert_eq!((status("first").await, status("second").await), (200, 401));
    std::fs::write(&path, "second\n").expect("written");
    assert_eq!((status("first").await, status("second").await), (401, 200));
    for unusable in [&b"\n"[..], b"\xff", b"two words"] {
        std::fs::write(&path, unusable).expect("written");
        assert_eq!(status("second").await, 503, "fails closed");
    }
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(status("second").await, 503, "fails closed");
}

#[test]
fn the_key_is_not_shown() {
    let config = parse::<AdminConfig>(&["--admin-api-key=hunter2"]).expect("a key");
    assert!(!format!("{config:?} {:?}", AdminAccess::new(&config)).contains("hunter2"));
    assert!(variables::<AdminConfig>().contains(&"ADMIN_API_KEY_FILE".to_owned()));
}
