//! A server that answers as a test says, and notes what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use clap::Parser;
use orderlog_runtime::service::install_tls_provider;
use serde_json::Value;

use super::*;

#[derive(Debug, Parser)]
#[command(name = "dlq")]
pub(super) struct Cli {
    #[command(flatten)]
    pub args: DlqArgs,
}

/// Method, path with query, `Authorization`, `X-Orderlog-User`, and body of a request.
pub(super) type Request = (String, String, Option<String>, Option<String>, Value);

type Asked = Arc<Mutex<Vec<Request>>>;

/// A server, and what it has been asked.
pub(super) struct Fake {
    pub url: String,
    asked: Asked,
}

impl Fake {
    /// It gives these answers, one after another.
    pub fn start(answers: Vec<(u16, Value)>) -> Self {
        let (asked, answers) = (Asked::default(), Arc::new(Mutex::new(VecDeque::from(answers))));
        let noted = asked.clone();
        let server = HttpServer::new(move || {
            let (noted, answers) = (noted.clone(), answers.clone());
            let answer = move |request: HttpRequest, body: web::Bytes| {
                let header = |name: &str| request.headers().get(name)?.to_str().ok().map(str::to_owned);
                noted.lock().expect("a lock").push((
                    request.method().to_string(),
                    request.uri().to_string(),
                    header("authorization"),
                    header("x-orderlog-user"),
                    serde_json::from_slice(&body).unwrap_or_default(),
                ));
                let (status, json) = answers.lock().expect("a lock").pop_front().expect("one more answer");
                let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
                async move { HttpResponse::build(status).json(json) }
            };
            App::new().default_service(web::to(answer))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .expect("a port");
        let url = format!("http://{}/", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().expect("a lock").clone()
    }
}

/// Carries the command out, and returns how it ended with what it printed.
pub(super) async fn dlq(url: &str, arguments: &[&str]) -> (Result<Ended, String>, String) {
    asked_dlq(url, arguments, None).await
}

/// The same where somebody answers questions.
pub(super) async fn asked_dlq(url: &str, arguments: &[&str], ask: Option<Ask<'_>>) -> (Result<Ended, String>, String) {
    install_tls_provider();
    let url = format!("--order-service-url={url}");
    let cli = Cli::try_parse_from([&["dlq"], arguments, &[&url]].concat()).expect("valid arguments");
    let mut printed = Vec::new();
    let ended = carry_out(&cli.args, ask, &mut Output::new(&mut printed)).await;
    let printed = String::from_utf8(printed).expect("text");
    (ended.map_err(|error| format!("{error:#}")), printed)
}
