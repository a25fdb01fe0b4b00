"""One operation of the HTTP API: what it takes, who may call it, what it answers; and how a request becomes a call.

Belongs here: checking and decoding a request before its handler sees it, encoding the answer.
Does not belong here: what any operation does, and what is kept of it (`gateways.api.carrying_out`).
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec
from aiohttp import web

from exchange.audit import Said
from exchange.people import Account, Role
from gateways import identity
from gateways.api.errors import ApiCode, ApiError
from gateways.api.invalid import field_problem
from gateways.api.services import SERVICES, Services
from gateways.auditing import Act

BODY_BYTES_MAX: Final = 262_144
BULK_BODY_BYTES_MAX: Final = 1_048_576
CHUNK_BYTES: Final = 65_536
ID_MAX: Final = 2**53 - 1
JSON: Final = "application/json"
REASON: Final = "reason"
NAME: Final = "name"
"""The one part of a path that is a text."""

Roles: TypeAlias = frozenset[Role] | None
ANYONE: Final[Roles] = None
SIGNED_IN: Final[Roles] = frozenset()


def only(*roles: Role) -> Roles:
    """Return the callers who have one of the roles."""
    return frozenset(roles)


Finish: TypeAlias = Callable[[Any], Awaitable[None]]


async def _nothing(_answer: Any) -> None:
    """Do nothing: the operation has no change of its own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has been checked: who asks, and what for. `body` and `query` are of the operation's types.

    An operation that is `in_one` and has something left to do once its change is durable calls `finish` with its
    answer before.
    """

    services: Services
    request: web.Request
    account: Account | None
    ids: Mapping[str, int]
    names: Mapping[str, str]
    body: Any
    query: Any
    act: Act
    finish: Finish = field(default=_nothing)

    @property
    def caller(self) -> Account:
        """Return who asks, where the operation is not for anyone."""
        assert self.account is not None, "the operation lets only accounts in"
        return self.account

    def say(self, **about: Said) -> None:
        """Let the record of acts tell more of this request than its address does; no secrets."""
        self.act.about |= about


Handle: TypeAlias = Callable[[Asked], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A line of the route table; routes and the OpenAPI document are both made from it.

    Args:
        path: below the API's prefix; names in braces are ids, whole numbers; `{name}` alone is a text.
        handle: returns the answer as a value of type `answer`, or a response of its own.
        who: roles of which the caller needs one.
        body: type of the JSON body; None when there is none.
        query: type of the query, each field a parameter.
        answer: type of the JSON answer; None for an answer without content.
        media: media type of the answer.
        codes: what it may be refused with, beside what every operation may.
        takes_file: whether the body is a file, which the handler reads itself (`gateways.api.finance_files`).
        is_question: whether nothing is changed by it, whatever its method.
        is_noted: whether it comes into the record of acts also when it is not staff who ask.
        is_before_password: whether it is open to somebody who must choose another password first.
        in_one: whether all that it changes is in the exchange's database: then change, entry and answer become durable
            together, and the caller may name it with a command id (`gateways.api.carrying_out`).
        is_secret: whether its answer holds what may be read only once.
    """

    method: str
    path: str
    handle: Handle
    who: Roles = ANYONE
    body: Any = None
    query: Any = None
    answer: Any = None
    status: int = 200
    media: str = JSON
    codes: tuple[ApiCode, ...] = ()
    body_bytes_max: int = BODY_BYTES_MAX
    is_body_optional: bool = False
    takes_file: bool = False
    is_question: bool = False
    is_noted: bool = False
    is_before_password: bool = False
    in_one: bool = False
    is_secret: bool = False


def json_response(answer: Any, status: int = 200) -> web.Response:
    """Return a value as JSON, or no content for None."""
    if answer is None:
        return web.Response(status=204)
    body = msgspec.json.encode(answer)
    return web.Response(status=status, body=body, content_type=JSON, headers={"Cache-Control": "no-store"})


