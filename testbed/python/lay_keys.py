"""Writes records with those keys like any Python producer, and prints the partition of each as a list of JSON.

usage: lay_keys.py BOOTSTRAP_SERVERS REGISTRY_URL TOPIC PARTITIONER|default <KEYS (JSON: a list of texts)
"""

import json
import sys

from confluent_kafka import Producer


def main():
    servers, _, topic, partitioner = sys.argv[1:]
    keys = json.load(sys.stdin)
    landed = [None] * len(keys)

    def place(n):
        def report(error, record):
            if error is not None:
                sys.exit(str(error))
            landed[n] = record.partition()

        return report

    chosen = {} if partitioner == "default" else {"partitioner": partitioner}
    producer = Producer({"bootstrap.servers": servers, **chosen})
    for n, key in enumerate(keys):
        producer.produce(topic, key=key.encode(), value=b"", on_delivery=place(n))
    if producer.flush(30):
        sys.exit("the broker did not take the records within 30 s")
    print(json.dumps(landed))


if __name__ == "__main__":
    main()
