"""Prints the events of the topic as they come; Ctrl-C ends it."""

import os
import signal
import sys
import threading
import uuid

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer

servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
registry = os.environ.get("SCHEMA_REGISTRY_URL", "http://localhost:8081")
topic = os.environ.get("KAFKA_TOPIC", "order-events")
known = set()


def tell(error):
    """Tells of each kind of error once: the client retries by itself."""
    if error.code() not in known:
        known.add(error.code())
        print(error.str(), file=sys.stderr)


class PatientRegistry(SchemaRegistryClient):
    """Asks until the registry answers: an outage does not make a record bad. Only "not found" is an answer about a record."""

    def get_schema(self, *args, **kwargs):
        told = False
        while True:
            try:
                return super().get_schema(*args, **kwargs)
            except Exception as error:  # the HTTP library's, or the registry's with a status
                if getattr(error, "error_code", None) == 40403:  # not the 404 of a gateway
                    raise
                if not told:
                    told = True
                    # What is before an @ may be a password.
                    print(f"waiting for the registry at {registry.rpartition('@')[2]}: {error!r}", file=sys.stderr, flush=True)
            if stopped.wait(1):
                sys.exit()


# Ctrl-C does not interrupt the client, which may be in a callback.
stopped = threading.Event()
signal.signal(signal.SIGINT, lambda *_: stopped.set())
decode = AvroDeserializer(PatientRegistry({"url": registry}))
consumer = Consumer(
    {
        "bootstrap.servers": servers,
        # A new group each time has no committed offsets, so it reads from the beginning.
        "group.id": f"reader-{uuid.uuid4()}",
        "auto.offset.reset": "earliest",
        "error_cb": tell,
        # The default here, but not in Java: what an aborted transaction wrote does not count.
        "isolation.level": "read_committed",
        "log_level": 2,  # librdkafka's own log would repeat the same errors many times a second
    }
)
consumer.subscribe([topic])
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
        # Without a context, whose subject it would look up, it asks the registry for nothing but schemas.
        print(where, decode(record.value(), None), flush=True)
    except Exception as error:  # not Avro, or its schema is not in the registry
        print(where, "cannot be decoded:", repr(error), flush=True)
consumer.close()
