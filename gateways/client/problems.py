"""What can keep a call from an answer.  Belongs here: exceptions. A refusal is no exception but an answer.

Each says what to do next, in the words that the pages use for the same code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateways.messages import MESSAGES
from gateways.wire import CLOSE_MEANINGS, CloseCode

HANDSHAKE_MEANINGS: Final = {
    400: "It does not speak the protocol that was asked for.",
    401: "It knows no such token or sign-in, or that has run out or was taken back; "
    "`luochui admin create-token --login LOGIN` makes a new token.",
    403: "It lets nobody in from this page's origin.",
    404: "There is no live floor at this address: is it a Luochui?",
}


def words(code: str) -> str:
    """Return what a code means and what to do next, in English; nothing for a code that is not known here."""
    message = MESSAGES.get(code)
    return "" if message is None else f"{message.en} {message.next_en}".strip()


class ClientProblem(Exception):
    """Something that kept a call from an answer."""


class Unreachable(ClientProblem):
    """No exchange answers at this address, or the connection was lost for longer than our patience."""


class ConnectionEnded(ClientProblem):
    """The server ended the connection, or refused it, in a way that asks us not to come back unchanged."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"the exchange ended the connection: {_ended(code, reason)}")
        self.code = code
        self.reason = reason


class NotTaken(ClientProblem):
    """The frame was not taken and changed nothing; `code` is one of `wire.ErrorCode`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(" ".join(filter(None, (code, detail and f"({detail})", words(code)))))
        self.code = code
        self.detail = detail


class NoAnswer(ClientProblem):
    """No answer after all attempts; the same command id may be asked again later."""

    def __init__(self, command_id: str, code: str) -> None:
        super().__init__(
            f"no answer for command {command_id}: {code}. It may be on record or not; "
            "give the same command under the same id again, and the first answer comes back."
        )
        self.command_id = command_id
        self.code = code


class ApiProblem(ClientProblem):
    """The HTTP API said no, with a status, a code, and what is wrong.

    `fields` and `violations` are the answer's own, in both languages: {field, text, allowed}, {name, given, allowed,
    article}.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        problems: Sequence[str] = (),
        fields: Sequence[Mapping[str, Any]] = (),
        violations: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(f"{status} {code} {detail}".rstrip())
        self.status = status
        self.code = code
        self.detail = detail
        self.problems = tuple(problems)
        self.fields = tuple(fields)
        self.violations = tuple(violations)


def _ended(code: int, reason: str) -> str:
    """Say why a connection ended: by a status of HTTP, or a code of a close frame."""
    close_code = next((known for known in CloseCode if known == code), None)
    if close_code is not None:
        return f"{code} {close_code.name}. {CLOSE_MEANINGS[close_code]}"
    return f"{code} {HANDSHAKE_MEANINGS.get(code, reason)}".rstrip()
