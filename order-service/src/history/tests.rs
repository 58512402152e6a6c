use orderlog_contract::event::OrderStatus;
use orderlog_contract::rejection::{Code, Rejection};
use orderlog_projection::FoldedEvent;
use orderlog_projection::store::Embedded;
use uuid::Uuid;

use super::*;

const APPLIED: Outcome = Outcome::Applied { gap: false };

struct Scene {
    _dir: tempfile::TempDir,
    store: Store,
    history: History,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::from(Embedded::open(dir.path()).expect("opens"));
        let history = History::open(&store, false).expect("opens");
        Self {
            _dir: dir,
            store,
            history,
        }
    }

    fn commit(&self, records: &[(&str, FoldedRecord)]) {
        let mut changes = BatchChanges::default();
        let with_keys = records.iter().map(|(key, record)| (Some(key.as_bytes()), record));
        self.history.add(&mut changes, with_keys);
        self.history.events.commit(&changes.rows).expect("commits");
    }

    /// Version, offset and outcome of the events of that order, by offset.
    fn events(&self, order_id: &str) -> Vec<(Option<i32>, i64, &'static str)> {
        let mut rows = self.history.events_of(order_id).expect("reads");
        rows.sort_by_key(|row| row.offset);
        rows.iter()
            .map(|row| (row.version, row.offset, row.outcome.as_str()))
            .collect()
    }
}

fn record(order_id: &str, version: i32, offset: i64, outcome: Outcome) -> FoldedRecord {
    FoldedRecord {
        partition: 2,
        offset,
        timestamp: Some(1_700_000_000_000),
        schema_id: Some(7),
        event: Some(FoldedEvent {
            event_id: Uuid::from_u128(offset as u128 + 1),
            order_id: order_id.to_owned(),
            customer_id: "CUST-1".to_owned(),
            version,
            status: OrderStatus::Confirmed,
            total_minor: 100,
            currency: "USD".to_owned(),
        }),
        outcome,
    }
}

fn rejected(offset: i64, code: Code) -> FoldedRecord {
    FoldedRecord {
        event: None,
        schema_id: None,
        timestamp: None,
        ..record("", 0, offset, Outcome::Rejected(Rejection::new(code, "because")))
    }
}

#[test]
fn an_event_is_read_back_as_it_was_written() {
    for record in [
        record("A", 1, 0, APPLIED),
        record("A", 1_000_000_000, i64::MAX, Outcome::Applied { gap: true }),
        record("A", 3, 9, Outcome::Duplicate),
        record("A", 3, 9, Outcome::Superseded),
        record(
            "A",
            3,
            9,
            Outcome::Rejected(Rejection::new(Code::IllegalTransition, "no")),
        ),
        rejected(5, Code::NotFramed),
    ] {
        let row = EventRow::of(&record).expect("a row");
        assert_eq!(EventRow::decode(&row.encode()).expect("reads"), row);
    }
    assert_eq!(EventRow::of(&record("A", 1, 0, Outcome::Ignored)), None);
}

#[test]
fn a_row_of_another_format_or_a_truncated_one_is_an_error() {
    let row = EventRow::of(&record("A", 1, 0, APPLIED)).expect("a row").encode();
    for length in 0..46 {
        assert!(EventRow::decode(&row[..length]).is_err(), "{length}");
    }
    let mut other = row;
    other[0] = 2;
    let error = EventRow::decode(&other).expect_err("another format").to_string();
    assert!(error.contains("--rebuild"), "{error}");
}

#[test]
fn every_outcome_of_an_order_is_kept_and_no_other_orders() {
    let scene = Scene::new();
    scene.commit(&[
        ("A", record("A", 1, 0, APPLIED)),
        ("A", record("A", 1, 1, Outcome::Duplicate)),
        ("A", rejected(2, Code::Undecodable)),
        ("A", record("A", 2, 3, APPLIED)),
        ("AB", record("AB", 1, 4, APPLIED)),
        ("A", record("A", 1, 5, Outcome::Ignored)),
    ]);
    let expected = [
        (Some(1), 0, "applied"),
        (Some(1), 1, "duplicate"),
        (None, 2, "dead_lettered"),
        (Some(2), 3, "applied"),
    ];
    assert_eq!(scene.events("A"), expected);
    assert_eq!(scene.events("AB"), [(Some(1), 4, "applied")]);
    assert_eq!(scene.events("nobody"), []);
}

