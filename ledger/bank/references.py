"""Which deposit a payment means, as far as its texts say.

Here belong finding payment references in what payers write, and how near a mistyped one is to a real one. Pure.
Not here: whether a deposit takes the money (receipts), what is proposed (proposals).
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from stdnum import luhn

REFERENCE_DIGITS: Final = 16
_DIGITS_AND_BETWEEN: Final = re.compile(r"\d+|\D+", re.ASCII)
_SEPARATOR: Final = re.compile(r"[\s\-_./,:#*]{1,3}")
_CREDITOR_REFERENCE: Final = re.compile(r"\bRF\d\d(?=[ ]?\d{4})")
GROUPS_MAX: Final = 400


def references_in(*texts: str) -> tuple[str, ...]:
    """Return the distinct payment references in texts, in order: sixteen digits with the right check digit.

    Blanks and separators between digits are tolerated; digits that belong to a longer number are not a reference.
    """
    found = dict.fromkeys(number for number in numbers_in(texts, {REFERENCE_DIGITS}) if luhn.is_valid(number))
    return tuple(found)


def reference_of_sub_account(number: str) -> str:
    """Return the payment reference with which the number of a virtual account ends; empty when it has none."""
    digits = unicodedata.normalize("NFKC", number)[-REFERENCE_DIGITS:]
    is_reference = len(digits) == REFERENCE_DIGITS and digits.isascii() and digits.isdecimal()
    return digits if is_reference and luhn.is_valid(digits) else ""


def numbers_in(texts: Iterable[str], lengths: Collection[int]) -> Iterator[str]:
    """Yield every run of digit groups in texts that has one of the lengths when its separators are left out."""
    for text in texts:
        plain = _CREDITOR_REFERENCE.sub(" ", unicodedata.normalize("NFKC", text))
        for groups in _neighbours(plain):
            yield from _runs(groups, lengths)


def is_one_edit_away(one: str, other: str) -> bool:
    """Tell whether one wrong, missing or additional digit, or two swapped neighbours, make the difference."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1 or one == other:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    is_swapped = one[start : start + 2] == other[start : start + 2][::-1]
    return one[start + 1 :] == other[start + 1 :] or (is_swapped and one[start + 2 :] == other[start + 2 :])


def _neighbours(text: str) -> Iterator[list[str]]:
    """Yield groups of digits that only separators part."""
    groups: list[str] = []
    for piece in _DIGITS_AND_BETWEEN.findall(text)[: GROUPS_MAX * 2]:
        if piece[0].isdecimal():
            groups.append(piece)
        elif groups and _SEPARATOR.fullmatch(piece) is None:
            yield groups
            groups = []
    if groups:
        yield groups


def _runs(groups: list[str], lengths: Collection[int]) -> Iterator[str]:
    longest = max(lengths)
    for start in range(len(groups)):
        run = ""
        for group in groups[start:]:
            run += group
            if len(run) > longest:
                break
            if len(run) in lengths:
                yield run
