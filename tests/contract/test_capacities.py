"""Priority purchasers and joint bidders: entered by staff, carried into the admission, fixed from then on."""

from __future__ import annotations

import pytest

from exchange.capacities import Capacity, CapacityRefusal
from exchange.people import Account
from exchange.sign_up import SignUpRefusal
from matching.events import BidderAdmitted
from matching.units import Partner
from tests.procedure import Procedure


@pytest.fixture
async def people(procedure: Procedure) -> list[Account]:
    return [await procedure.bidder(name) for name in ("anna", "bela", "carl")]


async def staff(procedure: Procedure) -> int:
    return (await procedure.bidder("clerk")).id


async def test_rank_and_partners_come_with_the_paddle(procedure: Procedure, people: list[Account]) -> None:
    anna, bela, carl = people
    lot = await procedure.publish()
    capacity = Capacity(2, (Partner(bela.id, 3_000), Partner(carl.id, 1)))
    clerk = await staff(procedure)
    assert await procedure.capacities.enter(lot, anna.id, capacity, clerk) == capacity
    await procedure.admitted(lot, anna)
    rows = await procedure.floor.journal.read_lot(lot, 0, 100)
    (admitted,) = [row.event for row in rows if isinstance(row.event, BidderAdmitted)]
    assert admitted == BidderAdmitted(1, anna.id, 2, capacity.partners)
    assert procedure.engine.lot(lot).ranks == {1: 2}  # type: ignore[union-attr]
    assert await procedure.sign_ups.sign_up(lot, bela) is SignUpRefusal.BIDS_JOINTLY
    answer = await procedure.capacities.enter(lot, anna.id, Capacity(1), clerk)
    assert answer is CapacityRefusal.ALREADY_ADMITTED


async def test_until_then_it_can_be_changed(procedure: Procedure, people: list[Account]) -> None:
    anna, bela, carl = people
    lot, clerk = await procedure.publish(), await staff(procedure)
    await procedure.capacities.enter(lot, anna.id, Capacity(1, (Partner(bela.id, 5_000),)), clerk)
    later = Capacity(0, (Partner(carl.id, 2_000),))
    assert await procedure.capacities.enter(lot, anna.id, later, clerk) == later
    assert not await procedure.capacities.is_partner(lot, bela.id)
    assert await procedure.capacities.of(lot, bela.id) == Capacity()


async def test_what_does_not_fit_is_refused_and_changes_nothing(
    procedure: Procedure, people: list[Account]
) -> None:
    anna, bela, carl = people
    lot, clerk = await procedure.publish(), await staff(procedure)
    enter = procedure.capacities.enter
    for partners in (
        (Partner(bela.id, 0),),
        (Partner(anna.id, 100),),
        (Partner(bela.id, 100), Partner(bela.id, 100)),
        (Partner(bela.id, 9_999), Partner(carl.id, 1)),
    ):
        answer = await enter(lot, anna.id, Capacity(0, partners), clerk)
        assert answer is CapacityRefusal.SHARES_INVALID, partners
    await enter(lot, anna.id, Capacity(0, (Partner(bela.id, 100),)), clerk)
    assert (
        await enter(lot, carl.id, Capacity(0, (Partner(bela.id, 9),)), clerk) is CapacityRefusal.BIDS_JOINTLY
    )
    assert await enter(lot, bela.id, Capacity(1), clerk) is CapacityRefusal.BIDS_JOINTLY
    assert await procedure.sign_ups.sign_up(lot, carl)
    assert (
        await enter(lot, anna.id, Capacity(0, (Partner(carl.id, 9),)), clerk) is CapacityRefusal.BIDS_JOINTLY
    )
    assert await procedure.capacities.of(lot, anna.id) == Capacity(0, (Partner(bela.id, 100),))
