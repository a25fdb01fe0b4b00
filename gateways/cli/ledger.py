"""`luochui ledger`: what finance reads from the books, from the machine on which the exchange's data lie.

Belongs here: options, tables on the terminal. Does not belong here: files (`ledger_export`) and the checks
(`ledger.verify`). Nothing here changes the ledger; what acts goes through the exchange (`ledger_exchange`).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from exchange.setting_sources import load_settings
from exchange.settings import Settings
from gateways.cli import (
    ledger_bank,
    ledger_books,
    ledger_deposit_account,
    ledger_export,
    ledger_lots,
    ledger_write_offs,
)
from gateways.cli.language import Language, language_of
from gateways.cli.ledger_payouts import payouts
from gateways.cli.outcomes import CommandFailed, ExitCode
from ledger.exports import STATE_NAMES_ZH, grouped_reference
from ledger.records import ReceiptRecord, ReceiptStatus, SuspenseReason
from ledger.register import DepositRow, deposit_row
from ledger.store import LedgerReader, LedgerStore, LedgerUnavailable
from ledger.units import decimal_text
from ledger.verify import Report

app = typer.Typer(no_args_is_help=True, add_completion=False)
ledger_bank.bank.add_typer(ledger_deposit_account.deposits, name="deposits")
app.add_typer(ledger_bank.bank, name="bank")
app.add_typer(payouts, name="payouts")
app.command("due")(ledger_books.due)
app.command("contract")(ledger_books.contract)
app.add_typer(ledger_books.defaults, name="defaults")
app.add_typer(ledger_lots.lot, name="lot")
app.add_typer(ledger_books.reconcile, name="reconcile")
app.add_typer(ledger_write_offs.write_offs, name="write-offs")
app.add_typer(ledger_books.periods, name="periods")
app.add_typer(ledger_books.reverse, name="reverse")
app.command("trial-balance")(ledger_books.trial_balance)
app.command("account")(ledger_books.account)

Result = TypeVar("Result")

SUSPENSE_REASONS_ZH = {
    SuspenseReason.PAYMENT_RETURNED: "付款被退回",
    SuspenseReason.UNKNOWN_REFERENCE: "子账号不存在",
    SuspenseReason.AMBIGUOUS_REFERENCE: "子账号不唯一",
    SuspenseReason.WRONG_CURRENCY: "币种不符",
    SuspenseReason.LOT_CLOSED: "标的已结束",
    SuspenseReason.DEADLINE_PASSED: "已过截止时间",
    SuspenseReason.PAYER_MISMATCH: "付款人不符",
}

Lot = Annotated[int | None, typer.Option("--lot", min=1, help="Only this lot. 仅此标的")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs. 输出 JSON")]
Speech = Annotated[Language | None, typer.Option("--language", help="zh or en. 语言")]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="PostgreSQL of the exchange, if not the embedded one. 交易所的 PostgreSQL")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the exchange's data. 交易所数据目录")]
Config = Annotated[Path | None, typer.Option(help="TOML file; see `luochui config doc`. 配置文件")]


@app.command()
def register(
    lot: Lot = None,
    as_json: AsJson = False,
    language: Speech = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """List every deposit with its state. 保证金台账"""
    speech = language or language_of()
    settings = _settings(database_url, data_dir, config)

    async def rows(reader: LedgerReader) -> list[DepositRow]:
        return [deposit_row(position) async for position in reader.positions(lot)]

    deposits = _read(settings, rows)
    if as_json:
        _print_json(deposits)
    else:
        _print_table(
            speech.say("Deposits", "保证金台账"),
            _register_headings(speech),
            _register_cells(deposits, speech),
        )


app.command("export")(ledger_export.export)
app.command("downloads")(ledger_export.downloads)


@app.command("verify")
def verify_books(
    as_json: AsJson = False,
    language: Speech = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Recompute the books and compare; exit code 1 if anything differs. 核验账簿"""
    speech = language or language_of()
    report = _with_pool(_settings(database_url, data_dir, config), _proof)
    if as_json:
        head = {"sequence": report.head.sequence, "hash": report.head.hash.hex()}
        _print_json({"is_sound": report.is_sound, "head": head, "checks": report.checks})
    else:
        _print_report(report, speech)
    if not report.is_sound:
        raise CommandFailed(speech.say("The books are not sound.", "账簿核验未通过。"))


