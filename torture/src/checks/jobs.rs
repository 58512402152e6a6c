//! Replays as jobs: that each one ends, and what it says became of the dead letters.

use std::collections::BTreeMap;

use super::{Case, Findings};
use crate::fold::Outcome;
use crate::letters::{self, JOB, MAX_REPLAYS, REPLAYS};
use crate::management::{Job, JobOutcomes};
use testbed::log;

/// The jobs that were started, as far as the answers say.
fn started<'a>(case: &'a Case<'_>) -> impl Iterator<Item = &'a str> {
    let started = case.run.managed.iter().filter(|asked| asked.status == Some(202));
    started.filter_map(|asked| asked.answer["id"].as_str())
}

/// Every replay that was started has ended, and says why if it has failed.
pub fn end(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for job in &case.run.jobs {
        findings.look(match (job.state.as_str(), &job.error) {
            ("done" | "stopped", _) | ("failed", Some(_)) => None,
            (state, error) => Some(format!("replay {} is {state} ({error:?}; {:?})", job.id, job.waiting)),
        });
    }
    for id in started(case) {
        if !case.run.jobs.iter().any(|job| job.id == id) {
            findings
                .wrong
                .push(format!("replay {id} was started, and is not listed"));
        }
    }
    findings
}

/// What became of the records that each job has written, according to the log.
pub fn of_the_log(case: &Case<'_>) -> BTreeMap<String, JobOutcomes> {
    let mut jobs: BTreeMap<String, JobOutcomes> = BTreeMap::new();
    for judged in &case.reference.judged {
        let (_, added) = letters::split(&judged.record.headers);
        let job = log::header(added, JOB);
        if job.is_empty() {
            continue;
        }
        let counts = jobs.entry(job).or_default();
        let is_last = log::header(added, REPLAYS).parse::<u32>().unwrap_or(0) >= MAX_REPLAYS;
        *match judged.outcome {
            Outcome::Applied { .. } => &mut counts.applied,
            Outcome::Duplicate => &mut counts.duplicate,
            Outcome::Superseded => &mut counts.superseded,
            Outcome::Invalid(_) if is_last => &mut counts.parked,
            Outcome::Invalid(_) => &mut counts.dead_lettered,
            Outcome::Ignored => &mut counts.failed,
        } += 1;
    }
    jobs
}

/// What a job says became of the dead letters is what became of its records; those that it was told to replay by their ids
/// and did not write are parked or failed.
pub fn tell_what_became_of_the_records(case: &Case<'_>) -> Findings {
    let (mut findings, log) = (Findings::default(), of_the_log(case));
    for job in &case.run.jobs {
        findings.look(difference(job, log.get(&job.id).copied().unwrap_or_default()));
    }
    findings
}

fn difference(job: &Job, log: JobOutcomes) -> Option<String> {
    let told = job.outcomes;
    let unsent = told.sum().saturating_sub(log.sum());
    let named = job.selection["ids"].as_array().map_or(0, |ids| ids.len() as u64);
    let may_be_unsent = match job.state.as_str() {
        "done" if named > 0 => unsent == named - log.sum().min(named),
        "done" => unsent == 0,
        _ => unsent <= named,
    };
    let refused = JobOutcomes {
        parked: told.parked.wrapping_sub(log.parked),
        failed: told.failed.wrapping_sub(log.failed),
        ..JobOutcomes::default()
    };
    let same = JobOutcomes {
        parked: told.parked,
        failed: told.failed,
        ..log
    } == told
        && refused.parked <= unsent
        && refused.failed <= unsent
        && may_be_unsent
        && job.sent == log.sum();
    (!same).then(|| format!("replay {} tells {job:?}, and in the log are {log:?}", job.id))
}
