//! For tests: a run in which everything went as it should, small enough to know by heart.

use serde_json::json;
use uuid::Uuid;

use super::checks::Run;
use super::cluster::TOPIC;
use super::decode::{Event, Item, Order, STATUSES};
use super::evidence::Evidence;
use super::faults::{Fault, Target};
use super::fold::{Fate, Reference, partition_of};
use super::history::{Action, After, Class, Ending, Foreign, How, Op, Round};
use crate::log::{Header, Record};
use crate::views::{DlqInfo, Letter, Outcomes, PartitionStats, Stats};

const SCHEMA_ID: u32 = 258;
const PARTITIONS: i32 = 2;
const DATE: (i64, &str) = (1_795_277_880_500, "2026-11-21T16:18:00.5Z");

/// An event with an id of its own: 3 pieces of 333.33 USD, ordered by a customer named after the order.
pub fn event(order: &str, version: i32, status: &str, previous: Option<&Event>) -> Event {
    Event {
        event_id: Uuid::now_v7().to_string(),
        previous: previous.map(|event| event.event_id.clone()),
        kind: usize::from(version > 1),
        occurred_at: DATE.0,
        order: Order {
            id: order.to_owned(),
            version,
            customer: format!("customer of {order}"),
            date: DATE.0,
            items: vec![Item { id: "ITEM-0".to_owned(), quantity: 3, price: 33_333 }],
            total: 99_999,
            currency: "USD".to_owned(),
            status: STATUSES.into_iter().find(|other| *other == status).expect("a status"),
        },
    }
}

