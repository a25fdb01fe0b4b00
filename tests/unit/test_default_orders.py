"""Who gets a defaulter's deposit: each named order as a table, and what holds whatever is claimed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.forfeits import (
    ORDERS,
    Claim,
    ClaimKind,
    ClaimRefusal,
    Party,
    claims_refusal,
    shares,
)

COSTS, SHORTFALL, DEBTS = ClaimKind.COSTS, ClaimKind.SHORTFALL, ClaimKind.DEBTS
COMMISSION, SERVICE_FEE = ClaimKind.COMMISSION, ClaimKind.SERVICE_FEE
CENTRE, SELLER, TREASURY, BIDDER = Party.CENTRE, Party.SELLER, Party.TREASURY, Party.BIDDER


def claim(kind: ClaimKind, amount: int, ground: str = "decision 7") -> Claim:
    return Claim(kind=kind, amount=amount, ground=ground)


@pytest.mark.parametrize(
    ("order", "claimed", "expected"),
    [
        # costs, then the shortfall of the next sale, then debts; nothing goes back
        (
            "judicial-online",
            {COSTS: 10, SHORTFALL: 30, DEBTS: 20},
            [(COSTS, SELLER, 10), (SHORTFALL, SELLER, 30), (DEBTS, SELLER, 20), (None, SELLER, 40)],
        ),
        (
            "judicial-online",
            {DEBTS: 500, SHORTFALL: 60, COSTS: 30},
            [(COSTS, SELLER, 30), (SHORTFALL, SELLER, 60), (DEBTS, SELLER, 10)],
        ),
        (
            "judicial-online",
            {COSTS: 100, DEBTS: 1},
            [(COSTS, SELLER, 100), (DEBTS, SELLER, 0)],
        ),
        ("judicial-online", {}, [(None, SELLER, 100)]),
        # the court's own auctions: what is left goes back
        (
            "judicial-house",
            {COMMISSION: 5, COSTS: 10, SHORTFALL: 20},
            [(SHORTFALL, SELLER, 20), (COSTS, SELLER, 10), (COMMISSION, CENTRE, 5), (None, BIDDER, 65)],
        ),
        ("treasury", {}, [(None, TREASURY, 100)]),
        ("property", {SERVICE_FEE: 15}, [(SERVICE_FEE, CENTRE, 15), (None, SELLER, 85)]),
        (
            "rural",
            {SHORTFALL: 90, SERVICE_FEE: 15, COSTS: 5},
            [(SERVICE_FEE, CENTRE, 15), (COSTS, CENTRE, 5), (SHORTFALL, SELLER, 80)],
        ),
        ("tender", {}, [(None, SELLER, 100)]),
        (
            "auction-law",
            {SHORTFALL: 20, COMMISSION: 10},
            [(COMMISSION, CENTRE, 10), (SHORTFALL, SELLER, 20), (None, BIDDER, 70)],
        ),
    ],
)
def test_a_hundred_is_divided_as_the_order_says(
    order: str, claimed: dict[ClaimKind, int], expected: list[tuple[ClaimKind | None, Party, int]]
) -> None:
    rule = ORDERS[order]
    claims = [claim(kind, amount) for kind, amount in claimed.items()]
    assert claims_refusal(claims, rule) is None
    found = shares(100, claims, rule, rule.remainder)
    assert [(share.kind, share.party, share.amount) for share in found] == expected


@pytest.mark.parametrize(
    ("claims", "refusal"),
    [
        ([claim(COSTS, 0)], ClaimRefusal.CLAIM_AMOUNT_NOT_POSITIVE),
        ([claim(COSTS, -5)], ClaimRefusal.CLAIM_AMOUNT_NOT_POSITIVE),
        ([claim(COSTS, 2**63)], ClaimRefusal.CLAIM_AMOUNT_NOT_POSITIVE),
        ([claim(COSTS, 5, " ")], ClaimRefusal.CLAIM_GROUND_MISSING),
        ([claim(COSTS, 5, "a\x00b")], ClaimRefusal.CLAIM_GROUND_NOT_BOOKABLE),
        ([claim(COSTS, 5), claim(COSTS, 6)], ClaimRefusal.CLAIM_TWICE),
        ([claim(COMMISSION, 5)], ClaimRefusal.CLAIM_NOT_OF_ORDER),
    ],
)
def test_claims_that_no_order_can_meet_are_refused(claims: list[Claim], refusal: ClaimRefusal) -> None:
    assert claims_refusal(claims, ORDERS["judicial-online"]) is refusal


@given(
    st.sampled_from(sorted(ORDERS)),
    st.integers(1, 10**15),
    st.lists(st.integers(1, 10**15), min_size=5, max_size=5),
    st.sets(st.sampled_from(list(ClaimKind))),
    st.sampled_from(list(Party)),
)
def test_shares_add_up_and_nobody_gets_more_than_he_claims(
    name: str, forfeited: int, amounts: list[int], wanted: set[ClaimKind], rest: Party
) -> None:
    order = ORDERS[name]
    kinds = [kind for kind, _ in order.steps if kind in wanted]
    claims = [claim(kind, amount) for kind, amount in zip(kinds, amounts, strict=False)]
    found = shares(forfeited, claims, order, rest)
    assert sum(share.amount for share in found) == forfeited
    assert all(0 <= share.amount <= share.claimed for share in found if share.kind is not None)
    # nobody gets anything while a claim before his is not met in full
    unmet = False
    for share in found:
        assert not (unmet and share.amount)
        unmet = unmet or share.amount < share.claimed
    assert [share for share in found if share.kind is None][1:] == []


@given(st.permutations(list(ClaimKind)[:3]), st.integers(1, 1_000))
def test_the_order_of_writing_claims_down_does_not_matter(kinds: list[ClaimKind], forfeited: int) -> None:
    order = ORDERS["judicial-online"]
    amounts = {COSTS: 100, SHORTFALL: 300, DEBTS: 500}
    claims = [claim(kind, amounts[kind]) for kind in kinds]
    straight = [claim(kind, amount) for kind, amount in amounts.items()]
    assert shares(forfeited, claims, order, SELLER) == shares(forfeited, straight, order, SELLER)


def test_every_order_gives_its_article_in_both_languages() -> None:
    for order in ORDERS.values():
        assert order.article_zh and order.article_en
        assert all(ord(letter) < 128 for letter in order.article_en)
