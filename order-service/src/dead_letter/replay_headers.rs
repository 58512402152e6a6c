//! The headers of a replayed record: those of the record itself, and then what it is a replay of. Pure.
//! `docs/dead-letters.md` lists them.

use orderlog_contract::rejection::Code;
use orderlog_kafka::headers::OwnedHeader;
use uuid::Uuid;

use super::headers::{ADDED, AT, FIRST_CODE, ID, REPLAYS, added_range, last_text, number, text};
use super::position::RecordPosition;
use super::rows::DeadLetterId;

/// Id of the dead letter that the record was written from.
pub const REPLAY_OF: &str = "orderlog.replay-of";
/// The job that wrote it, a UUID.
pub const JOB: &str = "orderlog.job";

/// What a replayed record says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayOf {
    /// The dead letter that it was written from.
    pub dead_letter: DeadLetterId,
    /// The job that wrote it.
    pub job: Uuid,
    /// How often its record has been replayed, this time included.
    pub replays: u32,
    /// Why its record was rejected the first time.
    pub first_code: Option<Code>,
}

/// The headers of a replayed record: the dead letter's own, which are before those that were added to it, and then what it
/// is a replay of. `None` if no headers were added, or nonsensical ones: it is no dead letter of ours.
pub fn replay_headers(dead_letter: &[OwnedHeader], replay: &ReplayOf) -> Option<Vec<OwnedHeader>> {
    let range = added_range(dead_letter)?;
    let (position, origin) = {
        let added = &dead_letter[range.clone()];
        let parsed = |name| last_text(added, name)?.parse::<RecordPosition>().ok();
        (parsed(AT)?, parsed(ID)?)
    };
    let mut added = vec![
        text(ID, origin.to_string()),
        text(AT, position.to_string()),
        text(REPLAYS, replay.replays.to_string()),
        text(REPLAY_OF, replay.dead_letter.to_string()),
        text(JOB, replay.job.to_string()),
    ];
    added.extend(replay.first_code.map(|code| text(FIRST_CODE, code.as_str())));
    added.push(text(ADDED, (added.len() + 1).to_string()));
    Some([&dead_letter[..range.start], &dead_letter[range.end..], &added].concat())
}

/// What a record says it is a replay of: anyone can claim that.
pub fn replay_of(headers: &[OwnedHeader]) -> Option<ReplayOf> {
    let added = &headers[added_range(headers)?];
    Some(ReplayOf {
        dead_letter: last_text(added, REPLAY_OF)?.parse().ok()?,
        job: last_text(added, JOB)?.parse().ok()?,
        replays: number(added, REPLAYS)?,
        first_code: last_text(added, FIRST_CODE).and_then(Code::parse),
    })
}
