"""Any file of a bank: which format it has is seen from its first bytes, never from its name.

Here belongs that choice. Pure. Not here: the formats themselves.
"""

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from ledger.bank.camt import camt
from ledger.bank.csv_file import csv_file
from ledger.bank.notice import notice
from ledger.bank.statements import FILE_BYTES_MAX, Fault, FileRefused, Part, Problem

HEAD_BYTES: Final = 256
FROM_END: Final = 2


def parts(source: BinaryIO) -> Iterator[Part]:
    """Read a file from its beginning.

    Args:
        source: seekable; longer than FILE_BYTES_MAX, it is refused before anything of it is read.

    Raises: FileRefused.
    """
    size = source.seek(0, FROM_END)
    if size > FILE_BYTES_MAX:
        raise FileRefused(Fault(problem=Problem.TOO_LARGE, detail=f"{size} > {FILE_BYTES_MAX} bytes"))
    source.seek(0)
    head = source.read(HEAD_BYTES)
    source.seek(0)
    if not head:
        raise FileRefused(Fault(problem=Problem.EMPTY))
    text = _plain_head(head)
    if text.startswith("<"):
        yield from camt(source)
    elif text.startswith("{"):
        yield from notice(source)
    elif "\0" in text:
        raise FileRefused(Fault(problem=Problem.FORMAT_UNKNOWN, line=1, detail="neither XML, JSON nor CSV"))
    else:
        yield from csv_file(source)


def _plain_head(head: bytes) -> str:
    is_wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = head.decode("utf-16" if is_wide else "latin-1", "ignore")
    return text.removeprefix("\xef\xbb\xbf").lstrip()
