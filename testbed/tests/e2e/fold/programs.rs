//! The programs of docs/consuming.md, run with the lines that are printed there.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::Context;
use testbed::servers::Servers;
use testbed::world::World;

use crate::others;

const CONSUMING: &str = include_str!("../../../../docs/consuming.md");

/// What the programs read, and with which tools they run.
pub struct Topic<'a> {
    pub servers: &'a Servers,
    pub kafka: &'a str,
    pub registry: &'a str,
    pub name: &'a str,
}

impl<'a> From<&'a World> for Topic<'a> {
    fn from(world: &'a World) -> Self {
        Self {
            servers: &world.servers,
            kafka: &world.servers.kafka,
            registry: &world.servers.registry,
            name: &world.topic,
        }
    }
}

/// The printed line that runs this Python program.
pub fn python(program: &str) -> anyhow::Result<String> {
    line(&format!("python3 {program}"))
}

/// The printed line that runs the Java program.
pub fn java() -> anyhow::Result<String> {
    line("java ")
}

fn line(start: &str) -> anyhow::Result<String> {
    let line = CONSUMING.lines().find(|line| line.starts_with(start));
    Ok(line
        .with_context(|| format!("docs/consuming.md has no line {start}…"))?
        .to_owned())
}

/// A shell in the repository's root that runs a printed line, with the test's Python and jars.
fn shell(topic: &Topic<'_>, line: &str) -> anyhow::Result<Command> {
    let jars = topic.servers.java_tools.display().to_string();
    let mut path = OsString::from(topic.servers.python.parent().context("a directory of programs")?);
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new("sh");
    command
        .arg("-c")
        // The shell must not stand between a signal and the program.
        .arg(format!("exec {}", line.replace("data/jars", &jars)))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("PATH", path)
        .env("KAFKA_BOOTSTRAP_SERVERS", topic.kafka)
        .env("SCHEMA_REGISTRY_URL", topic.registry)
        .env("KAFKA_TOPIC", topic.name);
    Ok(command)
}

/// Runs a printed line to its end, and returns its output.
pub async fn run(topic: Topic<'_>, line: String) -> anyhow::Result<String> {
    others::run(shell(&topic, &line)?, String::new()).await
}

/// Runs the printed line of the program that skips what this order-service has rejected; returns its output.
pub async fn skip(topic: Topic<'_>, order_service: &str) -> anyhow::Result<String> {
    let mut command = shell(&topic, &python("docs/examples/skip.py")?)?;
    command.env("ORDER_SERVICE_URL", order_service);
    others::run(command, String::new()).await
}

/// The reader, which does not end by itself.
fn reader(topic: &Topic<'_>) -> anyhow::Result<Child> {
    let mut command = shell(topic, &python("docs/examples/read.py")?)?;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().context("starting the reader")
}

/// Sends what Ctrl-C sends. The program must end well.
fn interrupt(child: Child) -> anyhow::Result<Output> {
    let kill = format!("kill -s INT {}", child.id());
    let sent = Command::new("sh").args(["-c", &kill]).status()?;
    let ended = child.wait_with_output()?;
    anyhow::ensure!(sent.success() && ended.status.success(), "{ended:?}");
    Ok(ended)
}

/// Runs the reader until it has printed that many lines; then interrupts it. It must not have printed anything else.
pub async fn read_until_ctrl_c(topic: Topic<'_>, lines: usize) -> anyhow::Result<Vec<String>> {
    let mut child = reader(&topic)?;
    let reading = move || {
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        let read: Vec<String> = output.by_ref().lines().take(lines).collect::<Result<_, _>>()?;
        let ended = interrupt(child)?;
        let mut more = String::new();
        output.read_to_string(&mut more)?;
        anyhow::ensure!(more.is_empty() && ended.stderr.is_empty(), "{more}, {ended:?}");
        Ok(read)
    };
    tokio::task::spawn_blocking(reading).await?
}

/// Runs the reader until it tells of an error; then interrupts it. Returns its errors; it must not have read anything.
pub async fn errors_until_ctrl_c(topic: Topic<'_>) -> anyhow::Result<Vec<String>> {
    let mut child = reader(&topic)?;
    let reading = move || {
        let mut errors = BufReader::new(child.stderr.take().context("no errors")?);
        let mut told = String::new();
        errors.read_line(&mut told)?;
        let ended = interrupt(child)?;
        errors.read_to_string(&mut told)?;
        anyhow::ensure!(ended.stdout.is_empty(), "{ended:?}");
        Ok(told.lines().map(str::to_owned).collect())
    };
    tokio::task::spawn_blocking(reading).await?
}
