"""Prints the events of the topic as they come; Ctrl-C ends it."""

import os
import uuid

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
registry = os.environ.get("SCHEMA_REGISTRY_URL", "http://localhost:8081")
topic = os.environ.get("KAFKA_TOPIC", "order-events")

decode = AvroDeserializer(SchemaRegistryClient({"url": registry}))
# A new group each time has no committed offsets, so it reads from the beginning.
group = f"reader-{uuid.uuid4()}"
consumer = Consumer({"bootstrap.servers": servers, "group.id": group, "auto.offset.reset": "earliest"})
consumer.subscribe([topic])
try:
    while True:
        record = consumer.poll(1)
        # Nothing new, an error that the client retries by itself, or a record without a value (a tombstone or a barrier).
        if record is None or record.error() or record.value() is None:
            continue
        try:
            event = decode(record.value(), SerializationContext(topic, MessageField.VALUE))
            print(record.partition(), record.offset(), record.key(), event, flush=True)
        except Exception as error:  # not Avro, or its schema is not in the registry
            print(record.partition(), record.offset(), record.key(), "cannot be decoded:", repr(error), flush=True)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
