//! Which partition a key belongs to: murmur2, as in Kafka's Java producer (`BuiltInPartitioner.partitionForKey`) and in
//! librdkafka with `partitioner=murmur2_random`. Pure.

/// The partition of a key, of so many.
pub fn of_key(key: &[u8], partitions: i32) -> i32 {
    // "toPositive" in the Java source: the sign bit is masked off.
    let hash = murmur2(key) & 0x7fff_ffff;
    let partitions = u32::try_from(partitions).unwrap_or(0).max(1);
    i32::try_from(hash % partitions).unwrap_or(0)
}

/// `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    // Lengths beyond 32 bits do not occur in a record; the cast is what the Java source does with an int.
    let mut h = SEED ^ (data.len() as u32);
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        for (n, byte) in tail.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * n);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of Kafka's own `UtilsTest.testMurmur2`, and librdkafka's value for the empty key.
    #[test]
    fn the_hash_is_the_java_producers() {
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
            assert_eq!(murmur2(key) as i32, hash, "{key:?}");
        }
    }

    #[test]
    fn every_key_has_a_partition() {
        for n in 0..1000 {
            assert!((0..6).contains(&of_key(format!("ORD-{n}").as_bytes(), 6)));
        }
        assert_eq!(of_key(b"any", 1), 0);
    }
}
