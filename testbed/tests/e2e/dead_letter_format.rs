//! What a dead letter must look like: its headers, and what order-service shows of it.

use orderlog_contract::rejection::Code;
use testbed::log::{Header, Record};
use testbed::poison::{Kind, Poisoned};
use testbed::service::Service;
use testbed::world::World;

/// Part of the reason for rejecting a record of that kind.
pub fn reason(kind: Kind) -> &'static str {
    match kind {
        Kind::Empty => "the value is empty",
        Kind::NotAvro => "begins with byte 0x74 instead of magic byte 0x00",
        Kind::Short => "the value has 3 bytes",
        Kind::UnknownSchemaId => "the registry has no schema with id 987654321",
        Kind::UnregisteredSchema => "the registry has no schema with id 987654000",
        Kind::OtherSchema => "com.ecommerce.other.Greeting",
        Kind::CutOff => "unexpected end of data",
        Kind::Longer => "1 trailing byte ",
        Kind::WrongTotal => "order.totalMinor must be the sum",
        Kind::WrongKey => "the record key is not the orderId",
        Kind::WrongPartition => "the key's partition is",
        Kind::IllegalStep => "an order that is delivered cannot become new",
    }
}

/// Headers that careless code would lose: a repeated name, and null, empty and binary values.
pub fn own_headers() -> Vec<Header> {
    let header = |name: &str, value: Option<&[u8]>| (name.to_owned(), value.map(<[u8]>::to_vec));
    vec![
        header("traceparent", Some(b"00-1")),
        header("traceparent", Some(b"00-2")),
        header("null", None),
        header("empty", Some(b"")),
        header("binärý", Some(&[0, 0xff, 0xfe])),
    ]
}

/// The headers that a dead letter must have after the record's own.
pub fn added_headers(
    poisoned: &Poisoned,
    source: &Record,
    topic: &str,
    reason: &str,
    schema_id: Option<u32>,
) -> Vec<Header> {
    let (partition, offset) = poisoned.place;
    let place = format!("{topic}-{partition}-{offset}");
    let exception = format!("orderlog.{}", poisoned.code);
    let (stage, class) = match poisoned.code {
        Code::NotFramed | Code::UnknownSchemaId | Code::WrongSchema | Code::Undecodable => {
            ("VALUE_CONVERTER", "common::codec")
        }
        Code::InvalidOrder | Code::KeyMismatch | Code::WrongPartition | Code::IllegalTransition => {
            ("TASK_PUT", "common::order")
        }
    };
    let trace = format!("{exception}: {reason}\n\tat {class}(order-service)\n");
    let text = |name: &str, value: &str| (name.to_owned(), Some(value.as_bytes().to_vec()));
    let bytes = |name: &str, value: &[u8]| (name.to_owned(), Some(value.to_vec()));
    let mut added = vec![
        text("__connect.errors.topic", topic),
        text("__connect.errors.partition", &partition.to_string()),
        text("__connect.errors.offset", &offset.to_string()),
        text("__connect.errors.connector.name", "order-service"),
        text("__connect.errors.task.id", "0"),
        text("__connect.errors.stage", stage),
        text("__connect.errors.class.name", class),
        text("__connect.errors.exception.class.name", &exception),
        text("__connect.errors.exception.message", reason),
        text("__connect.errors.exception.stacktrace", &trace),
        text("kafka_dlt-original-topic", topic),
        bytes("kafka_dlt-original-partition", &partition.to_be_bytes()),
        bytes("kafka_dlt-original-offset", &offset.to_be_bytes()),
        bytes(
            "kafka_dlt-original-timestamp",
            &source.timestamp.unwrap_or(-1).to_be_bytes(),
        ),
        // The topic was created by the services.
        text("kafka_dlt-original-timestamp-type", "LogAppendTime"),
        text("kafka_dlt-original-consumer-group", "order-service"),
        text("kafka_dlt-exception-fqcn", &exception),
        text("kafka_dlt-exception-cause-fqcn", &exception),
        text("kafka_dlt-exception-message", reason),
        text("kafka_dlt-exception-stacktrace", &trace),
        text("orderlog.code", poisoned.code.as_str()),
        text("orderlog.id", &place),
        text("orderlog.replays", "0"),
        text("orderlog.at", &place),
    ];
    added.extend(schema_id.map(|id| text("orderlog.schema-id", &id.to_string())));
    added.push(text("orderlog.added", &(added.len() + 1).to_string()));
    added
}

/// Checks what order-service shows of the dead letters.
pub async fn shown(
    world: &World,
    order: &Service,
    poisoned: &[(Kind, Poisoned)],
    dead_letters: &[Record],
) -> anyhow::Result<()> {
    world.await_dead_letters(order, dead_letters.len()).await?;
    let info = order.http.dlq().await?;
    assert_eq!(info.topic, world.dead_letter_topic());
    for (kind, one) in poisoned {
        let of_code = poisoned.iter().filter(|(_, other)| other.code == one.code).count();
        assert_eq!(
            info.by_code.get(one.code.as_str()),
            Some(&(of_code as u64)),
            "{kind:?}: {info:?}"
        );
    }
    // Three per page, so that there are several pages.
    let shown = order.http.dead_letters(3).await?;
    assert_eq!(shown.len(), dead_letters.len());
    for (shown, dead_letter) in shown.iter().zip(dead_letters.iter().rev()) {
        assert_eq!(
            shown.id,
            format!("{}-{}", dead_letter.partition, dead_letter.offset),
            "the newest first"
        );
        assert_eq!(shown.key.as_deref().map(str::as_bytes), dead_letter.key.as_deref());
        assert_eq!(
            shown.code.as_deref(),
            Some(dead_letter.header("orderlog.code").as_str())
        );
        assert_eq!(
            shown.reason.as_deref(),
            Some(dead_letter.header("__connect.errors.exception.message").as_str())
        );
        assert_eq!(
            shown.schema_id.map(|id| id.to_string()).unwrap_or_default(),
            dead_letter.header("orderlog.schema-id")
        );
        assert_eq!(
            (shown.size, shown.replays),
            (dead_letter.value.as_ref().map_or(0, Vec::len) as u64, 0)
        );
        let origin = shown.origin.as_ref().expect("an origin");
        let place = format!("{}-{}-{}", origin.topic, origin.partition, origin.offset);
        assert_eq!(place, dead_letter.header("orderlog.at"));
        assert!(origin.timestamp.is_some() && shown.timestamp.is_some(), "{shown:?}");
    }
    Ok(())
}
