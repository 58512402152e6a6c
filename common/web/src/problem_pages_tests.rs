use std::fmt::Write;

use actix_web::body::MessageBody;
use actix_web::test::TestRequest;

use super::*;

/// The document with one section per type, as this table has it.
fn document() -> String {
    let mut text = String::from(
        "# Problems\n\n\
         An error response is `application/problem+json` (RFC 9457); under `/api`, the problem is in the envelope. Its `type` says what\n\
         happened, and never changes its meaning: branch on that, not on `title` or `detail`. Both services have a page about each\n\
         type, with an example, at the `type` itself; `/problems/` lists them all. There are three exceptions:\n\n",
    );
    for exception in EXCEPTIONS {
        writeln!(text, "- {exception}").expect("text");
    }
    text.push_str(
        "\n\
         | type | status | title |\n|---|---|---|\n",
    );
    for kind in ProblemKind::ALL {
        let Definition {
            type_uri,
            status,
            title,
            ..
        } = kind.definition();
        writeln!(text, "| `{type_uri}` | {status} | {title} |").expect("text");
    }
    for kind in ProblemKind::ALL {
        let Definition {
            type_uri,
            status,
            meaning,
            remedy,
            effect,
            ..
        } = kind.definition();
        let effect = effect.as_str();
        write!(
            text,
            "\n## `{type_uri}`\n\nStatus {status}. {meaning}\n\n**What to do:** {remedy}\n\n**Effect of the request:** {effect}\n"
        )
        .expect("text");
    }
    text
}

/// To rewrite it: `ORDERLOG_WRITE_DOCS=1 cargo test -p orderlog-web docs_problems_md`.
#[test]
fn docs_problems_md_is_this_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/problems.md");
    if std::env::var_os("ORDERLOG_WRITE_DOCS").is_some() {
        std::fs::write(path, document()).expect("docs/problems.md can be written");
    }
    let written = std::fs::read_to_string(path).expect("docs/problems.md");
    assert_eq!(written, document());
}

async fn answer(accept: &str, name: &str) -> Result<(String, String), Problem> {
    let request = TestRequest::default()
        .insert_header(("accept", accept))
        .to_http_request();
    let response = problem_type(request, web::Path::from(name.to_owned())).await?;
    let media_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .expect("a type")
        .to_str()
        .expect("text")
        .to_owned();
    let body = response.into_body().try_into_bytes().expect("bytes");
    Ok((media_type, String::from_utf8(body.to_vec()).expect("text")))
}

#[actix_web::test]
async fn every_type_has_a_page_for_browsers_and_a_description_for_others() {
    for kind in ProblemKind::ALL {
        let name = kind.type_uri().trim_start_matches("/problems/");
        let (media_type, page) = answer("text/html", name).await.expect("a page");
        assert_eq!(media_type, "text/html; charset=utf-8");
        assert!(page.contains(&format!("<h1>{}</h1>", kind.title())), "{page}");
        assert!(page.contains(&inline_code(kind.definition().remedy)), "{page}");
        let (media_type, json) = answer("*/*", name).await.expect("a description");
        assert_eq!(media_type, "application/json");
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(
            (&json["type"], &json["example"]["type"]),
            (&kind.type_uri().into(), &kind.type_uri().into())
        );
    }
}

#[actix_web::test]
async fn the_list_links_every_type_and_names_what_has_none() {
    let request = TestRequest::default()
        .insert_header(("accept", "text/html"))
        .to_http_request();
    let body = list(&request, "cart-service").into_body().try_into_bytes();
    let page = String::from_utf8(body.expect("bytes").to_vec()).expect("text");
    for kind in ProblemKind::ALL {
        let name = kind.type_uri().trim_start_matches("/problems/");
        assert!(
            page.contains(&format!("<a href=\"{name}\">{}</a>", kind.title())),
            "{page}"
        );
    }
    for exception in [
        "<code>/health/ready</code>",
        "<code>about:blank</code>",
        "without a body",
    ] {
        assert!(page.contains(exception), "{page}");
    }
}

#[actix_web::test]
async fn an_unknown_name_gets_a_list_of_the_existing_ones() {
    let problem = answer("*/*", "nothing").await.expect_err("there is none");
    assert_eq!(problem.kind(), ProblemKind::NotFound);
    assert!(
        problem
            .summary()
            .contains("order-not-found, dead-letter-not-found, replay-not-found"),
        "{problem}"
    );
}

#[actix_web::test]
async fn caches_learn_that_the_list_depends_on_what_the_client_accepts() {
    for (accept, media_type) in [("text/html", "text/html; charset=utf-8"), ("*/*", "application/json")] {
        let request = TestRequest::default().insert_header(("accept", accept));
        let response = list(&request.to_http_request(), "test");
        let headers = [header::CONTENT_TYPE, header::VARY].map(|name| response.headers().get(name));
        let headers = headers.map(|value| value.expect("a header").to_str().expect("text"));
        assert_eq!(headers, [media_type, "Accept"]);
    }
}
