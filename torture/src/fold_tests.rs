use super::*;
use crate::tests::sample::event;

#[test]
fn the_table_of_the_contract() {
    let first = event("A", 1, "pending", None);
    let follows = |version, status| Event {
        previous: Some(first.event_id.clone()),
        ..event("A", version, status, None)
    };
    let forked = Event {
        previous: Some(event("A", 1, "new", None).event_id),
        ..follows(2, "new")
    };
    assert_eq!(fold(None, &first), Outcome::Applied { gap: false });
    assert_eq!(fold(None, &follows(2, "new")), Outcome::Applied { gap: true });
    assert_eq!(
        fold(Some(&first), &follows(2, "shipped")),
        Outcome::Applied { gap: false }
    );
    assert_eq!(
        fold(Some(&first), &follows(2, "new")),
        Outcome::Invalid("illegal_transition")
    );
    assert_eq!(fold(Some(&first), &follows(3, "new")), Outcome::Applied { gap: true });
    assert_eq!(fold(Some(&first), &forked), Outcome::Applied { gap: true });
    assert_eq!(fold(Some(&first), &first), Outcome::Duplicate);
    assert_eq!(fold(Some(&first), &event("A", 1, "pending", None)), Outcome::Superseded);
    // An event without a previous event follows whatever there is.
    let (second, third) = (follows(2, "shipped"), event("A", 3, "delivered", None));
    assert_eq!(fold(Some(&second), &third), Outcome::Applied { gap: false });
    assert_eq!(fold(Some(&second), &first), Outcome::Superseded);
    for older in ["pending", "shipped"] {
        assert_eq!(fold(Some(&second), &event("A", 1, older, None)), Outcome::Superseded);
    }
}

#[test]
fn a_record_without_a_value_is_ignored() {
    let run = crate::tests::good_run::run();
    let reference = Reference::of(&run.evidence);
    let mut empty = reference.judged.iter().filter(|judged| judged.record.value.is_none());
    assert_eq!(empty.next().map(|judged| judged.outcome), Some(Outcome::Ignored));
}

#[test]
fn orders_go_forward_and_end() {
    let legal = [
        ("new", "shipped"),
        ("pending", "pending"),
        ("processing", "cancelled"),
        ("shipped", "delivered"),
        ("unknown", "new"),
        ("shipped", "unknown"),
    ];
    let illegal = [
        ("shipped", "cancelled"),
        ("confirmed", "pending"),
        ("delivered", "delivered"),
        ("cancelled", "new"),
        ("delivered", "unknown"),
    ];
    assert!(legal.iter().all(|(from, to)| can_transition_to(from, to)));
    assert!(!illegal.iter().any(|(from, to)| can_transition_to(from, to)));
}

#[test]
fn keys_belong_where_java_producers_put_them() {
    // From the tests of Kafka's own clients (org.apache.kafka.common.utils.UtilsTest).
    let known = [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
    ];
    for (key, hash) in known {
        assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
    }
}
