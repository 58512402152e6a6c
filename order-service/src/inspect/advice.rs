//! What to do about a dead letter, by what is wrong with it now. Pure.

use orderlog_contract::rejection::Code;

use crate::dead_letter::DeadLetterState;

/// What is known of a dead letter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case<'a> {
    /// Why it would be rejected now; `None` if it would not be.
    pub code: Option<Code>,
    /// Why it was rejected; where it was is not judged again, because a replay goes to the key's own partition.
    pub rejected_as: Option<Code>,
    /// What a replay would do if it is not rejected.
    pub replay: Option<Replay>,
    /// What became of it; `None` if it is open.
    pub settled: Option<DeadLetterState>,
    /// Whether it says so itself that it is a dead letter of this service.
    pub is_ours: bool,
    /// Whether its value was too large to be copied.
    pub is_pointer: bool,
    /// Why the registry does not answer.
    pub outage: Option<&'a str>,
    /// The schema id that it names.
    pub schema_id: Option<u32>,
    /// Whether its headers have the schema that it was written with.
    pub has_schema: bool,
    /// Whether that schema is another one than the registry has under the id.
    pub contradicts: bool,
    /// The highest schema id that is known.
    pub highest_id: Option<u32>,
    /// The topic's subject.
    pub subject: &'a str,
    /// Whether a later event gave its order a newer state.
    pub is_healed: bool,
}

/// What a replay would do with a record that is not rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// The order gets a new state.
    Applies,
    /// The event was applied already.
    Duplicate,
    /// The order has a newer state already.
    Superseded,
}

/// An id that is further than this above the highest known one is not what the registry gives next, even if it has many
/// subjects.
const FAR: u32 = 100_000;

/// What to do, in a few sentences.
pub(crate) fn sentence(case: &Case<'_>) -> String {
    match case.settled {
        Some(DeadLetterState::Replayed) => {
            return "It was replayed already, and is not replayed again. If the record was rejected once more, there is a newer dead letter with `replays` one higher.".to_owned();
        }
        Some(DeadLetterState::Discarded) => return "It was discarded, so there is nothing left to do.".to_owned(),
        Some(DeadLetterState::Parked) => {
            return "It was replayed three times and rejected each time, so it is parked and not replayed again. Have its producer send the event again, then discard this one.".to_owned();
        }
        Some(DeadLetterState::Open) | None => {}
    }
    if case.is_pointer {
        return "Its value was too large to copy, so it can be neither shown nor replayed. The record itself is at its original position until the topic's retention deletes it. Have its producer send a smaller one, then discard this dead letter.".to_owned();
    }
    if !case.is_ours {
        return "No service of ours wrote this record to the dead-letter topic, so it is not replayed. Ask whoever wrote it there; discard it if it is of no use.".to_owned();
    }
    if case.outage.is_some() {
        return "The schema registry does not answer, so it cannot be told now what is wrong. Look again once the registry is back.".to_owned();
    }
    let healed = if case.is_healed {
        " A later event has brought the order up to date already, so it is safe to discard this one."
    } else {
        ""
    };
    let advice = match (case.code, case.replay) {
        (None, Some(Replay::Duplicate)) => {
            "Its event has been applied already. Discard it; a replay would change nothing."
        }
        (None, Some(Replay::Superseded)) => {
            "Its order has a newer state already. Discard it; a replay would change nothing."
        }
        (None, _) if case.rejected_as == Some(Code::WrongPartition) => return of_code(Code::WrongPartition).to_owned(),
        (None, _) => return "Nothing is wrong with it any more: replay it, after a dry run.".to_owned(),
        (Some(Code::UnknownSchemaId), _) => return unknown_schema(case) + healed,
        (Some(Code::WrongSchema | Code::Undecodable | Code::InvalidOrder | Code::KeyMismatch), _)
            if case.contradicts =>
        {
            "The registry has another schema under its id than the one that its producer sent along in the header writer.schema: the id has been given to another schema, or is from another registry. Registering the producer's schema now gives it another id, so a replay of the same bytes does not help. Have the producer register its schema with this registry, and send the event again; then discard this one."
        }
        (Some(code), _) => of_code(code),
    };
    advice.to_owned() + healed
}

/// Whether registering a schema is what helps.
pub(crate) fn registers(case: &Case<'_>) -> bool {
    let is_open = matches!(case.settled, Some(DeadLetterState::Open) | None);
    is_open
        && case.code == Some(Code::UnknownSchemaId)
        && case.schema_id.is_some()
        && case.is_ours
        && case.outage.is_none()
        && !is_far(case)
}

/// Whether the registry will not give out that id next: registering the schema would not help.
fn is_far(case: &Case<'_>) -> bool {
    matches!((case.schema_id, case.highest_id), (Some(id), Some(highest)) if id > highest.saturating_add(FAR))
}

fn of_code(code: Code) -> &'static str {
    match code {
        Code::NotFramed => {
            "Its producer does not write Confluent's wire format: have it use an Avro serializer with the schema registry, and send the event again. Then discard this one; a replay writes the same bytes."
        }
        Code::WrongSchema => {
            "Its producer writes something else, or with an incompatible schema: have it use a schema of this topic's subject, and send the event again. Then discard this one."
        }
        Code::Undecodable => {
            "The bytes are not what the schema describes: they were truncated, or written with another schema than they name. Have the producer send the event again, then discard this one; a replay writes the same bytes."
        }
        Code::InvalidOrder => {
            "Have its producer keep the rule, and send the event again. Then discard this one; a replay writes the same bytes."
        }
        Code::KeyMismatch => {
            "Have its producer use the orderId as the record's key, and send the event again. Then discard this one; a replay keeps the key."
        }
        Code::WrongPartition => {
            "The record itself is sound, but it was in another partition than its key belongs to. Replay it, after a dry run: a replay goes to the key's own partition. Also set the partitioner in its producer as the reason says, or there will be more."
        }
        Code::IllegalTransition => {
            "Its order does not allow that step. If the step is right, an earlier event is missing: replay that one first. If it is wrong, discard this one."
        }
        Code::UnknownSchemaId => "",
    }
}

fn unknown_schema(case: &Case<'_>) -> String {
    let subject = case.subject;
    let Some(id) = case.schema_id else {
        return format!(
            "Register the schema that it was written with under {subject}, at a registry that supports lookup by GUID. Then replay it."
        );
    };
    if is_far(case) {
        let highest = case.highest_id.unwrap_or_default();
        format!(
            "It names schema id {id}, which this registry does not have and will not give out soon: the highest id that is known is {highest}. So registering a schema does not help. Either the producer uses another registry, or the bytes are not Avro: have it use this one, and send the event again. Then discard this one."
        )
    } else if case.has_schema {
        format!(
            "The schema that it names is not registered, but its producer sent it along: register it with the command, then replay. The registry answers with the next free id: the record can be read if that is {{\"id\":{id}}}. If it answers with another id, a replay does not help: have the producer send the event again, then discard this one."
        )
    } else {
        format!(
            "The schema that it names is not registered. Ask the team that owns the producer for it, put it into schema.json as {{\"schema\": \"…\"}}, and register it with the command; then replay. The record can be read if the registry answers with {{\"id\":{id}}}. If the id is from another registry, have the producer use this one."
        )
    }
}

#[cfg(test)]
#[path = "advice_tests.rs"]
mod tests;
