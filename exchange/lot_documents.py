"""What kind of document a file is, told by its content and never by its name alone.

Belongs here: the closed list of documents that a lot may have. Does not belong here: photos (`exchange.lot_pictures`).
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import Final

PDF: Final = "application/pdf"
WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT: Final = "text/plain; charset=utf-8"

SUFFIXES: Final = {PDF: ".pdf", WORD: ".docx", SHEET: ".xlsx", TEXT: ".txt"}
ENTRIES_MAX: Final = 5_000
_PDF_BEGINS: Final = b"%PDF-"
_ZIP_BEGINS: Final = b"PK\x03\x04"
_MACROS: Final = "vbaProject.bin"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def document_type(content: bytes) -> str | None:
    """Return the media type of a document; None for a file of another kind, and for one that carries macros."""
    if content.startswith(_PDF_BEGINS):
        return PDF
    if content.startswith(_ZIP_BEGINS):
        return _office_type(content)
    return TEXT if _is_text(content) else None


def _office_type(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as parts:
            names = parts.namelist()
    except (zipfile.BadZipFile, ValueError, RuntimeError, OSError):
        return None
    if len(names) > ENTRIES_MAX or any(name.endswith(_MACROS) for name in names):
        return None
    if "word/document.xml" in names:
        return WORD
    return SHEET if "xl/workbook.xml" in names else None


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text)
