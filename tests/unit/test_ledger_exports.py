"""The files that finance downloads, read back by readers that are not ours."""

import csv
import io
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.deposits import Deposits
from ledger.exports import beancount_journal, journal_csv, register_csv
from ledger.memory import MemoryLedgerStore
from ledger.receipts import ReceiptOutcome
from ledger.records import BankReceipt, Deposit
from ledger.settlement import LotOutcome

DAY_US = 86_400_000_000
START_US = 1_700_000_000_000_000  # 2023-11-15 06:13:20 in China


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_us = START_US

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(clock: Clock) -> MemoryLedgerStore:
    """A ledger with three days of life in two currencies, with a payer who tries a formula."""
    store = MemoryLedgerStore(clock)
    deposits = Deposits(store, clock)
    await pay(deposits, await opened(deposits, 12, 7, "=cmd|' /C calc'!A0", "CNY"), 100_000, "bank-1")
    await pay(deposits, await opened(deposits, 12, 8, '李"四"\\有限公司', "CNY"), 99_999, "bank-2")
    await deposits.hold(12, 7)
    clock.now_us += DAY_US
    await pay(deposits, await opened(deposits, 13, 8, "Bob", "JPY"), 500, "bank-3")
    unknown = BankReceipt(
        receipt_id="bank-4",
        reference="nobody",
        amount=12,
        currency="CNY",
        payer_name="+86",
        received_at_us=clock(),
    )
    await deposits.receive(unknown)
    clock.now_us += 2 * DAY_US
    await deposits.settle(
        LotOutcome(lot_id=12, source_sequence=9, winner_bidder_id=7, price=70_000, decided_at_us=clock())
    )
    return store


async def opened(deposits: Deposits, lot_id: int, bidder_id: int, name: str, currency: str) -> Deposit:
    deposit = await deposits.open(lot_id, bidder_id, 100_000, currency, name)
    assert isinstance(deposit, Deposit)
    return deposit


async def pay(deposits: Deposits, deposit: Deposit, amount: int, receipt_id: str) -> ReceiptOutcome:
    return await deposits.receive(
        BankReceipt(
            receipt_id=receipt_id,
            reference=deposit.reference,
            amount=amount,
            currency=deposit.currency,
            payer_name=deposit.payer_name,
            received_at_us=START_US,
        )
    )


async def text_of(chunks: AsyncIterator[bytes]) -> str:
    return b"".join([chunk async for chunk in chunks]).decode()


def cells_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_the_register_lists_every_deposit_and_its_totals(store: MemoryLedgerStore) -> None:
    async with store.reading() as reader:
        head = await reader.head()
        lines = cells_of(await text_of(register_csv(reader)))
    heading, *rows = lines
    by_name = [dict(zip(heading, row, strict=False)) for row in rows]
    assert [(row["lot"], row["bidder"], row["state"]) for row in by_name[:3]] == [
        ("12", "7", "applied_to_price"),
        ("12", "8", "refund_due"),
        ("13", "8", "part_paid"),
    ]
    assert [row["received"] for row in by_name[:3]] == ["1000.00", "999.99", "500"]
    assert by_name[0]["received_at"] == "2023-11-15 06:13:20.000000+08:00"
    assert (by_name[0]["applied_to_price"], by_name[0]["refund_due"]) == ("700.00", "300.00")
    assert rows[3:] == [
        ["rows", "3"],
        ["total", "", "", "", "", "CNY", "2000.00", "1999.99", "0.00", "700.00", "1299.99"],
        ["total", "", "", "", "", "JPY", "100000", "500", "0", "0", "0"],
        ["chain_head", str(head.sequence), head.hash.hex()],
    ]


async def test_no_cell_is_a_formula_and_references_stay_whole(store: MemoryLedgerStore) -> None:
    async with store.reading() as reader:
        lines = cells_of(await text_of(register_csv(reader)) + await text_of(journal_csv(reader)))
    cells = [cell for line in lines for cell in line]
    assert "'=cmd|' /C calc'!A0" in cells
    assert "'+86" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
    assert len(lines[1][2]) == 19


async def test_the_register_speaks_chinese_and_carries_a_byte_order_mark(store: MemoryLedgerStore) -> None:
    async with store.reading() as reader:
        text = await text_of(register_csv(reader, lot_id=12, language="zh", with_byte_order_mark=True))
    assert text.startswith("\ufeff标的,竞买人,")
    assert "转作价款" in text
    assert cells_of(text)[3] == ["行数", "2"]


async def test_the_journal_lists_every_posting_in_order(store: MemoryLedgerStore) -> None:
    async with store.reading() as reader:
        postings = [posting async for posting in reader.postings()]
        lines = cells_of(await text_of(journal_csv(reader)))
    body = lines[1 : len(postings) + 1]
    assert [line[0] for line in body] == [str(number) for number in range(1, len(postings) + 1)]
    assert [line[-1] for line in body] == [posting.hash.hex() for posting in postings]
    assert lines[len(postings) + 1] == ["rows", str(len(postings))]
    received, applied, released = 199_999 + 12, 70_000, 30_000 + 99_999
    moved = f"{(received + applied + released) / 100:.2f}"
    assert lines[-3][0] == "total_moved"
    assert lines[-3][-2:] == [moved, "CNY"]
    assert lines[-1] == ["chain_head", str(len(postings)), postings[-1].hash.hex()]


def bean_check(journal: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("bean-check")
    if not program.exists():
        pytest.skip("bean-check is absent: beancount is a development dependency")
    return subprocess.run([program, "--no-cache", journal], capture_output=True, text=True, check=False)


async def test_an_outside_auditor_accepts_the_journal(store: MemoryLedgerStore, tmp_path: Path) -> None:
    async with store.reading() as reader:
        text = await text_of(beancount_journal(reader))
    journal = tmp_path / "luochui.beancount"
    journal.write_text(text, encoding="utf-8")
    checked = bean_check(journal)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    balances = [line for line in text.splitlines() if " balance " in line]
    assert "2023-11-16 balance Assets:Bank:Cny 1999.99 ~ 0 CNY" in balances
    assert "2023-11-17 balance Assets:Bank:Cny 2000.11 ~ 0 CNY" in balances
    assert "2023-11-19 balance Liabilities:Price-payable:Lot-12 -700.00 ~ 0 CNY" in balances


async def test_the_auditor_sees_a_changed_amount(store: MemoryLedgerStore, tmp_path: Path) -> None:
    async with store.reading() as reader:
        text = await text_of(beancount_journal(reader))
    assert text.count("  1000.00 CNY") == 1
    journal = tmp_path / "luochui.beancount"
    changed = text.replace("  1000.00 CNY", "  1000.01 CNY").replace("  -1000.00 CNY", "  -1000.01 CNY", 1)
    journal.write_text(changed, encoding="utf-8")
    checked = bean_check(journal)
    assert checked.returncode != 0
    assert "Balance failed" in checked.stdout + checked.stderr


async def test_an_empty_ledger_exports_too(clock: Clock, tmp_path: Path) -> None:
    async with MemoryLedgerStore(clock).reading() as reader:
        register = cells_of(await text_of(register_csv(reader)))
        journal = tmp_path / "empty.beancount"
        journal.write_text(await text_of(beancount_journal(reader)), encoding="utf-8")
    assert register[1:] == [["rows", "0"], ["chain_head", "0", "00" * 32]]
    assert bean_check(journal).returncode == 0
