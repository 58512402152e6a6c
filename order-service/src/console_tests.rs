use std::collections::BTreeSet;
use std::fs;

use actix_web::http::header;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use orderlog_runtime::supervisor::Supervisor;
use orderlog_web::access::AccessPolicy;
use orderlog_web::server;

use super::*;

fn console(config: &mut ServiceConfig) {
    configure(config, &"http://carts.example:8000/shop".parse().expect("a URL"));
}

fn text(file: &File) -> &str {
    std::str::from_utf8(file.content).expect("text")
}

#[test]
fn every_file_of_the_folder_is_embedded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/console");
    let in_folder: BTreeSet<String> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    let embedded: BTreeSet<String> = FILES.iter().map(|file| file.name.to_owned()).collect();
    assert_eq!(embedded, in_folder);
}

#[test]
fn nothing_turns_text_into_markup_or_code() {
    for file in FILES {
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "setHTML",
            "srcdoc",
            "eval(",
            "new Function",
            "javascript:",
        ] {
            assert!(!text(file).contains(way), "{}: {way}", file.name);
        }
    }
}

#[test]
fn nothing_is_fetched_from_elsewhere() {
    for file in FILES {
        // The namespace of SVG is a name, not an address.
        let text = text(file).replace("http://www.w3.org/2000/svg", "");
        for address in ["http://", "https://", "url(//", "src=\"//"] {
            assert!(!text.contains(address), "{}: {address}", file.name);
        }
    }
}

#[test]
fn every_module_imports_only_modules_that_exist() {
    for file in FILES.iter().filter(|file| file.name.ends_with(".js")) {
        for line in text(file).lines().filter(|line| line.contains(" from \"")) {
            let module = line.split('"').nth(1).and_then(|path| path.strip_prefix("./"));
            let exists = module.is_some_and(|module| FILES.iter().any(|file| file.name == module));
            assert!(exists, "{}: {line}", file.name);
        }
    }
}

#[actix_web::test]
async fn the_page_and_its_files_are_served_with_a_policy_that_runs_nothing_else() {
    let app = init_service(server::app(
        "test",
        Supervisor::default(),
        AccessPolicy::default(),
        console,
    ))
    .await;
    for prefix in ["", "/api"] {
        for (path, content_type) in [
            ("/", "text/html; charset=utf-8"),
            ("/console/main.js", "text/javascript; charset=utf-8"),
            ("/console/base.css", "text/css; charset=utf-8"),
            ("/console/icon.svg", "image/svg+xml"),
        ] {
            let request = TestRequest::get().uri(&format!("{prefix}{path}")).to_request();
            let response = call_service(&app, request).await;
            assert_eq!(response.status(), 200, "{prefix}{path}");
            let value = |name| {
                response
                    .headers()
                    .get(name)
                    .expect("the header")
                    .to_str()
                    .expect("text")
                    .to_owned()
            };
            assert_eq!(value(header::CONTENT_TYPE), content_type);
            assert_eq!(value(header::CACHE_CONTROL), "no-cache");
            let policy = value(header::CONTENT_SECURITY_POLICY);
            assert!(
                policy.contains("script-src 'self';") && !policy.contains("unsafe"),
                "{policy}"
            );
            assert!(
                policy.contains("connect-src 'self' http://carts.example:8000;"),
                "{policy}"
            );
        }
    }
    let nothing = TestRequest::get().uri("/console/nothing.js").to_request();
    assert_eq!(call_service(&app, nothing).await.status(), 404);
}

#[actix_web::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let app = init_service(server::app(
        "test",
        Supervisor::default(),
        AccessPolicy::default(),
        console,
    ))
    .await;
    let get = |tag: &str| {
        let request = TestRequest::get().uri("/console/main.js");
        request.insert_header((header::IF_NONE_MATCH, tag)).to_request()
    };
    let first = call_service(&app, get("\"another\"")).await;
    let tag = first
        .headers()
        .get(header::ETAG)
        .expect("a tag")
        .to_str()
        .expect("text")
        .to_owned();
    assert_eq!(first.status(), 200);
    let again = call_service(&app, get(&tag)).await;
    assert_eq!(again.status(), 304);
    assert!(read_body(again).await.is_empty());
}
