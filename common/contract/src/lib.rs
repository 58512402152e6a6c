//! What every reader and writer of the topic agrees on: the event, the rules, the fold, money, the codes of rejection, the
//! lineage of schemas, the frame, encoding and decoding. Pure: nothing here knows Kafka, the registry, the store or HTTP.

pub mod barrier;
pub mod decode;
pub mod encode;
pub mod event;
pub mod frame;
pub mod idempotency;
pub mod lineage;
pub mod money;
pub mod order;
pub mod rejection;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod timestamp;
mod unframed;
