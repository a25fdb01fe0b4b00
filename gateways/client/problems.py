"""What can keep a call from an answer.  Belongs here: exceptions. A refusal is no exception but an answer."""

from __future__ import annotations

from collections.abc import Sequence


class ClientProblem(Exception):
    """Something that kept a call from an answer."""


class Unreachable(ClientProblem):
    """No exchange answers at this address, or the connection was lost for longer than our patience."""


class ConnectionEnded(ClientProblem):
    """The server ended the connection, or refused it, in a way that asks us not to come back unchanged."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"the exchange ended the connection: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class NotTaken(ClientProblem):
    """The frame was not taken and changed nothing; `code` is one of `wire.ErrorCode`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".rstrip())
        self.code = code
        self.detail = detail


class NoAnswer(ClientProblem):
    """No answer after all attempts; the same command id may be asked again later."""

    def __init__(self, command_id: str, code: str) -> None:
        super().__init__(f"no answer for command {command_id}: {code}")
        self.command_id = command_id
        self.code = code


class ApiProblem(ClientProblem):
    """The HTTP API said no, with a status, a code, and what is wrong."""

    def __init__(self, status: int, code: str, detail: str = "", problems: Sequence[str] = ()) -> None:
        super().__init__(f"{status} {code} {detail}".rstrip())
        self.status = status
        self.code = code
        self.detail = detail
        self.problems = tuple(problems)
