//! `order-service dlq`: asks a running order-service about its dead letters, and has it replay or discard them.

mod args;
mod client;
mod confirm;
mod connection;
mod jobs;
mod model;
mod replay;
mod report;
mod show;
mod table;
mod values;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

pub use args::{Action, DlqArgs, ListArgs, ReplayArgs, ReplaysArgs, Selection};
use serde_json::json;

use self::client::{Client, NotFound};
use self::confirm::{Ask, DISCARD, confirm, is_terminal, on_terminal};
use self::model::{Detail, Discarded, Messages, Resumed};
use super::output::{self, Output, visible};

/// Some dead letters are still, or again, dead letters.
const SOME_FAILED: u8 = 3;

/// How a command ended that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As it should.
    Well,
    /// Some dead letters were dead-lettered again, parked, or could not be replayed or discarded.
    SomeFailed,
}

impl Ended {
    fn some_failed(some_failed: bool) -> Self {
        if some_failed { Self::SomeFailed } else { Self::Well }
    }
}

/// Carries out the command, and prints on stderr what goes wrong.
pub async fn run(args: &DlqArgs) -> ExitCode {
    let mut output = Output::new(BufWriter::new(io::stdout().lock()));
    let mut ask = on_terminal;
    let ask: Option<Ask<'_>> = if is_terminal() { Some(&mut ask) } else { None };
    let ended = carry_out(args, ask, &mut output).await;
    let flushed = output.flush();
    match ended.and_then(|ended| Ok(flushed.map(|()| ended)?)) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::SomeFailed) => ExitCode::from(SOME_FAILED),
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out<W: Write>(args: &DlqArgs, ask: Option<Ask<'_>>, output: &mut Output<W>) -> anyhow::Result<Ended> {
    let connection = args.action.connection();
    let user = connection.user.clone();
    let client = Client::new(&connection.order_service_url, connection.key.secret()?, user)?;
    let json = connection.json;
    match &args.action {
        Action::List(args) => list(&client, args, json, output).await,
        Action::Show(args) => show(&client, args.id, json, output).await,
        Action::Replay(args) => replay::replay(&client, args, json, ask, output).await,
        Action::Replays(args) => replay::replays(&client, args, json, output).await,
        Action::Discard(args) => {
            confirm(&client, &args.selection, args.yes, DISCARD, ask).await?;
            let mut body = args.selection.body();
            body["reason"] = args.reason.as_str().into();
            let answer = client.post::<Discarded>("/dlq/discard", &body).await?;
            let count = answer.body.discarded;
            let said = format!(
                "{count} dead {} discarded.",
                if count == 1 { "letter" } else { "letters" }
            );
            let skipped = &answer.body.skipped;
            let skipped_lines = skipped
                .iter()
                .map(|it| format!("{} was not discarded: {}.", visible(&it.id), visible(&it.reason)));
            let lines: Vec<String> = skipped_lines.chain([said]).collect();
            let ended = Ended::some_failed(!skipped.is_empty());
            output.line(&if json { answer.json } else { lines.join("\n") })?;
            Ok(ended)
        }
        Action::Resume(args) => {
            let mut body = json!({});
            if let Some(partition) = args.partition {
                body["partition"] = partition.into();
            }
            if let Some(bound) = args.max_dead_letters {
                body["maxDeadLetters"] = bound.into();
            }
            let answer = client.post::<Resumed>("/dlq/resume", &body).await?;
            let resumed: Vec<_> = answer.body.resumed.iter().map(ToString::to_string).collect();
            let said = match resumed.as_slice() {
                [] => "No partition was paused by its dead letters.".to_owned(),
                [one] => format!("Partition {one} has been resumed."),
                several => format!("Partitions {} have been resumed.", several.join(", ")),
            };
            output.line(&if json { answer.json } else { said })?;
            Ok(Ended::Well)
        }
    }
}

async fn list<W: Write>(client: &Client, args: &ListArgs, json: bool, output: &mut Output<W>) -> anyhow::Result<Ended> {
    let answer = client.get::<Messages>("/dlq/messages", &args.query()).await?;
    if json {
        output.line(&answer.json)?;
        return Ok(Ended::Well);
    }
    for line in show::list(&answer.body) {
        output.line(&line)?;
    }
    Ok(Ended::Well)
}

async fn show<W: Write>(client: &Client, id: values::Id, json: bool, output: &mut Output<W>) -> anyhow::Result<Ended> {
    let path = format!("/dlq/messages/{}/{}", id.partition, id.offset);
    let answer = client.get::<Detail>(&path, &[]).await;
    let answer = answer.map_err(|error| match error.downcast_ref::<NotFound>() {
        Some(not_found) => anyhow::anyhow!(
            "{}; order-service dlq list shows those that there are",
            visible(&not_found.to_string())
        ),
        None => error,
    })?;
    if json {
        output.line(&answer.json)?;
        return Ok(Ended::Well);
    }
    for line in show::detail(&answer.body) {
        output.line(&line)?;
    }
    Ok(Ended::Well)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
