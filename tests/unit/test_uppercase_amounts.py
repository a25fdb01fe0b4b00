"""Amounts in capital numerals: the rule's own examples, and every spelling read back to the number it stands for."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.exports.uppercase import uppercase_amount
from ledger.units import AMOUNT_MAX

DIGITS = {digit: value for value, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1_000}


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (11, "壹角壹分"),
        (100, "壹元整"),
        (101, "壹元零壹分"),
        (110, "壹元壹角整"),
        (10_00, "壹拾元整"),
        (15_00, "壹拾伍元整"),
        (110_00, "壹佰壹拾元整"),
        (1_001_00, "壹仟零壹元整"),
        (1_010_50, "壹仟零壹拾元伍角整"),
        (1_409_50, "壹仟肆佰零玖元伍角整"),
        (6_007_14, "陆仟零柒元壹角肆分"),
        (1_680_32, "壹仟陆佰捌拾元叁角贰分"),
        (107_000_53, "壹拾万柒仟元伍角叁分"),
        (16_409_02, "壹万陆仟肆佰零玖元零贰分"),
        (325_04, "叁佰贰拾伍元零肆分"),
        (10_000_00, "壹万元整"),
        (10_001_00, "壹万零壹元整"),
        (10_100_00, "壹万零壹佰元整"),
        (100_000_00, "壹拾万元整"),
        (2_000_500_00, "贰佰万零伍佰元整"),
        (100_000_000_00, "壹亿元整"),
        (100_000_001_00, "壹亿零壹元整"),
        (100_010_001_00, "壹亿零壹万零壹元整"),
        (110_000_000_00, "壹亿壹仟万元整"),
        (1_000_000_000_000_00, "壹万亿元整"),
        (1_234_567_890_123_45, "壹万贰仟叁佰肆拾伍亿陆仟柒佰捌拾玖万零壹佰贰拾叁元肆角伍分"),
        (AMOUNT_MAX, "玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿陆仟捌佰伍拾肆万柒仟柒佰伍拾捌元零柒分"),
        (-325_04, "负叁佰贰拾伍元零肆分"),
    ],
)
def test_amounts_are_spelled_as_the_rule_says(amount: int, text: str) -> None:
    assert uppercase_amount(amount, "CNY") == f"人民币{text}"


def test_only_renminbi_has_such_a_spelling() -> None:
    assert uppercase_amount(100, "JPY") == ""
    assert uppercase_amount(100, "HKD") == ""


def value_of(text: str) -> int:
    """Read a spelling back to minor units, in another way than it is written."""
    body = text.removeprefix("人民币")
    sign = -1 if body.startswith("负") else 1
    matched = re.fullmatch(r"(?:(.+)元)?零?(?:(.)角)?零?(?:(.)分)?整?", body.removeprefix("负"))
    assert matched is not None, text
    yuan, jiao, fen = matched.groups()
    return sign * (whole_of(yuan or "零") * 100 + DIGITS[jiao or "零"] * 10 + DIGITS[fen or "零"])


def whole_of(text: str) -> int:
    if "亿" in text:
        high, _, low = text.rpartition("亿")
        return whole_of(high) * 10**8 + whole_of(low or "零")
    if "万" in text:
        high, _, low = text.rpartition("万")
        return whole_of(high) * 10**4 + whole_of(low or "零")
    total = 0
    for digit, place in re.findall(r"([零壹贰叁肆伍陆柒捌玖])([拾佰仟]?)", text):
        total += DIGITS[digit] * PLACES.get(place, 1)
    return total


amounts = st.one_of(
    st.integers(0, AMOUNT_MAX),
    st.integers(0, 10**6),
    # numbers with many zeros, where spellings go wrong
    st.lists(st.sampled_from("0000123456789"), min_size=1, max_size=18).map(
        lambda digits: int("".join(digits))
    ),
)


@given(amounts)
@example(10**16)
@example(10**18)
def test_a_spelling_reads_back_as_the_amount(amount: int) -> None:
    assert value_of(uppercase_amount(amount, "CNY")) == amount
    assert value_of(uppercase_amount(-amount, "CNY")) == -amount


@given(amounts)
def test_a_spelling_keeps_the_rules_of_writing(amount: int) -> None:
    text = uppercase_amount(amount, "CNY")
    assert "零零" not in text
    assert not re.search(r"零[拾佰仟万亿]", text)
    assert ("零元" in text) == (amount == 0)
    assert text.endswith("整") == (amount % 10 == 0)
    assert text.endswith("分") == (amount % 10 != 0)
    assert set(text) <= set("人民币负零壹贰叁肆伍陆柒捌玖拾佰仟万亿元角分整")


def test_every_amount_up_to_ten_thousand_yuan_reads_back() -> None:
    for amount in range(0, 1_000_001, 7):
        assert value_of(uppercase_amount(amount, "CNY")) == amount
