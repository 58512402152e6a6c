//! The server on a real socket: binding, limits, access, stopping.

mod connections;

use std::convert::Infallible;
use std::net::SocketAddr;

use actix_web::dev::ServerHandle;
use actix_web::rt::task::JoinHandle;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::{Json, Query, Reply, Streamed, routes};
use super::*;

fn routes_under_test(config: &mut ServiceConfig) {
    config
        .service(routes::post(
            "/create-order",
            |Json { value: body, .. }: Json<Value>| async { Reply::ok("Created", body) },
        ))
        .service(routes::get(
            "/order-details",
            |Query(q): Query<Map<String, Value>>| async { Reply::ok("Found", q) },
        ))
        .service(routes::get("/wait", || async {
            std::future::pending::<()>().await;
            Reply::ok("Never", Map::new())
        }))
        .service(routes::get("/stream", stream))
        .service(routes::get("/health", || async { Reply::ok("Health", Map::new()) }));
}

/// A response that never ends, a byte every 50 ms.
async fn stream(request: HttpRequest) -> HttpResponse {
    let pieces = futures::stream::unfold(Streamed::of(&request), |streamed| async move {
        streamed.piece_taken();
        tokio::time::sleep(Duration::from_millis(50)).await;
        Some((Ok::<_, Infallible>(web::Bytes::from_static(b".")), streamed))
    });
    HttpResponse::Ok().streaming(pieces)
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n";
const DETAILS: &str = "GET /order-details?orderId=1 HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A server that is running.
struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    served: JoinHandle<io::Result<()>>,
}

impl Running {
    async fn start(limits: Limits) -> Self {
        let listener = bind("localhost", 0, "--api-port / API_PORT")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (supervisor, access) = (Supervisor::default(), AccessConfig::default());
        let server = serve_with(listener, "test", &supervisor, &access, routes_under_test, limits).expect("a server");
        Self {
            address,
            handle: server.handle(),
            served: actix_web::rt::spawn(server),
        }
    }

    async fn stop(self, graceful: bool) {
        self.handle.stop(graceful).await;
        self.served.await.expect("no panic").expect("a clean stop");
    }
}

/// Limits with room for that many connections besides the spare ones.
fn room_for(connections: usize) -> Limits {
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    assert!(workers < RESERVED, "this test needs fewer workers than {RESERVED}");
    Limits {
        idle_timeout: IDLE_TIMEOUT,
        connections: (connections + 1).next_multiple_of(workers),
    }
}

/// Whether the server has closed that connection; waits a while for it.
async fn is_closed(connection: &mut TcpStream) -> bool {
    let read = tokio::time::timeout(Duration::from_secs(5), connection.read(&mut [0; 64])).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

/// Sends that request; returns the connection and the response.
async fn exchange(address: std::net::SocketAddr, request: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    let mut buffer = [0; 4096];
    // Every body here is a JSON object.
    while !answer.ends_with('}') {
        match stream.read(&mut buffer).await.expect("an answer") {
            0 => break,
            read => answer.push_str(std::str::from_utf8(&buffer[..read]).expect("text")),
        }
    }
    (stream, answer)
}

#[actix_web::test]
async fn a_busy_port_is_named_with_the_setting_that_changes_it() {
    let taken = bind("127.0.0.1", 0, "--api-port / API_PORT")
        .await
        .expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let error = bind("127.0.0.1", port, "--api-port / API_PORT")
        .await
        .expect_err("a busy port")
        .to_string();
    assert!(error.contains(&format!("127.0.0.1:{port}")), "{error}");
    assert!(error.contains("--api-port / API_PORT"), "{error}");
    let error = bind("no-such-host.invalid", 1, "--api-port / API_PORT")
        .await
        .expect_err("no host")
        .to_string();
    assert!(error.contains("no-such-host.invalid:1"), "{error}");
}

#[actix_web::test]
async fn a_running_server_answers_and_stops_on_request() {
    let listener = bind("localhost", 0, "--api-port / API_PORT")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let supervisor = Supervisor::default();
    let server = serve(
        listener,
        "test",
        &supervisor,
        &AccessConfig::default(),
        routes_under_test,
    )
    .expect("a server");
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);

    let post = "POST /create-order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let (_, answer) = exchange(address, &format!("{post}content-length: 300000\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let chunks = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(5);
    let (_, answer) = exchange(
        address,
        &format!("{post}transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let head = "HEAD /order-details?orderId=1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let (_, answer) = exchange(address, head).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );

    let (_kept_alive, answer) = exchange(
        address,
        "GET /order-details?orderId=1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    )
    .await;
    assert!(answer.ends_with(r#"{"orderId":"1"}"#), "{answer}");
    // From here on it refuses new requests until it is closed.
    supervisor.begin_shutdown();
    let (_, answer) = exchange(
        address,
        "GET /api/order-details?orderId=1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("stopping"),
        "{answer}"
    );
    let (_, answer) = exchange(address, "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 404 "),
        "only that route is missing here: {answer}"
    );
    let stopping = std::time::Instant::now();
    handle.stop(true).await;
    running.await.expect("no panic").expect("a clean stop");
    assert!(
        stopping.elapsed() < Duration::from_secs(5),
        "an idle connection delayed it for {:?}",
        stopping.elapsed()
    );
    assert!(TcpStream::connect(address).await.is_err());
}

#[actix_web::test]
async fn a_service_on_loopback_refuses_other_hosts_and_cross_origin_writes() {
    let server = Running::start(room_for(7)).await;
    let get = |target: &str, host: &str| format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    let post = |origin: &str| {
        format!(
            "POST /api/create-order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{origin}content-length: 2\r\n\r\n{{}}"
        )
    };
    let local = server.address.to_string();
    for (request, status) in [
        (get("/order-details?orderId=1", &local), "200"),
        (get("/order-details?orderId=1", "evil.example"), "421"),
        (get("/health", "evil.example:8000"), "421"),
        (get("http://evil.example/order-details?orderId=1", "localhost"), "421"),
        ("GET /order-details?orderId=1 HTTP/1.0\r\n\r\n".to_owned(), "200"),
        (post(""), "200"),
        (post("origin: http://localhost\r\n"), "200"),
        (post("origin: https://evil.example\r\n"), "403"),
        (post("origin: null\r\n"), "403"),
        (post("sec-fetch-site: cross-site\r\n"), "403"),
    ] {
        let (_, answer) = exchange(server.address, &request).await;
        let begin = answer.split(' ').nth(1);
        assert_eq!(begin, Some(status), "{request}\n{answer}");
        if status == "403" {
            assert!(
                answer.contains(r#""success":false"#) && answer.contains("/problems/cross-origin"),
                "{answer}"
            );
        }
    }
    server.stop(false).await;
}
