"""Commissions and fees: the legal scale band by band, exact to the fen."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.fees import NO_FEE, FeeTerms, fee, fee_text, read_fee_terms
from ledger.forfeits import Party
from ledger.money_rule import RuleRefusal, rule_refusal, standard_rule

YUAN = 100
COURT = FeeTerms(scale="court")


@pytest.mark.parametrize(
    ("price_yuan", "commission_yuan"),
    [
        (0, 0),
        (1_000, 50),
        (2_000_000, 100_000),
        (3_000_000, 130_000),
        (10_000_000, 340_000),
        (20_000_000, 540_000),
        (50_000_000, 1_140_000),
        (60_000_000, 1_240_000),
        (100_000_000, 1_640_000),
        (300_000_000, 2_640_000),
    ],
)
def test_the_courts_scale_band_by_band(price_yuan: int, commission_yuan: int) -> None:
    assert fee(COURT, price_yuan * YUAN) == commission_yuan * YUAN


def exact(price: int) -> Fraction:
    """Return the scale's commission as a fraction, written down in another way: band by band from the top."""
    bands = ((100_000_000, 50), (50_000_000, 100), (10_000_000, 200), (2_000_000, 300), (0, 500))
    left, taken = price, Fraction(0)
    for floor, basis_points in bands:
        part = max(0, left - floor * YUAN)
        taken += Fraction(part * basis_points, 10_000)
        left -= part
    return taken


@given(st.integers(0, 10**13))
def test_the_scale_is_exact_to_half_a_fen(price: int) -> None:
    assert abs(fee(COURT, price) - exact(price)) <= Fraction(1, 2)
    assert fee(COURT, price) <= fee(COURT, price + 1) <= fee(COURT, price) + 1


@given(st.integers(0, 10**13), st.integers(0, 10_000))
def test_a_rate_is_exact_to_half_a_fen_and_never_more_than_the_price(price: int, basis_points: int) -> None:
    taken = fee(FeeTerms(basis_points=basis_points), price)
    assert abs(taken - Fraction(price * basis_points, 10_000)) <= Fraction(1, 2)
    assert 0 <= taken <= price


def test_half_a_fen_is_rounded_up() -> None:
    assert fee(FeeTerms(basis_points=500), 10) == 1
    assert fee(FeeTerms(basis_points=500), 9) == 0


def test_terms_are_read_as_they_are_written() -> None:
    for terms in (NO_FEE, COURT, FeeTerms(basis_points=250)):
        assert read_fee_terms(fee_text(terms)) == terms
    for text in ("rate", "rate:-1", "rate:10001", "scale:other", "5 %"):
        with pytest.raises(ValueError, match="not the terms of a fee"):
            read_fee_terms(text)


def test_neither_side_pays_more_than_five_percent() -> None:
    from msgspec.structs import replace

    rule = standard_rule(1)
    assert rule_refusal(rule) is None
    five, more = FeeTerms(basis_points=500), FeeTerms(basis_points=501)
    assert rule_refusal(replace(rule, seller_commission=five, buyer_commission=COURT)) is None
    for side in ("seller_commission", "buyer_commission"):
        refused = rule_refusal(replace(rule, **{side: more}))
        assert refused is RuleRefusal.COMMISSION_ABOVE_LEGAL_MAX
    assert rule_refusal(replace(rule, default_order="none")) is RuleRefusal.ORDER_UNKNOWN
    assert rule_refusal(replace(rule, interest_basis_points=-1)) is RuleRefusal.INTEREST_OUT_OF_RANGE
    assert rule.forfeits_to is Party.BIDDER
