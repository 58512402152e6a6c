//! Hostile HTTP, sent as bytes to both services: every request gets a refusal of the one shape, or its connection is
//! closed, within a bound; nothing is produced, nothing breaks inside, memory stays where it was.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use futures::future::join_all;
use testbed::raw::{self, Raw, json, request};
use testbed::service::Service;
use testbed::world::World;
use testbed::{log, wait};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Longest that an answer or a closed connection may take: a body may take 10 s to come.
const BOUND: Duration = Duration::from_secs(20);
/// So much more memory than before may a service take for the attack, in KiB.
const MEMORY: u64 = 200 * 1024;
/// Stands for a connection that is closed without an answer.
const CLOSED: u16 = 0;
/// Slow clients of each service.
const SLOW_CLIENTS: usize = 2_000;

/// What is sent, and which statuses may come back.
struct Case {
    name: String,
    bytes: Vec<u8>,
    allowed: &'static [u16],
}

fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, allowed: &'static [u16]) -> Case {
    Case {
        name: name.into(),
        bytes: bytes.into(),
        allowed,
    }
}

/// What is no proper HTTP, or none that the services speak. (404: order-service has no such path, whatever is sent to it.)
fn protocol() -> Vec<Case> {
    let get = |rest: &str| format!("GET {rest}");
    let post = |headers: &str, body: &str| {
        format!("POST /create-order HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}\r\n{body}")
    };
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
        case("HTTP/9.9", get("/ HTTP/9.9\r\nhost: x\r\n\r\n"), &[400, CLOSED]),
        case(
            "a space too many",
            get("/a b HTTP/1.1\r\nhost: x\r\n\r\n"),
            &[400, CLOSED],
        ),
        case(
            "a NUL in the target",
            get("/\0 HTTP/1.1\r\nhost: x\r\n\r\n"),
            &[400, CLOSED],
        ),
        case(
            "a line break in a header",
            get("/ HTTP/1.1\r\nhost: x\r\nx: a\n\nb: c\r\n\r\n"),
            &[200, 400, CLOSED],
        ),
        case(
            "a folded header",
            get("/nowhere HTTP/1.1\r\nhost: x\r\nx: a\r\n  b\r\n\r\n"),
            &[400, CLOSED],
        ),
        case(
            "a bare name",
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
            get(&format!("/{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(1 << 20))),
            &[400, 414, 431, CLOSED],
        ),
        case(
            "a head that never ends",
            get("/ HTTP/1.1\r\nhost: x\r\nx-1: "),
            &[408, CLOSED],
        ),
        case(
            "two lengths",
            post("content-length: 2\r\ncontent-length: 3\r\n", "{}x"),
            &[404, 400, CLOSED],
        ),
        case(
            "length and chunks",
            post("content-length: 2\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
            &[404, 400, CLOSED],
        ),
        case(
            "chunks twice",
            post(
                "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
            &[404, 400, CLOSED],
        ),
        case(
            "gzipped chunks",
            post("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"),
            &[404, 400, 415, 501, CLOSED],
        ),
        case(
            "an unknown transfer coding",
            post("transfer-encoding: xchunked\r\n", "0\r\n\r\n"),
            &[404, 400, 501, CLOSED],
        ),
        case(
            "a negative length",
            post("content-length: -1\r\n", "{}"),
            &[404, 400, CLOSED],
        ),
        case(
            "a length with a plus",
            post("content-length: +2\r\n", "{}"),
            &[404, 400, CLOSED],
        ),
        case(
            "a length of 100 digits",
            post(&format!("content-length: {}\r\n", "9".repeat(100)), "{}"),
            &[404, 400, 413, CLOSED],
        ),
        case(
            "a length that does not come",
            post("content-length: 50\r\n", "{}"),
            &[404, 408, CLOSED],
        ),
        case(
            "a huge length",
            post("content-length: 18446744073709551615\r\n", "{}"),
            &[404, 400, 413, CLOSED],
        ),
        case(
            "a huge chunk",
            post("transfer-encoding: chunked\r\n", "ffffffffffffffff\r\n{}"),
            &[404, 400, 408, 413, CLOSED],
        ),
        case(
            "a chunk beyond 64 bits",
            post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\n{}"),
            &[404, 400, CLOSED],
        ),
        case(
            "a chunk of no number",
            post("transfer-encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
            &[404, 400, CLOSED],
        ),
        case(
            "chunks that never end",
            post("transfer-encoding: chunked\r\n", &"1\r\nx\r\n".repeat(1 << 19)),
            &[404, 400, 413, CLOSED],
        ),
        case(
            "an expectation nobody knows",
            post("expect: 200-ok\r\ncontent-length: 2\r\n", "{}"),
            &[400, 404, 405, 417, CLOSED],
        ),
        case(
            "a body after a 100",
            post("expect: 100-continue\r\ncontent-length: 2\r\n", "{}"),
            &[400, 404, CLOSED],
        ),
        case(
            "an upgrade",
            get("/nowhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
            &[404],
        ),
        case("HTTP/1.0", get("/nowhere HTTP/1.0\r\n\r\n"), &[404]),
        case("TRACE", "TRACE / HTTP/1.1\r\nhost: x\r\n\r\n", &[405]),
        case(
            "CONNECT",
            "CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n",
            &[400, 404, 405, CLOSED],
        ),
        case("OPTIONS *", "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", &[400, 404, 405]),
        case(
            "a method nobody knows",
            "BREW /create-order HTTP/1.1\r\nhost: x\r\n\r\n",
            &[404, 405],
        ),
        case(
            "a method of a kilobyte",
            format!("{} / HTTP/1.1\r\nhost: x\r\n\r\n", "A".repeat(1024)),
            &[400, 405],
        ),
        case(
            "a target with another host",
            get("http://example.org/nowhere HTTP/1.1\r\nhost: x\r\n\r\n"),
            &[404],
        ),
        case(
            "a body for a GET that never comes",
            get("/nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"),
            &[404],
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

/// Bodies that cart-service refuses.
fn bodies() -> Vec<Case> {
    let long = "9".repeat(200_000);
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(60_000), close.repeat(60_000));
    let full = |items: &str| format!(r#"{{"orderId":"X","customerId":"C","currency":"USD","items":[{items}]}}"#);
    let item = |rest: &str| full(&format!(r#"{{"itemId":"I",{rest}}}"#));
    let faulty = vec![r#"{"itemId":"","quantity":0,"price":0}"#; 7000].join(",");
    let text: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        ("white space", " \n\t ".into()),
        ("null", "null".into()),
        ("a list", "[]".into()),
        ("a number", "1".into()),
        ("a string", "\"x\"".into()),
        ("no object at all", "orderId=X&itemsCount=1".into()),
        ("a cut object", r#"{"orderId":"X","itemsCount":1"#.into()),
        ("something behind it", r#"{"orderId":"X","itemsCount":1}{}"#.into()),
        ("a comment", r#"{"orderId":"X",/**/"itemsCount":1}"#.into()),
        ("a comma too many", r#"{"orderId":"X","itemsCount":1,}"#.into()),
        (
            "a mark of byte order",
            "\u{feff}{\"orderId\":\"X\",\"itemsCount\":1}".into(),
        ),
        (
            "a field twice",
            r#"{"orderId":"X","orderId":"Y","itemsCount":1}"#.into(),
        ),
        (
            "a field under two names",
            r#"{"orderId":"X","order_id":"Y","itemsCount":1}"#.into(),
        ),
        (
            "a count under two names",
            r#"{"orderId":"X","itemsCount":1,"numItems":2}"#.into(),
        ),
        (
            "a field that is escaped and twice",
            r#"{"orderId":"X","\u006frderId":"Y","itemsCount":1}"#.into(),
        ),
        (
            "an unknown field",
            r#"{"orderId":"X","itemsCount":1,"__proto__":{}}"#.into(),
        ),
        ("an unknown field of 200 kB", format!(r#"{{"orderId":"X","{long}":1}}"#)),
        ("deep lists", deep("[", "]")),
        ("deep objects", format!("{}1", r#"{"a":"#.repeat(40_000))),
        (
            "deep lists in a field",
            format!(r#"{{"orderId":{}"#, "[".repeat(100_000)),
        ),
        ("a lone surrogate", r#"{"orderId":"\ud800","itemsCount":1}"#.into()),
        ("a control character", r#"{"orderId":"a\u0000b","itemsCount":1}"#.into()),
        (
            "a line break in an id",
            r#"{"orderId":"a\nFORGED level=error","itemsCount":1}"#.into(),
        ),
        (
            "a raw line break in an id",
            "{\"orderId\":\"a\nb\",\"itemsCount\":1}".into(),
        ),
        (
            "an escape sequence in an id",
            r#"{"orderId":"a\u001b[31m","itemsCount":1}"#.into(),
        ),
        ("an empty id", r#"{"orderId":"","itemsCount":1}"#.into()),
        (
            "an id of 65 characters",
            format!(r#"{{"orderId":"{}","itemsCount":1}}"#, "x".repeat(65)),
        ),
        ("an id of 200 kB", format!(r#"{{"orderId":"{long}","itemsCount":1}}"#)),
        ("an id that is a number", r#"{"orderId":7,"itemsCount":1}"#.into()),
        (
            "an id that is an object",
            r#"{"orderId":{"$ne":null},"itemsCount":1}"#.into(),
        ),
        ("1e400 items", r#"{"orderId":"X","itemsCount":1e400}"#.into()),
        ("half an item", r#"{"orderId":"X","itemsCount":1.5}"#.into()),
        ("-0 items", r#"{"orderId":"X","itemsCount":-0}"#.into()),
        ("-1 items", r#"{"orderId":"X","itemsCount":-1}"#.into()),
        ("NaN items", r#"{"orderId":"X","itemsCount":NaN}"#.into()),
        (
            "a million items, by count",
            r#"{"orderId":"X","itemsCount":1000000}"#.into(),
        ),
        (
            "more items than 64 bits",
            r#"{"orderId":"X","itemsCount":18446744073709551616}"#.into(),
        ),
        ("a count of 200 kB", format!(r#"{{"orderId":"X","itemsCount":{long}}}"#)),
        ("no items", full("")),
        (
            "101 items",
            full(&vec![r#"{"itemId":"I","quantity":1,"price":1}"#; 101].join(",")),
        ),
        ("7,000 items with three faults each", full(&faulty)),
        ("100,000 items of no kind", full(&vec!["0"; 100_000].join(","))),
        ("a price of 1e400", item(r#""quantity":1,"price":1e400"#)),
        ("a price of 1e-400", item(r#""quantity":1,"price":1e-400"#)),
        (
            "a price with an endless exponent",
            item(r#""quantity":1,"price":1e99999999999999999999"#),
        ),
        ("a price of 200 kB", item(&format!(r#""quantity":1,"price":{long}"#))),
        ("a price of -0", item(r#""quantity":1,"price":-0"#)),
        ("a price in a string", item(r#""quantity":1,"price":"1""#)),
        ("a price of a tenth of a cent", item(r#""quantity":1,"price":0.001"#)),
        (
            "a total beyond 64 bits",
            item(r#""quantity":1000000,"price":92233720368547758.07"#),
        ),
        ("a quantity of 1e400", item(r#""quantity":1e400,"price":1"#)),
        ("a quantity of -2147483649", item(r#""quantity":-2147483649,"price":1"#)),
        (
            "a currency of control characters",
            r#"{"orderId":"X","customerId":"C","currency":"U\u0000D","items":[]}"#.into(),
        ),
    ];
    let mut cases: Vec<Case> = text
        .into_iter()
        .flat_map(|(name, body)| {
            ["/create-order", "/api/create-order"]
                .map(|path| case(format!("{name} to {path}"), json("POST", path, &body), &[400]))
        })
        .collect();
    let good = r#"{"orderId":"X","itemsCount":1}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        ";",
        "json",
    ] {
        cases.push(case(
            format!("as {kind}"),
            request("POST", "/create-order", &[("content-type", kind)], good),
            &[415],
        ));
    }
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, gzip", "identity, gzip"] {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        cases.push(case(
            format!("in {coding}"),
            request("POST", "/create-order", &headers, good),
            &[415],
        ));
    }
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let charset = [("content-type", "application/json; charset=utf-16")];
    cases.extend([
        case(
            "UTF-16",
            request("POST", "/create-order", &charset, &utf16),
            &[400, 415],
        ),
        case("no media type", request("POST", "/create-order", &[], good), &[415]),
        case(
            "UTF-8 that is none",
            json("POST", "/create-order", b"{\"orderId\":\"\xff\xfe\",\"itemsCount\":1}"),
            &[400],
        ),
        case(
            "overlong UTF-8",
            json("POST", "/create-order", b"{\"orderId\":\"\xc0\xaf\",\"itemsCount\":1}"),
            &[400],
        ),
        case(
            "a million items",
            json(
                "POST",
                "/create-order",
                full(&vec![r#"{"itemId":"I","quantity":1,"price":1}"#; 1_000_000].join(",")),
            ),
            &[413],
        ),
        case(
            "a string of 100 MB",
            json(
                "POST",
                "/create-order",
                format!(r#"{{"orderId":"{}"}}"#, "x".repeat(100_000_000)),
            ),
            &[413],
        ),
        case(
            "an update to nothing",
            json("PUT", "/update-order", r#"{"orderId":"X","status":null}"#),
            &[400],
        ),
        case(
            "an update of an id with a line break",
            json("PUT", "/update-order", r#"{"orderId":"a\r\nb","status":"confirmed"}"#),
            &[400],
        ),
        case(
            "an update of a path",
            json(
                "PUT",
                "/update-order",
                r#"{"orderId":"../../etc/passwd","status":"confirmed"}"#,
            ),
            &[404],
        ),
        case(
            "an update of markup",
            json(
                "PUT",
                "/update-order",
                r#"{"orderId":"\"'><script>%00${x}\u202e","status":"confirmed"}"#,
            ),
            &[404],
        ),
        case("a delete", json("DELETE", "/create-order", "{}"), &[405]),
        case("a create with PUT", json("PUT", "/create-order", good), &[405]),
    ]);
    cases
}

/// Questions that order-service refuses.
fn queries(topic: &str) -> Vec<Case> {
    let details = |query: &str| format!("/order-details?{query}");
    let ids = |query: &str| format!("/getAllOrderIdsFromTopic?topic={topic}&{query}");
    let refused = [
        details(""),
        details("orderId="),
        details("orderId=1&orderId=2"),
        details("orderId=1&order_id=2"),
        details("orderId=1&minVersion=-1"),
        details("orderId=1&minVersion=0"),
        details("orderId=1&minVersion=1e400"),
        details("orderId=1&minVersion=1&waitMs=99999999999999999999"),
        details("orderId=1&minVersion=1&waitMs=-1"),
        details("orderId=1&minVersion=1&waitMs=30001"),
        details("orderId=a%00b"),
        details("orderId=a%0d%0aFORGED"),
        details("orderId=%1b%5b31m"),
        details("orderId=%ff%fe"),
        details("orderId=%c0%af"),
        details("orderId=%ed%a0%80"),
        details(&format!("orderId={}", "x".repeat(65))),
        details(&format!("orderId={}", "x".repeat(60_000))),
        ids("limit=-1"),
        ids("limit=0"),
        ids("limit=1000000000"),
        ids("limit=1e9"),
        ids("limit=10001"),
        ids("limit=1&limit=2"),
        ids("limit=%00"),
        ids("topic=other"),
        "/dlq/messages?limit=-1".into(),
        "/dlq/messages?limit=99999999999999999999".into(),
        "/dlq/messages?before=x".into(),
        "/dlq/messages?before=0--1".into(),
        "/dlq/messages?code=%27%20OR%201%3D1".into(),
        "/dlq/messages?partition=99999999999".into(),
    ];
    let mut cases: Vec<Case> = refused
        .iter()
        .flat_map(|path| {
            [path.clone(), format!("/api{path}")].map(|path| {
                case(
                    &path[..path.len().min(200)],
                    request("GET", &path, &[], ""),
                    &[400, 404],
                )
            })
        })
        .collect();
    for id in [
        "..%2f..%2fetc%2fpasswd",
        "%22%27%3e%3cscript%3e",
        "%e2%80%ae",
        "a%2fb",
        "%2500",
        "a+b",
    ] {
        cases.push(case(
            id,
            request("GET", &details(&format!("orderId={id}")), &[], ""),
            &[404],
        ));
    }
    let endless = details(&format!("orderId={}", "x".repeat(100_000)));
    cases.push(case(
        "a query of 100 kB",
        request("GET", &endless, &[], ""),
        &[400, CLOSED],
    ));
    for path in ["/stats", "/order-details", "/dlq/info", "/getAllOrderIdsFromTopic"] {
        cases.push(case(format!("POST {path}"), json("POST", path, "{}"), &[405]));
    }
    cases
}

/// Sends everything, some at a time, and checks every answer. Returns what was wrong.
async fn send(to: SocketAddr, cases: &[Case]) -> Vec<String> {
    let mut wrong = Vec::new();
    for some in cases.chunks(64) {
        let sent = join_all(some.iter().map(|case| raw::exchange(to, &case.bytes, BOUND))).await;
        for (case, answer) in some.iter().zip(sent) {
            let judged = answer.and_then(|answer| judge(case, answer));
            wrong.extend(judged.err().map(|why| format!("{}: {why:#}", case.name)));
        }
    }
    wrong
}

fn judge(case: &Case, answer: Option<Raw>) -> anyhow::Result<()> {
    let Some(answer) = answer else {
        anyhow::ensure!(case.allowed.contains(&CLOSED), "closed without an answer");
        return Ok(());
    };
    let text = String::from_utf8_lossy(&answer.body);
    let shown = || format!("{}\n{}", answer.head, &text[..text.len().min(300)]);
    anyhow::ensure!(case.allowed.contains(&answer.status), "{}", shown());
    anyhow::ensure!(answer.body.len() <= 64 * 1024, "{} bytes of answer", answer.body.len());
    // Before there is a request there is nobody to write a problem: a bare status, and the connection is closed.
    if answer.status == 200 || (answer.body.is_empty() && case.allowed.contains(&CLOSED)) {
        return Ok(());
    }
    let value: serde_json::Value = serde_json::from_slice(&answer.body).with_context(shown)?;
    let problem = match value.get("success") {
        Some(success) => {
            anyhow::ensure!(success == false && value["error"].is_string(), "{}", shown());
            &value["details"]
        }
        None => &value,
    };
    let status = problem["status"].as_u64();
    let named = problem["type"].is_string() && problem["title"].is_string();
    anyhow::ensure!(named && status == Some(u64::from(answer.status)), "{}", shown());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_is_refused_in_one_shape_and_nothing_is_produced() -> anyhow::Result<()> {
    let world = World::new("hostile-http")?;
    let (cart, order) = world.pair().await?;
    cart.http.created("BEFORE").await?;
    order.http.order("BEFORE", 1).await?;
    let ends = log::ends(&world.servers.kafka, &world.topic).await?;
    let memory = [cart.peak_memory()?, order.peak_memory()?];
    let common: Vec<Case> = protocol().into_iter().chain(paths()).collect();
    let (to_cart, to_order) = (address(&cart)?, address(&order)?);
    let (bodies, queries) = (bodies(), queries(&world.topic));
    let wrong = tokio::join!(
        async { [send(to_cart, &common).await, send(to_cart, &bodies).await].concat() },
        async { [send(to_order, &common).await, send(to_order, &queries).await].concat() },
    );
    assert!(
        wrong.0.is_empty() && wrong.1.is_empty(),
        "cart-service:\n{}\norder-service:\n{}",
        wrong.0.join("\n"),
        wrong.1.join("\n")
    );
    assert_eq!(
        log::ends(&world.servers.kafka, &world.topic).await?,
        ends,
        "nothing was produced"
    );
    for (service, memory) in [(&cart, memory[0]), (&order, memory[1])] {
        unharmed(service, memory).await?;
    }
    cart.http.created("AFTER").await?;
    Ok(())
}

fn address(service: &Service) -> anyhow::Result<SocketAddr> {
    service
        .http
        .url()
        .trim_start_matches("http://")
        .parse()
        .context("an address")
}

/// Checks that it is healthy, has panicked nowhere, has let nobody forge its log, and has not grown.
async fn unharmed(service: &Service, memory: u64) -> anyhow::Result<()> {
    let health = service.http.health().await?;
    assert!(health.ready && health.status == "healthy", "{health:?}");
    let log = service.log();
    assert!(!log.contains("panicked"), "{}", service.log_tail());
    assert!(!log.contains('\u{1b}'), "an escape sequence came into the log");
    for line in log.lines() {
        assert!(line.starts_with("20"), "no line of ours: {line}");
        assert!(!line.contains(" ERROR "), "{line}");
    }
    let grown = service.peak_memory()?.saturating_sub(memory);
    assert!(grown < MEMORY, "it has grown by {grown} KiB");
    Ok(())
}

/// A client that takes its time.
#[derive(Clone, Copy, Debug)]
enum Slow {
    /// Connects, and says nothing.
    Silent,
    /// Its first head comes byte by byte.
    Head,
    /// Its second head comes byte by byte.
    LaterHead,
    /// Its body comes byte by byte.
    Body,
    /// Asks again and again, and never reads.
    Deaf,
}

const SLOW: [Slow; 5] = [Slow::Silent, Slow::Head, Slow::LaterHead, Slow::Body, Slow::Deaf];
/// Between two bytes of a slow client.
const DRIP: Duration = Duration::from_millis(500);

impl Slow {
    /// What is sent at once, and what is dripped.
    fn script(self) -> (&'static [u8], &'static [u8]) {
        let drip = b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow: ";
        match self {
            Self::Silent => (b"", b""),
            Self::Head => (b"", drip),
            Self::LaterHead => (b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n", drip),
            Self::Body => (
                b"POST /create-order HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{",
                b" ",
            ),
            Self::Deaf => (b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n"),
        }
    }

    /// Goes on until the connection is closed.
    async fn run(self, to: SocketAddr) {
        let Ok(mut stream) = TcpStream::connect(to).await else {
            return;
        };
        let (first, drip) = self.script();
        let mut sent = stream.write_all(first).await;
        let mut bytes = drip.iter().cycle();
        while sent.is_ok() {
            tokio::time::sleep(DRIP).await;
            sent = match self {
                // A read tells that the server has closed; a later head's client has an answer to read first.
                Self::Silent => match stream.read(&mut [0; 64]).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => Ok(()),
                },
                Self::Deaf => stream.write_all(drip).await,
                Self::Head | Self::LaterHead | Self::Body => match bytes.next() {
                    Some(byte) => stream.write_all(&[*byte]).await,
                    None => return,
                },
            };
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_slow_clients_lock_nobody_out_and_are_shown_the_door() -> anyhow::Result<()> {
    let world = World::new("slow-http")?;
    let (cart, order) = world.pair().await?;
    let memory = [cart.peak_memory()?, order.peak_memory()?];
    let to = [address(&cart)?, address(&order)?];
    let mut slow = JoinSet::new();
    for n in 0..2 * SLOW_CLIENTS {
        slow.spawn(SLOW[(n / 2) % SLOW.len()].run(to[n % 2]));
    }
    let mut served = 0;
    let others = wait::throughout("others are served", Duration::from_secs(12), async || {
        let id = format!("A-{served}");
        served += 1;
        cart.http.created(&id).await?;
        cart.http.updated(&id, "confirmed").await?;
        order.http.order(&id, 2).await?;
        Ok(())
    });
    others.await?;
    assert!(served > 20, "only {served} orders got through");
    let gone = 2 * SLOW_CLIENTS - slow.len();
    println!("{served} orders got through; {gone} slow clients are gone");
    slow.abort_all();
    unharmed(&cart, memory[0]).await?;
    unharmed(&order, memory[1]).await
}
