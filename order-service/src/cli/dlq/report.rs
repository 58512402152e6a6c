//! The texts about replays: what would become, and what became, of dead letters. Pure.

use super::jobs::{DryRun, Job, MessageOutcome, Selected};
use super::table::{cell, lines, table};
use crate::cli::output::visible;

/// The text of a dry run.
pub fn dry_run(run: &DryRun) -> Vec<String> {
    let outcomes = &run.by_outcome;
    let mut shown = counts(&[
        ("would apply", outcomes.would_apply),
        ("would be duplicates", outcomes.would_duplicate),
        ("would be superseded", outcomes.would_supersede),
        ("would fail", outcomes.would_fail),
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
    shown.extend(outcome_lines(&run.messages, false));
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
        format!("Selected: {}", selected(&job.selection)),
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
    shown.extend(outcome_lines(job.messages.iter().filter(bad), true));
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

fn outcome_lines<'a>(messages: impl IntoIterator<Item = &'a MessageOutcome>, with_first_code: bool) -> Vec<String> {
    let mut columns = vec!["ID", "KEY", "OUTCOME", "CODE"];
    if with_first_code {
        columns.push("FIRST CODE");
    }
    columns.push("REASON");
    let mut rows = table(&columns);
    for it in messages {
        let mut row = vec![
            cell(Some(&it.id)),
            cell(it.key.as_deref()),
            cell(it.outcome.as_deref().map(outcome)),
            cell(it.code.as_deref()),
        ];
        if with_first_code {
            row.push(cell(it.first_code.as_deref()));
        }
        row.push(cell(it.reason.as_deref()));
        rows.add_row(row);
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let mut shown = vec![String::new()];
    shown.extend(lines(&rows));
    shown.push(String::new());
    shown
}

/// An outcome in words; one of a newer release as it is.
fn outcome(name: &str) -> &str {
    match name {
        "wouldApply" => "would apply",
        "wouldDuplicate" => "would be a duplicate",
        "wouldSupersede" => "would be superseded",
        "wouldFail" => "would fail",
        "deadLettered" => "dead-lettered again",
        other => other,
    }
}

/// Ids that are named; of more, it is said how many.
const MAX_IDS: usize = 3;

/// What a replay was asked for, in words.
fn selected(selected: &Selected) -> String {
    let Selected {
        ids,
        code,
        since,
        until,
        all,
    } = selected;
    let named = |name: &str, text: &Option<String>| Some(format!("{name} {}", visible(text.as_deref()?)));
    let mut parts: Vec<String> = [named("code", code), named("since", since), named("until", until)]
        .into_iter()
        .flatten()
        .collect();
    if *all {
        parts.push("all".to_owned());
    }
    if !ids.is_empty() {
        let mut text = ids
            .iter()
            .take(MAX_IDS)
            .map(|id| visible(id))
            .collect::<Vec<_>>()
            .join(", ");
        if ids.len() > MAX_IDS {
            text = format!("{text} and {} more", ids.len() - MAX_IDS);
        }
        parts.push(text);
    }
    if parts.is_empty() {
        "-".to_owned()
    } else {
        parts.join(", ")
    }
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
        "ENDED",
        "BY",
        "SELECTED",
        "TOTAL",
        "SENT",
        "APPLIED",
        "DUPLICATE",
        "SUPERSEDED",
        "FAILED",
    ]);
    for job in jobs {
        let outcomes = &job.outcomes;
        let mut row = vec![
            cell(Some(&job.id)),
            cell(Some(&job.state)),
            cell(job.started_at.as_deref()),
            cell(job.ended_at.as_deref()),
            cell(job.by.as_deref()),
            cell(Some(&selected(&job.selection))),
        ];
        let counts = [
            job.total,
            job.sent,
            outcomes.applied,
            outcomes.duplicate,
            outcomes.superseded,
            outcomes.bad(),
        ];
        row.extend(counts.map(|count| cell(Some(&count.to_string()))));
        rows.add_row(row);
    }
    let mut shown: Vec<String> = lines(&rows).collect();
    shown.push("FAILED: dead-lettered again, parked, or not sent; for one replay in detail, add its id".to_owned());
    shown
}
