"""`python -m gateways.api.schema`: what the pages' types are made from.

It is the OpenAPI document with the frames of the live protocol among its schemas, as JSON on standard output.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from gateways import wire
from gateways.api import OPERATIONS, PREFIX
from gateways.api.openapi import REF_TEMPLATE, document


def schema() -> dict[str, Any]:
    """Return the document."""
    made = document(OPERATIONS, PREFIX)
    (client, server), components = msgspec.json.schema_components(
        [wire.ClientFrame, wire.ServerFrame], ref_template=REF_TEMPLATE
    )
    made["components"]["schemas"] |= components | {"ClientFrame": client, "ServerFrame": server}
    return made


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(schema()))
