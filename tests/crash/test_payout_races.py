"""Nothing is paid twice: clicks at once, processes at once, connections that die at every statement.

Each fault that other ledgers had to mend with refunds has its test here, named after the fault: concurrent commits of
one reservation, double refunds, a void that leaves the money reserved, a commit by hand and by clock at once, jobs of a
queue that come twice. (A rate lost between reservation and commit cannot be: a payout has one currency.)
"""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger.accounts import suspense
from ledger.payouts import Acted, PayoutKind, PayoutRefusal, PayoutState, PayoutWanted
from ledger.payouts.records import Batched, BatchFile, LineOutcome, ResultReport
from ledger.store import LedgerStoreError, LedgerUnavailable
from tests.payouts import (
    BANK,
    CASHIER,
    CHECKER,
    MAKER,
    NUMBER,
    OTHER_CHECKER,
    Centre,
    centre_on,
    done,
    made,
    movement,
    notification,
    running_centre,
    status_report,
    transfer_said,
)

PROJECT = Path(__file__).resolve().parents[2]
TRANSIT = "liabilities:payout-in-transit:cny"
CLEARING = "assets:bank:cny"
REFUND = "liabilities:refund-payable:lot-1:bidder-7"

Act = Callable[[Centre], Awaitable[object]]


@pytest.fixture
async def centre(database_url: str) -> AsyncIterator[Centre]:
    async with running_centre(database_url) as centre:
        yield centre


async def at_once(*acts: Awaitable[Any]) -> list[Any]:
    """Do acts at once, each on a connection of its own."""
    return list(await asyncio.gather(*acts))


# At once


async def test_two_checkers_at_once(centre: Centre) -> None:
    """Concurrent commits of one reservation: both read what is left, one may take it."""
    payout = await centre.proposed()
    answers = await at_once(
        *(centre.payouts.approve(payout.payout_id, person) for person in (CHECKER, OTHER_CHECKER) * 3)
    )
    new = [answer for answer in answers if isinstance(answer, Acted) and answer.is_new]
    assert len(new) == 1
    assert answers.count(PayoutRefusal.STATE_DIFFERS) == 3
    history = await centre.payouts.history(payout.payout_id)
    assert [event.state for event in history].count(PayoutState.APPROVED) == 1


async def test_runs_of_proposals_at_once(centre: Centre) -> None:
    """Queue jobs that come twice: every refund is proposed by one of the runs."""
    await centre.owes(1, range(1, 21))
    runs = await at_once(*(centre.payouts.propose_refunds_due() for _ in range(4)))
    proposed = [payout.bidder_id for run in runs for payout in run.proposed]
    assert sorted(bidder or 0 for bidder in proposed) == list(range(1, 21))


