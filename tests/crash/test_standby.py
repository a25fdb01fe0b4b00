"""A holder that stops or comes back late: another takes over by itself, and the old one is believed nothing."""

from __future__ import annotations

import asyncio
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from exchange.adapters.answering import UNREACHABLE
from exchange.adapters.lease import PostgresLease
from exchange.adapters.memory import MemoryLease
from exchange.ports import Accepted, Fenced
from exchange.standby import keep_pulse, term_when_quiet
from exchange.verification import verify_journal
from matching.lot import LotState
from tests.floor import MINUTE_US
from tests.halls import Hall, building
from tests.patience import LOOK_EVERY_SECONDS, until

STANDBY_AFTER_MS = 1_500
AT_WORK = "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1"
PROJECT = Path(__file__).resolve().parents[2]

HOLDER = """
import asyncio, secrets, sys
from exchange.adapters.clock import SimulatedClock
from exchange.ports import Accepted
from exchange.standby import keep_pulse
from tests.floor import START_US
from tests.halls import Hall, building

async def main(address):
    async with building(address, shards=1) as stores:
        hall = Hall(stores, owner="holder")
        async with hall.running() as deciding, asyncio.TaskGroup() as group:
            pulse = group.create_task(keep_pulse(hall.engine))
            await hall.open_lot(1)
            amount = 100
            while not deciding.done():
                bidding = asyncio.create_task(hall.bid(1, 101 + amount // 10 % 2, amount, secrets.token_hex(16)))
                await asyncio.wait([bidding, deciding], return_when=asyncio.FIRST_COMPLETED)
                if deciding.done():
                    break
                answer = await bidding
                if isinstance(answer, Accepted):
                    print("receipt", answer.sequence, answer.link.hex(), flush=True)
                amount += 10
            pulse.cancel()
        deciding.result()

asyncio.run(main(sys.argv[1]))
"""


class Holder:
    """An engine in a process of its own that bids against itself and prints each receipt, into a file."""

    def __init__(self, address: str, output: Path) -> None:
        self._output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", HOLDER, address], stdout=file, stderr=file, cwd=PROJECT
            )

    @property
    def output(self) -> str:
        """What it has printed, up to the last whole line."""
        text = self._output.read_text()
        return text[: text.rfind("\n") + 1]

    @property
    def receipts(self) -> dict[int, str]:
        """The link of each record that it has a receipt for."""
        told = [line.split() for line in self.output.splitlines() if line.startswith("receipt ")]
        return {int(sequence): link for _, sequence, link in told}


@contextmanager
def holder(address: str, output: Path) -> Iterator[Holder]:
    """Run it, and end it whatever happens."""
    running = Holder(address, output)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


async def test_a_paused_engine_is_followed_and_believed_nothing_when_it_wakes(
    database_url: str, tmp_path: Path
) -> None:
    async with building(database_url, shards=1) as stores:
        with holder(database_url, tmp_path / "output") as old:
            await until(lambda: len(old.receipts) >= 50 or old.process.poll() is not None)
            assert old.process.poll() is None, old.output[-3_000:]
            old.process.send_signal(signal.SIGSTOP)
            new = Hall(stores, owner="standby")
            async with asyncio.timeout(60):
                term = await term_when_quiet(stores.leases[0], new.owner, standby_after_ms=STANDBY_AFTER_MS)
            async with new.running(term):
                taken_over_at = new.engine.lot(1).sequence  # type: ignore[union-attr]
                assert isinstance(await new.bid(1, 103, 1_000_000), Accepted)
                old.process.send_signal(signal.SIGCONT)
                await until(lambda: old.process.poll() is not None)
                assert old.process.returncode != 0 and "Fenced" in old.output
                receipts = old.receipts
                rows = await stores.journals[0].read_lot(1, 0, 1_000_000)
                assert max(receipts) <= taken_over_at, "it answered nothing after it was followed"
                assert len(rows) == taken_over_at + 1
                links = {row.sequence: row.link.hex() for row in rows}
                assert all(links[sequence] == link for sequence, link in receipts.items())
                assert isinstance(await new.bid(1, 102, 1_000_010), Accepted)
        assert (await verify_journal(stores.journals, stores.snapshots)).is_sound


