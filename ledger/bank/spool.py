"""What is to be booked of a file, kept from its first reading for the second: others wait only for the second.

Here belongs the keeping; memory stays flat, what is more goes to a file of our own that nobody else can open and that
is gone with the process. Not here: reading files (reading), judging (statements) and booking them (intake).
"""

import pickle  # what is unpickled was pickled here, a moment ago
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from tempfile import SpooledTemporaryFile
from typing import Final

from ledger.bank.statements import Movement, Part, Statement, StatementEnd

CHUNK_PARTS: Final = 1_000
MEMORY_BYTES: Final = 8 * 1024 * 1024


class Spool(AbstractContextManager["Spool"]):
    """The heads, movements and ends of the statements of one file, in order, in chunks."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - closed at the exit of the spool

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def keeping(self, parts: Iterable[Part]) -> Iterator[Part]:
        """Hand parts on as they come, and keep those that are booked."""
        chunk: list[Part] = []
        for part in parts:
            if isinstance(part, Statement | Movement | StatementEnd):
                chunk.append(part)
            if len(chunk) == CHUNK_PARTS:
                self._keep(chunk)
                chunk = []
            yield part
        self._keep(chunk)

    def rewind(self) -> None:
        """Begin with the first chunk again."""
        self._file.seek(0)

    def chunk(self) -> list[Part]:
        """Return the next chunk; an empty one behind the last."""
        try:
            kept: list[Part] = pickle.load(self._file)
        except EOFError:
            return []
        return kept

    def _keep(self, chunk: list[Part]) -> None:
        if chunk:
            pickle.dump(chunk, self._file, pickle.HIGHEST_PROTOCOL)
