//! A scripted registry: it responds, rejects, hangs, trickles or breaks off, and records every request. Raw HTTP/1.1 over
//! TCP or TLS, because no server library breaks the rules.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A received request.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub authorization: Option<String>,
    pub body: Value,
}

/// What the fake does with a request.
#[derive(Clone)]
pub enum Answer {
    /// A complete response: status, further header lines, body.
    Say(u16, String, Vec<u8>),
    /// The same after this time.
    Late(Duration, Vec<u8>),
    /// Nothing, forever.
    Hang,
    /// The head and then a byte now and then, forever.
    Trickle,
    /// Half of what the head promises.
    CutOff,
    /// An orderly end of the connection.
    Close,
    /// The end of the connection, as a crashed server ends it.
    Reset,
    /// Something that is not HTTP.
    NoHttp,
}

type Behaviour = Arc<Mutex<Box<dyn Fn(&Request) -> Answer + Send>>>;

/// A running fake. It ends when it is dropped.
pub struct Fake {
    address: SocketAddr,
    scheme: &'static str,
    behaviour: Behaviour,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Fake {
    /// A fake that gives every request this answer.
    pub async fn always(answer: Answer) -> Self {
        Self::start(None, move |_| answer.clone()).await
    }

    pub async fn with(behaviour: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        Self::start(None, behaviour).await
    }

    pub async fn start(tls: Option<TlsAcceptor>, behaviour: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let behaviour: Behaviour = Arc::new(Mutex::new(Box::new(behaviour)));
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let (told, heard) = (behaviour.clone(), requests.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, tls.clone(), told.clone(), heard.clone()));
            }
        });
        Self {
            address,
            scheme,
            behaviour,
            requests,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.address.port())
    }

    /// From now on it gives this answer.
    pub fn now(&self, answer: Answer) {
        self.answer_by(move |_| answer.clone());
    }

    /// From now on it answers like this.
    pub fn answer_by(&self, behaviour: impl Fn(&Request) -> Answer + Send + 'static) {
        *self.behaviour.lock().expect("a behaviour") = Box::new(behaviour);
    }

    /// Takes the requests so far.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.requests.lock().expect("requests"))
    }

    /// "GET /path" of each of them.
    pub fn take_lines(&self) -> Vec<String> {
        let requests = self.take_requests();
        requests
            .iter()
            .map(|it| format!("{} {}", it.method, it.target))
            .collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A response with this status and JSON.
pub fn say(status: u16, body: Value) -> Answer {
    Answer::Say(status, String::new(), body.to_string().into_bytes())
}

/// A response that is not a registry's.
pub fn page(status: u16) -> Answer {
    Answer::Say(status, String::new(), b"<html>a page</html>".to_vec())
}

pub fn refusal(status: u16, code: u32) -> Answer {
    say(
        status,
        json!({"error_code": code, "message": format!("refusal {code}")}),
    )
}

/// A registry's response to an id.
pub fn schema(text: &str) -> Answer {
    say(200, json!({"schema": text}))
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, told: Behaviour, heard: Arc<Mutex<Vec<Request>>>) {
    // An error means that the client has closed the connection, as it may.
    let _ = match tls {
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => converse(stream, &told, &heard).await.map(|_| ()),
            Err(error) => Err(error),
        },
        None => match converse(stream, &told, &heard).await {
            Ok((stream, Answer::Reset)) => stream.set_zero_linger(),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        },
    };
}

/// Answers one request. Ending the connection is up to the caller.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    told: &Behaviour,
    heard: &Mutex<Vec<Request>>,
) -> std::io::Result<(S, Answer)> {
    let mut stream = BufReader::new(stream);
    let request = read(&mut stream).await?;
    let answer = told.lock().expect("a behaviour")(&request);
    heard.lock().expect("requests").push(request);
    match &answer {
        Answer::Say(status, headers, body) => write(&mut stream, *status, headers, body, body.len()).await?,
        Answer::Late(after, body) => {
            tokio::time::sleep(*after).await;
            write(&mut stream, 200, "", body, body.len()).await?;
        }
        Answer::Hang => std::future::pending().await,
        Answer::Trickle => {
            write(&mut stream, 200, "", b"", 1_000_000).await?;
            loop {
                stream.write_all(b"{").await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Answer::CutOff => write(&mut stream, 200, "", br#"{"schema":"#, 1_000).await?,
        Answer::NoHttp => stream.write_all(b"\x00\x01 hello\r\n\r\n").await?,
        Answer::Close | Answer::Reset => {}
    }
    stream.flush().await?;
    if !matches!(answer, Answer::Reset) {
        stream.shutdown().await?;
    }
    Ok((stream.into_inner(), answer))
}

async fn read<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Request> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let mut headers = head.iter().skip(1).filter_map(|line| line.split_once(':'));
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let length = header("content-length").map_or(0, |length| length.parse().expect("a length"));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let mut line = head[0].split(' ').map(str::to_owned);
    Ok(Request {
        method: line.next().expect("a method"),
        target: line.next().expect("a target"),
        authorization: header("authorization"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    status: u16,
    headers: &str,
    body: &[u8],
    length: usize,
) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status} Status\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.flush().await
}
