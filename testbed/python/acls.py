"""Grants or revokes what accounts may do, as an operator would.

usage: acls.py BOOTSTRAP_SERVERS grant|revoke <LIST (JSON: [account, operation, "topic"|"group", name] for each)
"""

import json
import sys

from confluent_kafka.admin import AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient
from confluent_kafka.admin import ResourcePatternType, ResourceType


def main():
    servers, what = sys.argv[1:]
    admin = AdminClient({"bootstrap.servers": servers})
    kind = AclBinding if what == "grant" else AclBindingFilter
    rules = [
        kind(
            ResourceType[resource.upper()], name, ResourcePatternType.LITERAL, f"User:{account}", "*",
            AclOperation[operation], AclPermissionType.ALLOW,
        )
        for account, operation, resource, name in json.load(sys.stdin)
    ]
    change = admin.create_acls if what == "grant" else admin.delete_acls
    for done in change(rules, request_timeout=30).values():
        done.result()


if __name__ == "__main__":
    main()
