"""What somebody who looks for lots has typed: terms, which the columns of a lot hold in the same form.

Terms are parted by spaces, and a lot has to have all of them. One is found within words, as Chinese has no spaces
between them.

Belongs here: from a text to terms. Does not belong here: finding lots (`exchange.lot_search`), what a lot is found by
(column `sought`, `exchange/sql/migrations`).
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import Final

TERMS_MAX: Final = 8
"""Terms that are looked for; what stands behind them is not."""


def terms_of(words: str) -> tuple[str, ...]:
    """Return what somebody typed as terms: with small letters, without full-width signs, at most `TERMS_MAX`."""
    return tuple(dict.fromkeys(unicodedata.normalize("NFKC", words).lower().split()))[:TERMS_MAX]


def pairs_of(term: str) -> list[str]:
    """Return what `exchange.pairs_of_signs` has of every text that holds a term: two signs and two, or its only one."""
    return sorted({first + second for first, second in pairwise(term)}) or [term]


def containing(term: str) -> str:
    """Return the pattern of texts that hold a term."""
    for sign in "\\%_":
        term = term.replace(sign, "\\" + sign)
    return f"%{term}%"
