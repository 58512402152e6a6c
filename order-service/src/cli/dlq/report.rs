//! The texts about replays: what would become, and what became, of dead letters. Pure.

use super::jobs::{DryRun, Job, MessageOutcome};
use super::table::{cell, lines, table};
use crate::cli::output::visible;

/// The text of a dry run.
pub fn dry_run(run: &DryRun) -> Vec<String> {
    let outcomes = &run.by_outcome;
    let mut shown = counts(&[
        ("would apply", outcomes.would_apply),
        ("would be duplicates", outcomes.would_duplicate),
        ("would be superseded", outcomes.would_supersede),
        ("would fail again", outcomes.would_fail),
    ]);
    match run.examined {
        Some(examined) if examined < run.total => {
            shown.insert(0, format!("Of {} dead letters, {examined} were examined:", run.total));
        }
        _ => shown.insert(
            0,
            format!(
                "Of {} dead {}:",
                run.total,
                if run.total == 1 { "letter" } else { "letters" }
            ),
        ),
    }
    shown.extend(outcome_lines(&run.messages));
    shown.push("Nothing was replayed.".to_owned());
    shown
}

/// The text of a replay.
pub fn report(job: &Job) -> Vec<String> {
    let outcomes = &job.outcomes;
    let by = job
        .by
        .as_deref()
        .map_or(String::new(), |by| format!(" by {}", visible(by)));
    let started = job
        .started_at
        .as_deref()
        .map_or(String::new(), |at| format!(", started {}", visible(at)));
    let ended = job
        .ended_at
        .as_deref()
        .map_or(String::new(), |at| format!(", ended {}", visible(at)));
    let mut shown = vec![
        format!(
            "Replay {}{by}: {}{started}{ended}",
            visible(&job.id),
            visible(&job.state)
        ),
        format!(
            "Of {} dead {}, {} sent:",
            job.total,
            if job.total == 1 { "letter" } else { "letters" },
            job.sent
        ),
    ];
    shown.extend(counts(&[
        ("applied", outcomes.applied),
        ("duplicates", outcomes.duplicate),
        ("superseded", outcomes.superseded),
        ("dead-lettered again", outcomes.dead_lettered),
        ("parked", outcomes.parked),
        ("failed", outcomes.failed),
    ]));
    shown.extend(job.waiting.iter().map(|why| format!("Waiting: {}", visible(why))));
    shown.extend(job.error.iter().map(|why| format!("Error: {}", visible(why))));
    let bad = |it: &&MessageOutcome| {
        matches!(
            it.outcome.as_deref(),
            Some("deadLettered" | "dead_lettered" | "parked" | "failed")
        )
    };
    shown.extend(outcome_lines(job.messages.iter().filter(bad)));
    shown
}

fn counts(counts: &[(&str, u64)]) -> Vec<String> {
    let width = counts
        .iter()
        .map(|(_, count)| count.to_string().len())
        .max()
        .unwrap_or(1);
    counts
        .iter()
        .map(|(what, count)| format!("  {count:>width$} {what}"))
        .collect()
}

fn outcome_lines<'a>(messages: impl IntoIterator<Item = &'a MessageOutcome>) -> Vec<String> {
    let mut rows = table(&["ID", "KEY", "OUTCOME", "CODE", "FIRST CODE", "REASON"]);
    for it in messages {
        rows.add_row([
            cell(Some(&it.id)),
            cell(it.key.as_deref()),
            cell(it.outcome.as_deref()),
            cell(it.code.as_deref()),
            cell(it.first_code.as_deref()),
            cell(it.reason.as_deref()),
        ]);
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let mut shown = vec![String::new()];
    shown.extend(lines(&rows));
    shown.push(String::new());
    shown
}

/// The list of replays.
pub fn list(jobs: &[Job]) -> Vec<String> {
    if jobs.is_empty() {
        return vec!["There have been no replays.".to_owned()];
    }
    let mut rows = table(&[
        "REPLAY",
        "STATE",
        "STARTED",
        "BY",
        "TOTAL",
        "SENT",
        "APPLIED",
        "STILL DEAD",
    ]);
    for job in jobs {
        rows.add_row([
            cell(Some(&job.id)),
            cell(Some(&job.state)),
            cell(job.started_at.as_deref()),
            cell(job.by.as_deref()),
            cell(Some(&job.total.to_string())),
            cell(Some(&job.sent.to_string())),
            cell(Some(&job.outcomes.applied.to_string())),
            cell(Some(&job.outcomes.bad().to_string())),
        ]);
    }
    lines(&rows).collect()
}