async def asked_of(operation: Operation, request: web.Request, act: Act) -> Asked:
    """Check a request: origin, caller, role, ids, query, body, in this order.

    Raises: ApiError.
    """
    services = request.app[SERVICES]
    if not identity.may_change(request, services.public_origins):
        raise ApiError(ApiCode.FOREIGN_ORIGIN)
    account = act.account = await identity.account_of(request, services.people)
    _check_caller(operation, request, account)
    if account is not None and account.must_change_password and not operation.is_before_password:
        account = None
    ids, query = _ids(request), _query(operation, request)
    act.about |= ids
    body = await _body(operation, request)
    if isinstance(reason := getattr(body, REASON, None), str):
        act.about[REASON] = reason
    return Asked(
        services=services,
        request=request,
        account=account,
        ids=ids,
        names={key: text for key, text in request.match_info.items() if key == NAME},
        query=query,
        body=body,
        act=act,
    )


def _check_caller(operation: Operation, request: web.Request, account: Account | None) -> None:
    if account is None:
        if operation.who is not ANYONE or identity.bearer_of(request) is not None:
            raise ApiError(ApiCode.NOT_SIGNED_IN)
        return
    if operation.who is None:
        return
    if account.must_change_password and not operation.is_before_password:
        raise ApiError(ApiCode.PASSWORD_CHANGE_REQUIRED)
    if not identity.has_role(account, operation.who):
        raise ApiError(ApiCode.NOT_ALLOWED, "needs one of: " + ", ".join(sorted(operation.who)))


def _ids(request: web.Request) -> dict[str, int]:
    ids = {name: int(text) for name, text in request.match_info.items() if name != NAME}
    if any(number > ID_MAX for number in ids.values()):
        raise ApiError(ApiCode.NOT_FOUND)
    return ids


def _query(operation: Operation, request: web.Request) -> Any:
    if operation.query is None:
        return None
    try:
        return msgspec.convert(dict(request.query), operation.query, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, "query") from error


async def _body(operation: Operation, request: web.Request) -> Any:
    if operation.body is None:
        return None
    if operation.is_body_optional and not request.can_read_body:
        return operation.body()
    if request.content_type != JSON:
        raise ApiError(ApiCode.UNSUPPORTED_TYPE, f"send {JSON}")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        # A few compressed bytes can stand for very many; nothing that is sent here is long.
        raise ApiError(ApiCode.UNSUPPORTED_TYPE, "send it uncompressed")
    content = await _content(request, operation.body_bytes_max)
    try:
        return msgspec.json.decode(content, type=operation.body)
    except msgspec.ValidationError as error:
        raise _invalid(error, "body") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(ApiCode.MALFORMED, str(error)) from error


async def _content(request: web.Request, bytes_max: int) -> bytes:
    """Read the body, never more than its bound.  Raises: ApiError."""
    if (request.content_length or 0) > bytes_max:
        raise ApiError(ApiCode.TOO_LARGE, f"at most {bytes_max} bytes")
    return await gathered(request.content.iter_chunked(CHUNK_BYTES), bytes_max)


async def gathered(chunks: AsyncIterable[bytes], bytes_max: int) -> bytes:
    """Put a body together, never more than its bound.  Raises: ApiError."""
    content = bytearray()
    try:
        async for chunk in chunks:
            content += chunk
            if len(content) > bytes_max:
                raise ApiError(ApiCode.TOO_LARGE, f"at most {bytes_max} bytes")
    except (web.RequestPayloadError, ConnectionError) as error:
        raise ApiError(ApiCode.MALFORMED, "the body breaks off") from error
    return bytes(content)


def _invalid(error: msgspec.ValidationError, where: str) -> ApiError:
    """Name the field that is wrong: msgspec says `... - at `$.field``."""
    what, _, path = str(error).partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    problem = f"{field}: {what}" if field else what
    return ApiError(ApiCode.INVALID, where, (problem,), fields=(field_problem(str(error)),))
