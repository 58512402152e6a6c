//! The server on a real socket: binding, limits, stopping.

use super::super::{Json, Query, Reply};
use super::*;
use serde_json::{Map, Value};

fn routes_under_test(config: &mut ServiceConfig) {
    config
        .service(routes::post(
            "/create-order",
            |Json { value: body, .. }: Json<Value>| async { Reply::ok("Created", body) },
        ))
        .service(routes::get(
            "/order-details",
            |Query(q): Query<Map<String, Value>>| async { Reply::ok("Found", q) },
        ));
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
    let life = Life::default();
    let server = serve(listener, "test", &life, routes_under_test).expect("a server");
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);

    let post = "POST /create-order HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let (_, answer) = exchange(address, &format!("{post}content-length: 300000\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let chunks = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(5);
    let (_, answer) = exchange(
        address,
        &format!("{post}transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let head = "HEAD /order-details?orderId=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let (_, answer) = exchange(address, head).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );

    let (_kept_alive, answer) = exchange(address, "GET /order-details?orderId=1 HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.ends_with(r#"{"orderId":"1"}"#), "{answer}");
    // From here on it takes nothing new, and says so until it is closed.
    life.end();
    let (_, answer) = exchange(address, "GET /api/order-details?orderId=1 HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("stopping"),
        "{answer}"
    );
    let (_, answer) = exchange(address, "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 404 "),
        "only that route is missing here: {answer}"
    );
    let told = std::time::Instant::now();
    handle.stop(true).await;
    running.await.expect("no panic").expect("a clean stop");
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "an idle connection held it up for {:?}",
        told.elapsed()
    );
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[actix_web::test]
async fn a_connection_on_which_no_whole_request_comes_is_ended_in_time() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = bind("localhost", 0, "--api-port / API_PORT")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let patience = Duration::from_millis(400);
    let server = serve_with(listener, "test", &Life::default(), routes_under_test, patience).expect("a server");
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);

    let request = "GET /order-details?orderId=1 HTTP/1.1\r\nhost: x\r\n\r\n";
    let (mut connection, _) = exchange(address, request).await;
    // Whole requests keep it open for longer than that.
    for _ in 0..4 {
        tokio::time::sleep(patience / 2).await;
        connection.write_all(request.as_bytes()).await.expect("it is open");
        assert!(connection.read(&mut [0; 4096]).await.expect("an answer") > 0);
    }
    // Bytes of one that does not end do not.
    let begun = std::time::Instant::now();
    let mut ended = false;
    for byte in request
        .bytes()
        .take(10)
        .cycle()
        .take_while(|_| begun.elapsed() < 10 * patience)
    {
        let sent = connection.write_all(&[byte]).await;
        let read = tokio::time::timeout(patience / 10, connection.read(&mut [0; 64])).await;
        if sent.is_err() || matches!(read, Ok(Ok(0) | Err(_))) {
            ended = true;
            break;
        }
    }
    assert!(ended, "it is open after {:?}", begun.elapsed());
    handle.stop(true).await;
    running.await.expect("no panic").expect("a clean stop");
}

/// A connection, and what the server says on it to that request.
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
