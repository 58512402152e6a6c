"""Prints every order, as order-service has it, without its checks: what they reject is on the dead-letter topic."""

from confluent_kafka.schema_registry import SchemaRegistryClient
from fold import REGISTRY, TOPIC, decode, records, schemas, show


def main():
    dead = set()
    for _, letter in records(f"{TOPIC}-dlq"):
        # Of several headers of that name, dict() keeps the last, which is order-service's.
        _, partition, offset = dict(letter.headers())["orderlog.at"].decode().rsplit("-", 2)
        dead.add((int(partition), int(offset)))
    orders = {}
    schema_of = schemas(SchemaRegistryClient({"url": REGISTRY}))
    for _, record in records(TOPIC):
        if record.value() is None or (record.partition(), record.offset()) in dead:
            continue
        event = decode(record.value(), schema_of)
        order_id, version = event["order"]["orderId"], event["order"]["version"]
        if order_id not in orders or version > orders[order_id]["order"]["version"]:
            orders[order_id] = event
    show(orders)


if __name__ == "__main__":
    main()
