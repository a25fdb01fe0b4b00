"""The live protocol described as AsyncAPI 3, made from the structs of `gateways.wire`.

Belongs here: turning frames, codes and who answers what into that document.
Does not belong here: the shapes themselves; the conversation as people read it (`gateways/README.md`).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec

from exchange import __version__
from gateways import wire
from gateways.identity import COOKIE
from gateways.messages import MESSAGES
from gateways.wire import CloseCode, ErrorCode

PATH: Final = "/live"
ABOUT: Final = (
    "One WebSocket for everything that is live. Subprotocol luochui.v1.json speaks text frames, the default; "
    "luochui.v1.msgpack speaks binary frames of the same shapes. "
    "Amounts are whole minor units of a currency, times whole microseconds since the Unix epoch."
)
SCHEMA_FORMAT: Final = "application/schema+json;version=draft-2020-12"
SCHEMA_REF: Final = "#/components/schemas/{name}"
CHANNEL: Final = {"$ref": "#/channels/live"}
CLIENT_FRAMES: Final[tuple[type, ...]] = get_args(wire.ClientFrame)
SERVER_FRAMES: Final[tuple[type, ...]] = get_args(wire.ServerFrame)
COMMAND_FRAMES: Final[tuple[type, ...]] = get_args(wire.CommandFrame)
ANSWERS: Final[dict[type, tuple[type, ...]]] = {
    wire.Subscribe: (wire.Snapshot, wire.Error),
    wire.Ping: (wire.Pong, wire.Error),
    **dict.fromkeys(COMMAND_FRAMES, (wire.ReceiptFrame, wire.RefusalFrame, wire.Error)),
}
"""What answers a frame; those that are not named have no answer."""


def document(prefix: str) -> dict[str, Any]:
    """Return the document.

    Args:
        prefix: path below which the live floor is served.
    """
    frames = (*CLIENT_FRAMES, *SERVER_FRAMES)
    payloads, schemas = _schemas((*frames, wire.Farewell))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Luochui 落槌, live",
            "version": __version__,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": prefix + PATH,
                "messages": {_kind(frame): _message_ref("#/components", frame) for frame in frames},
                "bindings": {"ws": {"method": "GET"}},
                "x-subprotocols": [wire.JSON_PROTOCOL, wire.MSGPACK_PROTOCOL],
                "x-close-codes": _close_codes(),
                "x-error-codes": _error_codes(),
            }
        },
        "operations": {
            **{_kind(frame): _heard(frame) for frame in CLIENT_FRAMES},
            "tell": {
                "action": "send",
                "summary": "What the server says unasked: the first frame, news, and what concerns one person.",
                "channel": CHANNEL,
                "messages": _messages(_unasked()),
            },
        },
        "components": {
            "messages": {_kind(frame): _message(frame, payloads[frame]) for frame in frames},
            "schemas": schemas,
            "securitySchemes": {
                "session": {"type": "httpApiKey", "in": "cookie", "name": COOKIE},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _schemas(types: Sequence[type]) -> tuple[dict[type, dict[str, Any]], dict[str, Any]]:
    """Return a reference to the schema of each type, and all schemas by name.

    Where two modules name a type alike, its name has the module's before it; dots do not suit every reader.
    """
    references, schemas = msgspec.json.schema_components(types, ref_template=SCHEMA_REF)
    text = msgspec.json.encode([references, schemas]).decode()
    for name in schemas:
        text = text.replace(f'{name}"', f'{name.replace(".", "-")}"') if "." in name else text
    references, schemas = msgspec.json.decode(text)
    return dict(zip(types, references, strict=True)), schemas


def _unasked() -> list[type]:
    answers = {answer for kinds in ANSWERS.values() for answer in kinds} - {wire.Snapshot, wire.Error}
    return [frame for frame in SERVER_FRAMES if frame not in answers]


def _kind(frame: type) -> str:
    """Return the `type` under which a frame travels."""
    return str(frame.__struct_config__.tag)  # type: ignore[attr-defined]


def _heard(frame: type) -> dict[str, Any]:
    """Return the operation of the server that hears a frame, and answers it if that has an answer."""
    operation: dict[str, Any] = {
        "action": "receive",
        "summary": _summary(frame),
        "channel": CHANNEL,
        "messages": _messages([frame]),
    }
    if frame in ANSWERS:
        operation["reply"] = {"channel": CHANNEL, "messages": _messages(ANSWERS[frame])}
    return operation


def _message(frame: type, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": _kind(frame),
        "title": frame.__name__,
        "summary": _summary(frame),
        "description": inspect.getdoc(frame) or "",
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": payload},
    }


def _summary(frame: type) -> str:
    return (inspect.getdoc(frame) or "").splitlines()[0]


def _messages(frames: Sequence[type]) -> list[dict[str, str]]:
    return [_message_ref("#/channels/live", frame) for frame in frames]


def _message_ref(within: str, frame: type) -> dict[str, str]:
    return {"$ref": f"{within}/messages/{_kind(frame)}"}


def _close_codes() -> list[dict[str, Any]]:
    return [
        {
            "code": code.value,
            "name": code.name,
            "mayReturn": code.may_return,
            "meaning": wire.CLOSE_MEANINGS[code],
        }
        for code in CloseCode
    ]


def _error_codes() -> list[dict[str, Any]]:
    return [
        {"code": code.value, "retryable": code in wire.RETRYABLE, "meaning": MESSAGES[code].en}
        for code in ErrorCode
    ]
