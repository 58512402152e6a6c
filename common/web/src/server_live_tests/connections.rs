//! Which connections are closed, and when.

use super::*;

#[actix_web::test]
async fn a_connection_without_a_complete_request_is_closed_in_time() {
    let idle_timeout = Duration::from_millis(400);
    let limits = Limits {
        idle_timeout,
        connections: 64,
    };
    let server = Running::start(limits).await;

    let request = "GET /order-details?orderId=1 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let (mut connection, _) = exchange(server.address, request).await;
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
    server.stop(true).await;
}

#[actix_web::test]
async fn a_connection_whose_client_reads_a_stream_stays_open() {
    let limits = Limits {
        idle_timeout: Duration::from_millis(400),
        connections: 64,
    };
    let server = Running::start(limits).await;
    let mut connection = TcpStream::connect(server.address).await.expect("a connection");
    let request = "GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n";
    connection.write_all(request.as_bytes()).await.expect("sent");
    // More than a second's worth, each piece in a chunk of six bytes.
    let mut read = 0;
    while read < 25 * 6 {
        match connection.read(&mut [0; 4096]).await.expect("a piece") {
            0 => panic!("it was closed after {read} bytes"),
            piece => read += piece,
        }
    }
    drop(connection);
    server.stop(false).await;
}

#[actix_web::test]
async fn when_connections_run_out_the_longest_idle_one_is_closed() {
    let limits = room_for(7);
    let most = limits.connections - 1;
    let server = Running::start(limits).await;
    let mut open = Vec::new();
    for _ in 0..most {
        open.push(exchange(server.address, DETAILS).await.0);
    }
    // The first one is used again, so the second has been idle longest.
    tokio::time::sleep(Duration::from_millis(20)).await;
    open[0].write_all(DETAILS.as_bytes()).await.expect("it is open");
    assert!(open[0].read(&mut [0; 4096]).await.expect("an answer") > 0);
    for n in 1..4 {
        let (connection, answer) = exchange(server.address, DETAILS).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(is_closed(&mut open[n]).await, "connection {n}");
        open.push(connection);
    }
    open[0].write_all(DETAILS.as_bytes()).await.expect("it is open");
    assert!(open[0].read(&mut [0; 4096]).await.expect("an answer") > 0);
    server.stop(false).await;
}

#[actix_web::test]
async fn when_every_connection_is_busy_health_is_answered_and_all_else_is_refused() {
    let limits = room_for(7);
    let most = limits.connections - 1;
    let server = Running::start(limits).await;
    let head = "POST /create-order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    let mut slow = TcpStream::connect(server.address).await.expect("a connection");
    slow.write_all(head.as_bytes()).await.expect("sent");
    let mut busy = Vec::new();
    for _ in 1..most {
        let mut connection = exchange(server.address, DETAILS).await.0;
        connection.write_all(WAIT.as_bytes()).await.expect("it is open");
        busy.push(connection);
    }
    // All of them are waiting by now, or will be in a moment.
    tokio::time::sleep(Duration::from_millis(200)).await;
    // A client that is slow to send its body counts as idle: it is closed.
    let (mut last, answer) = exchange(server.address, DETAILS).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(is_closed(&mut slow).await);
    last.write_all(WAIT.as_bytes()).await.expect("it is open");
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..3 {
        let (mut connection, answer) = exchange(server.address, HEALTH).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(is_closed(&mut connection).await);
        let (_, answer) = exchange(server.address, DETAILS).await;
        assert!(
            answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after"),
            "{answer}"
        );
    }
    server.stop(false).await;
}

#[actix_web::test]
async fn an_upgrade_is_declined_by_a_normal_response_and_connection_close() {
    let server = Running::start(room_for(7)).await;
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
            let (mut connection, answer) = exchange(server.address, &request).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{offer}: {answer}");
            assert!(answer.contains("connection: close"), "{offer}: {answer}");
            assert!(is_closed(&mut connection).await, "{offer}");
        }
    }
    server.stop(false).await;
}

/// The exception that docs/problems.md names: actix-web answers these before any middleware of ours.
#[actix_web::test]
async fn a_head_that_is_malformed_too_large_or_too_slow_gets_a_status_without_a_body() {
    let server = Running::start(room_for(4)).await;
    let head = "GET /health HTTP/1.1\r\nhost: localhost\r\n";
    let too_large = format!("{head}{}\r\n", "a: b\r\n".repeat(200));
    for (request, status) in [("nonsense\r\n\r\n", 400), (&too_large, 431), (head, 408)] {
        let (_, answer) = exchange(server.address, request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "no body: {answer}");
    }
    server.stop(true).await;
}
