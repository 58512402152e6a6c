use proptest::collection::vec;
use proptest::prelude::{any, proptest};

use super::*;
use crate::ffi;

#[track_caller]
fn compare(key: &[u8], partitions: i32) {
    for partitioner in Partitioner::ALL {
        let ours = partitioner.of_key(key, partitions);
        assert_eq!(
            ours,
            ffi::partition_of(partitioner.librdkafka_name(), key, partitions),
            "{partitioner} of {key:?}, {partitions} partitions"
        );
    }
}

/// The table of Kafka's `UtilsTest.testMurmur2`, and librdkafka's value for the empty key.
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
fn crc32_and_fnv1a_match_their_published_test_vectors() {
    assert_eq!((crc32(b"123456789"), crc32(b"")), (0xcbf4_3926, 0));
    assert_eq!((fnv1a(b"foobar"), fnv1a(b"")), (0xbf9c_f968, 0x811c_9dc5));
}

#[test]
fn order_ids_map_to_the_same_partition_as_in_librdkafka() {
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
    fn any_key_maps_to_the_same_partition_as_in_librdkafka(key in vec(any::<u8>(), 0..70), partitions in 1..i32::MAX) {
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
fn a_partitioner_is_found_by_our_name_and_by_librdkafkas() {
    for partitioner in Partitioner::ALL {
        for name in [partitioner.name(), partitioner.librdkafka_name()] {
            assert_eq!(Partitioner::from_str(name, false), Ok(partitioner));
        }
        let kept = serde_json::to_value(partitioner).expect("JSON");
        assert_eq!(kept, partitioner.name());
    }
}