/// An event's datum.
pub fn datum(event: &Event) -> Vec<u8> {
    fn long(number: i64, bytes: &mut Vec<u8>) {
        let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
        while rest >= 0x80 {
            bytes.push(0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    fn string(text: &str, bytes: &mut Vec<u8>) {
        long(text.len() as i64, bytes);
        bytes.extend_from_slice(text.as_bytes());
    }
    let (mut bytes, order) = (Vec::new(), &event.order);
    string(&event.event_id, &mut bytes);
    long(event.previous.is_some().into(), &mut bytes);
    event.previous.iter().for_each(|previous| string(previous, &mut bytes));
    long(event.kind as i64, &mut bytes);
    long(event.occurred_at, &mut bytes);
    string(&order.id, &mut bytes);
    long(order.version.into(), &mut bytes);
    string(&order.customer, &mut bytes);
    long(order.date, &mut bytes);
    long(order.items.len() as i64, &mut bytes);
    for item in &order.items {
        string(&item.id, &mut bytes);
        long(item.quantity.into(), &mut bytes);
        long(item.price, &mut bytes);
    }
    long(0, &mut bytes);
    long(order.total, &mut bytes);
    string(&order.currency, &mut bytes);
    long(STATUSES.iter().position(|status| *status == order.status).expect("a status") as i64, &mut bytes);
    bytes
}

/// A read of an order that was answered with that body: an order, or not found.
pub fn read(order: &str, begun: u64, ended: u64, answer: &str) -> Op {
    let status = if answer.starts_with('{') { 200 } else { 404 };
    Op {
        instance: "order-service".to_owned(),
        ..op(order, Action::Read { after: None }, None, begun..ended, Some(status), answer.to_owned())
    }
}

/// A request and its answer.
pub fn op(order: &str, action: Action, key: Option<&str>, time: std::ops::Range<u64>, status: Option<u16>, answer: String) -> Op {
    Op {
        client: 0,
        instance: "cart-service a".to_owned(),
        order: order.to_owned(),
        action,
        key: key.map(str::to_owned),
        begun: time.start,
        ended: time.end,
        class: Class::of(status),
        status,
        replayed: false,
        answer,
    }
}

/// An order as a service shows it.
pub fn shown(event: &Event) -> String {
    let order = &event.order;
    json!({
        "orderId": order.id, "customerId": order.customer, "orderDate": DATE.1, "currency": order.currency,
        "items": [{"itemId": "ITEM-0", "quantity": 3, "price": 333.33}], "totalAmount": 999.99,
        "status": order.status, "version": order.version, "eventId": event.event_id, "shippingCost": 20.0,
    })
    .to_string()
}

/// What cart-service answers when that event is the order's current one.
pub fn written(event: &Event, place: (i32, i64)) -> String {
    let mut order: serde_json::Value = serde_json::from_str(&shown(event)).expect("JSON");
    let fields = order.as_object_mut().expect("an object");
    fields.retain(|name, _| name != "eventId" && name != "shippingCost");
    json!({
        "message": "done", "orderId": event.order.id, "order": order, "eventId": event.event_id,
        "partition": place.0, "offset": place.1,
    })
    .to_string()
}

/// The body of a request that creates an order like [`event`]'s.
pub fn create(order: &str) -> Action {
    let items = json!([{"itemId": "ITEM-0", "quantity": 3, "price": 333.33}]);
    let customer = format!("customer of {order}");
    let body = json!({"orderId": order, "customerId": customer, "currency": "USD", "items": items});
    Action::Create { body: body.to_string() }
}

/// A request that gives an order that status.
pub fn update(status: &str, if_match: Option<i32>) -> Action {
    Action::Update { status: status.to_owned(), if_match }
}

impl Run {
    /// An empty run.
    fn empty() -> Self {
        let stats = Stats {
            topic: TOPIC.to_owned(),
            orders: 0,
            records: 0,
            partitions: Vec::new(),
            totals: Outcomes::default(),
        };
        let dlq = DlqInfo { topic: format!("{TOPIC}-dlq"), count: 0, by_code: Default::default() };
        let evidence = Evidence {
            records: Vec::new(),
            letters: Vec::new(),
            schema_id: SCHEMA_ID,
            other_schema_ids: vec![SCHEMA_ID + 1],
            partitions: PARTITIONS,
            ids: Vec::new(),
            details: Default::default(),
            stats,
            dlq,
            listed: Vec::new(),
        };
        Self { history: Vec::new(), foreign: Vec::new(), rounds: Vec::new(), endings: Vec::new(), evidence }
    }

    /// Appends a record to the topic, and returns its place.
    pub fn append(&mut self, key: &str, value: Option<Vec<u8>>, headers: Vec<Header>) -> (i32, i64) {
        let partition = partition_of(key.as_bytes(), PARTITIONS);
        let records = &mut self.evidence.records;
        let last = records.iter().filter(|record| record.partition == partition).map(|record| record.offset).max();
        let offset = last.map_or(0, |last| last + 1);
        let key = Some(key.as_bytes().to_vec());
        records.push(Record { partition, offset, timestamp: Some(DATE.0), key, value, headers });
        records.sort_by_key(Record::place);
        (partition, offset)
    }

    /// Appends an event that was written for that key.
    pub fn append_event(&mut self, event: &Event, key: &str) -> (i32, i64) {
        let value = [&[0][..], &SCHEMA_ID.to_be_bytes(), &datum(event)].concat();
        let headers = vec![(super::checks::KEY.to_owned(), Some(key.as_bytes().to_vec()))];
        self.append(&event.order.id, Some(value), headers)
    }

    /// Notes a record as written past the services.
    pub fn note(&mut self, kind: &str, poisoned: bool, place: (i32, i64)) {
        let records = &self.evidence.records;
        let Record { key, value, headers, .. } =
            records.iter().find(|record| record.place() == place).expect("a record").clone();
        self.foreign.push(Foreign { kind: kind.to_owned(), poisoned, place: Some(place), key, value, headers });
    }

    /// Has order-service and its dead letters be what the topic says.
    pub fn derive(&mut self) {
        let before = self.evidence.clone();
        let reference = Reference::of(&before);
        let evidence = &mut self.evidence;
        evidence.details = reference
            .orders()
            .map(|(id, event)| (id.to_owned(), serde_json::from_str(&shown(event)).expect("an order")))
            .collect();
        evidence.ids = evidence.details.keys().cloned().collect();
        (evidence.letters, evidence.listed, evidence.dlq.count) = (Vec::new(), Vec::new(), 0);
        evidence.dlq.by_code.clear();
        let mut partitions = vec![(0, Outcomes::default()); PARTITIONS as usize];
        for judged in &reference.judged {
            let (position, counts) = &mut partitions[judged.record.partition as usize];
            *position = judged.record.offset + 1;
            match judged.fate {
                Fate::Applied { gap } => {
                    counts.applied += 1;
                    counts.gaps += u64::from(gap);
                }
                Fate::Duplicate => counts.duplicate += 1,
                Fate::Superseded => counts.superseded += 1,
                Fate::Ignored => counts.ignored += 1,
                Fate::Unusable(code) => {
                    counts.dead_lettered += 1;
                    evidence.bury(judged.record, code);
                }
            }
        }
        let total = |count: fn(&Outcomes) -> u64| partitions.iter().map(|(_, counts)| count(counts)).sum();
        let totals = Outcomes {
            applied: total(|counts| counts.applied),
            duplicate: total(|counts| counts.duplicate),
            superseded: total(|counts| counts.superseded),
            ignored: total(|counts| counts.ignored),
            dead_lettered: total(|counts| counts.dead_lettered),
            gaps: total(|counts| counts.gaps),
        };
        let partition = |(n, (position, outcomes)): (i32, (i64, Outcomes))| PartitionStats {
            partition: n,
            position,
            end: Some(position),
            lag: Some(0),
            paused: None,
            outcomes,
        };
        evidence.stats.partitions = (0..).zip(partitions).map(partition).collect();
        (evidence.stats.orders, evidence.stats.records, evidence.stats.totals) =
            (evidence.ids.len() as u64, totals.records(), totals);
    }
}

impl Evidence {
    /// Has that record be a dead letter, which is listed and counted.
    pub fn bury(&mut self, record: &Record, code: &str) {
        let offset = self.letters.len() as i64;
        let at = format!("{TOPIC}-{}-{}", record.partition, record.offset);
        let added = [("kafka_dlt-original-topic", TOPIC), ("orderlog.code", code), ("orderlog.id", &at), ("orderlog.at", &at)];
        let added = added.map(|(name, value)| (name.to_owned(), Some(value.as_bytes().to_vec())));
        let headers = record.headers.iter().cloned().chain(added).collect();
        self.letters.push(Record { partition: 0, offset, headers, ..record.clone() });
        let listed = json!({
            "id": format!("0-{offset}"), "timestamp": null, "key": null, "code": code, "reason": null, "schemaId": null,
            "size": 0, "replays": 0,
            "origin": {"topic": TOPIC, "partition": record.partition, "offset": record.offset, "timestamp": null},
        });
        self.listed.push(serde_json::from_value::<Letter>(listed).expect("a letter"));
        self.dlq.count += 1;
        *self.dlq.by_code.entry(code.to_owned()).or_default() += 1;
    }
}

/// A run in which everything went as it should. The times are seconds, but for the clock's microseconds.
pub fn run() -> Run {
    const S: u64 = 1_000_000;
    let mut run = Run::empty();

    // A: a whole life, with a lost race at version 2, and an update whose answer never came.
    let a1 = event("A", 1, "new", None);
    let (a2, rival) = (event("A", 2, "pending", Some(&a1)), event("A", 2, "confirmed", Some(&a1)));
    let a3 = event("A", 3, "confirmed", Some(&a2));
    let a4 = event("A", 4, "shipped", Some(&a3));
    let keyed = [(&a1, "a1"), (&a2, "a2"), (&rival, "rival"), (&a3, "a3"), (&a4, "a4")];
    let places = keyed.map(|(event, key)| run.append_event(event, key));
    let done = |event: &Event, n: usize| written(event, places[n]);
    let unknown = json!({"eventId": a3.event_id}).to_string();
    run.history.extend([
        op("A", create("A"), Some("a1"), S..2 * S, Some(201), done(&a1, 0)),
        read("A", 2 * S, 3 * S, &shown(&a1)),
        op("A", update("pending", Some(1)), Some("a2"), 4 * S..5 * S, Some(200), done(&a2, 1)),
        op("A", update("confirmed", None), Some("rival"), 4 * S..5 * S, Some(409), "no".to_owned()),
        op("A", update("confirmed", None), Some("a3"), 10 * S..15 * S, Some(504), unknown),
        read("A", 16 * S, 17 * S, &shown(&a3)),
        op("A", update("shipped", None), Some("a4"), 40 * S..41 * S, Some(200), done(&a4, 4)),
        op("A", update("shipped", None), Some("again"), 42 * S..43 * S, Some(200), done(&a4, 4)),
        read("A", 44 * S, 45 * S, &shown(&a4)),
    ]);
    // B: the answer to its creation was lost, and came when the same was asked again.
    let b1 = event("B", 1, "new", None);
    let place = run.append_event(&b1, "b1");
    run.history.push(op("B", create("B"), Some("b1"), 10 * S..11 * S, None, "reset".to_owned()));
    let again = op("B", create("B"), Some("b1"), 12 * S..13 * S, Some(200), written(&b1, place));
    run.history.push(Op { replayed: true, ..again });
    // C: seen by nobody. D: its creator was never answered.
    let (c1, d1) = (event("C", 1, "new", None), event("D", 1, "new", None));
    let place = run.append_event(&c1, "c1");
    run.append_event(&d1, "d1");
    run.history.push(op("C", create("C"), Some("c1"), 50 * S..51 * S, Some(201), written(&c1, place)));
    run.history.push(op("D", create("D"), Some("d1"), 12 * S..24 * S, None, "timed out".to_owned()));
    // E: refused, not found, and visible at once.
    let e1 = event("E", 1, "new", None);
    run.history.push(read("E", 50 * S, 51 * S, "not found"));
    run.history.push(op("E", create("E"), Some("e0"), 52 * S..53 * S, Some(503), "not now".to_owned()));
    let place = run.append_event(&e1, "e1");
    run.history.push(op("E", create("E"), Some("e1"), 54 * S..55 * S, Some(201), written(&e1, place)));
    let after = Some(After { version: 1, told: 55 * S });
    run.history.push(Op { action: Action::Read { after }, ..read("E", 55 * S, 56 * S, &shown(&e1)) });
    // What others wrote.
    let copied = run.evidence.records.iter().find(|record| record.place() == place).expect("a record").clone();
    let place = run.append("E", copied.value, copied.headers);
    run.note("duplicate", false, place);
    let place = run.append("STRANGER-1", None, Vec::new());
    run.note("tombstone", false, place);
    let headers = vec![("x".to_owned(), None), ("x".to_owned(), Some(vec![0, 255]))];
    let place = run.append("STRANGER-2", Some(b"this is not Avro".to_vec()), headers);
    run.note("NotAvro", true, place);
    let place = run.append("STRANGER-3", Some([&[0][..], &SCHEMA_ID.to_be_bytes(), &datum(&e1)].concat()), Vec::new());
    run.note("WrongKey", true, place);

    let faults = vec![Fault::Kill(Target::CartA), Fault::Poison("NotAvro".to_owned())];
    run.rounds.push(Round { faults, begun: 9 * S, healed: 20 * S, settled: Ok(30 * S) });
    for (at, how) in [(9 * S, How::Killed), (19 * S, How::Terminated(100))] {
        run.endings.push(Ending { process: "cart-service a".to_owned(), at, how });
    }
    run.derive();
    run
}
