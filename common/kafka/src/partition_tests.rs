use std::ptr::null_mut;

use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use rdkafka::bindings;

use super::*;

/// Where librdkafka itself lays that key.
#[expect(unsafe_code, reason = "rdkafka has no safe call for it")]
fn librdkafkas(partitioner: Partitioner, key: &[u8], partitions: i32) -> i32 {
    let of_key = match partitioner {
        Partitioner::Murmur2 => bindings::rd_kafka_msg_partitioner_murmur2,
        Partitioner::Crc32 => bindings::rd_kafka_msg_partitioner_consistent,
        Partitioner::Fnv1a => bindings::rd_kafka_msg_partitioner_fnv1a,
    };
    // SAFETY: these read the key's bytes, and of the rest only the number (librdkafka 2.12, rdkafka_msg.c).
    unsafe {
        of_key(
            null_mut(),
            key.as_ptr().cast(),
            key.len(),
            partitions,
            null_mut(),
            null_mut(),
        )
    }
}

#[track_caller]
fn compare(key: &[u8], partitions: i32) {
    for partitioner in Partitioner::ALL {
        let ours = partitioner.of_key(key, partitions);
        assert_eq!(
            ours,
            librdkafkas(partitioner, key, partitions),
            "{partitioner} of {key:?}, {partitions} partitions"
        );
    }
}

/// The table of Kafka's own `UtilsTest.testMurmur2`, and librdkafka's value for the empty key.
#[test]
fn murmur2_is_the_java_producers() {
    let cases: [(&[u8], i32); 7] = [
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        (b"abc", 479_470_107),
        (b"", 275_646_681),
    ];
    for (key, hash) in cases {
        assert_eq!(murmur2(key).cast_signed(), hash, "{key:?}");
    }
}

#[test]
fn crc32_and_fnv1a_are_those_of_their_authors() {
    assert_eq!((crc32(b"123456789"), crc32(b"")), (0xcbf4_3926, 0));
    assert_eq!((fnv1a(b"foobar"), fnv1a(b"")), (0xbf9c_f968, 0x811c_9dc5));
}

#[test]
fn order_ids_lie_where_librdkafka_lays_them() {
    for n in 0..2000 {
        for id in [format!("ORD-{n}"), format!("Bestellung-{n}-é"), format!("注文{n}")] {
            for partitions in [1, 2, 6, 7, 12] {
                compare(id.as_bytes(), partitions);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_key_lies_where_librdkafka_lays_it(key in vec(any::<u8>(), 0..70), partitions in 1..i32::MAX) {
        compare(&key, partitions);
    }
}

#[test]
fn every_key_has_a_partition() {
    for partitioner in Partitioner::ALL {
        for n in 0..1000 {
            let partition = partitioner.of_key(format!("ORD-{n}").as_bytes(), 6);
            assert!((0..6).contains(&partition), "{partitioner}: {partition}");
        }
        assert_eq!(partitioner.of_key(b"any", 1), 0);
        assert_eq!(partitioner.of_key(b"any", 0), 0);
    }
}

#[test]
fn a_rule_is_found_by_our_name_and_by_librdkafkas() {
    for partitioner in Partitioner::ALL {
        for name in [partitioner.name(), partitioner.librdkafka_name()] {
            assert_eq!(Partitioner::from_str(name, false), Ok(partitioner));
        }
        let kept = serde_json::to_value(partitioner).expect("JSON");
        assert_eq!(kept, partitioner.name());
    }
}
