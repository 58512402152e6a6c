"""Prints the events of the topic as they come; Ctrl-C ends it."""

import os
import signal
import sys
import threading
import uuid

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
registry = os.environ.get("SCHEMA_REGISTRY_URL", "http://localhost:8081")
topic = os.environ.get("KAFKA_TOPIC", "order-events")
known = set()


def tell(error):
    """Tells of each kind of error once: the client retries by itself."""
    if error.code() not in known:
        known.add(error.code())
        print(error.str(), file=sys.stderr)


decode = AvroDeserializer(SchemaRegistryClient({"url": registry}))
consumer = Consumer(
    {
        "bootstrap.servers": servers,
        # A new group each time has no committed offsets, so it reads from the beginning.
        "group.id": f"reader-{uuid.uuid4()}",
        "auto.offset.reset": "earliest",
        "error_cb": tell,
        "log_level": 2,  # librdkafka's own log would repeat the same errors many times a second
    }
)
consumer.subscribe([topic])
# Ctrl-C does not interrupt the client, which may be in a callback.
stopped = threading.Event()
signal.signal(signal.SIGINT, lambda *_: stopped.set())
while not stopped.is_set():
    record = consumer.poll(1)
    if record is None:
        continue
    if record.error():
        tell(record.error())
        continue
    if record.value() is None:  # a tombstone or a barrier
        continue
    where = f"{record.partition()}-{record.offset()} {record.key()}"
    try:
        print(where, decode(record.value(), SerializationContext(topic, MessageField.VALUE)), flush=True)
    except Exception as error:  # not Avro, or its schema is not in the registry
        print(where, "cannot be decoded:", repr(error), flush=True)
consumer.close()
