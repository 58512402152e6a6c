"""Reads the events of a topic like any Python consumer, and prints each as a line of JSON.

usage: read_events.py BOOTSTRAP_SERVERS REGISTRY_URL TOPIC COUNT [READER_SCHEMA_FILE]

COUNT is that of the records, those without a value among them.

Without a reader's schema, each event is read as it was written.
"""

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def plain(value):
    """Types that JSON lacks: a time as milliseconds since 1970, a UUID as text."""
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value)} is not expected in an event")


def main():
    servers, registry, topic, count, *reader = sys.argv[1:]
    schema = Path(reader[0]).read_text(encoding="utf-8") if reader else None
    decode = AvroDeserializer(SchemaRegistryClient({"url": registry}), schema)
    consumer = Consumer({"bootstrap.servers": servers, "group.id": f"{topic}-python", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    left = int(count)
    while left:
        record = consumer.poll(30)
        if record is None:
            sys.exit(f"{left} events did not come within 30 s")
        if record.error():
            sys.exit(str(record.error()))
        left -= 1
        event = decode(record.value(), SerializationContext(topic, MessageField.VALUE))
        if event is None:  # a null value has no event
            continue
        line = {"partition": record.partition(), "offset": record.offset(), "key": record.key().decode(), "event": event}
        print(json.dumps(line, default=plain))
    consumer.close()


if __name__ == "__main__":
    main()
