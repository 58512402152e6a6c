"""Reads the topic from the beginning to its end and prints what every record did, then every order. The outcomes and the
orders are those of order-service: this is its fold, and the checks that come before it.
"""

import io
import json
import os
import struct
import sys
import unicodedata
from datetime import datetime, timezone
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from fastavro import parse_schema, schemaless_reader
from fastavro.read import SchemaResolutionError

SERVERS = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
REGISTRY = os.environ.get("SCHEMA_REGISTRY_URL", "http://localhost:8081")
TOPIC = os.environ.get("KAFKA_TOPIC", "order-events")
# The schema that this program was written for.
READER = parse_schema(json.loads((Path(__file__).parent / "../../schemas/order-event/v1.avsc").read_text("utf-8")))
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# ISO 4217 currencies with a minor unit.
CURRENCIES = set(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
    CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
    GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR
    LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK
    PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT
    TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XCD XCG XOF XPF YER ZAR ZMW
    ZWG ZWL
    """.split()
)
PROGRESS = ["new", "pending", "confirmed", "processing", "shipped", "delivered"]


class Rejected(Exception):
    """The record is a dead letter; the message is its code."""


def fold(current, event):
    """What a valid event does to its order. current is the event that was applied last, None if there is none."""
    if current is None:
        return "applied" if event["order"]["version"] == 1 else "gap"
    version, current_version = event["order"]["version"], current["order"]["version"]
    if version <= current_version:
        same = version == current_version and event["eventId"] == current["eventId"]
        return "duplicate" if same else "superseded"
    if version > current_version + 1 or event["previousEventId"] not in (None, current["eventId"]):
        return "gap"  # applied: every event carries the whole order
    if not may_become(current["order"]["status"], event["order"]["status"]):
        raise Rejected("illegal_transition")
    return "applied"


def may_become(old, new):
    """Whether an order may go from one status to the other."""
    if old in ("delivered", "cancelled"):
        return False
    if "unknown" in (old, new):  # a status of a newer schema
        return True
    if new == "cancelled":
        return old != "shipped"
    return PROGRESS.index(old) <= PROGRESS.index(new)


def check(event):
    """The rules that an event must keep."""
    order = event["order"]
    items = order["items"]
    keeps_the_rules = (
        event["occurredAt"] >= EPOCH
        and order["orderDate"] >= EPOCH
        and is_id(order["orderId"])
        and is_id(order["customerId"])
        and 1 <= order["version"] <= 1_000_000_000
        and 1 <= len(items) <= 100
        and all(is_id(item["itemId"]) for item in items)
        and all(1 <= item["quantity"] <= 1_000_000 and item["unitPriceMinor"] >= 1 for item in items)
        and order["totalMinor"] == sum(item["quantity"] * item["unitPriceMinor"] for item in items)
        and order["currency"] in CURRENCIES
    )
    if not keeps_the_rules:
        raise Rejected("invalid_order")


def is_id(text):
    return 1 <= len(text) <= 64 and all(unicodedata.category(character) != "Cc" for character in text)


def partition_of(key, partitions):
    """Where Java's producer puts a key: murmur2, without its sign bit."""
    m, bits = 0x5BD1E995, 0xFFFFFFFF
    whole = len(key) // 4 * 4
    h = 0x9747B28C ^ len(key)
    for (k,) in struct.iter_unpack("<I", key[:whole]):
        k = k * m & bits
        h = (h * m & bits) ^ ((k ^ k >> 24) * m & bits)
    if whole < len(key):
        h = (h ^ int.from_bytes(key[whole:], "little")) * m & bits
    h = (h ^ h >> 13) * m & bits
    return ((h ^ h >> 15) & 0x7FFFFFFF) % partitions


def decode(value, schema_of):
    """The event in a record's value: byte 0, the schema id, and one datum to the last byte."""
    schema_id = int.from_bytes(value[1:5], "big")
    if len(value) < 5 or value[0] != 0 or not 1 <= schema_id <= 0x7FFFFFFF:
        raise Rejected("not_framed")
    writer = schema_of(schema_id)
    datum = io.BytesIO(value[5:])
    try:
        event = schemaless_reader(datum, writer, READER)
    except SchemaResolutionError as error:
        raise Rejected("wrong_schema") from error
    except OverflowError as error:  # a time after the year 9999
        raise Rejected("invalid_order") from error
    except Exception as error:
        raise Rejected("undecodable") from error
    if datum.read(1):
        raise Rejected("undecodable")
    return event


def apply(orders, record, partitions, schema_of):
    """Applies a record to the orders, and returns its outcome."""
    if record.value() is None:
        return "ignored"  # a tombstone or a barrier
    try:
        event = decode(record.value(), schema_of)
        check(event)
        order_id = event["order"]["orderId"]
        if record.key() != order_id.encode():
            raise Rejected("key_mismatch")
        if record.partition() != partition_of(record.key(), partitions):
            raise Rejected("wrong_partition")
        outcome = fold(orders.get(order_id), event)
    except Rejected as code:
        return str(code)
    if outcome in ("applied", "gap"):
        orders[order_id] = event
    return outcome


def schemas(registry):
    """A function that returns the schema of an id. Only "not found" rejects a record; an outage ends the program."""
    parsed = {}

    def schema_of(schema_id):
        if schema_id not in parsed:
            try:
                schema = registry.get_schema(schema_id)
            except Exception as error:  # the HTTP library's, or the registry's with a status
                if getattr(error, "error_code", None) == 40403:  # not the 404 of a gateway
                    raise Rejected("unknown_schema_id") from error
                address = REGISTRY.rpartition("@")[2]  # what is before an @ may be a password
                sys.exit(f"the registry at {address} does not return schema {schema_id}: {error!r}")
            parsed[schema_id] = parse_schema(json.loads(schema.schema_str))
        return parsed[schema_id]

    return schema_of


def records(topic):
    """The number of partitions, and every record up to the end of each."""
    consumer = Consumer(
        {
            "bootstrap.servers": SERVERS,
            "group.id": "fold",  # must be set, and is not used: the partitions are assigned, and nothing is committed
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            # The default here, but not in Java: what an aborted transaction wrote does not count.
            "isolation.level": "read_committed",
            "log_level": 2,  # librdkafka's own log would repeat the same errors many times a second
        }
    )
    try:
        unread = set(consumer.list_topics(topic, 10).topics[topic].partitions)
    except KafkaException as error:
        sys.exit(f"no broker answers at {SERVERS}: {error.args[0].str()}")
    if not unread:
        sys.exit(f"there is no topic {topic} at {SERVERS}")
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in unread])
    partitions = len(unread)
    while unread:
        record = consumer.poll(1)
        if record is None:
            continue
        if not record.error():
            yield partitions, record
        elif record.error().code() == KafkaError._PARTITION_EOF:
            unread.discard(record.partition())
    consumer.close()


def show(orders):
    for order_id, event in sorted(orders.items()):
        order = event["order"]
        line = {"orderId": order_id, "version": order["version"], "status": order["status"], "eventId": str(event["eventId"])}
        print(json.dumps(line | {"totalMinor": order["totalMinor"], "currency": order["currency"]}))


def main():
    orders = {}
    schema_of = schemas(SchemaRegistryClient({"url": REGISTRY}))
    for partitions, record in records(TOPIC):
        outcome = apply(orders, record, partitions, schema_of)
        print(json.dumps({"partition": record.partition(), "offset": record.offset(), "outcome": outcome}))
    show(orders)


if __name__ == "__main__":
    main()