@pytest.mark.parametrize("busy_seconds", [0, 1])
async def test_a_writer_stopped_in_the_middle_of_an_append_holds_nobody_up(
    database_url: str, busy_seconds: int
) -> None:
    async with building(database_url, shards=1) as stores:
        lease = stores.leases[0]
        term = await lease.acquire("stopped")
        stuck, watcher = [await asyncpg.connect(database_url) for _ in range(2)]
        try:
            await stuck.execute(
                "SELECT set_config('luochui.shard', '0', false), set_config('luochui.term', $1, false),"
                " set_config('application_name', 'luochui writer of shard 0', false)",
                str(term),
            )
            await stuck.execute("BEGIN")
            await stuck.execute("INSERT INTO exchange.journal VALUES (1, 5, 1, 0, false, '', '')")
            # One that is at work as the shard is taken is left alone, until it stands still in its turn.
            at_work = asyncio.create_task(stuck.execute(f"SELECT pg_sleep({busy_seconds})"))
            while not at_work.done() and not await watcher.fetchval(AT_WORK, stuck.get_server_pid()):
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            async with asyncio.timeout(60):
                assert await lease.acquire("next") == term + 1
            with suppress(asyncpg.PostgresError, *UNREACHABLE):
                await at_work
            with pytest.raises((asyncpg.PostgresError, *UNREACHABLE)):
                await stuck.execute("COMMIT")
            assert await stores.journals[0].head() == 0
        finally:
            stuck.terminate()
            watcher.terminate()


async def test_of_two_standbys_one_wins_and_the_other_goes_on_waiting(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=4, max_size=8) as pool:
        lease = PostgresLease(pool)
        await lease.acquire("gone")

        async def stand_by(owner: str) -> tuple[str, int]:
            return owner, await term_when_quiet(PostgresLease(pool), owner, standby_after_ms=1_000)

        waiting = {asyncio.create_task(stand_by(owner)) for owner in ("one", "two")}
        winners = []
        for term in (2, 3):
            async with asyncio.timeout(60):
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert len(done) == 1, "the silence begins anew with each that takes over"
            owner, taken = done.pop().result()
            assert taken == term
            winners.append(owner)
            with pytest.raises(Fenced):
                await lease.pulse(term - 1)
        assert sorted(winners) == ["one", "two"]


async def test_while_the_holder_has_a_pulse_nobody_takes_over(database_url: str) -> None:
    async with building(database_url, shards=1) as stores:
        hall = Hall(stores, owner="holder")
        async with hall.running():
            pulse = asyncio.create_task(keep_pulse(hall.engine))
            waiting = asyncio.create_task(
                term_when_quiet(stores.leases[0], "standby", standby_after_ms=20_000)
            )
            done, _ = await asyncio.wait([waiting, pulse], timeout=1.5)
            assert not done
            assert await stores.leases[0].acquire_quiet("impatient", 20_000) is None
            waiting.cancel()
            pulse.cancel()
            await asyncio.gather(waiting, pulse, return_exceptions=True)


async def test_a_frozen_engine_that_is_followed_ends_at_its_next_pulse_or_append(database_url: str) -> None:
    async with building(database_url, shards=1) as stores:
        old, new = Hall(stores, owner="old"), Hall(stores, owner="new")
        async with old.running() as deciding:
            await old.open_lot(1)
            await old.bid(1, 101, 100)
            term = await stores.leases[0].acquire_quiet(new.owner, 0)
            assert term == 2
            async with new.running(term):
                with pytest.raises(Fenced):
                    await keep_pulse(old.engine)
                late = asyncio.create_task(old.bid(1, 102, 110))
                with pytest.raises(Fenced):
                    await deciding
                late.cancel()
                with suppress(asyncio.CancelledError):
                    await late
                assert isinstance(await new.bid(1, 102, 110, secrets.token_hex(16)), Accepted)


async def test_what_fell_due_while_nobody_decided_comes_back_frozen_and_goes_on(database_url: str) -> None:
    async with building(database_url, shards=1) as stores:
        old, new = Hall(stores, owner="old"), Hall(stores, owner="new")
        async with old.running():
            for lot in (1, 2):
                await old.open_lot(lot, duration_us=(30 if lot == 1 else 500) * MINUTE_US)
                await old.bid(lot, 101, 100)
        stores.clock.advance(40 * MINUTE_US)
        term = await term_when_quiet(stores.leases[0], new.owner, standby_after_ms=500)
        async with new.running(term):
            await until(lambda: new.engine.lot(1).state is LotState.FROZEN)  # type: ignore[union-attr]
            assert new.engine.lot(2).state is LotState.OPEN  # type: ignore[union-attr]
            stores.clock.advance(2 * MINUTE_US)
            new.engine._wake.set()
            await until(lambda: new.engine.lot(1).state is LotState.OPEN)  # type: ignore[union-attr]
            assert isinstance(await new.bid(1, 102, 110), Accepted)


async def test_a_lease_in_memory_is_taken_from_a_silent_holder_only() -> None:
    lease = MemoryLease()
    assert await lease.acquire_quiet("one", 60_000) == 1
    assert await lease.acquire_quiet("two", 60_000) is None
    assert await lease.acquire_quiet("two", 0) == 2
