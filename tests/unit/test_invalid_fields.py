"""What the decoder says of a request that cannot be read is said in both languages, beside the field."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exchange.lot_sheets import NewLot
from gateways.api.invalid import field_problem
from tests.e2e.test_api_lots import LOT

TERMS = LOT["terms"]
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "empty": (LOT | {"title_zh": ""}, "EMPTY", "title_zh"),
    "long": (LOT | {"title_zh": "x" * 300}, "TOO_LONG", "title_zh"),
    "type": (LOT | {"terms": TERMS | {"opening_price": "12"}}, "WRONG_TYPE", "terms.opening_price"),
    "unknown": (LOT | {"tittle": 5}, "UNKNOWN_FIELD", "tittle"),
    "missing": ({k: v for k, v in LOT.items() if k != "title_en"}, "MISSING", "title_en"),
    "choice": (LOT | {"category": "castle"}, "NOT_ONE_OF", "category"),
    "small": (LOT | {"terms": TERMS | {"opening_price": 0}}, "TOO_SMALL", "terms.opening_price"),
    "large": (LOT | {"deposit": 2**60}, "TOO_LARGE", "deposit"),
    "form": (LOT | {"code": "LC-1"}, "WRONG_FORM", "code"),
    "none": (LOT | {"terms": TERMS | {"programme": []}}, "EMPTY", "terms.programme"),
    "phase": (
        LOT | {"terms": TERMS | {"programme": [{"phase": "x"}]}},
        "NOT_ONE_OF",
        "terms.programme.0.phase",
    ),
    "deep": (LOT | {"terms": TERMS | {"programme": [{}]}}, "MISSING", "terms.programme.0.phase"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_field_that_cannot_be_read_is_named_in_both_languages(name: str) -> None:
    given, code, field = WRONG[name]
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(given, NewLot)
    found = field_problem(str(refused.value))
    assert (found.code, found.field) == (code, field)
    assert found.text.zh and found.allowed.zh and found.text.en and found.allowed.en
