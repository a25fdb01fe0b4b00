"""Declarations of identity from a file, for the commands that make accounts.

Belongs here: reading the file, saying what is wrong with it. Does not belong here: the commands (`admin`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from exchange.adapters.clock import SystemClock
from exchange.identities import Identities, day_at_the_centre
from exchange.identity_documents import Declaration, IdentityRefusal, checked
from exchange.people import Account, People, Role
from gateways.cli.on_record import note
from gateways.cli.outcomes import CommandFailed, ExitCode
from gateways.messages import MESSAGES


def read_declaration(file: Path) -> Declaration:
    """Return the declaration in a TOML file.  Raises: CommandFailed."""
    try:
        declared = msgspec.toml.decode(file.read_bytes(), type=Declaration)
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}. 无法读取文件", ExitCode.USAGE) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file}: {error}. 文件内容有误", ExitCode.USAGE) from error
    whole = checked(declared, day_at_the_centre(SystemClock().now_us()))
    if isinstance(whole, IdentityRefusal):
        raise _wrong(whole)
    return declared


async def enter_declaration(pool: Any, people: People, account: Account, declared: Declaration) -> None:
    """Let a declaration hold for an account.  Raises: CommandFailed; StoreUnavailable."""
    if Role.BIDDER not in account.roles:
        raise CommandFailed(f"{account.login} is no bidder. 该账户不是竞买人")
    standing = await Identities(pool, SystemClock(), people).declare(account.id, declared, None)
    if isinstance(standing, IdentityRefusal):
        raise _wrong(standing)
    await note(pool, "declare_identity", account=account.id, identity=standing.identity.id)


def _wrong(refusal: IdentityRefusal) -> CommandFailed:
    message = MESSAGES[refusal.name]
    return CommandFailed(f"{message.en} {message.next_en} {message.zh}{message.next_zh}", ExitCode.USAGE)
