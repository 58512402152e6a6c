//! Records that no client library writes: a hand-made produce request to the mock broker (Kafka protocol, "Produce"
//! version 3, and "Record Batch").

use std::io::{Read, Write};
use std::net::TcpStream;

/// A name and a value, each any bytes.
pub type RawHeader<'a> = (&'a [u8], &'a [u8]);

/// Writes one record with those headers, and waits for the broker's response.
pub fn produce(broker: &str, topic: &str, partition: i32, value: &[u8], headers: &[RawHeader<'_>]) {
    let batch = batch(&record(value, headers));
    let request = [
        &0_i16.to_be_bytes()[..], // Produce
        &3_i16.to_be_bytes(),     // its version
        &1_i32.to_be_bytes(),     // correlation id
        &text("raw"),             // client id
        &(-1_i16).to_be_bytes(),  // no transaction
        &(-1_i16).to_be_bytes(),  // acknowledged by all
        &10_000_i32.to_be_bytes(),
        &1_i32.to_be_bytes(), // one topic
        &text(topic),
        &1_i32.to_be_bytes(), // one partition
        &partition.to_be_bytes(),
        &with_length(&batch),
    ]
    .concat();
    let mut stream = TcpStream::connect(broker).expect("a connection");
    stream.write_all(&with_length(&request)).expect("the request is sent");
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("an answer");
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length")];
    stream.read_exact(&mut answer).expect("an answer");
    // Correlation id, one topic and its name, one partition and its number; then the error code.
    let error = &answer[4 + 4 + text(topic).len() + 4 + 4..][..2];
    assert_eq!(error, [0, 0], "the record is written");
}

fn record(value: &[u8], headers: &[RawHeader<'_>]) -> Vec<u8> {
    let count = varint(i64::try_from(headers.len()).expect("a count"));
    let headers = headers
        .iter()
        .flat_map(|(name, value)| [sized(name), sized(value)].concat());
    let headers: Vec<u8> = headers.collect();
    // Attributes, and timestamp and offset relative to the batch's; no key.
    sized(&[&[0, 0, 0][..], &varint(-1), &sized(value), &count, &headers].concat())
}

/// A batch of one record. The checksum is left out: neither the mock cluster nor a consumer looks at it by default.
fn batch(record: &[u8]) -> Vec<u8> {
    let now = 1_700_000_000_123_i64.to_be_bytes();
    let rest = [
        &0_i32.to_be_bytes()[..], // leader epoch
        &[2],                     // magic
        &0_u32.to_be_bytes(),     // checksum
        &0_i16.to_be_bytes(),     // attributes
        &0_i32.to_be_bytes(),     // last offset, relative
        &now,                     // first timestamp
        &now,                     // last timestamp
        &(-1_i64).to_be_bytes(),  // no producer id
        &(-1_i16).to_be_bytes(),  // no epoch
        &(-1_i32).to_be_bytes(),  // no sequence
        &1_i32.to_be_bytes(),     // one record
        record,
    ]
    .concat();
    [&0_i64.to_be_bytes()[..], &with_length(&rest)].concat()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = i32::try_from(bytes.len()).expect("a length");
    [&length.to_be_bytes()[..], bytes].concat()
}

fn text(text: &str) -> Vec<u8> {
    let length = i16::try_from(text.len()).expect("a length");
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&varint(i64::try_from(bytes.len()).expect("a length")), bytes].concat()
}

/// A zig-zag number of variable length.
fn varint(number: i64) -> Vec<u8> {
    let mut left = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while left > 0x7f {
        bytes.push(left.to_le_bytes()[0] | 0x80);
        left >>= 7;
    }
    bytes.push(left.to_le_bytes()[0]);
    bytes
}
