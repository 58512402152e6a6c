//! `dlq replay` and `dlq replays`: starts a replay, watches it until it ends, and says what became of the dead letters.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::client::{Answer, Client, Unreachable};
use super::jobs::{DryRun, Job, Jobs};
use super::model::Info;
use super::report;
use super::{Ended, ReplayArgs, ReplaysArgs, Selection};
use crate::cli::output::{Output, visible};

/// Between two looks at a replay.
const INTERVAL: Duration = Duration::from_millis(300);
/// How long order-service may be away meanwhile: the replay goes on when it is back.
const MAX_AWAY: Duration = Duration::from_secs(120);

/// Carries out `dlq replay`.
///
/// # Errors
/// The replay cannot be started or watched, or it ended before its end.
pub async fn replay<W: Write>(
    client: &Client,
    args: &ReplayArgs,
    json: bool,
    output: &mut Output<W>,
) -> anyhow::Result<Ended> {
    let mut body = args.selection.body();
    body["dryRun"] = args.dry_run.into();
    if let Some(rate) = args.rate {
        body["ratePerSecond"] = rate.into();
    }
    if args.dry_run {
        let answer = client.post::<DryRun>("/dlq/replay", &body).await?;
        if json {
            output.line(&answer.json)?;
        } else {
            for line in report::dry_run(&answer.body) {
                output.line(&line)?;
            }
        }
        return Ok(Ended::some_failed(answer.body.by_outcome.would_fail > 0));
    }
    confirm_all(client, &args.selection, args.yes, "Replay").await?;
    let started = client.post::<Job>("/dlq/replay", &body).await?;
    if args.no_wait {
        let line = match json {
            true => started.json,
            false => format!(
                "Replay {} has started; see order-service dlq replays {0}",
                visible(&started.body.id)
            ),
        };
        output.line(&line)?;
        return Ok(Ended::Well);
    }
    let ended = watch(client, started).await?;
    if json {
        output.line(&ended.json)?;
    } else {
        for line in report::report(&ended.body) {
            output.line(&line)?;
        }
    }
    let job = ended.body;
    match job.state.as_str() {
        "done" => Ok(Ended::some_failed(job.outcomes.bad() > 0)),
        "stopped" => bail!("the replay was stopped before its end; the rest of its dead letters are still open"),
        _ => bail!(
            "the replay has failed: {}",
            job.error
                .as_deref()
                .map_or("see the log of order-service".to_owned(), visible)
        ),
    }
}

/// Carries out `dlq replays`.
///
/// # Errors
/// order-service does not answer, or there is no such replay.
pub async fn replays<W: Write>(
    client: &Client,
    args: &ReplaysArgs,
    json: bool,
    output: &mut Output<W>,
) -> anyhow::Result<Ended> {
    let Some(id) = &args.job else {
        let answer = client.get::<Jobs>("/dlq/replays", &[]).await?;
        if json {
            output.line(&answer.json)?;
            return Ok(Ended::Well);
        }
        for line in report::list(&answer.body.into_vec()) {
            output.line(&line)?;
        }
        return Ok(Ended::Well);
    };
    let answer = match args.stop {
        true => {
            client
                .post::<Job>(&format!("/dlq/replays/{id}/stop"), &json!({}))
                .await?
        }
        false => client.get::<Job>(&format!("/dlq/replays/{id}"), &[]).await?,
    };
    if json {
        output.line(&answer.json)?;
        return Ok(Ended::Well);
    }
    for line in report::report(&answer.body) {
        output.line(&line)?;
    }
    Ok(Ended::Well)
}

/// Asks whether all dead letters are meant, where somebody can be asked.
///
/// # Errors
/// The answer is no, or order-service does not say how many there are.
pub async fn confirm_all(client: &Client, selection: &Selection, yes: bool, what: &str) -> anyhow::Result<()> {
    if !selection.all || yes || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(());
    }
    let info = client.get::<Info>("/dlq/info", &[]).await?.body;
    let count = info.by_state.map_or(info.count, |states| states.open);
    eprint!("{what} all {count} open dead letters? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => bail!("nothing was done; --yes answers the question beforehand"),
    }
}

/// Waits until the replay has ended, with a progress bar if stderr is a terminal.
async fn watch(client: &Client, started: Answer<Job>) -> anyhow::Result<Answer<Job>> {
    let id = started.body.id.clone();
    let bar = bar(&started.body);
    let mut job = started;
    let mut away_since = None;
    while job.body.state == "running" {
        sleep(INTERVAL).await;
        match client.get::<Job>(&format!("/dlq/replays/{id}"), &[]).await {
            Ok(answer) => {
                away_since = None;
                job = answer;
                show(&bar, &job.body);
            }
            // It goes on when order-service is back.
            Err(error) if error.is::<Unreachable>() => {
                let since = *away_since.get_or_insert_with(Instant::now);
                if since.elapsed() > MAX_AWAY {
                    return Err(error.context(format!(
                        "replay {} has been started, but what became of it is not known",
                        visible(&id)
                    )));
                }
                bar.set_message("order-service is away; waiting for it");
            }
            Err(error) => return Err(error),
        }
    }
    bar.finish_and_clear();
    Ok(job)
}

fn bar(job: &Job) -> ProgressBar {
    // Hidden by itself where stderr is no terminal.
    let bar = ProgressBar::with_draw_target(Some(job.total), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} ({per_sec}, {eta} left) {msg}") {
        bar.set_style(style);
    }
    if !bar.is_hidden() {
        let id = visible(&job.id);
        eprintln!(
            "Replay {id}. Ctrl-C ends this display, not the replay (order-service dlq replays {id} --stop does)."
        );
    }
    show(&bar, job);
    bar
}

fn show(bar: &ProgressBar, job: &Job) {
    bar.set_length(job.total);
    bar.set_position(job.outcomes.sum());
    bar.set_message(
        job.waiting
            .as_deref()
            .map_or(String::new(), |why| format!("waiting: {}", visible(why))),
    );
}

impl Selection {
    /// The selection, as a request's body.
    pub fn body(&self) -> Value {
        let mut body = json!({});
        if !self.ids.is_empty() {
            body["ids"] = self.ids.iter().map(ToString::to_string).collect();
        }
        if let Some(code) = &self.code {
            body["code"] = code.as_str().into();
        }
        if let Some(since) = &self.since {
            body["since"] = since.as_str().into();
        }
        if let Some(until) = &self.until {
            body["until"] = until.as_str().into();
        }
        if self.all {
            body["all"] = true.into();
        }
        body
    }
}
