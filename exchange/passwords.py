"""Passwords: what one may be, making one that nobody has chosen, and checking them a few at a time.

Belongs here: the cost of a hash and its bounds. Does not belong here: whose password it is (`exchange.people`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from exchange.ports import Busy

PASSWORD_CHARACTERS_MIN = 8
PASSWORD_CHARACTERS_MAX = 200
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that is read for something else: a password that was made is copied by hand."""

HASHINGS_AT_ONCE = 2
HASHINGS_WAITING_MAX = 100


class Passwords:
    """Hashes passwords and checks them, two at a time: a hash costs memory and a core on purpose."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Take the cost of a hash; argon2id with the library's parameters unless given."""
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(HASHINGS_AT_ONCE)
        self._waiting = 0
        self._decoy = self._hasher.hash(secrets.token_hex(16))

    async def hash(self, password: str) -> str:
        """Return what is kept of a password.  Raises: Busy."""
        async with self._turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def is_right(self, hashed: str | None, password: str) -> bool:
        """Tell whether a password is the one; where there is none to compare with, no, at the same cost.

        Raises: Busy.
        """
        async with self._turn():
            try:
                is_right = await asyncio.to_thread(self._hasher.verify, hashed or self._decoy, password)
            except (VerificationError, InvalidHashError):
                return False
        return is_right and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Tell whether a hash was made at another cost than is asked for by now."""
        return self._hasher.check_needs_rehash(hashed)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for a turn, behind a bounded number of others.  Raises: Busy."""
        if self._waiting >= HASHINGS_WAITING_MAX:
            raise Busy("too many passwords are being checked")
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1


def made_password() -> str:
    """Return a password that nobody has chosen, to be read aloud or copied by hand."""
    return "-".join("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(5)) for _ in range(4))


def checked_password(password: str) -> str:
    """Return the password. Raises: ValueError when it is too short or too long."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise ValueError(f"a password has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters")
    return password