async def test_runs_of_proposals_in_two_processes_at_once(centre: Centre, database_url: str) -> None:
    """A run by clock and a run by hand, in processes of their own."""
    await centre.owes(1, range(1, 41))
    program = (
        "import asyncio, sys, asyncpg\n"
        "from ledger.payouts import Payouts\n"
        "from ledger.postgres import PostgresLedgerStore\n"
        "async def main():\n"
        "    async with asyncpg.create_pool(sys.argv[1], min_size=1, max_size=1) as pool:\n"
        "        payouts = Payouts(PostgresLedgerStore(pool), refunds_at_once=3)\n"
        "        print('ready', flush=True); sys.stdin.readline()\n"
        "        print(len((await payouts.propose_refunds_due(int(sys.argv[2]))).proposed))\n"
        "asyncio.run(main())\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, database_url, by],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for by in ("0", str(MAKER))
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    counts = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(counts) == 40
    payouts = await centre.payouts.payouts()
    assert Counter(payout.bidder_id for payout in payouts) == Counter(range(1, 41))


async def test_approve_and_cancel_at_once(centre: Centre) -> None:
    """A scheduled and a manual commit at once: one order of the two happens, never half of each."""
    seen = set()
    for lot_id in range(1, 9):
        payout = await centre.proposed(lot_id)
        approved, cancelled = await at_once(
            centre.payouts.approve(payout.payout_id, CHECKER),
            centre.payouts.cancel(payout.payout_id, MAKER, "withdrawn"),
        )
        assert isinstance(cancelled, Acted)
        assert isinstance(approved, Acted) or approved is PayoutRefusal.STATE_DIFFERS
        seen.add(type(approved))
        assert (await centre.now(payout.payout_id)).state is PayoutState.CANCELLED
        (refund,) = await centre.payouts.due(lot_id)
        assert refund.amount == payout.amount
    assert seen <= {Acted, PayoutRefusal}


async def test_batches_at_once_hold_every_payout_once(centre: Centre) -> None:
    """Double refunds: two clicks on "make the file"."""
    await centre.approved(bidder_ids=range(1, 11))
    answers = await at_once(
        *(centre.payouts.make_batch("settlement", "001.001.09", CASHIER) for _ in range(4))
    )
    batches = [answer.batch for answer in answers if isinstance(answer, Batched)]
    assert [batch.payouts for batch in batches] == [10]
    assert answers.count(PayoutRefusal.NOTHING_TO_BATCH) == 3


async def test_cancel_and_batch_at_once(centre: Centre) -> None:
    """What is in the file is not cancelled, and what is cancelled is not in the file."""
    for lot_id in range(1, 7):
        payout = await centre.approved(lot_id=lot_id)
        await at_once(
            centre.payouts.make_batch("settlement", "001.001.09", CASHIER),
            centre.payouts.cancel(payout.payout_id, MAKER, "withdrawn"),
        )
        state = (await centre.now(payout.payout_id)).state
        assert state in (PayoutState.BATCHED, PayoutState.CANCELLED)
        named = 0
        for batch in await centre.payouts.batches():
            file = await centre.payouts.batch_file(batch.batch_id, CASHIER)
            assert isinstance(file, BatchFile)
            named += file.content.count(f"<EndToEndId>{payout.end_to_end_id}<".encode())
        assert named == (state is PayoutState.BATCHED)


async def test_sending_at_once_moves_the_money_once(centre: Centre) -> None:
    """Concurrent commits of one reservation, on the way to the bank."""
    batch = await centre.batched(bidder_ids=(7, 8))
    answers = await at_once(
        *(centre.payouts.send_batch(batch.batch_id, person) for person in (CASHIER, MAKER, CASHIER, MAKER))
    )
    assert sum(isinstance(answer, Batched) and answer.is_new for answer in answers) == 1
    assert await centre.balance(TRANSIT) == 200_00


async def test_results_at_once_pay_once(centre: Centre) -> None:
    """Double refunds: the report and the movement arrive together, each several times."""
    batch, (payout,) = await centre.sent()
    before = await centre.balance(CLEARING)
    files = [
        status_report(batch.message_id, [transfer_said(payout, "ACSC")]),
        notification(movement(payout.end_to_end_id, "100.00")),
    ] * 3
    reports: list[ResultReport] = await at_once(*(centre.reads(content) for content in files))
    assert sum(report.paid for report in reports) == 1
    assert await centre.balance(CLEARING) == before - 100_00


async def test_yes_and_no_at_once_do_one_of_the_two(centre: Centre) -> None:
    """A contradiction must not both pay the money and owe it again."""
    for lot_id in range(1, 7):
        batch, (payout,) = await centre.sent(lot_id=lot_id)
        reports = await at_once(
            centre.reads(status_report(batch.message_id, [transfer_said(payout, "RJCT", "AC01", "x")])),
            centre.reads(notification(movement(payout.end_to_end_id, "100.00"))),
        )
        outcomes = {line.outcome for report in reports for line in report.lines}
        assert LineOutcome.CONTRADICTS_STATE in outcomes
        owed = sum(refund.amount for refund in await centre.payouts.due(lot_id))
        state = (await centre.now(payout.payout_id)).state
        assert (state, owed) in ((PayoutState.PAID, 0), (PayoutState.REJECTED, 100_00))


async def test_a_receipt_is_returned_once_whoever_asks(centre: Centre) -> None:
    """Double refunds of one receipt out of an account that holds the money of many."""
    await centre.receives("unknown", "stray-1", 50_00, "路人")
    await centre.receives("unknown", "stray-2", 70_00, "路人")
    wanted = PayoutWanted(
        kind=PayoutKind.SUSPENSE_RETURN,
        source_account=suspense("CNY").code,
        amount=50_00,
        currency="CNY",
        payee_name="路人",
        payee_account=NUMBER,
        receipt_id="stray-1",
    )
    answers = await at_once(*(centre.payouts.propose(wanted, person) for person in (MAKER, CASHIER) * 2))
    assert sum(isinstance(answer, Acted) and answer.is_new for answer in answers) == 1
    assert len(await centre.payouts.payouts()) == 1


# One after the other


async def test_a_cancelled_payout_gives_all_of_its_money_back(centre: Centre) -> None:
    """A void that does nothing on one leg but is stored as a void."""
    payout = await centre.approved()
    done(await centre.payouts.cancel(payout.payout_id, MAKER, "withdrawn"))
    async with centre.store.reading() as reader:
        refund, transit = await reader.account(REFUND), await reader.account(TRANSIT)
    assert refund is not None
    assert transit is not None
    assert (refund.debits_pending, refund.available_credit) == (0, 100_00)
    assert (transit.credits_pending, transit.credits_posted) == (0, 0)


async def test_many_rounds_of_rejection_pay_what_is_owed_and_no_more(centre: Centre) -> None:
    """Money lost or doubled over retries: after any number of rejections one payment is made."""
    await centre.owes(1, (7,))
    before = await centre.balance(CLEARING)
    for round_number in range(1, 5):
        (payout,) = (await centre.payouts.propose_refunds_due()).proposed
        done(await centre.payouts.enter_account(payout.payout_id, NUMBER, MAKER, BANK))
        done(await centre.payouts.approve(payout.payout_id, CHECKER))
        batch = made(await centre.payouts.make_batch("settlement", "001.001.03", CASHIER))
        made(await centre.payouts.send_batch(batch.batch_id, CASHIER))
        status = "ACSC" if round_number == 4 else "RJCT"
        await centre.reads(status_report(batch.message_id, [transfer_said(payout, status, "MS03", "x")]))
    assert await centre.balance(CLEARING) == before - 100_00
    assert await centre.payouts.due() == []
    states = [payout.state for payout in await centre.payouts.payouts()]
    assert states == [PayoutState.REJECTED] * 3 + [PayoutState.PAID]


# A connection that dies


class Doom:
    """Says after how many more statements the connections of a pool die; never by default."""

    statements_left: int | None = None

    @classmethod
    def strikes(cls) -> bool:
        if cls.statements_left is None:
            return False
        cls.statements_left -= 1
        return cls.statements_left < 0


class DyingConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection whose server process is killed before the statement that Doom names.

    BEGIN and COMMIT are statements too, and so is the one with which the pool clears a connection that comes back:
    then the act is done and only its answer is lost.
    """

    async def _die(self) -> None:
        Doom.statements_left = None
        pid = self.get_server_pid()
        executioner = await asyncpg.connect(Doom.url)  # type: ignore[attr-defined]
        try:
            await executioner.execute("SELECT pg_terminate_backend($1)", pid)
        finally:
            await executioner.close()

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        if Doom.strikes():
            await self._die()
        return await super().execute(*arguments, **options)

    async def fetch(self, *arguments: Any, **options: Any) -> Any:
        if Doom.strikes():
            await self._die()
        return await super().fetch(*arguments, **options)

    async def fetchrow(self, *arguments: Any, **options: Any) -> Any:
        if Doom.strikes():
            await self._die()
        return await super().fetchrow(*arguments, **options)

    async def fetchval(self, *arguments: Any, **options: Any) -> Any:
        if Doom.strikes():
            await self._die()
        return await super().fetchval(*arguments, **options)


async def facts(centre: Centre) -> tuple[object, ...]:
    """Return everything that an act could have changed by half."""
    tables = (
        "payout",
        "payout_state",
        "payout_event",
        "payout_batch",
        "payout_batch_sent",
        "transfer",
        "entry",
    )
    counts = [await centre.pool.fetchval(f"SELECT count(*) FROM ledger.{table}") for table in tables]
    states = [(payout.payout_id, payout.state) for payout in await centre.payouts.payouts()]
    return (*counts, *states, *[await centre.balance(code) for code in (REFUND, TRANSIT, CLEARING)])


async def propose(centre: Centre) -> object:
    return await centre.payouts.propose_refunds_due()


async def enter_account(centre: Centre) -> object:
    return await centre.payouts.enter_account(1, NUMBER, MAKER, BANK)


async def approve(centre: Centre) -> object:
    return await centre.payouts.approve(1, CHECKER)


async def make_batch(centre: Centre) -> object:
    return await centre.payouts.make_batch("settlement", "001.001.09", CASHIER, [1])


async def send_batch(centre: Centre) -> object:
    return await centre.payouts.send_batch(1, CASHIER)


async def read_results(centre: Centre) -> object:
    return await centre.payouts.read_results(notification(movement("LCP000000000001", "100.00")), CASHIER)


async def cancel(centre: Centre) -> object:
    return await centre.payouts.cancel(1, MAKER, "withdrawn")


LIFE: Sequence[Act] = (propose, enter_account, approve, make_batch, send_batch, read_results)


@pytest.mark.parametrize(
    "life",
    [LIFE, (*LIFE[:3], cancel)],
    ids=["paid", "cancelled"],
)
async def test_the_connection_is_killed_at_every_statement(database_url: str, life: Sequence[Act]) -> None:
    """A crash between file and mark, and between any two other steps: an act happens whole or not at all."""
    Doom.url = database_url  # type: ignore[attr-defined]
    deaths = answers_lost = 0
    async with (
        running_centre(database_url) as healthy,
        asyncpg.create_pool(database_url, min_size=1, max_size=1, connection_class=DyingConnection) as pool,
    ):
        await healthy.owes(1, (7,))
        doomed = centre_on(pool)
        for act in life:
            before = await facts(healthy)
            for statement in count():
                Doom.statements_left = statement
                try:
                    await act(doomed)
                except (LedgerUnavailable, LedgerStoreError):
                    deaths += 1
                    if await facts(healthy) != before:
                        answers_lost += 1
                        break
                if Doom.statements_left is not None:
                    break  # fewer statements than that: nobody died
            Doom.statements_left = None
            after = await facts(healthy)
            assert after != before, f"{act.__name__} did nothing"
            await act(healthy)
            assert await facts(healthy) == after, f"{act.__name__} again changed something"
    assert deaths > 30
    assert answers_lost == len(life)
