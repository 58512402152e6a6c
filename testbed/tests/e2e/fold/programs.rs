//! The programs of docs/consuming.md, run with the lines that are printed there.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::Context;
use testbed::servers::Servers;
use testbed::world::World;

use crate::others;

/// The programs, from the repository's root.
pub const READ: &str = "docs/examples/read.py";
pub const FOLD_PY: &str = "docs/examples/fold.py";
pub const FOLD_JAVA: &str = "docs/examples/Fold.java";
pub const SKIP: &str = "docs/examples/skip.py";

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

/// The program's printed line, which is a block of its own.
fn line(program: &str) -> anyhow::Result<String> {
    let mut found = super::blocks();
    found.retain(|block| block.language == "sh" && block.text.contains(program));
    anyhow::ensure!(
        found.len() == 1,
        "{} blocks of docs/consuming.md run {program}",
        found.len()
    );
    Ok(found.remove(0).text.trim_end().to_owned())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
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
        // Signals must reach the program, not the shell.
        .arg(format!("exec {}", line.replace("data/jars", &jars)))
        .current_dir(root())
        .env("PATH", path)
        .env("KAFKA_BOOTSTRAP_SERVERS", topic.kafka)
        .env("SCHEMA_REGISTRY_URL", topic.registry)
        .env("KAFKA_TOPIC", topic.name);
    Ok(command)
}

/// Runs a program's printed line to its end, and returns its output.
pub async fn run(topic: Topic<'_>, program: &str) -> anyhow::Result<String> {
    run_line(topic, &line(program)?).await
}

/// Runs a line to its end, and returns its output.
pub async fn run_line(topic: Topic<'_>, line: &str) -> anyhow::Result<String> {
    others::run(shell(&topic, line)?, String::new()).await
}

/// Runs the printed line of the program that skips what this order-service has rejected; returns its output.
pub async fn skip(topic: Topic<'_>, order_service: &str) -> anyhow::Result<String> {
    let mut command = shell(&topic, &line(SKIP)?)?;
    command.env("ORDER_SERVICE_URL", order_service);
    others::run(command, String::new()).await
}

/// The reader, which does not end on its own.
fn reader(topic: &Topic<'_>) -> anyhow::Result<Child> {
    let mut command = shell(topic, &line(READ)?)?;
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

/// Runs the reader until it reports an error; then interrupts it. Returns its errors; it must not have read anything.
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

#[test]
fn every_block_marked_as_run_here_runs_one_of_the_programs_or_is_part_of_one() -> anyhow::Result<()> {
    let programs = [READ, FOLD_PY, FOLD_JAVA, SKIP];
    let lines = programs.map(line).into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let texts = programs.map(|program| std::fs::read_to_string(root().join(program)));
    let texts = texts.into_iter().collect::<Result<Vec<_>, _>>()?;
    for block in super::blocks() {
        let is_used = match block.language {
            "sh" => lines.iter().any(|line| *line == block.text.trim_end()),
            _ => texts.iter().any(|text| text.contains(&block.text)),
        };
        assert!(is_used, "docs/consuming.md:{}: nothing runs it", block.line);
    }
    Ok(())
}
