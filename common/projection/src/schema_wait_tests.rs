use super::*;

const GRACE: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);
/// The offset of the record that waits, and the one after those that are requested with it.
const AT: i64 = 100;
const TO: i64 = 150;

fn id(id: u32) -> SchemaRef {
    SchemaRef::Id(id)
}

/// A wait of the record at [`AT`], which names id 1; further ones name 2 and 3.
fn wait(grace_expired_below: i64) -> SchemaWait {
    SchemaWait::new(id(1), vec![id(2), id(3)], AT, TO, grace_expired_below)
}

fn unknown(schema: SchemaRef, asked: Instant) -> Answered {
    let missing = Missing {
        reason: format!("no {schema}"),
        permanent: false,
    };
    Answered {
        schema,
        asked,
        missing: Some(missing),
    }
}

fn known(schema: SchemaRef) -> Answered {
    Answered {
        schema,
        asked: Instant::now(),
        missing: None,
    }
}

/// Processes the answer that all of these are unknown.
fn take_unknown(wait: &mut SchemaWait, schemas: &[u32], asked: Instant) {
    for schema in schemas {
        assert!(!wait.take_answer(&unknown(id(*schema), asked)));
    }
}

#[test]
fn a_known_schema_is_no_longer_waited_for() {
    let mut wait = wait(0);
    assert_eq!(wait.step(Instant::now()), Step::Wait);
    take_unknown(&mut wait, &[2], Instant::now());
    wait.take_answer(&known(id(1)));
    assert_eq!(wait.step(Instant::now()), Step::Resume);
    assert_eq!(
        wait.missing(id(2), AT + 1),
        None,
        "that one has not had its grace period"
    );
}

#[test]
fn one_grace_period_covers_all_records_that_were_there_when_it_began() {
    let mut wait = wait(0);
    let now = Instant::now();
    take_unknown(&mut wait, &[1, 2, 3], now);
    assert_eq!(wait.step(now), Step::BeginGrace);
    wait.begin_grace(1_000, GRACE, now);
    assert_eq!(wait.step(now), Step::Wait);
    // The registry is asked again for the one at hand, less and less often.
    let mut asked = 0;
    for tenth in 0..100 {
        let now = now + tenth * SECOND / 10;
        if wait.step(now) == Step::Ask(vec![id(1)]) {
            asked += 1;
            assert!(!wait.take_answer(&unknown(id(1), now)));
        }
    }
    assert!((4..12).contains(&asked), "{asked}");

    let over = now + GRACE;
    assert_eq!(
        wait.step(over),
        Step::Ask(vec![id(1), id(2), id(3)]),
        "once more, in order"
    );
    assert_eq!(wait.step(over), Step::Wait);
    assert!(
        wait.take_answer(&unknown(id(2), now)),
        "an answer to an earlier request"
    );
    take_unknown(&mut wait, &[1, 2], over);
    wait.take_answer(&known(id(3)));
    assert_eq!(wait.step(over), Step::Resume);
    assert_eq!(wait.missing(id(1), AT), Some("no schema id 1"));
    assert_eq!(wait.missing(id(2), TO - 1), Some("no schema id 2"));
    assert_eq!(wait.missing(id(3), AT), None);
    assert_eq!(wait.missing(id(1), TO), None, "that record was not asked for");
    assert_eq!(wait.grace_expired_below(), 1_000);
}

#[test]
fn records_that_had_their_grace_period_are_decided_by_one_answer_and_later_ones_are_not() {
    let mut wait = wait(AT + 1);
    let now = Instant::now();
    take_unknown(&mut wait, &[1, 2, 3], now);
    assert_eq!(wait.step(now), Step::Resume);
    assert_eq!(wait.missing(id(1), AT), Some("no schema id 1"));
    assert_eq!(wait.missing(id(1), AT + 1), None);
}

#[test]
fn a_schema_that_appears_within_the_grace_period_is_taken_at_once() {
    let mut wait = wait(0);
    let now = Instant::now();
    take_unknown(&mut wait, &[1], now);
    assert_eq!(wait.step(now), Step::BeginGrace);
    wait.begin_grace(0, GRACE, now);
    // No matter which partition requested it.
    wait.take_answer(&known(id(1)));
    assert_eq!(wait.step(now), Step::Resume);
}

#[test]
fn a_permanently_missing_schema_is_not_waited_for() {
    let mut wait = wait(0);
    let mut answer = unknown(id(1), Instant::now());
    answer.missing.as_mut().expect("missing").permanent = true;
    wait.take_answer(&answer);
    assert_eq!(wait.step(Instant::now()), Step::Resume);
    assert_eq!(wait.missing(id(1), AT), Some("no schema id 1"));
}

#[test]
fn the_record_at_hand_does_not_wait_for_all_schemas_after_it() {
    let mut wait = wait(TO);
    take_unknown(&mut wait, &[1], Instant::now());
    assert_eq!(wait.step(Instant::now()), Step::Wait);
    assert_eq!(wait.step(Instant::now() + 3 * SECOND), Step::Resume);
    assert_eq!(wait.missing(id(2), AT + 1), None);
}

#[test]
fn without_a_grace_period_an_unknown_schema_is_requested_once_more() {
    let mut wait = wait(0);
    let now = Instant::now();
    take_unknown(&mut wait, &[1, 2, 3], now);
    assert_eq!(wait.step(now), Step::BeginGrace);
    wait.begin_grace(0, Duration::ZERO, now);
    assert_eq!(wait.step(now), Step::Ask(vec![id(1), id(2), id(3)]));
    take_unknown(&mut wait, &[1, 2, 3], now);
    assert_eq!(wait.step(now), Step::Resume);
    assert_eq!(wait.missing(id(3), TO - 1), Some("no schema id 3"));
}
