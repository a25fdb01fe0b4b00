"""How the HTTP API says no: one list of codes, one shape of answer, one place that turns exceptions into it.

Belongs here: codes, their statuses, the middleware.
Does not belong here: the sentences that people read (`gateways.messages`).
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Final

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from msgspec import Struct

from exchange.accounts import AccountMissing
from exchange.catalogue import (
    AgainstRulebook,
    AlreadyRelisted,
    CodeTaken,
    NotPassed,
    RulebookUnknown,
    TermsInvalid,
)
from exchange.centre import VersionMoved
from exchange.database import NotStorable, StoreUnavailable
from exchange.people import LoginTaken, SamePassword, TooManyTokens
from exchange.ports import Archived, Busy, JournalUnavailable, OutcomeUnknown
from exchange.rulebooks.compliance import Violation
from exchange.terms_words import FieldProblem
from gateways.auditing import REQUEST_HEADER, name_of
from ledger.store import LedgerUnavailable
from matching.refusals import Refusal

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiCode(StrEnum):
    """Why a request was not fulfilled."""

    MALFORMED = "MALFORMED"
    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    NOT_ALLOWED = "NOT_ALLOWED"
    PASSWORD_CHANGE_REQUIRED = "PASSWORD_CHANGE_REQUIRED"
    FOREIGN_ORIGIN = "FOREIGN_ORIGIN"
    DEMO_ONLY = "DEMO_ONLY"
    NOT_FOUND = "NOT_FOUND"
    LOT_UNKNOWN = "LOT_UNKNOWN"
    LOT_ARCHIVED = "LOT_ARCHIVED"
    LOT_NOT_OVER = "LOT_NOT_OVER"
    RULEBOOK_UNKNOWN = "RULEBOOK_UNKNOWN"
    REHEARSAL_UNKNOWN = "REHEARSAL_UNKNOWN"
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN"
    TOKEN_UNKNOWN = "TOKEN_UNKNOWN"
    SIGN_IN_UNKNOWN = "SIGN_IN_UNKNOWN"
    NOT_SIGNED_UP = "NOT_SIGNED_UP"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    LOGIN_TAKEN = "LOGIN_TAKEN"
    CODE_TAKEN = "CODE_TAKEN"
    LOT_NOT_PASSED = "LOT_NOT_PASSED"
    ALREADY_RELISTED = "ALREADY_RELISTED"
    TOO_MANY_TOKENS = "TOO_MANY_TOKENS"
    OWN_ACCOUNT = "OWN_ACCOUNT"
    LAST_ADMIN = "LAST_ADMIN"
    SAME_PASSWORD = "SAME_PASSWORD"
    CHANGED_MEANWHILE = "CHANGED_MEANWHILE"
    COMMAND_ID_REUSED = "COMMAND_ID_REUSED"
    DONE_ALREADY = "DONE_ALREADY"
    LOT_CLOSED = "LOT_CLOSED"
    DEPOSIT_DEADLINE_PASSED = "DEPOSIT_DEADLINE_PASSED"
    ALREADY_ADMITTED = "ALREADY_ADMITTED"
    SHARES_INVALID = "SHARES_INVALID"
    DEFAULTED_BEFORE = "DEFAULTED_BEFORE"
    BIDS_JOINTLY = "BIDS_JOINTLY"
    COMMITMENT_DIFFERS = "COMMITMENT_DIFFERS"
    REGISTRATION_CLOSED = "REGISTRATION_CLOSED"
    IDENTITY_UNKNOWN = "IDENTITY_UNKNOWN"
    IDENTITY_NEEDED = "IDENTITY_NEEDED"
    IDENTITY_RETURNED = "IDENTITY_RETURNED"
    IDENTITY_UNDER_REVIEW = "IDENTITY_UNDER_REVIEW"
    IDENTITY_NOT_CONFIRMED = "IDENTITY_NOT_CONFIRMED"
    IDENTITY_REPLACED = "IDENTITY_REPLACED"
    OWN_IDENTITY = "OWN_IDENTITY"
    IDENTITY_HELD = "IDENTITY_HELD"
    TERMS_DIFFER = "TERMS_DIFFER"
    NAME_WRONG = "NAME_WRONG"
    DOCUMENT_NOT_OF_KIND = "DOCUMENT_NOT_OF_KIND"
    RESIDENT_ID_WRONG = "RESIDENT_ID_WRONG"
    CREDIT_CODE_WRONG = "CREDIT_CODE_WRONG"
    DOCUMENT_NUMBER_WRONG = "DOCUMENT_NUMBER_WRONG"
    REPRESENTATIVE_MISSING = "REPRESENTATIVE_MISSING"
    AGENT_MISSING = "AGENT_MISSING"
    TELEPHONE_WRONG = "TELEPHONE_WRONG"
    REGION_UNKNOWN = "REGION_UNKNOWN"
    TOO_MANY_DECLARATIONS = "TOO_MANY_DECLARATIONS"
    DEPOSIT_REQUIRED = "DEPOSIT_REQUIRED"
    DEPOSIT_COMPLETE = "DEPOSIT_COMPLETE"
    NOT_ON_FILE = "NOT_ON_FILE"
    NOTICE_NOT_BELIEVED = "NOTICE_NOT_BELIEVED"
    REFUSED_BY_LEDGER = "REFUSED_BY_LEDGER"
    FILE_REFUSED = "FILE_REFUSED"
    TOO_MANY_BIDDERS = "TOO_MANY_BIDDERS"
    TOO_MANY_REHEARSALS = "TOO_MANY_REHEARSALS"
    INCIDENT_NOT_NOW = "INCIDENT_NOT_NOW"
    NOTICE_UNKNOWN = "NOTICE_UNKNOWN"
    FILE_UNKNOWN = "FILE_UNKNOWN"
    FILE_EMPTY = "FILE_EMPTY"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    FILE_TYPE_UNKNOWN = "FILE_TYPE_UNKNOWN"
    PICTURE_DAMAGED = "PICTURE_DAMAGED"
    PICTURE_TOO_LARGE = "PICTURE_TOO_LARGE"
    TOO_MANY_FILES = "TOO_MANY_FILES"
    TOO_LARGE = "TOO_LARGE"
    UNSUPPORTED_TYPE = "UNSUPPORTED_TYPE"
    INVALID = "INVALID"
    TERMS_INVALID = "TERMS_INVALID"
    AGAINST_RULEBOOK = "AGAINST_RULEBOOK"
    PRICE_MISSING = "PRICE_MISSING"
    RATE_LIMITED = "RATE_LIMITED"
    BUSY = "BUSY"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    INTERNAL = "INTERNAL"


STATUS: Final[dict[ApiCode, int]] = {
    ApiCode.MALFORMED: 400,
    ApiCode.NOT_SIGNED_IN: 401,
    ApiCode.WRONG_CREDENTIALS: 401,
    ApiCode.NOT_ALLOWED: 403,
    ApiCode.PASSWORD_CHANGE_REQUIRED: 403,
    ApiCode.FOREIGN_ORIGIN: 403,
    ApiCode.DEMO_ONLY: 403,
    ApiCode.NOT_FOUND: 404,
    ApiCode.LOT_UNKNOWN: 404,
    ApiCode.LOT_ARCHIVED: 410,
    ApiCode.LOT_NOT_OVER: 409,
    ApiCode.RULEBOOK_UNKNOWN: 404,
    ApiCode.REHEARSAL_UNKNOWN: 404,
    ApiCode.ACCOUNT_UNKNOWN: 404,
    ApiCode.TOKEN_UNKNOWN: 404,
    ApiCode.SIGN_IN_UNKNOWN: 404,
    ApiCode.NOT_SIGNED_UP: 404,
    ApiCode.METHOD_NOT_ALLOWED: 405,
    ApiCode.LOGIN_TAKEN: 409,
    ApiCode.CODE_TAKEN: 409,
    ApiCode.LOT_NOT_PASSED: 409,
    ApiCode.ALREADY_RELISTED: 409,
    ApiCode.TOO_MANY_TOKENS: 409,
    ApiCode.OWN_ACCOUNT: 409,
    ApiCode.LAST_ADMIN: 409,
    ApiCode.SAME_PASSWORD: 409,
    ApiCode.CHANGED_MEANWHILE: 409,
    ApiCode.COMMAND_ID_REUSED: 409,
    ApiCode.DONE_ALREADY: 409,
    ApiCode.LOT_CLOSED: 409,
    ApiCode.DEPOSIT_DEADLINE_PASSED: 409,
    ApiCode.ALREADY_ADMITTED: 409,
    ApiCode.SHARES_INVALID: 422,
    ApiCode.DEFAULTED_BEFORE: 403,
    ApiCode.BIDS_JOINTLY: 409,
    ApiCode.COMMITMENT_DIFFERS: 409,
    ApiCode.REGISTRATION_CLOSED: 403,
    ApiCode.IDENTITY_UNKNOWN: 404,
    ApiCode.IDENTITY_NEEDED: 409,
    ApiCode.IDENTITY_RETURNED: 409,
    ApiCode.IDENTITY_UNDER_REVIEW: 409,
    ApiCode.IDENTITY_NOT_CONFIRMED: 409,
    ApiCode.IDENTITY_REPLACED: 409,
    ApiCode.OWN_IDENTITY: 409,
    ApiCode.IDENTITY_HELD: 409,
    ApiCode.TERMS_DIFFER: 409,
    ApiCode.NAME_WRONG: 422,
    ApiCode.DOCUMENT_NOT_OF_KIND: 422,
    ApiCode.RESIDENT_ID_WRONG: 422,
    ApiCode.CREDIT_CODE_WRONG: 422,
    ApiCode.DOCUMENT_NUMBER_WRONG: 422,
    ApiCode.REPRESENTATIVE_MISSING: 422,
    ApiCode.AGENT_MISSING: 422,
    ApiCode.TELEPHONE_WRONG: 422,
    ApiCode.REGION_UNKNOWN: 422,
    ApiCode.TOO_MANY_DECLARATIONS: 429,
    ApiCode.DEPOSIT_REQUIRED: 409,
    ApiCode.DEPOSIT_COMPLETE: 409,
    ApiCode.NOT_ON_FILE: 404,
    ApiCode.NOTICE_NOT_BELIEVED: 403,
    ApiCode.REFUSED_BY_LEDGER: 409,
    ApiCode.FILE_REFUSED: 422,
    ApiCode.TOO_MANY_BIDDERS: 409,
    ApiCode.TOO_MANY_REHEARSALS: 409,
    ApiCode.INCIDENT_NOT_NOW: 409,
    ApiCode.NOTICE_UNKNOWN: 404,
    ApiCode.FILE_UNKNOWN: 404,
    ApiCode.FILE_EMPTY: 422,
    ApiCode.FILE_TOO_LARGE: 413,
    ApiCode.FILE_TYPE_UNKNOWN: 422,
    ApiCode.PICTURE_DAMAGED: 422,
    ApiCode.PICTURE_TOO_LARGE: 422,
    ApiCode.TOO_MANY_FILES: 409,
    ApiCode.TOO_LARGE: 413,
    ApiCode.UNSUPPORTED_TYPE: 415,
    ApiCode.INVALID: 422,
    ApiCode.TERMS_INVALID: 422,
    ApiCode.AGAINST_RULEBOOK: 422,
    ApiCode.PRICE_MISSING: 422,
    ApiCode.RATE_LIMITED: 429,
    ApiCode.BUSY: 503,
    ApiCode.OUTCOME_UNKNOWN: 503,
    ApiCode.STORE_UNAVAILABLE: 503,
    ApiCode.INTERNAL: 500,
}

_BY_STATUS: Final = {
    400: ApiCode.MALFORMED,
    404: ApiCode.NOT_FOUND,
    405: ApiCode.METHOD_NOT_ALLOWED,
    413: ApiCode.TOO_LARGE,
    415: ApiCode.UNSUPPORTED_TYPE,
}


class ErrorAnswer(Struct, frozen=True):
    """What every refused request is answered with. `problems` names each field or term that is wrong, in English.

    `violations` says, when a lot does not keep its rulebook, what it breaks, each with its article. `fields` says in
    both languages of each field that is wrong what is, and what would be accepted.
    """

    code: str
    detail: str = ""
    problems: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    fields: tuple[FieldProblem, ...] = ()


class ApiError(Exception):
    """The request is answered with this code."""

    def __init__(
        self,
        code: ApiCode,
        detail: str = "",
        problems: Sequence[str] = (),
        violations: Sequence[Violation] = (),
        fields: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.problems = tuple(problems)
        self.violations = tuple(violations)
        self.fields = tuple(fields)


def refused(refusal: Refusal, detail: str = "") -> ApiError:
    """Return the error for a refusal of the rules that an HTTP request can meet."""
    return ApiError(ApiCode[refusal.name], detail)


def terms_invalid(fields: Sequence[FieldProblem], detail: str = "") -> ApiError:
    """Return the error for terms that cannot be."""
    return ApiError(ApiCode.TERMS_INVALID, detail, problems=[str(field) for field in fields], fields=fields)


def error_response(error: ApiError) -> web.Response:
    """Return the answer that an error makes."""
    headers = {"Retry-After": "1"} if STATUS[error.code] in (429, 503) else {}
    if STATUS[error.code] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    answer = ErrorAnswer(error.code, error.detail, error.problems, error.violations, error.fields)
    return _response(STATUS[error.code], answer, headers)


def errors_as_json(prefix: str) -> Middleware:
    """Return the middleware that answers everything that goes wrong under `prefix` with a code, as JSON."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(prefix):
            return await handler(request)
        response = await _answered(request, handler)
        if not response.prepared:
            response.headers[REQUEST_HEADER] = name_of(request)
        return response

    return answer


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return error_response(error)
    except web.HTTPException as error:
        return _of_framework(error)
    except Exception as error:  # noqa: BLE001 the edge of a request
        return error_response(_coded(error) or _incident(request))


