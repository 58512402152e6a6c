//! The server on a real socket: binding, limits, stopping.

use actix_web::dev::ServerHandle;
use actix_web::rt::task::JoinHandle;
use serde_json::{Map, Value};

use super::super::{Json, Query, Reply};
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
        .service(routes::get("/health", || async { Reply::ok("Health", Map::new()) }));
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
async fn a_running_server_answers_and_stops_when_told() {
    let listener = bind("localhost", 0, "--api-port / API_PORT")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let life = Supervisor::default();
    let server = serve(listener, "test", &life, &EdgeConfig::default(), routes_under_test).expect("a server");
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
    life.begin_shutdown();
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
    let told = std::time::Instant::now();
    handle.stop(true).await;
    running.await.expect("no panic").expect("a clean stop");
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "an idle connection delayed it for {:?}",
        told.elapsed()
    );
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[actix_web::test]
async fn a_connection_without_a_complete_request_is_closed_in_time() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = bind("localhost", 0, "--api-port / API_PORT")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let idle_timeout = Duration::from_millis(400);
    let limits = Limits {
        idle_timeout,
        connections: 64,
    };
    let (handle, running) = start(listener, limits);

    let request = "GET /order-details?orderId=1 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let (mut connection, _) = exchange(address, request).await;
    // Complete requests keep it open for longer than that.
    for _ in 0..4 {
        tokio::time::sleep(idle_timeout / 2).await;
        connection.write_all(request.as_bytes()).await.expect("it is open");
        assert!(connection.read(&mut [0; 4096]).await.expect("an answer") > 0);
    }
    // Bytes of an incomplete one do not.
    let begun = std::time::Instant::now();
    let mut ended = false;
    for byte in request
        .bytes()
        .take(10)
        .cycle()
        .take_while(|_| begun.elapsed() < 10 * idle_timeout)
    {
        let sent = connection.write_all(&[byte]).await;
        let read = tokio::time::timeout(idle_timeout / 10, connection.read(&mut [0; 64])).await;
        if sent.is_err() || matches!(read, Ok(Ok(0) | Err(_))) {
            ended = true;
            break;
        }
    }
    assert!(ended, "it is still open after {:?}", begun.elapsed());
    handle.stop(true).await;
    running.await.expect("no panic").expect("a clean stop");
}

fn start(listener: TcpListener, limits: Limits) -> (ServerHandle, JoinHandle<io::Result<()>>) {
    let (life, edge) = (Supervisor::default(), EdgeConfig::default());
    let server = serve_with(listener, "test", &life, &edge, routes_under_test, limits).expect("a server");
    (server.handle(), actix_web::rt::spawn(server))
}

