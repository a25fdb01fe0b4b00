"""`luochui ledger` over a real database with a short life in it."""

import asyncio
import csv
import getpass
import hashlib
import json
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from gateways.cli import app
from ledger.deposits import Deposits
from ledger.postgres import PostgresLedgerStore
from ledger.records import BankReceipt, Deposit
from ledger.settlement import LotOutcome, Purchase

NOW_US = 1_700_000_000_000_000


@pytest.fixture
def books(database_url: str) -> str:
    """Return the address of a database with one settled lot and one receipt in suspense."""
    asyncio.run(fill(database_url))
    return database_url


async def fill(url: str) -> None:
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        deposits = Deposits(PostgresLedgerStore(pool), lambda: NOW_US)
        for bidder_id in (7, 8):
            deposit = await deposits.open(12, bidder_id, 50_000, "CNY", "[red]张三[/red]")
            assert isinstance(deposit, Deposit)
            await deposits.receive(receipt(deposit.reference, f"bank-{bidder_id}"))
            await deposits.hold(12, bidder_id)
        await deposits.receive(receipt("nobody", "bank-9"))
        await deposits.settle(
            LotOutcome(lot_id=12, source_sequence=5, purchases=(Purchase(7, 90_000),), decided_at_us=NOW_US)
        )


def receipt(reference: str, receipt_id: str) -> BankReceipt:
    return BankReceipt(
        receipt_id=receipt_id,
        reference=reference,
        amount=50_000,
        currency="CNY",
        payer_name="[red]张三[/red]",
        received_at_us=NOW_US,
    )


def ledger(url: str, *arguments: str) -> Result:
    command = ["ledger", *arguments, "--database-url", url]
    return CliRunner().invoke(app, command, env={"LC_ALL": "C.UTF-8", "LUOCHUI_CONFIG": None})


def test_the_register_is_a_table_for_people(books: str) -> None:
    shown = ledger(books, "register", "--language", "zh")
    assert shown.exit_code == 0
    assert "转作价款" in shown.stdout
    assert "[red]张三[/red]" in shown.stdout


def test_the_register_is_json_for_machines(books: str) -> None:
    rows = json.loads(ledger(books, "register", "--lot", "12", "--json").stdout)
    assert [(row["bidder_id"], row["state"]) for row in rows] == [(7, "applied_to_price"), (8, "refund_due")]
    assert json.loads(ledger(books, "register", "--lot", "13", "--json").stdout) == []


def test_a_report_is_written_to_a_file(books: str, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    written = ledger(books, "export", "deposits", "--output", str(file), "--excel")
    assert written.exit_code == 0
    lines = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    assert lines[3] == ["rows", "2"]
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert list(tmp_path.iterdir()) == [file]
    assert "2 rows, download 1, sha256 " in written.stderr


def test_a_file_that_cannot_be_written_is_said(books: str, tmp_path: Path) -> None:
    refused = ledger(books, "export", "journal", "--output", str(tmp_path / "no" / "journal.csv"))
    assert refused.exit_code == 1
    assert "无法写入文件" in refused.stderr


def test_reports_go_to_standard_output(books: str) -> None:
    journal = list(csv.reader(ledger(books, "export", "journal").stdout.splitlines()))
    assert journal[0][0] == "sequence"
    assert journal[-1][0] == "chain_head"
    beancount = ledger(books, "export", "journal", "--format", "beancount").stdout
    assert " open Assets:Bank:Cny CNY" in beancount
    workbook = ledger(books, "export", "lot", "--lot", "12", "-f", "xlsx").stdout_bytes
    assert workbook.startswith(b"PK")


def test_a_report_that_cannot_be_made_is_said(books: str) -> None:
    refused = ledger(books, "export", "statement", "--language", "zh")
    assert (refused.exit_code, refused.stderr.strip()) == (2, "account: 该报表需要此条件")
    assert ledger(books, "export", "deposits", "-f", "hledger").exit_code == 2
    assert ledger(books, "export", "lot", "--lot", "999").exit_code == 2
    assert json.loads(ledger(books, "downloads", "--json").stdout) == []


def test_who_took_which_report_is_listed(books: str, tmp_path: Path) -> None:
    file = tmp_path / "balances.csv"
    taken = ledger(
        books, "export", "trial-balance", "--at", "2100-01-01T12:00", "-o", str(file), "--language", "zh"
    )
    assert taken.exit_code == 0
    (record,) = json.loads(ledger(books, "downloads", "--json").stdout)
    assert (record["report"], record["outcome"], record["taken_by"]) == ("trial-balance", "completed", 0)
    assert (record["channel"], record["taker"]) == ("command_line", getpass.getuser())
    assert record["parameters"] == {"language": "zh", "at_us": 4_102_459_200_000_000}
    assert record["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert record["sha256"] in ledger(books, "downloads", "--language", "zh").stdout


def test_suspense_says_why(books: str) -> None:
    assert "unknown reference" in ledger(books, "suspense").stdout
    (record,) = json.loads(ledger(books, "suspense", "--json").stdout)
    assert (record["receipt"]["receipt_id"], record["reason"]) == ("bank-9", "unknown_reference")


def test_verify_proves_the_books(books: str) -> None:
    proved = ledger(books, "verify")
    assert proved.exit_code == 0
    assert "chain" in proved.stdout
    assert json.loads(ledger(books, "verify", "--json").stdout)["is_sound"] is True


def test_verify_fails_when_the_books_were_tampered_with(books: str) -> None:
    async def tamper() -> None:
        connection = await asyncpg.connect(books)
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("UPDATE ledger.transfer SET amount = amount + 1 WHERE sequence = 1")
        await connection.close()

    asyncio.run(tamper())
    failed = ledger(books, "verify")
    assert failed.exit_code == 1
    assert "posting 1 does not follow posting 0" in failed.stdout
    assert "not sound" in failed.stderr


def test_a_database_that_is_away_is_said() -> None:
    away = ledger("postgresql://nobody@127.0.0.1:1/none", "verify")
    assert away.exit_code == 3
    assert "does not answer" in away.stderr