def code_of(error: Exception) -> ApiCode:
    """Return the code that an exception is answered with."""
    if isinstance(error, ApiError):
        return error.code
    if isinstance(error, web.HTTPException):
        return _BY_STATUS.get(error.status, ApiCode.INTERNAL)
    known = _coded(error)
    return ApiCode.INTERNAL if known is None else known.code


def _coded(error: Exception) -> ApiError | None:
    """Return the code of an exception that callers are told about; None for one that nobody expects."""
    match error:
        case TermsInvalid():
            return terms_invalid(error.problems)
        case AgainstRulebook():
            problems = [str(violation) for violation in error.violations]
            return ApiError(ApiCode.AGAINST_RULEBOOK, problems=problems, violations=error.violations)
        case RulebookUnknown():
            return ApiError(ApiCode.RULEBOOK_UNKNOWN, str(error))
        case NotPassed():
            return ApiError(ApiCode.LOT_NOT_PASSED, str(error))
        case AlreadyRelisted():
            return ApiError(ApiCode.ALREADY_RELISTED, str(error))
        case CodeTaken():
            return ApiError(ApiCode.CODE_TAKEN, str(error))
        case LoginTaken():
            return ApiError(ApiCode.LOGIN_TAKEN, problems=error.logins)
        case AccountMissing():
            return ApiError(ApiCode.ACCOUNT_UNKNOWN, str(error))
        case VersionMoved():
            return ApiError(ApiCode.CHANGED_MEANWHILE)
        case SamePassword():
            return ApiError(ApiCode.SAME_PASSWORD)
        case TooManyTokens():
            return ApiError(ApiCode.TOO_MANY_TOKENS, str(error))
        case NotStorable():
            return ApiError(ApiCode.INVALID, problems=("a text holds characters that cannot be kept",))
        case Archived():
            return ApiError(ApiCode.LOT_ARCHIVED, error.file)
        case Busy():
            return ApiError(ApiCode.BUSY)
        case OutcomeUnknown():
            return ApiError(ApiCode.OUTCOME_UNKNOWN)
        case StoreUnavailable() | JournalUnavailable() | LedgerUnavailable():
            log.warning("api.store_unavailable", error=str(error))
            return ApiError(ApiCode.STORE_UNAVAILABLE)
    return None


def _incident(request: web.Request) -> ApiError:
    """Log what nobody expected under a random name, and tell only the name."""
    incident = secrets.token_hex(8)
    log.exception("api.failed", incident=incident, method=request.method, path=request.path)
    return ApiError(ApiCode.INTERNAL, f"incident {incident}")


def _of_framework(error: web.HTTPException) -> web.StreamResponse:
    code = _BY_STATUS.get(error.status)
    if code is None:
        raise error
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return _response(error.status, ErrorAnswer(code), headers)


def _response(status: int, answer: ErrorAnswer, headers: dict[str, str]) -> web.Response:
    body = msgspec.json.encode(answer)
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)
