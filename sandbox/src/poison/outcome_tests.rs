use serde_json::json;

use super::super::Kind;
use super::*;

fn written() -> Written {
    Written {
        kind: Kind::NotAvro,
        topic: "order-events".to_owned(),
        order_id: "POISON-7".to_owned(),
        event_id: None,
        key: "POISON-7".to_owned(),
        partition: 1,
        offset: 17,
    }
}

#[test]
fn a_record_that_was_not_read_is_elsewhere_only_if_the_partition_certainly_ends_before_it() {
    let not_read = |paused: Option<&str>| Outcome::NotRead {
        paused: paused.map(str::to_owned),
    };
    let zero = json!({"partition": 0, "position": 9, "end": 9, "lag": 0, "paused": null});
    for (one, expected) in [
        (json!({"end": 17, "lag": 0, "paused": null}), Outcome::NotThere),
        (json!({"end": 18, "lag": 3, "paused": null}), not_read(None)),
        (json!({"end": 17, "lag": null, "paused": null}), not_read(None)),
        (json!({"end": null, "lag": null, "paused": null}), not_read(None)),
        (
            json!({"end": 17, "lag": 0, "paused": "the registry is away"}),
            not_read(Some("the registry is away")),
        ),
    ] {
        let mut one = one;
        one["partition"] = json!(1);
        assert_eq!(
            unread(&written(), &json!({"partitions": [zero, one]})),
            expected,
            "{one}"
        );
    }
    let without_it = json!({"partitions": [zero]});
    assert_eq!(unread(&written(), &without_it), Outcome::NotThere);
    assert_eq!(
        unread(&written(), &json!({"partitions": []})),
        not_read(None),
        "before the topic is found"
    );
}
