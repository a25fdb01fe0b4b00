"""A bank of several processes over one database, one of which is killed again and again.

The posters move money, hold, post, void and let holds run out, each over a connection of its own. They say of each
batch what they are about to send before they send it, and what they were answered, on a pipe that outlives them. All
the time a reader of its own counts every account in one snapshot. At the end everything that was answered is there as
it was answered, what was cut off is there in full or not at all, and the books prove themselves.

`LUOCHUI_CRASH_ROUNDS` and `LUOCHUI_CRASH_SEED` choose more rounds and the same moments again.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from ledger.accounts import AccountFlags, new_account
from ledger.postgres import PostgresLedgerStore
from ledger.rules import LedgerRefusal
from ledger.transfers import ENTIRE_AMOUNT, Kind, Posting, Purpose, Transfer, TransferFlags
from ledger.verify import verify
from tests.patience import PATIENCE_SECONDS
from tests.seeds import seed

ROUNDS = int(os.environ.get("LUOCHUI_CRASH_ROUNDS", "4"))
SEED = seed("LUOCHUI_CRASH_SEED")
POSTERS = 3
CUSTOMERS = 6
START = 100_000
ROUND_S = 1.2
SAID_MIN = 30
"""Of each poster in each round: enough that holds run out and accounts run dry, however slow the machine is."""
CODES = [f"liabilities:customer:c{number}" for number in range(CUSTOMERS)]
VAULT = new_account("assets:vault", "CNY", AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
SUMS = """
SELECT sum(debits_posted - credits_posted) AS posted, sum(debits_pending - credits_pending) AS pending,
    (SELECT sequence FROM ledger.head) AS sequence, (SELECT count(*) FROM ledger.transfer) AS transfers,
    (SELECT count(*) FROM ledger.entry) AS entries, sum(version)::bigint AS versions,
    bool_and(credits_posted - debits_posted - debits_pending >= 0) FILTER (WHERE flags = 1) AS are_covered
