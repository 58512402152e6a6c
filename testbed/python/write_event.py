"""Writes one event to a topic like any Python producer, and prints its place as a line of JSON.

usage: write_event.py BOOTSTRAP_SERVERS REGISTRY_URL TOPIC SCHEMA_FILE [PARTITIONER|default] <EVENT (JSON; times in milliseconds since 1970)
"""

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def landed(error, record):
    if error is not None:
        sys.exit(str(error))
    value = record.value()
    print(json.dumps({"partition": record.partition(), "offset": record.offset(), "schemaId": int.from_bytes(value[1:5])}))


def main():
    servers, registry, topic, schema, *partitioner = sys.argv[1:]
    event = json.load(sys.stdin)
    event["eventId"] = UUID(event["eventId"])
    event["occurredAt"] = EPOCH + timedelta(milliseconds=event["occurredAt"])
    event["order"]["orderDate"] = EPOCH + timedelta(milliseconds=event["order"]["orderDate"])
    encode = AvroSerializer(SchemaRegistryClient({"url": registry}), Path(schema).read_text(encoding="utf-8"))
    # The partitioner of Java producers; librdkafka's own default would choose another partition.
    chosen = {"partitioner": (partitioner or ["murmur2_random"])[0]}
    if chosen["partitioner"] == "default":
        chosen = {}
    producer = Producer({"bootstrap.servers": servers, **chosen})
    value = encode(event, SerializationContext(topic, MessageField.VALUE))
    producer.produce(topic, key=event["order"]["orderId"], value=value, on_delivery=landed)
    if producer.flush(30):
        sys.exit("the broker did not take the event within 30 s")


if __name__ == "__main__":
    main()
