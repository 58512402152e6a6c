"""Prints every order, as order-service has it, without its checks: what they reject is on the dead-letter topic."""

import json
import os
import re
import sys
from urllib.request import urlopen

from confluent_kafka.schema_registry import SchemaRegistryClient
from fold import REGISTRY, TOPIC, decode, records, schemas, show

ORDER_SERVICE = os.environ.get("ORDER_SERVICE_URL", "http://localhost:8001").rstrip("/")
DEAD_LETTERS = os.environ.get("KAFKA_DLQ_TOPIC", f"{TOPIC}-dlq")


def positions():
    """The offset up to which order-service has read each partition."""
    try:
        with urlopen(f"{ORDER_SERVICE}/stats", timeout=10) as answer:
            stats = json.load(answer)
    except OSError as error:
        sys.exit(f"no order-service answers at {ORDER_SERVICE}: {error}")
    if stats["topic"] != TOPIC:
        sys.exit(f"the order-service at {ORDER_SERVICE} reads {stats['topic']}, not {TOPIC}")
    return {partition["partition"]: partition["position"] for partition in stats["partitions"]}


def main():
    # In this order: what lies before these positions has its dead letter already.
    position = positions()
    dead = set()
    for _, letter in records(DEAD_LETTERS):
        # Of several headers of that name, dict() keeps the last, which is order-service's. Other records have none.
        at = dict(letter.headers() or []).get("orderlog.at") or b""
        if place := re.fullmatch(re.escape(TOPIC).encode() + rb"-(\d+)-(\d+)", at):
            dead.add((int(place[1]), int(place[2])))
    orders = {}
    schema_of = schemas(SchemaRegistryClient({"url": REGISTRY}))
    for _, record in records(TOPIC):
        partition, offset = record.partition(), record.offset()
        if record.value() is None or offset >= position.get(partition, 0) or (partition, offset) in dead:
            continue
        event = decode(record.value(), schema_of)
        order_id, version = event["order"]["orderId"], event["order"]["version"]
        if order_id not in orders or version > orders[order_id]["order"]["version"]:
            orders[order_id] = event
    show(orders)


if __name__ == "__main__":
    main()
