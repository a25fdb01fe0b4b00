"""The HTTP API described as OpenAPI 3.1, made from the route tables and the structs that they name.

Belongs here: turning operations into that document. Does not belong here: anything written by hand about one
operation; what it says of itself is its handler's docstring.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from exchange import __version__
from gateways.api.carrying_out import COMMAND_HEADER
from gateways.api.errors import STATUS, ApiCode, ErrorAnswer
from gateways.api.operation import ANYONE, JSON, NAME, Operation
from gateways.identity import COOKIE, SAFE_METHODS
from gateways.messages import MESSAGES

REF_TEMPLATE: Final = "#/components/schemas/{name}"
SECURITY: Final[list[dict[str, list[str]]]] = [{"session": []}, {"token": []}]
SECURITY_SCHEMES: Final = {
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    "token": {"type": "http", "scheme": "bearer"},
}
ABOUT: Final = "Amounts are whole minor units of a currency, times whole microseconds since the Unix epoch."
FILE_CONTENT: Final = {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    "multipart/form-data": {
        "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
    },
}
ALWAYS_POSSIBLE: Final = (ApiCode.STORE_UNAVAILABLE, ApiCode.INTERNAL)

COMMAND_ID: Final[dict[str, Any]] = {
    "name": COMMAND_HEADER,
    "in": "header",
    "required": False,
    "description": "Names one intention: repeated with the same request, the first answer is given again.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}


def document(operations: Sequence[Operation], prefix: str) -> dict[str, Any]:
    """Return the document.

    Args:
        operations: every line of the route tables.
        prefix: path below which all of them are served.
    """
    types = _types(operations)
    schemas, components = msgspec.json.schema_components(types, ref_template=REF_TEMPLATE)
    schema_of = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        item = paths.setdefault(prefix + operation.path, {})
        item[operation.method.lower()] = _described(operation, schema_of, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Luochui 落槌",
            "version": __version__,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SECURITY_SCHEMES},
    }


def _types(operations: Sequence[Operation]) -> list[Any]:
    """Return every type that a schema is needed for, each once."""
    named = [ErrorAnswer]
    for operation in operations:
        named += [part for part in (operation.body, operation.answer, operation.query) if part is not None]
    return list({repr(part): part for part in named}.values())


def _described(operation: Operation, schema_of: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.handle.__name__,
        "summary": (inspect.getdoc(operation.handle) or "").splitlines()[0],
        "tags": [operation.path.split("/")[1].removesuffix(".json")],
        "parameters": _parameters(operation, schema_of, components),
        "responses": _responses(operation, schema_of),
    }
    if operation.who is not ANYONE:
        described["security"] = SECURITY
        described["x-roles"] = sorted(operation.who or ())
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.is_body_optional,
            "content": {JSON: {"schema": schema_of[repr(operation.body)]}},
        }
    elif operation.takes_file:
        described["requestBody"] = {"required": True, "content": FILE_CONTENT}
    return described


def _parameters(
    operation: Operation, schema_of: dict[str, Any], components: dict[str, Any]
) -> list[dict[str, Any]]:
    identifier = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
    text = {"type": "string", "maxLength": 40}
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": text if name == NAME else identifier}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    if operation.in_one and operation.who is not ANYONE:
        parameters.append(COMMAND_ID)
    if operation.query is not None:
        # The names of the whole document: two modules may name a type alike.
        component = schema_of[repr(operation.query)]["$ref"].rsplit("/", 1)[-1]
        fields = components[component]["properties"]
        parameters += [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in fields.items()
        ]
    return parameters


def _responses(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    fulfilled: dict[str, Any] = {"description": "Done."}
    if operation.answer is not None:
        fulfilled["content"] = {operation.media: {"schema": schema_of[repr(operation.answer)]}}
    elif operation.status != 204:
        fulfilled["content"] = {operation.media: {"schema": {"type": "string"}}}
    responses: dict[str, Any] = {str(operation.status): fulfilled}
    for status, codes in _refusals(operation).items():
        responses[str(status)] = {
            "description": " ".join(f"{code}: {MESSAGES[code].en}" for code in codes),
            "content": {JSON: {"schema": schema_of[repr(ErrorAnswer)]}},
        }
    return responses


def _refusals(operation: Operation) -> dict[int, list[ApiCode]]:
    """Return what an operation may be refused with, by status."""
    by_status: dict[int, list[ApiCode]] = {}
    for code in dict.fromkeys((*_codes_of_reception(operation), *operation.codes, *ALWAYS_POSSIBLE)):
        by_status.setdefault(STATUS[code], []).append(code)
    return dict(sorted(by_status.items()))


def _codes_of_reception(operation: Operation) -> list[ApiCode]:
    """Return the codes of everything that is checked before the handler runs."""
    codes = [ApiCode.NOT_SIGNED_IN]
    if operation.who:
        codes.append(ApiCode.NOT_ALLOWED)
    if operation.method not in SAFE_METHODS:
        codes.append(ApiCode.FOREIGN_ORIGIN)
    if operation.query is not None or operation.body is not None:
        codes.append(ApiCode.INVALID)
    if operation.in_one and operation.who is not ANYONE:
        codes.append(ApiCode.COMMAND_ID_REUSED)
        if operation.is_secret:
            codes.append(ApiCode.DONE_ALREADY)
    if operation.body is not None or operation.takes_file:
        codes += [ApiCode.MALFORMED, ApiCode.TOO_LARGE, ApiCode.UNSUPPORTED_TYPE]
    return codes
