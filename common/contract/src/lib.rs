//! What every reader and writer of the topic agrees on: the event, its rules and the fold, money, the codes of rejection, the
//! versions of the schema, and how an event becomes a record's value and back.
//!
//! Pure. Never in here: I/O, a clock, Kafka, the registry, the store, HTTP, or a decision of one service.
//!
//! ```
//! use orderlog_contract::decode::{WriterSchema, decode};
//! use orderlog_contract::rejection::{Code, Rejection};
//! use orderlog_contract::{event::OrderEvent, frame, lineage, order};
//!
//! fn event(value: &[u8]) -> Result<OrderEvent, Rejection> {
//!     let (_schema, datum) = frame::read(value, |_header| None)?;
//!     let event = decode(&WriterSchema::new(&lineage::newest_text()), datum)?;
//!     order::check(&event).map_err(|violation| Rejection::new(Code::InvalidOrder, violation.to_string()))?;
//!     Ok(event)
//! }
//!
//! assert_eq!(event(b"{}").unwrap_err().code, Code::NotFramed);
//! assert_eq!(event(b"\0\0\0\0\x07?").unwrap_err().code, Code::Undecodable);
//! ```
//!
//! | | |
//! |---|---|
//! | [`event`], [`lineage`] | the event's shape, and the versions of its schema |
//! | [`order`] | the rules of one event, and the fold: (state, event) → outcome |
//! | [`frame`], [`decode`], [`encode`] | a record's value ⇄ an event |
//! | [`rejection`] | why a record is rejected |
//! | [`explain`] | how far one record gets, and where it fails |
//! | [`money`], [`timestamp`] | amounts and times, as people write them |
//! | [`idempotency`], [`barrier`] | what headers of a record say |

pub mod barrier;
pub mod decode;
pub mod encode;
pub mod event;
pub mod explain;
pub mod frame;
pub mod idempotency;
pub mod lineage;
pub mod money;
pub mod order;
pub mod rejection;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod timestamp;
