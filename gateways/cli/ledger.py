"""`luochui ledger`: what finance reads from the books, from the machine on which the exchange's data lie.

Belongs here: options, tables on the terminal, files. Does not belong here: the formats (`ledger.exports`) and
the checks (`ledger.verify`). Nothing here changes the ledger.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Annotated, Any, TypeVar

import msgspec
import typer

from exchange.settings import Settings, load_settings
from gateways.cli.language import Language, language_of
from gateways.cli.outcomes import CommandFailed, ExitCode
from ledger.exports import (
    STATE_NAMES_ZH,
    beancount_journal,
    grouped_reference,
    journal_csv,
    register_csv,
)
from ledger.records import ReceiptRecord, ReceiptStatus, SuspenseReason
from ledger.register import DepositRow, deposit_row
from ledger.store import LedgerReader, LedgerStore, LedgerUnavailable
from ledger.units import decimal_text
from ledger.verify import Report, verify

app = typer.Typer(no_args_is_help=True, add_completion=False)

Result = TypeVar("Result")

SUSPENSE_REASONS_ZH = {
    SuspenseReason.UNKNOWN_REFERENCE: "子账号不存在",
    SuspenseReason.WRONG_CURRENCY: "币种不符",
    SuspenseReason.LOT_CLOSED: "标的已结束",
    SuspenseReason.PAYER_MISMATCH: "付款人不符",
}

Lot = Annotated[int | None, typer.Option("--lot", min=1, help="Only this lot. 仅此标的")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines. 输出 JSON")]
AsCsv = Annotated[bool, typer.Option("--csv", help="The whole register as CSV. 输出 CSV")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write. 写入文件，默认标准输出")
]
Excel = Annotated[
    bool, typer.Option("--excel", help="Begin with a byte-order mark, for Excel. 供 Excel 打开")
]
Speech = Annotated[Language | None, typer.Option("--language", help="zh or en. 语言")]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="PostgreSQL of the exchange, if not the embedded one. 交易所的 PostgreSQL")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the exchange's data. 交易所数据目录")]
Config = Annotated[Path | None, typer.Option(help="TOML file; see `luochui config doc`. 配置文件")]


@app.command()
def register(
    lot: Lot = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    output: Output = None,
    excel: Excel = False,
    language: Speech = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """List every deposit with its state. 保证金台账"""
    speech = language or language_of()
    settings = _settings(database_url, data_dir, config)
    if as_csv or (output is not None and not as_json):
        _export(
            settings,
            output,
            lambda reader: register_csv(
                reader, lot_id=lot, language=speech.value, with_byte_order_mark=excel
            ),
        )
        return

    async def rows(reader: LedgerReader) -> list[DepositRow]:
        return [deposit_row(position) async for position in reader.positions(lot)]

    deposits = _read(settings, rows)
    if as_json:
        _print_json(deposits, output)
    else:
        _print_table(
            speech.say("Deposits", "保证金台账"),
            _register_headings(speech),
            _register_cells(deposits, speech),
        )


@app.command()
def journal(
    output: Output = None,
    excel: Excel = False,
    language: Speech = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Write all postings as CSV. 导出日记账（CSV）"""
    speech = language or language_of()
    _export(
        _settings(database_url, data_dir, config),
        output,
        lambda reader: journal_csv(reader, language=speech.value, with_byte_order_mark=excel),
    )


@app.command()
def beancount(
    output: Output = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Write the journal for beancount; `bean-check` accepts it. 导出 beancount 日记账"""
    _export(_settings(database_url, data_dir, config), output, beancount_journal)


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
    report = _with_ledger(_settings(database_url, data_dir, config), verify)
    if as_json:
        head = {"sequence": report.head.sequence, "hash": report.head.hash.hex()}
        _print_json({"is_sound": report.is_sound, "head": head, "checks": report.checks}, None)
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
        _print_json(records, None)
    else:
        _print_table(
            speech.say("Suspense", "待查款项"), _suspense_headings(speech), _suspense_cells(records, speech)
        )


@asynccontextmanager
async def open_ledger(settings: Settings) -> AsyncIterator[LedgerStore]:
    """Give the ledger of the exchange that the settings describe, whether it runs or not.

    Raises: EmbeddedPostgresError, MigrationError, StoreUnavailable.
    """
    from exchange.registry import opened_pool
    from ledger.postgres import PostgresLedgerStore

    async with opened_pool(settings) as pool:
        yield PostgresLedgerStore(pool)


def _settings(database_url: str | None, data_dir: Path | None, config: Path | None) -> Settings:
    return load_settings({"database_url": database_url, "data_dir": data_dir}, config=config)


def _with_ledger(settings: Settings, work: Callable[[LedgerStore], Awaitable[Result]]) -> Result:
    from exchange.database import StoreUnavailable

    async def doing() -> Result:
        async with open_ledger(settings) as store:
            return await work(store)

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


def _export(
    settings: Settings, output: Path | None, export: Callable[[LedgerReader], AsyncIterator[bytes]]
) -> None:
    """Stream an export to standard output, or to a file that appears only once it is whole."""

    async def to(file: IO[bytes], reader: LedgerReader) -> None:
        async for chunk in export(reader):
            file.write(chunk)
        file.flush()

    if output is None:
        _read(settings, lambda reader: to(sys.stdout.buffer, reader))
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            _read(settings, lambda reader: to(file, reader))
            os.fsync(file.fileno())
        part.replace(output)
    except OSError as error:
        raise CommandFailed(f"Cannot write {output}: {error.strerror}. 无法写入文件") from error
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"{output}", err=True)


def _print_json(content: object, output: Path | None) -> None:
    text = msgspec.json.format(msgspec.json.encode(content)).decode()
    if output is None:
        typer.echo(text)
    else:
        output.write_text(f"{text}\n", encoding="utf-8")


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
    for line in report.discrepancies:
        typer.echo(line)
    typer.echo(f"{speech.say('Chain head', '链头')}: {report.head.sequence} {report.head.hash.hex()}")
