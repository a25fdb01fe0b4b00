"""Frames of the live protocol held against the schemas of the AsyncAPI document."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from gateways import api, asyncapi

CHECKED_MAX = 200
"""Of each kind, how many frames one run of tests checks: a reading is slow, and more of them say nothing more."""

checked: Counter[str] = Counter()


@cache
def frame_validator() -> Draft202012Validator:
    """Return what tells whether a frame, of either side, is one that the document describes."""
    document = msgspec.json.decode(msgspec.json.encode(asyncapi.document(api.PREFIX)))
    references = [
        {"$ref": message["payload"]["schema"]["$ref"]}
        for message in document["components"]["messages"].values()
    ]
    return Draft202012Validator({"oneOf": references, "components": document["components"]})


def check_frame(frame: dict[str, Any]) -> None:
    """Hold a frame against the schema of its kind, unless enough of that kind were.

    Raises: jsonschema.ValidationError.
    """
    kind = frame["type"]
    if checked[kind] < CHECKED_MAX:
        checked[kind] += 1
        _validator_of(kind).validate(frame)


@cache
def _validator_of(kind: str) -> Draft202012Validator:
    schema = frame_validator().schema
    assert isinstance(schema, dict)
    payload = schema["components"]["messages"][kind]["payload"]["schema"]
    return Draft202012Validator({**payload, "components": schema["components"]})
