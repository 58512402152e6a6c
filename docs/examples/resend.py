"""Writes the record of a dead letter to the event topic once more. Its argument is the dead letter's id in /dlq/messages."""

import os
import re
import sys

from confluent_kafka import Consumer, Producer, TopicPartition

SERVERS = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
TOPIC = os.environ.get("KAFKA_TOPIC", "order-events")
DEAD_LETTERS = os.environ.get("KAFKA_DLQ_TOPIC", f"{TOPIC}-dlq")


def dead_letter(partition, offset):
    consumer = Consumer(
        {
            "bootstrap.servers": SERVERS,
            "group.id": "resend",  # must be set, and is not used: the partition is assigned, and nothing is committed
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "log_level": 2,  # librdkafka's own log would repeat the same errors many times a second
        }
    )
    consumer.assign([TopicPartition(DEAD_LETTERS, partition, offset)])
    letter = consumer.poll(30)
    consumer.close()
    where = f"at {partition}-{offset} of {DEAD_LETTERS} at {SERVERS}"
    if letter is None:
        sys.exit(f"nothing could be read {where} within 30 s")
    if letter.error():
        sys.exit(f"nothing can be read {where}: {letter.error().str()}")
    if letter.offset() != offset or "orderlog.id" not in dict(letter.headers() or []):
        sys.exit(f"there is no dead letter of order-service {where}")
    if letter.value() is None:
        sys.exit(f"the record {where} was too large to be copied: its producer has to send it again")
    return letter


def send(letter):
    reports = []
    # The partitioner is that of KAFKA_PARTITIONER=murmur2; the partition of the rejected record may have been wrong.
    producer = Producer({"bootstrap.servers": SERVERS, "partitioner": "murmur2_random", "enable.idempotence": True, "log_level": 2})
    producer.produce(
        TOPIC, letter.value(), letter.key(), headers=letter.headers(), on_delivery=lambda *report: reports.append(report)
    )
    producer.flush()
    ((error, record),) = reports
    if error:
        sys.exit(f"the record could not be written to {TOPIC} at {SERVERS}: {error.str()}")
    return record


def main():
    place = re.fullmatch(r"(\d+)-(\d+)", sys.argv[1] if len(sys.argv) == 2 else "")
    if not place:
        sys.exit("usage: resend.py ID, such as 0-10")
    record = send(dead_letter(int(place[1]), int(place[2])))
    print(f"written to {TOPIC}, partition {record.partition()}, offset {record.offset()}")


if __name__ == "__main__":
    main()
