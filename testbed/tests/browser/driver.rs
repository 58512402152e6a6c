//! Chromium and chromedriver as processes.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// What chromedriver prints before its port, and what after it.
const STARTED: (&str, char) = ("was started successfully on port ", '.');

/// A browser with an empty profile, and one window.
pub struct Browser {
    driver: Child,
    url: String,
    client: Client,
    session: String,
    http: reqwest::Client,
    // Removed when the browser has ended.
    _profile: TempDir,
}

/// What is missing on this machine, with the command that installs it.
pub fn missing() -> Option<String> {
    let missing: Vec<_> = [("chromium", "chromium"), ("chromedriver", "chromium-driver")]
        .into_iter()
        .filter(|(program, _)| on_path(program).is_none())
        .map(|(_, package)| package)
        .collect();
    (!missing.is_empty()).then(|| {
        let packages = missing.join(" ");
        format!("the tests of the page need a browser; on Debian, as root: apt-get install -y --no-install-recommends {packages}")
    })
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

impl Browser {
    /// Starts one.
    ///
    /// # Errors
    /// If the programs are missing or do not start.
    pub async fn start() -> anyhow::Result<Self> {
        // Of the whole test program; only the first one counts.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut driver = command.stderr(Stdio::null()).spawn().context("starting chromedriver")?;
        let output = driver.stdout.take().context("chromedriver's output")?;
        let port = tokio::task::spawn_blocking(move || {
            let mut lines = BufReader::new(output).lines();
            let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
                let (_, after) = line.split_once(STARTED.0)?;
                Some(after.trim_end_matches(STARTED.1).to_owned())
            });
            // Else it would end as soon as it prints more.
            std::thread::spawn(move || lines.for_each(drop));
            port
        });
        let port = port.await?.context("chromedriver ended without a port")?;
        let url = format!("http://127.0.0.1:{port}");
        let profile = tempfile::Builder::new().prefix("orderlog-browser-").tempdir()?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&profile)?)
            .connect(&url)
            .await;
        let client = match client {
            Ok(client) => client,
            Err(error) => {
                driver.kill()?;
                driver.wait()?;
                return Err(error).context("chromedriver could not start Chromium");
            }
        };
        let session = client.session_id().await?.context("a session")?;
        Ok(Self {
            driver,
            url,
            client,
            session,
            http,
            _profile: profile,
        })
    }

    /// The standard's commands.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A command of the DevTools protocol.
    ///
    /// # Errors
    /// If the browser refuses it.
    pub async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        self.command("goog/cdp/execute", json!({"cmd": command, "params": parameters}))
            .await
    }

    /// What the page's console has got since the last call.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn console(&self) -> anyhow::Result<Vec<Value>> {
        let entries = self.command("se/log", json!({"type": "browser"})).await?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    /// One of chromedriver's own commands.
    async fn command(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("{}/session/{}/{path}", self.url, self.session);
        let mut answer: Value = self.http.post(url).json(&body).send().await?.json().await?;
        let value = answer["value"].take();
        anyhow::ensure!(value["error"].is_null(), "{path} {body}: {value}");
        Ok(value)
    }

    /// Ends it. (Killing chromedriver alone would leave Chromium behind.)
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn close(mut self) -> anyhow::Result<()> {
        let closed = self.client.clone().close().await;
        self.driver.kill()?;
        self.driver.wait()?;
        Ok(closed?)
    }
}

fn capabilities(profile: &TempDir) -> anyhow::Result<Map<String, Value>> {
    let capabilities = json!({
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {
            "args": [
                "--headless=new",
                // Root, as in a container, has no sandbox of Chromium's.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                // Nothing of it may leave this machine.
                "--no-proxy-server",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--lang=en-US",
                "--window-size=1280,900",
                format!("--user-data-dir={}", profile.path().display()),
            ],
        },
    });
    let Value::Object(capabilities) = capabilities else {
        anyhow::bail!("capabilities are an object")
    };
    Ok(capabilities)
}
