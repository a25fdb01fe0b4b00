"""What leaves the ledger as a file: registers, journal, balances, statements and reports, in six formats.

Every file is read from one moment of the ledger, and ends with (or carries in its own way) its number of rows, the
totals per currency and the chain's head, which ties it to the books. Every download is recorded with who took it.
Not here: who may download, and where the bytes go.
"""

from ledger.exports.beancount import beancount_account
from ledger.exports.cells import CENTRE_ZONE, STATE_NAMES_ZH, grouped_reference, harmless_cell
from ledger.exports.downloads import Channel, Download, DownloadOutcome, Export, Exports, Taker
from ledger.exports.reports import (
    MEDIA_TYPES,
    SHAPES,
    DayOf,
    ExportRefusal,
    Format,
    Refused,
    Report,
    ReportWanted,
)
from ledger.exports.tables import Language
from ledger.exports.uppercase import uppercase_amount

__all__ = [
    "CENTRE_ZONE",
    "MEDIA_TYPES",
    "SHAPES",
    "STATE_NAMES_ZH",
    "Channel",
    "DayOf",
    "Download",
    "DownloadOutcome",
    "Export",
    "ExportRefusal",
    "Exports",
    "Format",
    "Language",
    "Refused",
    "Report",
    "ReportWanted",
    "Taker",
    "beancount_account",
    "grouped_reference",
    "harmless_cell",
    "uppercase_amount",
]
