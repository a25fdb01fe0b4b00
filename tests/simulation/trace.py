"""What happened in one simulation, in order: for reading when it fails, and for proving that it happens again.

Belongs here: notes and their fingerprint. Does not belong here: judging them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable


class Trace:
    """The notes of one simulation."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._notes: list[tuple[int, str, str, tuple[object, ...]]] = []

    def note(self, who: str, what: str, *details: object) -> None:
        """Write down that something happened; details are values whose text is the same in every process."""
        self._notes.append((self._now_us(), who, what, details))

    def lines(self, last: int | None = None) -> list[str]:
        """Return the notes as lines for people; only the last of them, where a number is given."""
        notes = self._notes if last is None else self._notes[-last:]
        return [
            f"{at_us / 1e6:11.6f}  {who:<12} {what:<28} {' '.join(map(str, details))}".rstrip()
            for at_us, who, what, details in notes
        ]

    @property
    def fingerprint(self) -> str:
        """Return a digest of everything that happened: equal runs, equal digests."""
        return hashlib.sha256(repr(self._notes).encode()).hexdigest()[:16]
