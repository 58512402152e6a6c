//! A reader of the one schema that this run writes, `schemas/order-event/v1.avsc`, written by hand from that file and
//! the Avro specification. It shares nothing with the services' decoder, so that no mistake is made twice; it only
//! checks that they still write this schema.

use orderlog_avro::SchemaText;
use orderlog_contract::lineage;

/// A decoded event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub event_id: String,
    pub previous: Option<String>,
    /// Index into the schema's symbols: 0 created, 1 status updated, 2 unknown.
    pub kind: usize,
    pub occurred_at: i64,
    pub order: Order,
}

/// The order in an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: String,
    pub version: i32,
    pub customer: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub date: i64,
    pub items: Vec<Item>,
    /// In the currency's minor units.
    pub total: i64,
    pub currency: String,
    pub status: &'static str,
}

/// One item of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub id: String,
    pub quantity: i32,
    /// In the currency's minor units.
    pub price: i64,
}

/// The symbols of OrderStatus, in the schema's order.
pub const STATUSES: [&str; 8] = [
    "new",
    "pending",
    "confirmed",
    "processing",
    "shipped",
    "delivered",
    "cancelled",
    "unknown",
];
const KINDS: usize = 3;
/// The text of the schema that this reader knows.
const KNOWN_SCHEMA: &str = include_str!("../../schemas/order-event/v1.avsc");

/// Checks that the services write the schema that this reader knows.
///
/// # Errors
/// If their newest schema has moved on.
pub fn check_newest_schema() -> anyhow::Result<()> {
    check(lineage::LINEAGE.last().copied().unwrap_or_default())
}

fn check(newest: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        SchemaText::avro(newest).writes_the_same_as(&SchemaText::avro(KNOWN_SCHEMA)),
        "the newest schema has fields that this checker's reader does not know: extend torture/src/decode.rs"
    );
    Ok(())
}

/// Schema id and datum of a value in Confluent's wire format; `None` when it is not framed.
pub fn frame(value: &[u8]) -> Option<(u32, &[u8])> {
    let (head, datum) = value.split_first_chunk::<5>()?;
    let [0, id @ ..] = head else { return None };
    Some((u32::from_be_bytes(*id), datum))
}

/// The event in a datum. `None` if it is not exactly one: too short, too long, or with a value that the schema does not
/// allow.
pub fn event(datum: &[u8]) -> Option<Event> {
    let mut reader = Reader(datum);
    let event = reader.event()?;
    reader.0.is_empty().then_some(event)
}

/// The event in a datum of a schema with one more field, which is a string or null.
pub fn event_with_one_more(datum: &[u8]) -> Option<Event> {
    let mut reader = Reader(datum);
    let event = reader.event()?;
    match reader.long()? {
        0 => {}
        1 => drop(reader.string()?),
        _ => return None,
    }
    reader.0.is_empty().then_some(event)
}

/// The rest of a datum.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn event(&mut self) -> Option<Event> {
        let reader = self;
        Some(Event {
            event_id: reader.uuid()?,
            previous: match reader.long()? {
                0 => None,
                1 => Some(reader.uuid()?),
                _ => return None,
            },
            kind: usize::try_from(reader.long()?).ok().filter(|kind| *kind < KINDS)?,
            occurred_at: reader.long()?,
            order: Order {
                id: reader.string()?,
                version: reader.int()?,
                customer: reader.string()?,
                date: reader.long()?,
                items: reader.items()?,
                total: reader.long()?,
                currency: reader.string()?,
                status: STATUSES.get(usize::try_from(reader.long()?).ok()?)?,
            },
        })
    }

    fn long(&mut self) -> Option<i64> {
        let mut number = 0_u64;
        for n in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << (7 * n);
            if byte & 0x80 == 0 {
                // Zigzag: the lowest bit is the sign.
                return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        None
    }

    fn int(&mut self) -> Option<i32> {
        self.long()?.try_into().ok()
    }

    fn string(&mut self) -> Option<String> {
        let length = usize::try_from(self.long()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn uuid(&mut self) -> Option<String> {
        self.string().filter(|text| uuid::Uuid::parse_str(text).is_ok())
    }

    fn items(&mut self) -> Option<Vec<Item>> {
        let mut items = Vec::new();
        loop {
            let count = self.long()?;
            // A negative count is followed by the block's length in bytes, for readers that skip it.
            if count < 0 {
                self.long()?;
            }
            if count == 0 {
                return Some(items);
            }
            for _ in 0..count.unsigned_abs() {
                items.push(Item {
                    id: self.string()?,
                    quantity: self.int()?,
                    price: self.long()?,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sample;

    #[test]
    fn a_schema_with_another_field_is_reported_before_anything_is_read() {
        check_newest_schema().expect("this reader knows what is written");
        let mut newer: serde_json::Value = serde_json::from_str(KNOWN_SCHEMA).expect("JSON");
        newer["doc"] = "another text, the same data".into();
        check(&newer.to_string()).expect("this reader knows the same data");
        let fields = newer["fields"].as_array_mut().expect("fields");
        fields.push(serde_json::json!({"name": "channel", "type": "string", "default": ""}));
        let error = check(&newer.to_string()).expect_err("no reader knows that").to_string();
        assert!(error.ends_with("extend torture/src/decode.rs"), "{error}");
    }

    #[test]
    fn an_event_from_another_writer_of_the_schema_is_read_field_by_field() {
        let theirs = orderlog_contract::testing::an_event("ORD-1", 3);
        let value = orderlog_contract::encode::record_value(258, &theirs).expect("encodes");
        let (id, datum) = frame(&value).expect("is framed");
        let ours = event(datum).expect("is an event");
        assert_eq!((id, ours.event_id), (258, theirs.event_id.to_string()));
        assert_eq!(ours.previous, theirs.previous_event_id.map(|id| id.to_string()));
        assert_eq!(
            (ours.occurred_at, ours.order.date),
            (theirs.occurred_at, theirs.order.order_date)
        );
        assert_eq!((ours.order.id.as_str(), ours.order.version), ("ORD-1", 3));
        assert_eq!(
            (ours.order.customer, ours.order.currency),
            (theirs.order.customer_id, theirs.order.currency)
        );
        assert_eq!(
            (ours.order.total, ours.order.status),
            (theirs.order.total_minor, theirs.order.status.as_str())
        );
        let items = ours
            .order
            .items
            .iter()
            .map(|item| (item.id.clone(), item.quantity, item.price));
        let expected = theirs.order.items.iter();
        let expected = expected.map(|item| (item.item_id.clone(), item.quantity, item.unit_price_minor));
        assert_eq!(items.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn neither_a_prefix_of_an_event_nor_anything_longer_is_an_event() {
        let datum = sample::datum(&sample::event("A", 1, "new", None));
        assert!(event(&datum).is_some());
        for end in 0..datum.len() {
            assert_eq!(event(&datum[..end]), None, "{end} bytes");
        }
        assert_eq!(event(&[&datum[..], &[0]].concat()), None);
        assert_eq!((frame(&[0, 0, 0, 1]), frame(&[1, 0, 0, 0, 1])), (None, None));
    }
}