/// Whether the server has closed that connection; waits a while for it.
async fn is_closed(connection: &mut tokio::net::TcpStream) -> bool {
    use tokio::io::AsyncReadExt;
    let read = tokio::time::timeout(Duration::from_secs(5), connection.read(&mut [0; 64])).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n";
const DETAILS: &str = "GET /order-details?orderId=1 HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Limits with room for that many connections besides the spare ones.
fn room_for(connections: usize) -> Limits {
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    assert!(workers < RESERVED, "the arithmetic of this test");
    Limits {
        idle_timeout: IDLE_TIMEOUT,
        connections: (connections + 1).next_multiple_of(workers),
    }
}

#[actix_web::test]
async fn when_connections_run_out_the_longest_idle_one_is_closed() {
    let listener = bind("localhost", 0, "--api-port / API_PORT")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let limits = room_for(7);
    let most = limits.connections - 1;
    let (handle, running) = start(listener, limits);
    let mut open = Vec::new();
    for _ in 0..most {
        open.push(exchange(address, DETAILS).await.0);
    }
    // The first one is used again, so the second has been idle longest.
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    tokio::time::sleep(Duration::from_millis(20)).await;
    open[0].write_all(DETAILS.as_bytes()).await.expect("it is open");
    assert!(open[0].read(&mut [0; 4096]).await.expect("an answer") > 0);
    for n in 1..4 {
        let (connection, answer) = exchange(address, DETAILS).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(is_closed(&mut open[n]).await, "connection {n}");
        open.push(connection);
    }
    open[0].write_all(DETAILS.as_bytes()).await.expect("it is open");
    assert!(open[0].read(&mut [0; 4096]).await.expect("an answer") > 0);
    handle.stop(false).await;
    running.await.expect("no panic").expect("an end");
}

#[actix_web::test]
async fn when_every_connection_is_busy_health_is_answered_and_all_else_is_refused() {
    let listener = bind("localhost", 0, "--api-port / API_PORT")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let limits = room_for(7);
    let most = limits.connections - 1;
    let (handle, running) = start(listener, limits);
    use tokio::io::AsyncWriteExt;
    let head = "POST /create-order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    let mut slow = tokio::net::TcpStream::connect(address).await.expect("a connection");
    slow.write_all(head.as_bytes()).await.expect("sent");
    let mut busy = Vec::new();
    for _ in 1..most {
        let mut connection = exchange(address, DETAILS).await.0;
        connection.write_all(WAIT.as_bytes()).await.expect("it is open");
        busy.push(connection);
    }
    // All of them are waiting by now, or will be in a moment.
    tokio::time::sleep(Duration::from_millis(200)).await;
    // A client that is slow to send its body counts as idle: it is closed.
    let (mut last, answer) = exchange(address, DETAILS).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(is_closed(&mut slow).await);
    last.write_all(WAIT.as_bytes()).await.expect("it is open");
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..3 {
        let (mut connection, answer) = exchange(address, HEALTH).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(is_closed(&mut connection).await);
        let (_, answer) = exchange(address, DETAILS).await;
        assert!(
            answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after"),
            "{answer}"
        );
    }
    handle.stop(false).await;
    running.await.expect("no panic").expect("an end");
}

#[actix_web::test]
async fn an_upgrade_is_declined_by_a_normal_response_and_connection_close() {
    let listener = bind("localhost", 0, "--api-port / API_PORT")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (handle, running) = start(listener, room_for(7));
    for offer in [
        "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
        "connection: upgrade\r\nupgrade: websocket\r\n",
        "upgrade: websocket\r\n",
        "connection: upgrade\r\n",
        "connection: upgrade\r\nupgrade: TLS/1.2\r\n",
    ] {
        let get = format!("GET /order-details?orderId=1 HTTP/1.1\r\nhost: localhost\r\n{offer}\r\n");
        let body = r#"{"a":"b"}"#;
        let post = format!(
            "POST /create-order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{offer}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        for request in [get, post] {
            let (mut connection, answer) = exchange(address, &request).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{offer}: {answer}");
            assert!(answer.contains("connection: close"), "{offer}: {answer}");
            assert!(is_closed(&mut connection).await, "{offer}");
        }
    }
    handle.stop(false).await;
    running.await.expect("no panic").expect("an end");
}

#[actix_web::test]
async fn a_service_on_loopback_refuses_other_hosts_and_cross_origin_writes() {
    let listener = bind("localhost", 0, "--api-port / API_PORT")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (handle, running) = start(listener, room_for(7));
    let get = |target: &str, host: &str| format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    let post = |origin: &str| {
        format!(
            "POST /api/create-order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{origin}content-length: 2\r\n\r\n{{}}"
        )
    };
    let local = address.to_string();
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
        let (_, answer) = exchange(address, &request).await;
        let begin = answer.split(' ').nth(1);
        assert_eq!(begin, Some(status), "{request}\n{answer}");
        if status == "403" {
            assert!(
                answer.contains(r#""success":false"#) && answer.contains("/problems/cross-origin"),
                "{answer}"
            );
        }
    }
    handle.stop(false).await;
    running.await.expect("no panic").expect("an end");
}

/// Sends that request; returns the connection and the response.
async fn exchange(address: std::net::SocketAddr, request: &str) -> (tokio::net::TcpStream, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
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
