#!/usr/bin/env python3
"""Writes the golden files of the versions under schemas/order-event/ that have none yet, with another Avro implementation
than the one under test. What has been written is never touched again: it is what producers of that version wrote.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install fastavro==1.12.2
    /tmp/golden/bin/python common/contract/tests/lineage/golden/write.py

For version N, line by line the same events: vN.hex has a record's value (magic byte 0, schema id N in 4 bytes big endian,
Avro datum), and vN.json, a JSON array, has the event.
"""

import io
import json
import pathlib
import re
import struct
import sys

import fastavro
from fastavro.schema import expand_schema

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = HERE.parents[4] / "schemas" / "order-event"

FIRST = "01977f3c-5a00-7000-8000-000000000001"
SECOND = "01977f3c-5a00-7000-bfff-ffffffffffff"


def order(order_id, items, **others):
    total = sum(item["quantity"] * item["unitPriceMinor"] for item in items)
    return {
        "orderId": order_id,
        "version": 1,
        "customerId": "CUST-7",
        "orderDate": 1750000000000,
        "items": items,
        "totalMinor": total,
        "currency": "USD",
        "status": "new",
        **others,
    }


def event(order, **others):
    return {
        "eventId": FIRST,
        "previousEventId": None,
        "eventType": "ORDER_CREATED",
        "occurredAt": 1750000000123,
        "order": order,
        **others,
    }


def item(item_id, quantity, price):
    return {"itemId": item_id, "quantity": quantity, "unitPriceMinor": price}


TWO_ITEMS = [item("ITEM-1", 2, 1999), item("ITEM-2", 1, 1)]
UPDATE = {"eventId": SECOND, "previousEventId": FIRST, "eventType": "ORDER_STATUS_UPDATED"}

# What the fields of version 1 hold. A later version's other fields are filled in by `value`.
EVENTS = [
    event(order("ORD-1", TWO_ITEMS)),
    event(order("ORD-1", TWO_ITEMS, version=2, status="confirmed"), **UPDATE),
    event(order("注文-Ж-é-🎉", [item("品目 “1”\\", 3, 500)], customerId="Zoë Ünal", currency="JPY")),
    event(order("ORD-100", [item(f"ITEM-{n}", n, 100 * n) for n in range(1, 101)])),
    event(order("ORD-2", TWO_ITEMS, version=3, status="unknown"), **{**UPDATE, "eventType": "UNKNOWN"}),
    event(
        order("X" * 64, [item("Y" * 64, 1000000, 1)], version=1000000000, orderDate=0, currency="KWD", status="delivered"),
        **{**UPDATE, "occurredAt": 253402300799999},
    ),
]


# Stands for what EVENTS says nothing about.
ABSENT = object()


def value(schema, given, name, optional):
    """The event's value of a type. Where the event has none, one that is not the default, so that losing it shows; or
    null, unless optional values are wanted."""
    if isinstance(schema, list):
        if given is None or (given is ABSENT and "null" in schema and not optional):
            return None
        return value(next(branch for branch in schema if branch != "null"), given, name, optional)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "record":
        known = {} if given is ABSENT else given
        fields = ((field["name"], field["type"]) for field in schema["fields"])
        return {field: value(its, known.get(field, ABSENT), field, optional) for field, its in fields}
    if kind == "array":
        items = [ABSENT, ABSENT] if given is ABSENT else given
        return [value(schema["items"], it, name, optional) for it in items]
    if given is not ABSENT:
        return given
    if kind == "map":
        return {"a key": value(schema["values"], ABSENT, name, optional)}
    if kind == "enum":
        return next(symbol for symbol in schema["symbols"] if symbol != schema.get("default"))
    if isinstance(schema, dict) and schema.get("logicalType") == "uuid":
        return SECOND
    samples = {"boolean": True, "int": 41, "long": 1 << 40, "float": 0.5, "double": 0.25, "string": f"a {name}"}
    if kind not in samples:
        sys.exit(f"the field {name} is of type {kind}: teach write.py what to put there")
    return samples[kind]


def frame(schema, number, event):
    datum = io.BytesIO()
    fastavro.schemaless_writer(datum, schema, event, strict=True)
    return struct.pack(">bI", 0, number) + datum.getvalue()


def write(number, text):
    files = [HERE / f"v{number}.hex", HERE / f"v{number}.json"]
    there = [file for file in files if file.exists()]
    if len(there) == 2:
        return
    if there:
        sys.exit(f"{there[0].name} is there without its other half: restore both from version control")
    schema = fastavro.parse_schema(json.loads(text))
    types = expand_schema(json.loads(text))
    events = [value(types, it, "the event", optional=n > 0) for n, it in enumerate(EVENTS)]
    records = "".join(frame(schema, number, it).hex() + "\n" for it in events)
    lines = ",\n".join(json.dumps(it, ensure_ascii=False) for it in events)
    for file, content in zip(files, [records, f"[\n{lines}\n]\n"]):
        with open(file, "x", encoding="utf-8") as out:
            out.write(content)
        print(f"{file.name} written")


if __name__ == "__main__":
    for file in sorted(SCHEMAS.iterdir()):
        version = re.fullmatch(r"v([1-9][0-9]*)\.avsc", file.name)
        if version:
            write(int(version[1]), file.read_text(encoding="utf-8"))
