"""The AsyncAPI document says what the wire structs say, and is a valid one."""

from __future__ import annotations

import warnings
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator

from gateways import api, asyncapi, wire
from gateways.wire import CloseCode, ErrorCode
from tests.frame_schemas import frame_validator

FRAMES = (*get_args(wire.ClientFrame), *get_args(wire.ServerFrame))
COMMAND_ID = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asyncapi.document(api.PREFIX)))
    return read


def test_the_document_is_valid_asyncapi(document: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns about a name of its own when it is imported
        from asyncapi3.models import AsyncAPI3
    AsyncAPI3.model_validate(document)
    assert document["asyncapi"] == "3.0.0"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def referred(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(referred, node))
        if not isinstance(node, dict):
            return set()
        here = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return here.union(*map(referred, node.values()))

    for reference in referred(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert isinstance(found, dict), reference


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.__name__)
def test_every_kind_of_frame_is_described(document: dict[str, Any], frame: type[msgspec.Struct]) -> None:
    kind = str(frame.__struct_config__.tag)
    message = document["components"]["messages"][kind]
    assert message["title"] == frame.__name__ and message["summary"].rstrip(".:;") and message["description"]
    assert document["channels"]["live"]["messages"][kind]["$ref"] == f"#/components/messages/{kind}"
    name = message["payload"]["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["type"]["enum"] == [kind]
    fields = {field.encode_name for field in msgspec.structs.fields(frame)}
    assert set(schema["properties"]) == fields | {"type"}


def test_every_frame_is_heard_or_told(document: dict[str, Any]) -> None:
    operations = document["operations"]
    heard = {kind for kind, operation in operations.items() if operation["action"] == "receive"}
    assert heard == {str(frame.__struct_config__.tag) for frame in get_args(wire.ClientFrame)}
    told = {each["$ref"] for each in operations["tell"]["messages"]}
    replied = {
        each["$ref"] for kind in heard for each in operations[kind].get("reply", {}).get("messages", ())
    }
    tags = {str(frame.__struct_config__.tag) for frame in get_args(wire.ServerFrame)}
    assert {reference.rpartition("/")[2] for reference in told | replied} == tags
    assert {reference.rpartition("/")[2] for reference in told} >= {"hello", "events", "state", "outbid"}
    assert "reply" not in operations["unsubscribe"]


def test_codes_say_whether_to_come_back(document: dict[str, Any]) -> None:
    live = document["channels"]["live"]
    assert [(each["code"], each["mayReturn"]) for each in live["x-close-codes"]] == [
        (code.value, code // 100 == 44) for code in CloseCode
    ]
    assert {each["code"] for each in live["x-error-codes"]} == {code.value for code in ErrorCode}
    assert all(each["meaning"] for each in live["x-close-codes"] + live["x-error-codes"])


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "bid", "id": COMMAND_ID, "lot": 1, "amount": 5.5},
        {"type": "bid", "id": COMMAND_ID, "lot": 1, "amount": 5, "bidder": 7},
        {"type": "subscribe", "lot": 1, "view": "everything"},
        {"type": "snapshot", "lot": 1},
        {"type": "steal"},
    ],
    ids=["fraction", "unknown field", "unknown view", "fields missing", "unknown type"],
)
def test_a_frame_of_another_shape_does_not_pass(frame: dict[str, Any]) -> None:
    assert not frame_validator().is_valid(frame)