FROM ledger.account
"""

Said = tuple[list[Transfer], list[tuple[LedgerRefusal | None, Posting | None]] | None]


class Customer:
    """Makes batches at random; the ids are his own, so that nobody else's batch is repeated."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.holds: list[UUID] = []

    def id(self) -> UUID:
        return UUID(int=self.random.getrandbits(127) + 1)

    def batch(self) -> list[Transfer]:
        moves = [self.move() for _ in range(self.random.choice((1, 1, 3, 20)))]
        if len(moves) > 1 and self.random.random() < 0.3:
            linked = msgspec.structs.replace(moves[0], flags=moves[0].flags | TransferFlags.LINKED)
            moves = [linked, *moves[1:]]
        return moves

    def move(self) -> Transfer:
        match self.random.randrange(5):
            case 0 if self.holds:
                return self.end()
            case 1:
                return self.hold()
            case 2:
                return self.transfer(flags=TransferFlags.BALANCING_DEBIT)
            case _:
                return self.transfer()

    def transfer(self, **changes: Any) -> Transfer:
        debit, credit = self.random.sample(CODES, 2)
        amount = self.random.randint(1, START // 4)
        purpose = Purpose.DEPOSIT_TOWARDS_PRICE
        return Transfer(
            id=self.id(),
            debit=debit,
            credit=credit,
            amount=amount,
            currency="CNY",
            purpose=purpose,
            **changes,
        )

    def hold(self) -> Transfer:
        timeout_us = self.random.choice((0, 0, 2_000, 50_000))
        held = self.transfer(kind=Kind.PENDING, timeout_us=timeout_us)
        self.holds.append(held.id)
        return held

    def end(self) -> Transfer:
        held = self.holds.pop(self.random.randrange(len(self.holds)))
        if self.random.random() < 0.5:
            return Transfer(id=self.id(), kind=Kind.VOID, pending_id=held)
        amount = self.random.choice((ENTIRE_AMOUNT, self.random.randint(0, START // 8)))
        return Transfer(id=self.id(), kind=Kind.POST, pending_id=held, amount=amount)


def post_for_ever(url: str, seed: int, pipe: Connection) -> None:
    """Post until killed; what is sent is said before, what is answered after."""
    asyncio.run(_post_for_ever(url, seed, pipe))


async def _post_for_ever(url: str, seed: int, pipe: Connection) -> None:
    customer = Customer(seed)
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        store = PostgresLedgerStore(pool)
        while True:
            batch = customer.batch()
            pipe.send((batch, None))
            result = await store.post(batch)
            pipe.send((batch, [(outcome.refusal, outcome.posting) for outcome in result.outcomes]))


@dataclass
class Poster:
    """A process that posts, and everything that it has said."""

    url: str
    seed: int
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._mouth, ear = context.Pipe(duplex=False)
        self.process = context.Process(target=post_for_ever, args=(self.url, self.seed, ear), daemon=True)
        self.process.start()
        ear.close()
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        try:
            while True:
                self.said.append(self._mouth.recv())
        except (EOFError, OSError):
            return

    def kill(self) -> None:
        """End it at once, wherever it is, and take in what it had said before."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        self._listening.join(timeout=60)

    def cut_off(self) -> list[Transfer]:
        """Return the batch that it never heard of again."""
        return self.said[-1][0] if self.said and self.said[-1][1] is None else []


class Counter:
    """Counts every account again and again, each time in one snapshot."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.counted = 0
        self.is_open = True

    async def run(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            while self.is_open:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    row = await connection.fetchrow(SUMS)
                assert (row["posted"], row["pending"]) == (0, 0), row
                assert row["transfers"] == row["sequence"], row
                assert row["entries"] == row["versions"] == 2 * row["sequence"], row
                assert row["are_covered"], row
                self.counted += 1
                await asyncio.sleep(0)
        finally:
            await connection.close()


async def test_nothing_that_was_answered_is_lost(database_url: str) -> None:
    print(f"seed {SEED}, {ROUNDS} rounds")
    chance = random.Random(SEED)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=3) as pool:
        store = PostgresLedgerStore(pool)
        await fill(store)
        counter = Counter(database_url)
        counting = asyncio.create_task(counter.run())
        posters = [Poster(database_url, chance.getrandbits(32)) for _ in range(POSTERS)]
        dead: list[Poster] = []
        try:
            for _ in range(ROUNDS):
                await until_all_post(posters)
                await asyncio.sleep(chance.uniform(0, ROUND_S))
                victim = posters.pop(chance.randrange(POSTERS))
                await asyncio.to_thread(victim.kill)
                dead.append(victim)
                posters.append(Poster(database_url, chance.getrandbits(32)))
                assert not counting.done(), counting.result()
            await until_all_post(posters)
        finally:
            for poster in posters:
                poster.kill()
        counter.is_open = False
        await counting
        await store.expire_due()
        await check(store, [*dead, *posters])
        assert counter.counted > 0
        print(f"counted {counter.counted} times")


async def fill(store: PostgresLedgerStore) -> None:
    promise = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
    accounts = [VAULT, *(new_account(code, "CNY", promise) for code in CODES)]
    fillings = [
        Transfer(
            id=UUID(int=number),
            debit=VAULT.code,
            credit=code,
            amount=START,
            currency="CNY",
            purpose=Purpose.DEPOSIT_TOWARDS_PRICE,
        )
        for number, code in enumerate(CODES, start=1)
    ]
    assert (await store.post(fillings, new_accounts=accounts)).is_accepted


async def until_all_post(posters: list[Poster]) -> None:
    until_s = time.monotonic() + PATIENCE_SECONDS
    while any(len(poster.said) < SAID_MIN for poster in posters):
        assert all(poster.process.is_alive() for poster in posters), "a poster ended by itself"
        assert time.monotonic() < until_s, "the posters do not come forward"
        await asyncio.sleep(0.02)


async def check(store: PostgresLedgerStore, posters: list[Poster]) -> None:
    async with store.reading() as reader:
        recorded = {posting.transfer.id: posting async for posting in reader.postings()}
    answered = accepted = whole = 0
    refusals: set[LedgerRefusal] = set()
    for poster in posters:
        for batch, outcomes in poster.said:
            if outcomes is None:
                continue
            for transfer, (refusal, posting) in zip(batch, outcomes, strict=True):
                answered += 1
                assert recorded.get(transfer.id) == posting, "an answer is not what is recorded"
                accepted += refusal is None
                refusals |= {refusal} if refusal is not None else set()
        whole += await check_cut_off(store, poster.cut_off(), recorded)
    expired = sum(posting.transfer.kind is Kind.EXPIRE for posting in recorded.values())
    print(
        f"{answered} answered, {accepted} accepted, {expired} expired, {whole} cut off and recorded in full"
    )
    assert expired > 0
    assert {LedgerRefusal.EXCEEDS_CREDITS, LedgerRefusal.PENDING_EXPIRED} & refusals
    report = await verify(store)
    assert report.discrepancies == ()


async def check_cut_off(
    store: PostgresLedgerStore, batch: list[Transfer], recorded: dict[UUID, Posting]
) -> bool:
    """Ask for a batch once more: what was recorded is found, whether by the first call or by this one."""
    was_recorded = [transfer.id in recorded for transfer in batch]
    again = await store.post(batch)
    for transfer, was, outcome in zip(batch, was_recorded, again.outcomes, strict=True):
        if was:
            assert outcome.posting == recorded[transfer.id]
            assert not outcome.is_new
    return any(was_recorded)
