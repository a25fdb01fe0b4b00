"""From a lot's rule to its clock: what is due when, what presses, what is late; interest and fees with the release."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg
import pytest
from msgspec.structs import replace

from exchange.money_rules import money_rule
from exchange.rulebooks.library import shipped
from ledger.clocks import ClockRefusal, ContractSigned, refund_due_at_us
from ledger.fees import FeeTerms
from ledger.forfeits import Party
from ledger.lot_rules import Registered
from ledger.money_rule import InterestFrom, RuleRefusal, standard_rule
from ledger.refund_clock import HOUR_US, ClockStart, Level, RefundClock
from ledger.register import DepositState
from ledger.settlement import LotOutcome
from ledger.store import Cursor
from ledger.working_days import CENTRE_TIME
from tests.house import ANNA, BEN, CARL, CHECKER, DEPOSIT, LOT, MAKER, PRICE, House, sound_house

DAY_US = 24 * HOUR_US


def moment(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=CENTRE_TIME).timestamp()) * 1_000_000


ENDED_US = moment("2024-02-08 12:00")
"""The day before the eve of the spring festival; the 10th to the 17th were off, Sunday the 18th was worked."""


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with sound_house(database_url) as house:
        yield house


async def test_a_lot_without_a_rule_goes_by_the_standard_one(house: House) -> None:
    await house.held(ANNA)
    await house.ended(at_us=ENDED_US)
    (due,) = await house.clocks.due(ENDED_US)
    assert (due.clock, due.from_moment, due.from_us) == ("working_days:5", ClockStart.SETTLEMENT, ENDED_US)
    assert due.due_at_us == moment("2024-02-22 00:00")
    assert (due.owed, due.level, due.is_provisional) == (DEPOSIT, Level.RUNNING, False)
    assert await house.rules.of(LOT) == standard_rule(LOT)


async def test_twenty_four_hours_begin_with_the_end_of_bidding_and_not_with_the_settlement(
    house: House,
) -> None:
    await house.rule(refund_clock=RefundClock.hours(24), refund_from=ClockStart.BIDDING_ENDED)
    await house.held(ANNA)
    await house.ended(at_us=ENDED_US + 5 * HOUR_US, bidding_ended_at_us=ENDED_US)
    due_at_us = ENDED_US + 24 * HOUR_US
    levels = {}
    for hours in (5, 17, 18, 23, 24, 48):
        (due,) = await house.clocks.due(ENDED_US + hours * HOUR_US)
        assert due.due_at_us == due_at_us
        levels[hours] = due.level
    assert levels == {
        5: Level.RUNNING, 17: Level.RUNNING, 18: Level.SOON, 23: Level.SOON, 24: Level.OVERDUE, 48: Level.OVERDUE,
    }  # fmt: skip
    async with house.store.snapshot() as connection:
        assert await refund_due_at_us(connection, LOT, ENDED_US + 5 * HOUR_US) == due_at_us


async def test_what_waits_for_the_contract_is_due_from_its_signing(house: House) -> None:
    await house.rule(refund_clock=RefundClock.days(5), refund_from=ClockStart.CONTRACT)
    await house.held(ANNA)
    await house.held(BEN)
    signed_us = ENDED_US + 3 * DAY_US
    assert await house.clocks.sign_contract(LOT, signed_us, MAKER) is ClockRefusal.LOT_NOT_SETTLED
    await house.ended(buyer=BEN, at_us=ENDED_US)
    (due,) = await house.clocks.due(ENDED_US + 900 * DAY_US)
    assert (due.level, due.due_at_us) == (Level.WAITING, None)
    assert await house.clocks.due(ENDED_US, within_us=10_000 * DAY_US) == []
    assert await house.clocks.sign_contract(LOT, signed_us, 0) is ClockRefusal.PERSON_MISSING
    early = await house.clocks.sign_contract(LOT, ENDED_US - 1, MAKER)
    assert early is ClockRefusal.SIGNED_BEFORE_BIDDING_ENDED
    assert await house.clocks.sign_contract(LOT, 2**60, MAKER) is ClockRefusal.SIGNED_IN_THE_FUTURE
    for is_new in (True, False):
        answer = await house.clocks.sign_contract(LOT, signed_us, MAKER)
        assert answer == ContractSigned(lot_id=LOT, signed_at_us=signed_us, is_new=is_new)
    other = await house.clocks.sign_contract(LOT, signed_us + 1, MAKER)
    assert other is ClockRefusal.EXISTS_WITH_OTHER_MOMENT
    (due,) = await house.clocks.due(signed_us)
    assert due.due_at_us == moment("2024-02-19 00:00")  # the 16th was off, and so was the 17th


async def test_without_a_sale_there_is_no_contract_to_wait_for(house: House) -> None:
    await house.rule(refund_clock=RefundClock.days(5), refund_from=ClockStart.CONTRACT)
    await house.held(ANNA)
    await house.ended(at_us=ENDED_US)
    (due,) = await house.clocks.due(ENDED_US)
    assert due.due_at_us is not None


async def test_lists_are_in_order_of_urgency_and_end_with_the_payment(house: House) -> None:
    await house.held(ANNA)
    await house.ended(at_us=ENDED_US)
    late_us = moment("2024-02-22 00:00")
    assert [one.bidder_id for one in await house.clocks.overdue(late_us)] == [ANNA]
    assert await house.clocks.overdue(late_us - 1) == []
    assert [one.bidder_id for one in await house.clocks.soon(late_us - 1)] == [ANNA]
    assert await house.clocks.due(ENDED_US, within_us=DAY_US) == []
    assert len(await house.clocks.due(ENDED_US, within_us=20 * DAY_US)) == 1
    assert await house.clocks.due(ENDED_US, lot_id=LOT + 1) == []


async def test_an_alarm_goes_off_once_for_each_deposit_and_level(house: House) -> None:
    await house.held(ANNA)
    await house.held(BEN)
    await house.ended(at_us=ENDED_US)
    late_us = moment("2024-02-22 00:00")
    assert await house.clocks.raise_alerts(ENDED_US) == []
    soon = await house.clocks.raise_alerts(late_us - HOUR_US)
    assert [(one.bidder_id, one.level) for one in soon] == [(ANNA, Level.SOON), (BEN, Level.SOON)]
    assert await house.clocks.raise_alerts(late_us - 1) == []
    overdue = await house.clocks.raise_alerts(late_us)
    assert [(one.bidder_id, one.level) for one in overdue] == [(ANNA, Level.OVERDUE), (BEN, Level.OVERDUE)]
    assert await house.clocks.raise_alerts(late_us + 99 * DAY_US) == []
    assert await house.clocks.alerts() == [*soon, *overdue]
    assert await house.clocks.alerts(after=soon[-1].alert_id) == overdue
    with pytest.raises(asyncpg.RestrictViolationError):
        await house.pool.execute("DELETE FROM ledger.refund_alert")


async def test_what_is_left_of_a_defaulters_deposit_is_due_from_the_decision(house: House) -> None:
    await house.held(ANNA)
    await house.ended(defaulted=(ANNA,), at_us=ENDED_US)
    assert await house.clocks.due(ENDED_US) == []
    acted = await house.posted([])
    (due,) = await house.clocks.due(acted.case.decided_at_us)
    assert due.from_us == acted.case.decided_at_us > ENDED_US
    assert due.owed == DEPOSIT


# Rules


async def test_a_rule_is_registered_once_and_stays(house: House) -> None:
    rule = await house.rule(refund_clock=RefundClock.hours(24), forfeits_to=Party.TREASURY)
    again = await house.rules.register(rule, CHECKER)
    assert again == Registered(rule=rule, is_new=False)
    other = replace(rule, refund_clock=RefundClock.hours(48))
    assert await house.rules.register(other, MAKER) is RuleRefusal.EXISTS_WITH_OTHER_TERMS
    assert await house.rules.of(LOT) == rule
    bad = replace(rule, lot_id=LOT + 1, default_order="nobody")
    assert await house.rules.register(bad, MAKER) is RuleRefusal.ORDER_UNKNOWN


async def test_the_rule_of_every_rulebook_is_kept_as_it_was_given(house: House) -> None:
    for number, rulebook in enumerate(shipped().all(), 1):
        rule = money_rule(number, rulebook, rulebook.digest, 250)
        assert await house.rules.register(rule, MAKER) == Registered(rule=rule, is_new=True), rulebook.name
        assert await house.rules.of(number) == rule


@pytest.mark.parametrize(
    ("name", "clock", "start", "order", "forfeits_to", "interest"),
    [
        ("judicial-first", "hours:24", "bidding_ended", "judicial-online", "seller", 0),
        ("judicial-second", "hours:24", "bidding_ended", "judicial-online", "seller", 0),
        ("land-fujian", "working_days:5", "bidding_ended", "treasury", "treasury", 0),
        ("land-taicang", "working_days:5", "bidding_ended", "treasury", "treasury", 0),
        ("property-dynamic", "working_days:3", "settlement", "property", "seller", 0),
        ("rural-priority", "working_days:5", "settlement", "rural", "seller", 0),
        ("tender-scored", "days:5", "contract", "tender", "seller", 35),
        ("confiscated-goods", "working_days:5", "settlement", "auction-law", "bidder", 0),
        ("carbon-book", "working_days:5", "settlement", "auction-law", "bidder", 0),
    ],
)
def test_what_rulebooks_say_of_money(
    name: str, clock: str, start: str, order: str, forfeits_to: str, interest: int
) -> None:
    rulebook = shipped().get(name)
    assert rulebook is not None
    rule = money_rule(1, rulebook, rulebook.digest, 100)
    found = (rule.refund_clock.text, rule.refund_from.value, rule.default_order, rule.forfeits_to.value)
    assert found == (clock, start, order, forfeits_to)
    assert (rule.interest_basis_points, rule.buyer_commission) == (interest, FeeTerms(basis_points=100))
    assert rule.article_zh and rule.article_en
    assert (rule.rulebook, rule.rulebook_digest) == (name, rulebook.digest)


# Interest and fees


async def test_interest_is_due_with_the_deposit_on_each_part_from_its_own_day(house: House) -> None:
    await house.rule(interest_basis_points=35)
    await house.paid(ANNA, 40_000, moment("2024-01-09 10:00"), "part 1")
    await house.held(ANNA, 60_000, moment("2024-01-29 10:00"))
    await house.held(BEN, DEPOSIT, moment("2024-01-09 10:00"))
    await house.held(CARL, DEPOSIT, moment("2024-01-09 10:00"))
    answer = await house.ended(buyer=BEN, defaulted=(CARL,), at_us=ENDED_US)
    # anna: (40,000 x 30 + 60,000 x 10) days, ben: 100,000 x 30 days; a year has 360, 35 basis points
    assert answer.interest == 18 + 29
    assert (answer.applied, answer.released) == (DEPOSIT, DEPOSIT)
    anna, ben = await house.row(ANNA), await house.row(BEN)
    assert (anna.state, anna.refund_due) == (DepositState.REFUND_DUE, DEPOSIT + 18)
    assert (ben.state, ben.refund_due) == (DepositState.APPLIED_TO_PRICE, 29)
    assert (await house.row(CARL)).state is DepositState.DEFAULTED
    assert await house.credit("expenses:interest:cny") == -47


async def test_interest_may_begin_with_the_end_of_bidding(house: House) -> None:
    await house.rule(interest_basis_points=35, interest_from=InterestFrom.BIDDING_ENDED)
    await house.held(ANNA, DEPOSIT, moment("2024-01-09 10:00"))
    answer = await house.ended(at_us=ENDED_US, bidding_ended_at_us=ENDED_US - 10 * DAY_US)
    assert answer.interest == 10


async def test_fees_come_out_of_the_price_as_far_as_it_was_paid(house: House) -> None:
    rate = FeeTerms(basis_points=500)
    await house.rule(seller_commission=FeeTerms(scale="court"), service_fee=rate)
    await house.held(BEN)
    answer = await house.ended(buyer=BEN, price=20 * PRICE)
    due = 5 * PRICE // 5  # five percent of 180,000.00 yuan, twice
    assert [(one.fee.amount, one.booked) for one in answer.fees] == [(due, DEPOSIT), (due, 0)]
    assert await house.credit("income:commission:cny") == DEPOSIT
    assert await house.credit(f"liabilities:price-payable:lot-{LOT}") == 0
    assert await house.settlements.book_fees(LOT, MAKER) == 0
    standing = {one.fee.kind.value: one.left for one in await house.settlements.fees(LOT)}
    assert standing == {"seller_commission": due - DEPOSIT, "service_fee": due}


async def test_fees_are_booked_once_whatever_is_repeated(house: House) -> None:
    await house.rule(seller_commission=FeeTerms(basis_points=100))
    await house.held(BEN)
    answer = await house.ended(buyer=BEN)
    assert [one.booked for one in answer.fees] == [9_000]
    before = await house.postings()
    repeated = await house.ended(buyer=BEN)
    assert (repeated.is_new, repeated.fees) == (False, ())
    assert await house.settlements.book_fees(LOT, MAKER) == 0
    assert await house.postings() == before
    assert await house.credit(f"liabilities:price-payable:lot-{LOT}") == DEPOSIT - 9_000


async def test_a_lot_that_passes_owes_no_fee(house: House) -> None:
    await house.rule(seller_commission=FeeTerms(basis_points=100))
    await house.held(BEN)
    assert (await house.ended()).fees == ()


async def test_the_cursor_moves_with_the_settlement_and_without_it_nothing_does(house: House) -> None:
    await house.rule(interest_basis_points=35, seller_commission=FeeTerms(basis_points=100))
    await house.held(BEN)
    outcome = LotOutcome(lot_id=LOT, source_sequence=12, currency="USD", decided_at_us=ENDED_US)
    await house.settlements.settle(outcome, Cursor("settlement", 3))
    assert await house.store.cursor("settlement") == 3
    assert (await house.row(BEN)).state is DepositState.HELD
    assert await house.pool.fetchval("SELECT count(*) FROM ledger.lot_end") == 0
    await house.ended(buyer=BEN)
    assert await house.store.cursor("settlement") == 12
