use super::*;

fn ours(code: Option<Code>) -> Case<'static> {
    Case {
        code,
        is_ours: true,
        schema_id: Some(7),
        subject: "order-events-value",
        ..Case::default()
    }
}

#[test]
fn every_code_has_its_own_advice() {
    let advice: std::collections::BTreeSet<String> =
        Code::ALL.iter().map(|code| sentence(&ours(Some(*code)))).collect();
    assert_eq!(advice.len(), Code::ALL.len(), "{advice:?}");
    assert!(advice.iter().all(|advice| advice.len() > 40), "{advice:?}");
}

#[test]
fn a_missing_schema_is_registered_and_the_letter_replayed() {
    let case = ours(Some(Code::UnknownSchemaId));
    let without = sentence(&case);
    assert!(
        without.contains("schema.json") && without.contains(r#"{"id":7}"#),
        "{without}"
    );
    let with = sentence(&Case {
        has_schema: true,
        ..case
    });
    assert!(with.contains("with the command, then replay"), "{with}");
}

#[test]
fn what_a_replay_would_do_decides_what_to_do_with_a_sound_record() {
    let advice = |replay| {
        sentence(&Case {
            replay: Some(replay),
            ..ours(None)
        })
    };
    assert!(advice(Replay::Applies).contains("replay it"));
    assert!(advice(Replay::Duplicate).starts_with("Its event has been applied already"));
    assert!(advice(Replay::Superseded).contains("newer state"));
    let healed = sentence(&Case {
        is_healed: true,
        ..ours(Some(Code::InvalidOrder))
    });
    assert!(healed.ends_with("safe to discard this one."), "{healed}");
}

#[test]
fn a_record_in_the_wrong_partition_is_replayed_and_its_producer_mended() {
    let case = Case {
        rejected_as: Some(Code::WrongPartition),
        replay: Some(Replay::Applies),
        ..ours(None)
    };
    let advice = sentence(&case);
    assert!(
        advice.contains("Replay it") && advice.contains("partitioner"),
        "{advice}"
    );
    let applied = sentence(&Case {
        replay: Some(Replay::Duplicate),
        ..case
    });
    assert!(applied.starts_with("Its event has been applied already"), "{applied}");
}

#[test]
fn an_id_that_the_registry_will_not_give_next_gets_no_command() {
    let near = Case {
        highest_id: Some(6),
        ..ours(Some(Code::UnknownSchemaId))
    };
    assert!(registers(&near));
    let far = Case {
        schema_id: Some(987_654_321),
        ..near
    };
    assert!(!registers(&far));
    assert!(
        sentence(&far).contains("the highest id that is known is 6"),
        "{}",
        sentence(&far)
    );
    let unknown = Case {
        highest_id: None,
        ..far
    };
    assert!(registers(&unknown), "nothing says that it is far");
}

#[test]
fn an_id_that_was_given_to_another_schema_is_called_that() {
    let case = Case {
        contradicts: true,
        ..ours(Some(Code::WrongSchema))
    };
    assert!(
        sentence(&case).contains("given to another schema"),
        "{}",
        sentence(&case)
    );
}

#[test]
fn what_is_settled_needs_nothing_more() {
    for (state, word) in [
        (DeadLetterState::Replayed, "replayed already"),
        (DeadLetterState::Discarded, "nothing left to do"),
        (DeadLetterState::Parked, "not replayed again"),
    ] {
        let case = Case {
            settled: Some(state),
            ..ours(Some(Code::UnknownSchemaId))
        };
        assert!(sentence(&case).contains(word), "{}", sentence(&case));
        assert!(!registers(&case), "{state:?}");
    }
}

#[test]
fn nobody_is_told_to_replay_what_cannot_be() {
    let pointer = sentence(&Case {
        is_pointer: true,
        ..ours(None)
    });
    let foreign = sentence(&Case {
        is_ours: false,
        ..ours(None)
    });
    let outage = sentence(&Case {
        outage: Some("away"),
        ..ours(None)
    });
    assert!(pointer.contains("neither shown nor replayed"), "{pointer}");
    assert!(foreign.contains("not replayed"), "{foreign}");
    assert!(outage.contains("Look again"), "{outage}");
}
