//! HTTP as bytes: requests that no client library would send, and their answers.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// The status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body; cut off where the connection was.
    pub body: Vec<u8>,
}

/// A request with a body and a correct length.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in headers {
        bytes += &format!("{name}: {value}\r\n");
    }
    bytes += &format!("content-length: {}\r\n\r\n", body.as_ref().len());
    [bytes.as_bytes(), body.as_ref()].concat()
}

/// A JSON request with a correct length.
pub fn json(method: &str, target: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    request(method, target, &[("content-type", "application/json")], body)
}

/// A new connection on which those bytes were sent.
///
/// # Errors
/// If nothing listens.
pub async fn send(to: SocketAddr, bytes: &[u8]) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(to).await.context("connecting")?;
    stream.write_all(bytes).await.context("sending")?;
    Ok(stream)
}

/// Sends those bytes on a new connection, and waits for one answer or for the end of the connection (`None`).
///
/// # Errors
/// If nothing listens, or neither came in time.
pub async fn exchange(to: SocketAddr, bytes: &[u8], limit: Duration) -> anyhow::Result<Option<Raw>> {
    let mut stream = TcpStream::connect(to).await.context("connecting")?;
    let (mut read, mut write) = stream.split();
    // The server may close before everything is sent.
    let sending = async {
        let _ = write.write_all(bytes).await;
        std::future::pending::<()>().await
    };
    tokio::select! {
        () = sending => Ok(None),
        answer = answer(&mut read, limit) => answer,
    }
}

/// Waits for one answer on a connection, or for its end (`None`).
///
/// # Errors
/// If neither came in time.
pub async fn answer(stream: &mut (impl AsyncReadExt + Unpin), limit: Duration) -> anyhow::Result<Option<Raw>> {
    let deadline = Instant::now() + limit;
    let mut bytes = Vec::new();
    loop {
        if let Some(answer) = parse(&bytes, false) {
            return Ok(Some(answer));
        }
        let read = timeout_at(deadline, stream.read_buf(&mut bytes)).await;
        let seen = || {
            format!(
                "no complete answer and no end within {limit:?}: {:?}",
                String::from_utf8_lossy(&bytes)
            )
        };
        match read.with_context(seen)? {
            Ok(0) | Err(_) => return Ok(parse(&bytes, true)),
            Ok(_) => {}
        }
    }
}

/// The answer in those bytes, if it is complete, or the last that will come.
fn parse(bytes: &[u8], ended: bool) -> Option<Raw> {
    let text = String::from_utf8_lossy(bytes);
    let (head, _) = text.split_once("\r\n\r\n")?;
    let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
    let begin = head.len() + 4;
    if status == 100 {
        return parse(bytes.get(begin..)?, ended);
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let body = bytes.get(begin..)?;
    let whole = length.is_some_and(|length| body.len() >= length);
    (whole || ended).then(|| Raw {
        status,
        head: head.to_owned(),
        body: body.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_once_its_whole_length_has_arrived() {
        let answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}";
        for cut in 0..answer.len() {
            assert_eq!(parse(&answer[..cut], false), None, "{cut}");
        }
        let whole = parse(answer, false).expect("an answer");
        assert_eq!((whole.status, whole.body.as_slice()), (400, &b"{}"[..]));
    }

    #[test]
    fn a_request_states_its_length() {
        let bytes = json("POST", "/x", "{}");
        let text = String::from_utf8(bytes).expect("text");
        assert!(text.starts_with("POST /x HTTP/1.1\r\nhost: localhost\r\n"), "{text}");
        assert!(
            text.ends_with("content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"),
            "{text}"
        );
    }
}