#[test]
fn an_orders_history_is_bounded_and_keeps_the_newest() {
    let scene = Scene::new();
    // All in one batch, so that it has several events for one slot.
    let applied = (1..=200).map(|version| ("A", record("A", version, i64::from(version), APPLIED)));
    let duplicates = (201..=260).map(|offset| ("A", record("A", 200, offset, Outcome::Duplicate)));
    scene.commit(&applied.chain(duplicates).collect::<Vec<_>>());
    let events = scene.events("A");
    assert_eq!(events.len(), usize::from(APPLIED_SLOTS + OTHER_SLOTS));
    assert_eq!(events[0], (Some(137), 137, "applied"));
    assert_eq!(events[63], (Some(200), 200, "applied"));
    assert_eq!(events[64], (Some(200), 245, "duplicate"));
    assert_eq!(events[79], (Some(200), 260, "duplicate"));
}

#[test]
fn a_record_whose_key_is_no_order_id_is_not_kept() {
    let scene = Scene::new();
    scene.commit(&[
        ("", rejected(1, Code::NotFramed)),
        ("a\0b", rejected(2, Code::NotFramed)),
        (&"x".repeat(65), rejected(3, Code::NotFramed)),
    ]);
    assert_eq!(scene.history.events.keys().expect("reads").len(), 0);
}

#[test]
fn a_customer_has_its_orders_in_order_and_page_by_page() {
    let scene = Scene::new();
    scene.commit(&[
        ("B", record("B", 1, 0, APPLIED)),
        ("A", record("A", 5, 1, Outcome::Applied { gap: true })),
        ("A", record("A", 6, 2, APPLIED)),
        ("C", record("C", 1, 3, Outcome::Superseded)),
        ("D", record("D", 1, 4, APPLIED)),
    ]);
    let page = |after, limit| {
        let customers = scene.history.customers();
        customers.orders_of("CUST-1", after, limit).expect("reads")
    };
    assert_eq!(page(None, 10), ["A", "B", "D"]);
    assert_eq!(page(Some("A"), 1), ["B"]);
    assert_eq!(page(Some("D"), 10), [""; 0]);
    let customers = scene.history.customers();
    assert!(customers.orders_of("CUST", None, 10).expect("reads").is_empty());
}

#[tokio::test]
async fn a_store_that_has_orders_already_gets_its_list_of_customers_once() {
    use orderlog_contract::order::OrderState;
    use orderlog_contract::testing::an_event;
    use orderlog_projection::store::StoredOrder;

    let scene = Scene::new();
    scene.store.schemas().learn_own("orders-value", 7).expect("learns");
    let mut changes = BatchChanges::default();
    let ids: Vec<String> = (0..1_234).map(|n| format!("ORD-{n:05}")).collect();
    for id in &ids {
        let mut event = an_event(id, 1);
        event.order.customer_id = "CUST-9".into();
        let datum = orderlog_contract::encode::record_value(7, &event).expect("encodes")[5..].to_vec();
        let state = OrderState {
            event_id: event.event_id,
            order: event.order,
            partition: 0,
            offset: 1,
            partial: false,
        };
        let stored = StoredOrder {
            state,
            schema_id: 7,
            datum,
        };
        changes.orders.insert(id.clone(), Some(stored));
    }
    scene.store.commit(&changes).await.expect("commits");
    let customers = scene.history.customers();
    assert!(!customers.is_complete());
    customers.try_build(&scene.store, || true).await.expect("stops");
    assert!(!customers.is_complete());
    customers.try_build(&scene.store, || false).await.expect("builds");
    assert!(customers.is_complete());
    assert_eq!(customers.orders_of("CUST-9", None, 2_000).expect("reads"), ids);

    // Not again at the next start; but from the beginning after a rebuild.
    assert!(
        History::open(&scene.store, false)
            .expect("opens")
            .customers()
            .is_complete()
    );
    let rebuilt = History::open(&scene.store, true).expect("opens");
    assert!(!rebuilt.customers().is_complete());
    assert!(
        rebuilt
            .customers()
            .orders_of("CUST-9", None, 1)
            .expect("reads")
            .is_empty()
    );
}
