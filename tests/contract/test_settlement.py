"""What the end of a lot does to deposits, read from the journal: once, whatever crashes in between."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from exchange.lot_search import Search
from exchange.people import Account
from exchange.ports import JournalUnavailable
from exchange.settlement import CURSOR
from exchange.sign_up import SignUpStatus
from ledger.register import DepositRow, DepositState
from matching.commands import HammerLot, OpenLot
from matching.lot import LotState
from tests.floor import HOST
from tests.procedure import DEPOSIT, Fuse, Killed, Procedure

PRICE = 80_00


@pytest.fixture
async def bidders(procedure: Procedure) -> list[Account]:
    return [await procedure.bidder(login) for login in ("anna", "ben", "carl")]


async def sold_lot(procedure: Procedure, bidders: list[Account], price: int = PRICE) -> int:
    """Sell a lot to the second of three bidders; the third has not paid."""
    lot = await procedure.publish(opening_price=10_00)
    await procedure.admitted(lot, bidders[0])
    await procedure.admitted(lot, bidders[1])
    await procedure.sign_ups.sign_up(lot, bidders[2])
    await procedure.sold(lot, bidders[1], price)
    return lot


async def register(procedure: Procedure, lot: int) -> dict[str, tuple[DepositState, int, int]]:
    rows = await procedure.deposits.register(lot)
    return {row.payer_name: _summary(row) for row in rows}


def _summary(row: DepositRow) -> tuple[DepositState, int, int]:
    return row.state, row.applied, row.refund_due


async def postings(procedure: Procedure) -> int:
    count: int = await procedure.pool.fetchval("SELECT count(*) FROM ledger.transfer")
    return count


SOLD = {
    "Bidder anna": (DepositState.REFUND_DUE, 0, DEPOSIT),
    "Bidder ben": (DepositState.APPLIED_TO_PRICE, DEPOSIT, 0),
    "Bidder carl": (DepositState.LAPSED, 0, 0),
}


async def test_the_winners_deposit_goes_to_the_price_and_the_others_are_owed_back(
    procedure: Procedure, bidders: list[Account]
) -> None:
    lot = await sold_lot(procedure, bidders)
    assert await procedure.settlement.settle_due() == 1
    assert await register(procedure, lot) == SOLD
    assert await procedure.settlement.settle_due() == 0
    states = [await procedure.sign_ups.state(lot, bidder.id) for bidder in bidders]
    assert [(state.state, state.paddle) for state in states if state] == [
        (SignUpStatus.ADMITTED, 1),
        (SignUpStatus.ADMITTED, 2),
        (SignUpStatus.NOT_ADMITTED, 0),
    ]


async def test_a_price_below_the_deposit_takes_the_price_and_owes_the_rest(
    procedure: Procedure, bidders: list[Account]
) -> None:
    lot = await sold_lot(procedure, bidders, price=20_00)
    await procedure.settlement.settle_due()
    assert (await register(procedure, lot))["Bidder ben"] == (
        DepositState.APPLIED_TO_PRICE,
        20_00,
        DEPOSIT - 20_00,
    )


async def test_a_lot_without_a_sale_owes_every_deposit_back(
    procedure: Procedure, bidders: list[Account]
) -> None:
    passed, withdrawn = await procedure.publish(), await procedure.publish()
    for lot in (passed, withdrawn):
        await procedure.admitted(lot, bidders[0])
    await procedure.floor.give(OpenLot(passed, HOST))
    await procedure.floor.give(HammerLot(passed, HOST))
    await procedure.withdrawn(withdrawn)
    assert await procedure.settlement.settle_due() == 2
    for lot in (passed, withdrawn):
        assert await register(procedure, lot) == {"Bidder anna": (DepositState.REFUND_DUE, 0, DEPOSIT)}
    found = await procedure.catalogue.search(Search(state=LotState.PASSED))
    assert [card.lot for card in found.cards] == [passed]


@pytest.mark.parametrize("is_after", [False, True])
async def test_killed_between_any_two_steps_nothing_is_doubled_and_nothing_missing(
    procedure: Procedure, bidders: list[Account], is_after: bool
) -> None:
    undisturbed = await sold_lot(procedure, bidders)
    before = await postings(procedure)
    await procedure.settlement.settle_due()
    moved = await postings(procedure) - before
    assert await register(procedure, undisturbed) == SOLD
    deaths = 0
    for operations in range(30):
        lot = await sold_lot(procedure, bidders)
        before = await postings(procedure)
        dying = procedure.dying(Fuse(operations, is_after=is_after))
        with suppress(Killed):
            await dying.settlement.settle_due()
            break
        deaths += 1
        restarted = procedure.dying(Fuse(1_000))
        await restarted.settlement.settle_due()
        assert await register(procedure, lot) == SOLD, f"died at operation {operations}"
        assert await postings(procedure) - before == moved
        sheet = await procedure.catalogue.get(lot)
        assert sheet is not None and sheet.card.view.state is LotState.SOLD
        assert await procedure.pool.fetchval("SELECT outcome FROM exchange.lot WHERE id = $1", lot) == "sold"
    assert 3 <= deaths < 29


async def test_lots_that_ended_before_a_restart_are_settled_after_it(
    procedure: Procedure, bidders: list[Account]
) -> None:
    lots = [await sold_lot(procedure, bidders) for _ in range(3)]
    after = procedure.restarted(procedure.floor.successor())
    async with after.floor.running():
        assert after.engine.lot(lots[0]) is None
        assert await after.settlement.settle_due() == 3
        again = procedure.restarted(procedure.floor.successor())
        async with again.floor.running():
            assert await again.settlement.settle_due() == 0
    for lot in lots:
        assert await register(procedure, lot) == SOLD


async def test_two_at_once_settle_once(procedure: Procedure, bidders: list[Account]) -> None:
    lots = [await sold_lot(procedure, bidders) for _ in range(3)]
    other = Procedure(procedure.pool, procedure.floor)
    await asyncio.gather(procedure.settlement.settle_due(), other.settlement.settle_due())
    for lot in lots:
        assert await register(procedure, lot) == SOLD


async def test_the_cursor_names_the_last_outcome_and_bids_do_not_move_it(
    procedure: Procedure, bidders: list[Account]
) -> None:
    await sold_lot(procedure, bidders)
    await procedure.settlement.settle_due()
    outcomes = await procedure.floor.journal.read_outcomes(0, 10)
    assert await procedure.ledger.cursor(CURSOR) == outcomes[-1].position
    await procedure.publish(0)
    assert await procedure.settlement.settle_due() == 0
    assert await procedure.ledger.cursor(CURSOR) == outcomes[-1].position


async def test_it_runs_by_itself_and_survives_a_journal_that_is_away(
    procedure: Procedure, bidders: list[Account]
) -> None:
    procedure.floor.journal.is_available = True  # type: ignore[attr-defined]
    work = asyncio.create_task(procedure.settlement.run())
    lot = await sold_lot(procedure, bidders)
    await _until_settled(procedure, lot)
    procedure.floor.journal.is_available = False  # type: ignore[attr-defined]
    with pytest.raises(JournalUnavailable):
        await procedure.settlement.settle_due()
    with capture_logs() as told:
        async with asyncio.timeout(60):
            while "settlement.delayed" not in [each["event"] for each in told]:
                await asyncio.sleep(0.02)
    procedure.floor.journal.is_available = True  # type: ignore[attr-defined]
    other = await sold_lot(procedure, bidders)
    await _until_settled(procedure, other)
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    assert await register(procedure, lot) == await register(procedure, other) == SOLD


async def _until_settled(procedure: Procedure, lot: int) -> None:
    async with asyncio.timeout(60):
        while await register(procedure, lot) != SOLD:
            await asyncio.sleep(0.02)