@app.command()
def suspense(
    as_json: AsJson = False,
    language: Speech = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """List the money that could not be assigned, with the reason. 待查款项"""
    speech = language or language_of()

    async def receipts(reader: LedgerReader) -> list[ReceiptRecord]:
        return [record async for record in reader.receipts(ReceiptStatus.SUSPENSE)]

    records = _read(_settings(database_url, data_dir, config), receipts)
    if as_json:
        _print_json(records)
    else:
        _print_table(
            speech.say("Suspense", "待查款项"), _suspense_headings(speech), _suspense_cells(records, speech)
        )


def _settings(database_url: str | None, data_dir: Path | None, config: Path | None) -> Settings:
    return load_settings({"database_url": database_url, "data_dir": data_dir}, config=config)


async def _proof(pool: Any) -> Report:
    """Verify the books, and compare the holds with who may bid."""
    from exchange.sign_up import admissions
    from ledger.postgres import PostgresLedgerStore
    from ledger.proof import prove

    return await prove(PostgresLedgerStore(pool), lambda: admissions(pool))


def _with_ledger(settings: Settings, work: Callable[[LedgerStore], Awaitable[Result]]) -> Result:
    from ledger.postgres import PostgresLedgerStore

    return _with_pool(settings, lambda pool: work(PostgresLedgerStore(pool)))


def _with_pool(settings: Settings, work: Callable[[Any], Awaitable[Result]]) -> Result:
    from exchange.database import StoreUnavailable
    from exchange.registry import opened_pool

    async def doing() -> Result:
        async with opened_pool(settings) as pool:
            return await work(pool)

    try:
        return asyncio.run(doing())
    except (StoreUnavailable, LedgerUnavailable) as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 无法使用数据库", ExitCode.UNREACHABLE
        ) from error


def _read(settings: Settings, read: Callable[[LedgerReader], Awaitable[Result]]) -> Result:
    async def reading(store: LedgerStore) -> Result:
        async with store.reading() as reader:
            return await read(reader)

    return _with_ledger(settings, reading)


def _print_json(content: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(content)).decode())


def _print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, title=title)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    # A pipe has no width: do not cut what another program is to read.
    console = Console() if sys.stdout.isatty() else Console(width=240)
    console.print(table)


def _register_headings(speech: Language) -> list[str]:
    pairs: list[tuple[str, str]] = [
        ("Lot", "标的"),
        ("Bidder", "竞买人"),
        ("Reference", "子账号"),
        ("Payer", "付款人"),
        ("State", "状态"),
        ("Required", "应缴"),
        ("Received", "已缴"),
        ("Held", "冻结"),
        ("Applied", "转作价款"),
        ("Refund due", "应退"),
    ]
    return [speech.say(*pair) for pair in pairs]


def _register_cells(rows: Iterable[DepositRow], speech: Language) -> Iterable[Sequence[str]]:
    for row in rows:
        amounts = (row.required, row.received, row.held, row.applied, row.refund_due)
        yield (
            str(row.lot_id),
            str(row.bidder_id),
            grouped_reference(row.reference),
            row.payer_name,
            speech.say(row.state.value.replace("_", " "), STATE_NAMES_ZH[row.state]),
            *(f"{decimal_text(amount, row.currency)} {row.currency}" for amount in amounts),
        )


def _suspense_headings(speech: Language) -> list[str]:
    pairs: list[tuple[str, str]] = [
        ("Bank receipt", "银行回单"),
        ("Reference given", "所填子账号"),
        ("Amount", "金额"),
        ("Payer", "付款人"),
        ("Reason", "原因"),
    ]
    return [speech.say(*pair) for pair in pairs]


def _suspense_cells(records: Iterable[ReceiptRecord], speech: Language) -> Iterable[Sequence[str]]:
    for record in records:
        receipt, reason = record.receipt, record.reason
        assert reason is not None, "what is in suspense has a reason"
        yield (
            receipt.receipt_id,
            receipt.reference,
            f"{decimal_text(receipt.amount, receipt.currency)} {receipt.currency}",
            receipt.payer_name,
            speech.say(reason.value.replace("_", " "), SUSPENSE_REASONS_ZH[reason]),
        )


def _print_report(report: Report, speech: Language) -> None:
    headings = [
        speech.say(*pair) for pair in (("Check", "项目"), ("Examined", "检查数"), ("Wrong", "不符数"))
    ]
    rows: list[tuple[Any, ...]] = [
        (check.name, str(check.examined), str(check.discrepancy_count)) for check in report.checks
    ]
    _print_table(speech.say("Proof of the books", "账簿核验"), headings, rows)
    for check in report.checks:
        for line in check.found:
            typer.echo(f"{check.name}: {line}")
    for line in report.discrepancies:
        typer.echo(line)
    typer.echo(f"{speech.say('Chain head', '链头')}: {report.head.sequence} {report.head.hash.hex()}")
