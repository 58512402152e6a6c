//! What is wrong with bytes, in plain words.

use orderlog_avro::{ReadError, ReadErrorKind};

/// The sentence for an error in the field at that path, at that byte of the value. It never contains any payload.
pub(super) fn of(error: &ReadError, path: &str, byte: usize) -> String {
    let place = if path.is_empty() { "the event" } else { path };
    let what = match error.kind() {
        ReadErrorKind::UnexpectedEnd => {
            return format!("The data ends inside {place}: more bytes are needed at byte {byte}.");
        }
        ReadErrorKind::TrailingBytes => {
            return format!("The event ends before byte {byte}, but the value goes on.");
        }
        ReadErrorKind::InvalidUtf8 => "the bytes of the text are not UTF-8",
        ReadErrorKind::NegativeLength => "the length is negative",
        ReadErrorKind::InvalidBoolean => "a boolean must be 0 or 1",
        ReadErrorKind::VarintOverflow => "the number has too many bytes",
        ReadErrorKind::IntOverflow => "the number does not fit 32 bits",
        ReadErrorKind::UnionIndexOutOfRange => "the schema's union has no branch with that number",
        ReadErrorKind::EnumIndexOutOfRange => "the schema's enum has no symbol with that number",
        ReadErrorKind::UnknownSymbol => "this release does not know that symbol of the writer's enum",
        ReadErrorKind::UnreadableBranch => "this release cannot read that branch of the writer's union",
        ReadErrorKind::InvalidBlockSize => "the size of a block is not that of its entries",
        ReadErrorKind::TargetType => "the value has the wrong form, as of a UUID that is none",
        _ => return format!("{} cannot be read: {error}.", sentence_case(place)),
    };
    format!("{} cannot be read at byte {byte}: {what}.", sentence_case(place))
}

/// Paths stay as they are; only our own words begin a sentence with a capital.
fn sentence_case(place: &str) -> &str {
    if place == "the event" { "The event" } else { place }
}
