//! Whether a record is where its order's records belong: under the order id as its key, in that key's partition. Pure.

use orderlog_contract::order::check_key;
use orderlog_contract::rejection::{Code, Rejection};
use orderlog_kafka::partition::{Partitioner, Partitioning};

/// The partition of a record, and how its topic is partitioned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    pub partition: i32,
    pub partitioning: Partitioning,
}

impl Placement {
    /// Checks that a record with that key is an event of that order.
    ///
    /// # Errors
    /// [`Code::KeyMismatch`] or [`Code::WrongPartition`].
    pub fn check(self, key: Option<&[u8]>, order_id: &str) -> Result<(), Rejection> {
        check_key(key, order_id).map_err(|what| Rejection::new(Code::KeyMismatch, what))?;
        let order_id = order_id.as_bytes();
        if self.partitioning.of_key(order_id) != self.partition {
            return Err(Rejection::new(Code::WrongPartition, self.misplaced(order_id)));
        }
        Ok(())
    }

    /// Why a record with that key does not belong here, and what to set in its producer.
    fn misplaced(self, key: &[u8]) -> String {
        let Self {
            partition,
            partitioning: Partitioning {
                partitioner: ours,
                partitions,
            },
        } = self;
        let home = self.partitioning.of_key(key);
        let would_be_here = |other: &Partitioner| *other != ours && other.of_key(key, partitions) == partition;
        let misplaced = format!(
            "the key's partition is {home} ({ours}, {partitions} partitions), but the record is in {partition}"
        );
        let setting = ours.librdkafka_name();
        match Partitioner::ALL.into_iter().find(would_be_here) {
            Some(other) => format!(
                "{misplaced}, where {other} would place it (librdkafka's partitioner={}). Set partitioner={setting} (librdkafka) or its equivalent in the producer; or, if every producer uses {other}, start both services with KAFKA_PARTITIONER={other}",
                other.librdkafka_name()
            ),
            None => {
                format!("{misplaced}. Set partitioner={setting} (librdkafka) or its equivalent in the producer")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_misplaced_record_names_the_settings_of_producer_and_reader() {
        let key = b"A-1";
        let misplaced = |partition| {
            let partitioning = Partitioning {
                partitioner: Partitioner::Murmur2,
                partitions: 6,
            };
            let placement = Placement {
                partition,
                partitioning,
            };
            placement.misplaced(key)
        };
        let by_crc32 = misplaced(Partitioner::Crc32.of_key(key, 6));
        for part in [
            "the key's partition is 3 (murmur2, 6 partitions), but the record is in ",
            "where crc32 would place it",
            "partitioner=consistent_random",
            "Set partitioner=murmur2_random",
            "KAFKA_PARTITIONER=crc32",
        ] {
            assert!(by_crc32.contains(part), "{part} in {by_crc32}");
        }
        let is_nobodys = |partition: &i32| Partitioner::ALL.iter().all(|rule| rule.of_key(key, 6) != *partition);
        let by_nobody = misplaced((0..6).find(is_nobodys).expect("three rules, six partitions"));
        assert!(by_nobody.contains("Set partitioner=murmur2_random"), "{by_nobody}");
        assert!(!by_nobody.contains("KAFKA_PARTITIONER"), "{by_nobody}");
    }
}
