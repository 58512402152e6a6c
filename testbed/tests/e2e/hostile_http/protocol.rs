//! Malformed HTTP, and paths that lead nowhere.

use testbed::raw::request;
use testbed::service::Program;

use super::case::{CLOSED, Case, case};

/// Malformed HTTP, HTTP that the services do not support, and paths that lead nowhere.
pub fn cases(program: Program) -> Vec<Case> {
    let mut creations = creations();
    if program == Program::Order {
        // It has no such path, and need not read the request.
        creations.iter_mut().for_each(|case| case.allowed.push(404));
    }
    [anywhere(), creations, paths()].into_iter().flatten().collect()
}

/// Requests whose answer does not depend on the path.
fn anywhere() -> Vec<Case> {
    let get = |rest: &str| format!("GET {rest}");
    let headers = |count: usize| (0..count).map(|n| format!("x-{n}: 1\r\n")).collect::<String>();
    vec![
        case("garbage", vec![0xff; 4096], &[400, CLOSED]),
        case("zeroes", vec![0; 4096], &[400, CLOSED]),
        case(
            "a TLS hello",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
            &[400, CLOSED],
        ),
        case(
            "HTTP/2 with prior knowledge",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            &[400, CLOSED],
        ),
        case("HTTP/0.9", "GET /\r\n\r\n", &[400, CLOSED]),
        case("HTTP/9.9", get("/ HTTP/9.9\r\nhost: localhost\r\n\r\n"), &[400, CLOSED]),
        case(
            "a space in the target",
            get("/a b HTTP/1.1\r\nhost: localhost\r\n\r\n"),
            &[400, CLOSED],
        ),
        case(
            "a NUL in the target",
            get("/\0 HTTP/1.1\r\nhost: localhost\r\n\r\n"),
            &[400, CLOSED],
        ),
        case(
            "a line break in a header",
            get("/ HTTP/1.1\r\nhost: localhost\r\nx: a\n\nb: c\r\n\r\n"),
            &[200, 400, CLOSED],
        ),
        case(
            "a folded header",
            get("/nowhere HTTP/1.1\r\nhost: localhost\r\nx: a\r\n  b\r\n\r\n"),
            &[400, CLOSED],
        ),
        case(
            "a header without a colon",
            get("/nowhere HTTP/1.1\r\nhost x\r\n\r\n"),
            &[400, CLOSED],
        ),
        case(
            "thousands of headers",
            get(&format!("/ HTTP/1.1\r\n{}\r\n", headers(5000))),
            &[400, 431, CLOSED],
        ),
        case(
            "a header of a megabyte",
            get(&format!("/ HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(1 << 20))),
            &[400, 431, CLOSED],
        ),
        case(
            "a target of a megabyte",
            get(&format!("/{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(1 << 20))),
            &[400, 414, 431, CLOSED],
        ),
        case(
            "a head that never ends",
            get("/ HTTP/1.1\r\nhost: localhost\r\nx-1: "),
            &[408, CLOSED],
        ),
        case(
            "an upgrade",
            get("/nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
            &[404],
        ),
        case("HTTP/1.0", get("/nowhere HTTP/1.0\r\n\r\n"), &[404]),
        case("TRACE", "TRACE / HTTP/1.1\r\nhost: localhost\r\n\r\n", &[405]),
        case(
            "CONNECT",
            "CONNECT example.org:443 HTTP/1.1\r\nhost: localhost\r\n\r\n",
            &[400, 404, 405, 421, CLOSED],
        ),
        case(
            "OPTIONS *",
            "OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n",
            &[400, 404, 405],
        ),
        case(
            "a method of a kilobyte",
            format!("{} / HTTP/1.1\r\nhost: localhost\r\n\r\n", "A".repeat(1024)),
            &[400, 405],
        ),
        case(
            "a target with another host",
            get("http://example.org/nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n"),
            &[421],
        ),
        case(
            "another host",
            get("/health HTTP/1.1\r\nhost: example.org\r\n\r\n"),
            &[421],
        ),
        case(
            "a page of another origin",
            "DELETE / HTTP/1.1\r\nhost: localhost\r\norigin: https://example.org\r\n\r\n",
            &[403],
        ),
        case(
            "a body of a GET that never arrives",
            get("/nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n"),
            &[404],
        ),
    ]
}

/// Creations with wrong framing, and cart-service's answers.
fn creations() -> Vec<Case> {
    let post = |headers: &str, body: &str| {
        format!(
            "POST /create-order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}\r\n{body}"
        )
    };
    vec![
        case(
            "two lengths",
            post("content-length: 2\r\ncontent-length: 3\r\n", "{}x"),
            &[400, CLOSED],
        ),
        case(
            "a length and chunks",
            post("content-length: 2\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
            &[400, CLOSED],
        ),
        case(
            "chunked twice",
            post(
                "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
            &[400, CLOSED],
        ),
        case(
            "gzipped chunks",
            post("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"),
            &[400, 415, 501, CLOSED],
        ),
        case(
            "an unknown transfer coding",
            post("transfer-encoding: xchunked\r\n", "0\r\n\r\n"),
            &[400, 501, CLOSED],
        ),
        case(
            "a negative length",
            post("content-length: -1\r\n", "{}"),
            &[400, CLOSED],
        ),
        case(
            "a length with a plus",
            post("content-length: +2\r\n", "{}"),
            &[400, CLOSED],
        ),
        case(
            "a length of 100 digits",
            post(&format!("content-length: {}\r\n", "9".repeat(100)), "{}"),
            &[400, 413, CLOSED],
        ),
        case(
            "a body that never arrives",
            post("content-length: 50\r\n", "{}"),
            &[408, CLOSED],
        ),
        case(
            "a huge length",
            post("content-length: 18446744073709551615\r\n", "{}"),
            &[400, 413, CLOSED],
        ),
        case(
            "a huge chunk",
            post("transfer-encoding: chunked\r\n", "ffffffffffffffff\r\n{}"),
            &[400, 408, 413, CLOSED],
        ),
        case(
            "a chunk beyond 64 bits",
            post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\n{}"),
            &[400, CLOSED],
        ),
        case(
            "a chunk without a size",
            post("transfer-encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
            &[400, CLOSED],
        ),
        case(
            "chunks that never end",
            post("transfer-encoding: chunked\r\n", &"1\r\nx\r\n".repeat(1 << 19)),
            &[400, 413, CLOSED],
        ),
        case(
            "an unknown expectation",
            post("expect: 200-ok\r\ncontent-length: 2\r\n", "{}"),
            &[400, 405, 417, CLOSED],
        ),
        case(
            "a body after a 100",
            post("expect: 100-continue\r\ncontent-length: 2\r\n", "{}"),
            &[400, CLOSED],
        ),
        case(
            "an unknown method",
            "BREW /create-order HTTP/1.1\r\nhost: localhost\r\n\r\n",
            &[405],
        ),
    ]
}

/// Paths that lead nowhere, however they are written.
fn paths() -> Vec<Case> {
    let tricks = [
        "//",
        "/api/../nowhere",
        "/api//stats",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/docs/../../etc/passwd",
        "/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/docs/..%5c..%5cetc",
        "/nowhere%00",
        "/%",
        "/%zz",
        "/%c0%ae%c0%ae/",
        "/%ff%fe",
        "/nowhere;a=b",
        "/nowhere?x=%0d%0aset-cookie:%20a=b",
        "/dlq/messages/0/../../stats",
        "/stats/",
        "/STATS",
    ];
    let paths = tricks.map(|path| case(path, request("GET", path, &[], ""), &[400, 404]));
    let under_api = tricks.map(|path| {
        case(
            format!("/api{path}"),
            request("GET", &format!("/api{path}"), &[], ""),
            &[400, 404],
        )
    });
    paths.into_iter().chain(under_api).collect()
}
