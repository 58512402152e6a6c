//! Which partition a key belongs to. Pure: no client, no I/O.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How producers map a record's key to a partition. All producers of a topic must use the same partitioner: records are
/// ordered only within one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Partitioner {
    /// What Kafka's Java producer does
    #[default]
    #[value(name = "murmur2", alias = "murmur2_random")]
    Murmur2,
    /// What librdkafka does by default (clients for Python, Go, .NET, Node.js, …)
    #[value(name = "crc32", aliases = ["consistent", "consistent_random"])]
    Crc32,
    /// What Sarama does by default (Go)
    #[value(name = "fnv1a", alias = "fnv1a_random")]
    Fnv1a,
}

impl Partitioner {
    /// Every partitioner.
    pub const ALL: [Self; 3] = [Self::Murmur2, Self::Crc32, Self::Fnv1a];

    /// Its name in our settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Murmur2 => "murmur2",
            Self::Crc32 => "crc32",
            Self::Fnv1a => "fnv1a",
        }
    }

    /// Its name in librdkafka's setting `partitioner`. (`_random` concerns records without a key.)
    pub fn librdkafka_name(self) -> &'static str {
        match self {
            Self::Murmur2 => "murmur2_random",
            Self::Crc32 => "consistent_random",
            Self::Fnv1a => "fnv1a_random",
        }
    }

    /// The partition of a key in a topic with that many partitions.
    pub fn of_key(self, key: &[u8], partitions: i32) -> i32 {
        let hash = match self {
            // "toPositive" in the Java source (`BuiltInPartitioner.partitionForKey`): the sign bit is masked off.
            Self::Murmur2 => murmur2(key) & 0x7fff_ffff,
            // Unsigned, as in `rd_kafka_msg_partitioner_consistent`.
            Self::Crc32 => crc32(key),
            // Signed, and made absolute (`rd_fnv1a`, after Sarama's `NewHashPartitioner`).
            Self::Fnv1a => fnv1a(key).cast_signed().unsigned_abs(),
        };
        let partitions = u32::try_from(partitions).unwrap_or(0).max(1);
        i32::try_from(hash % partitions).unwrap_or(0)
    }
}

impl fmt::Display for Partitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a topic maps keys to partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitioning {
    /// The partitioner.
    pub partitioner: Partitioner,
    /// The number of partitions.
    pub partitions: i32,
}

impl Partitioning {
    /// The partition of a key.
    pub fn of_key(self, key: &[u8]) -> i32 {
        self.partitioner.of_key(key, self.partitions)
    }
}

/// `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    // No record has a length beyond 32 bits; the cast matches the int of the Java source.
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

/// CRC-32 as in zlib.
fn crc32(data: &[u8]) -> u32 {
    let next = |crc: u32, byte: &u8| (crc >> 8) ^ CRC_TABLE[usize::from(crc as u8 ^ byte)];
    !data.iter().fold(!0, next)
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut crc = n as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
            bit += 1;
        }
        table[n] = crc;
        n += 1;
    }
    table
};

/// FNV-1a, 32 bits.
fn fnv1a(data: &[u8]) -> u32 {
    data.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
#[path = "partition_tests.rs"]
mod tests;
