"""The OpenAPI document says what the route tables say, and is a valid one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openapi_spec_validator import validate

from gateways import api
from gateways.api import openapi
from gateways.api.errors import STATUS, ApiCode
from gateways.api.operation import Operation
from gateways.messages import MESSAGES


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made = openapi.document(api.OPERATIONS, api.PREFIX)
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return read


def described(document: dict[str, Any], operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][api.PREFIX + operation.path][operation.method.lower()]
    return found


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize("operation", api.OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_every_operation_is_described(document: dict[str, Any], operation: Operation) -> None:
    found = described(document, operation)
    assert found["summary"].endswith(".") or ":" in found["summary"]
    assert ("security" in found) == (operation.who is not None)
    assert ("requestBody" in found) == (operation.body is not None or operation.takes_file)
    assert str(operation.status) in found["responses"]
    for code in operation.codes:
        assert str(STATUS[code]) in found["responses"]
        assert MESSAGES[code].en in found["responses"][str(STATUS[code])]["description"]


def test_operations_have_ids_of_their_own(document: dict[str, Any]) -> None:
    ids = [described(document, operation)["operationId"] for operation in api.OPERATIONS]
    assert len(set(ids)) == len(ids) == sum(len(item) for item in document["paths"].values())


def test_parameters_come_from_path_and_query(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/api/v1/lots/{lot}/records"]["get"]["parameters"]
    assert {(each["name"], each["in"], each["required"]) for each in parameters} == {
        ("lot", "path", True),
        ("after", "query", False),
        ("limit", "query", False),
    }
    limit = next(each["schema"] for each in parameters if each["name"] == "limit")
    assert (limit["minimum"], limit["maximum"]) == (1, 1_000)


def test_bodies_are_closed_and_bounded(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for operation in api.OPERATIONS:
        if operation.body is not None:
            assert schemas[operation.body.__name__]["additionalProperties"] is False, operation.path
    assert schemas["Credentials"]["properties"]["password"]["maxLength"] == 200


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = msgspec.json.encode(document).decode()
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])
    assert {code.value for code in ApiCode} <= set(MESSAGES)
