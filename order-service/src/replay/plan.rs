//! What is to be done with a dead letter that was selected for a replay. Pure.

use orderlog_kafka::headers::OwnedHeader;
use orderlog_kafka::record_reader::OwnedRecord;
use uuid::Uuid;

use super::job::{LetterOutcome, LetterResult};
use super::selection::Selected;
use crate::dead_letter::replay_headers::{ReplayOf, replay_headers};
use crate::dead_letter::{DeadLetterId, DeadLetterRow, DeadLetterState};

/// What is to be done with a dead letter, according to the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Its record is to be sent.
    Send(DeadLetterRow),
    /// That job has sent its record already, before the service was restarted.
    SentBefore,
    /// It is not sent.
    Refuse(LetterResult),
    /// It was not open when it was its turn: none of the job's business.
    Skip,
}

/// What `job` does with a dead letter. One that was named is refused with a reason where one that a filter found is skipped.
pub(super) fn plan(selected: &Selected, topic: &str, job: Uuid, was_named: bool) -> Plan {
    let (id, row) = selected;
    let refuse = |outcome, reason: &str| Plan::Refuse(refused(*id, row.as_ref(), outcome, reason.to_owned()));
    let Some(row) = row else {
        return refuse(LetterOutcome::Failed, "there is no dead letter with this id");
    };
    match row.state {
        DeadLetterState::Replayed if row.settled.as_ref().and_then(|settled| settled.job) == Some(job) => {
            return Plan::SentBefore;
        }
        _ if !was_named && row.state != DeadLetterState::Open => return Plan::Skip,
        DeadLetterState::Replayed => return refuse(LetterOutcome::Failed, "it was replayed already"),
        DeadLetterState::Discarded => return refuse(LetterOutcome::Failed, "it was discarded"),
        DeadLetterState::Parked => {
            return refuse(
                LetterOutcome::Parked,
                "it was replayed three times and rejected each time",
            );
        }
        DeadLetterState::Open => {}
    }
    let Some(origin) = &row.origin else {
        return refuse(
            LetterOutcome::Failed,
            "it is not a dead letter of order-service, so nothing says where it belongs",
        );
    };
    if origin.topic != topic {
        let reason = format!(
            "its record comes from topic {}, and this service reads {topic}",
            origin.topic
        );
        return refuse(LetterOutcome::Failed, &reason);
    }
    Plan::Send(row.clone())
}

/// A record to be written to the event topic.
#[derive(Clone, Debug)]
pub(super) struct ReplayRecord {
    pub id: DeadLetterId,
    pub row: DeadLetterRow,
    pub key: Option<Vec<u8>>,
    pub value: Vec<u8>,
    pub headers: Vec<OwnedHeader>,
}

/// The record that a dead letter is a copy of, to be written by `job`; or why it cannot be.
pub(super) fn replay(
    id: DeadLetterId,
    row: DeadLetterRow,
    record: Option<OwnedRecord>,
    job: Uuid,
) -> Result<ReplayRecord, LetterResult> {
    let refuse = |reason: &str| refused(id, Some(&row), LetterOutcome::Failed, reason.to_owned());
    let Some(record) = record else {
        return Err(refuse("it is no longer on the dead-letter topic"));
    };
    if record.timestamp != row.timestamp {
        return Err(refuse(
            "another record is at its position: the dead-letter topic was recreated",
        ));
    }
    let Some(value) = record.value else {
        return Err(refuse(
            "its record was too large to be copied: its producer has to send it again",
        ));
    };
    let replay = ReplayOf {
        dead_letter: id,
        job,
        replays: row.replays.saturating_add(1),
        first_code: row.first_code.or(row.code),
    };
    let Some(headers) = replay_headers(&record.headers, &replay) else {
        return Err(refuse("its headers do not say which of them are the record's own"));
    };
    Ok(ReplayRecord {
        id,
        row,
        key: record.key,
        value,
        headers,
    })
}

/// The result of a dead letter that is not sent.
pub(super) fn refused(
    id: DeadLetterId,
    row: Option<&DeadLetterRow>,
    outcome: LetterOutcome,
    reason: String,
) -> LetterResult {
    LetterResult {
        id: id.to_string(),
        key: row.and_then(|row| row.key.clone()),
        outcome,
        code: row.and_then(|row| row.code),
        first_code: row.and_then(|row| row.first_code.or(row.code)),
        reason: Some(reason),
        sent_to: None,
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
