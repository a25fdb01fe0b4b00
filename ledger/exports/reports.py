"""The reports that finance takes out of the ledger: what each shows, in which formats, and what may be asked of it.

Here belong the closed lists and the columns. Not here: reading (postgres), writing (the formats), recording who
took what (downloads).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from ledger.accounts import AccountCode
from ledger.exports.parquet import is_parquet_installed
from ledger.exports.tables import Column, ColumnKind, Language


class Report(StrEnum):
    """What can be taken out."""

    DEPOSITS = "deposits"
    REFUNDS = "refunds"
    RECEIPTS = "receipts"
    JOURNAL = "journal"
    TRIAL_BALANCE = "trial-balance"
    STATEMENT = "statement"
    LOT = "lot"
    DAILY = "daily"
    MONTHLY = "monthly"


class Format(StrEnum):
    """As what it is written; the value is the ending of the file's name."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    BEANCOUNT = "beancount"
    HLEDGER = "hledger"


MEDIA_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSON_LINES: "application/jsonl; charset=utf-8",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.BEANCOUNT: "text/plain; charset=utf-8",
    Format.HLEDGER: "text/plain; charset=utf-8",
}


class DayOf(StrEnum):
    """Which of its two times puts a posting into a day."""

    RECORDED = "recorded"
    EVENT = "event"


class ReportWanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A report that is asked for.

    Args:
        language: of headings, choices and closing words; JSON Lines and Parquet have stable names instead.
        with_byte_order_mark: CSV begins with the mark that Excel needs.
        lot_id: for the registers, only this lot; for the settlement sheet, which.
        account: whose statement.
        at_us: moment of a trial balance, in microseconds; now, when absent.
        from_day: first day, at the centre.
        until_day: last day, at the centre.
        day_of: what a day of the daily and monthly reports is.
    """

    report: Report
    format: Format = Format.CSV
    language: Language = "en"
    with_byte_order_mark: bool = False
    lot_id: int | None = None
    account: AccountCode | None = None
    at_us: int | None = None
    from_day: date | None = None
    until_day: date | None = None
    day_of: DayOf = DayOf.RECORDED


class ExportRefusal(StrEnum):
    """Why a report is not made, in order of precedence."""

    FORMAT_NOT_OF_REPORT = "format_not_of_report"
    PARAMETER_NOT_OF_REPORT = "parameter_not_of_report"
    PARAMETER_MISSING = "parameter_missing"
    PERIOD_REVERSED = "period_reversed"
    PARQUET_NOT_INSTALLED = "parquet_not_installed"
    LOT_UNKNOWN = "lot_unknown"
    ACCOUNT_UNKNOWN = "account_unknown"


@dataclass(frozen=True, slots=True)
class Refused:
    """A report is not made; `subject` is the format, parameter or value that is wrong."""

    refusal: ExportRefusal
    subject: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What a report shows.

    Args:
        title_zh: Chinese title.
        columns: in order.
        may_have: parameters that may be given.
        needs: parameters that must be given.
        formats: as what it may be written.
    """

    title_zh: str
    columns: tuple[Column, ...]
    may_have: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    formats: frozenset[Format] = frozenset({Format.CSV, Format.XLSX, Format.JSON_LINES, Format.PARQUET})


PARAMETERS: Final = ("lot_id", "account", "at_us", "from_day", "until_day", "day_of")
PERIOD: Final = frozenset({"from_day", "until_day"})

NUMBER, TEXT, CODE, CHOICE = ColumnKind.NUMBER, ColumnKind.TEXT, ColumnKind.CODE, ColumnKind.CHOICE
REFERENCE, MOMENT, DIGEST = ColumnKind.REFERENCE, ColumnKind.MOMENT, ColumnKind.DIGEST


def _amount(name: str, heading_zh: str) -> Column:
    return Column(name, heading_zh, ColumnKind.AMOUNT, is_totalled=True)


def _level(name: str, heading_zh: str) -> Column:
    """Return a column of balances: they are not summed over days."""
    return Column(name, heading_zh, ColumnKind.AMOUNT)


def _words(of: str, heading_zh: str) -> Column:
    return Column(f"{of}_in_words", heading_zh, ColumnKind.WORDS, amount_column=of)


_CURRENCY: Final = Column("currency", "币种", CODE)

_DEPOSITS: Final = (
    Column("lot", "标的", NUMBER),
    Column("bidder", "竞买人", NUMBER),
    Column("reference", "子账号", REFERENCE),
    Column("payer", "付款人"),
    Column("state", "状态", CHOICE),
    _CURRENCY,
    _amount("required", "应缴"),
    _amount("received", "已缴"),
    _amount("held", "冻结"),
    _amount("applied_to_price", "转作价款"),
    _amount("refund_due", "应退"),
    Column("opened_at", "开立时间", MOMENT),
    Column("received_at", "到账时间", MOMENT),
    Column("held_at", "冻结时间", MOMENT),
    Column("settled_at", "结清时间", MOMENT),
    _words("received", "已缴大写"),
    _words("refund_due", "应退大写"),
)

_REFUNDS: Final = (
    Column("lot", "标的", NUMBER),
    Column("bidder", "竞买人", NUMBER),
    Column("payee", "收款人"),
    Column("account", "科目", CODE),
    _CURRENCY,
    _amount("owed", "应退合计"),
    _words("owed", "应退合计大写"),
    _amount("not_proposed", "未提出"),
    _amount("in_preparation", "办理中"),
    _amount("in_transit", "在途"),
    _amount("paid", "已退"),
    Column("payout", "付款编号", NUMBER),
    Column("state", "状态", CHOICE),
    Column("due_at", "退还期限", MOMENT),
    Column("payee_account", "收款账号"),
    Column("payee_bank", "收款银行"),
    Column("proposed_by", "经办人", NUMBER),
    Column("approved_by", "复核人", NUMBER),
    Column("batch", "批次", NUMBER),
    Column("changed_at", "变更时间", MOMENT),
    Column("reason", "原因"),
)

_RECEIPTS: Final = (
    Column("booked", "入账序号", NUMBER),
    Column("receipt", "银行回单"),
    Column("received_at", "到账时间", MOMENT),
    Column("reference", "附言"),
    Column("payer", "付款人"),
    Column("payer_account", "付款账号"),
    _CURRENCY,
    _amount("amount", "金额"),
    _words("amount", "金额大写"),
    Column("status", "处理", CHOICE),
    Column("reason", "原因", CHOICE),
    Column("lot", "标的", NUMBER),
    Column("bidder", "竞买人", NUMBER),
    Column("resolved_as", "查清结果", CHOICE),
    Column("resolved_by", "查清人", NUMBER),
    Column("resolved_at", "查清时间", MOMENT),
    _amount("in_suspense", "待查金额"),
    Column("transfer", "转账编号", CODE),
)

_JOURNAL: Final = (
    Column("sequence", "序号", NUMBER),
    Column("recorded_at", "记账时间", MOMENT),
    Column("event_at", "发生时间", MOMENT),
    Column("transfer", "转账编号", CODE),
    Column("kind", "类型", CHOICE),
    Column("purpose", "用途", CHOICE),
    Column("debit", "借方科目", CODE),
    Column("credit", "贷方科目", CODE),
    _level("amount", "金额"),
    _amount("moved", "过账金额"),
    _CURRENCY,
    Column("pending_transfer", "所结冻结", CODE),
    Column("reference", "凭证号"),
    Column("memo", "摘要"),
    Column("hash", "链值", DIGEST),
)

_TRIAL_BALANCE: Final = (
    Column("account", "科目", CODE),
    _CURRENCY,
    _amount("debits", "借方发生额"),
    _amount("credits", "贷方发生额"),
    _amount("debit_balance", "借方余额"),
    _amount("credit_balance", "贷方余额"),
    _amount("debits_pending", "借方冻结"),
    _amount("credits_pending", "贷方冻结"),
)

_STATEMENT: Final = (
    Column("version", "笔号", NUMBER),
    Column("sequence", "序号", NUMBER),
    Column("recorded_at", "记账时间", MOMENT),
    Column("event_at", "发生时间", MOMENT),
    Column("kind", "类型", CHOICE),
    Column("purpose", "用途", CHOICE),
    Column("counter_account", "对方科目", CODE),
    Column("reference", "凭证号"),
    Column("memo", "摘要"),
    _CURRENCY,
    _amount("debit", "借方"),
    _amount("credit", "贷方"),
    Column("side", "借或贷", CHOICE),
    _level("balance", "余额"),
    _words("balance", "余额大写"),
    _level("debits_pending", "借方冻结"),
    _level("credits_pending", "贷方冻结"),
    Column("transfer", "转账编号", CODE),
)

_LOT: Final = (
    Column("line", "行次", NUMBER),
    Column("item", "项目", CHOICE),
    Column("bidder", "竞买人", NUMBER),
    Column("payer", "付款人"),
    Column("debit", "借方科目", CODE),
    Column("credit", "贷方科目", CODE),
    Column("postings", "笔数", NUMBER),
    Column("first_at", "最早发生时间", MOMENT),
    Column("last_at", "最晚发生时间", MOMENT),
    _CURRENCY,
    _amount("price", "成交价"),
    _amount("amount", "发生额"),
    _words("amount", "发生额大写"),
    _amount("balance", "余额"),
)

_FLOWS: Final = (
    _CURRENCY,
    Column("postings", "笔数", NUMBER),
    _amount("received", "收到保证金"),
    _words("received", "收到保证金大写"),
    _amount("to_suspense", "收到待查款"),
    _amount("paid_back_in", "其他收款"),
    _amount("holds_placed", "新增冻结"),
    _amount("holds_ended", "结束冻结"),
    _amount("applied_to_price", "转作价款"),
    _amount("forfeited", "没收"),
    _amount("released", "转应退"),
    _amount("income", "收入"),
    _amount("paid_out", "付款"),
    _words("paid_out", "付款大写"),
    _level("bank_balance", "银行余额"),
    _level("deposits_balance", "保证金余额"),
    _level("held_balance", "其中冻结"),
    _level("suspense_balance", "待查余额"),
    _level("refunds_balance", "应退余额"),
    _level("prices_balance", "应付价款余额"),
    _level("forfeited_balance", "没收款余额"),
    _level("treasury_balance", "应缴财政余额"),
    _level("in_transit_balance", "在途余额"),
    _level("other_balance", "其他余额"),
)

_PERIODIC: Final = PERIOD | {"day_of"}
_JOURNALS: Final = frozenset(Format)

SHAPES: Final[dict[Report, Shape]] = {
    Report.DEPOSITS: Shape("保证金台账", _DEPOSITS, frozenset({"lot_id"})),
    Report.REFUNDS: Shape("退款台账", _REFUNDS, frozenset({"lot_id"})),
    Report.RECEIPTS: Shape("收款台账", _RECEIPTS, PERIOD),
    Report.JOURNAL: Shape("日记账", _JOURNAL, PERIOD, formats=_JOURNALS),
    Report.TRIAL_BALANCE: Shape("试算平衡表", _TRIAL_BALANCE, frozenset({"at_us", "until_day"})),
    Report.STATEMENT: Shape("科目明细账", _STATEMENT, PERIOD | {"account"}, frozenset({"account"})),
    Report.LOT: Shape("标的结算单", _LOT, frozenset({"lot_id"}), frozenset({"lot_id"})),
    Report.DAILY: Shape("日报", (Column("period", "日期", CODE), *_FLOWS), _PERIODIC),
    Report.MONTHLY: Shape("月报", (Column("period", "月份", CODE), *_FLOWS), _PERIODIC),
}

MOVEMENT_COLUMNS: Final = (
    Column("sequence", "序号", NUMBER),
    Column("recorded_at", "记账时间", MOMENT),
    Column("event_at", "发生时间", MOMENT),
    Column("transfer", "转账编号", CODE),
    Column("purpose", "用途", CHOICE),
    Column("debit", "借方科目", CODE),
    Column("credit", "贷方科目", CODE),
    _amount("amount", "金额"),
    _CURRENCY,
    Column("reference", "凭证号"),
    Column("memo", "摘要"),
    _level("debit_debits", "借方科目借方累计"),
    _level("debit_credits", "借方科目贷方累计"),
    _level("credit_debits", "贷方科目借方累计"),
    _level("credit_credits", "贷方科目贷方累计"),
)
"""What a plain-text journal is made of: the movements, with the turnovers that the ledger stored after each."""


def refusal_of(wanted: ReportWanted) -> Refused | None:
    """Tell what is wrong with a wish, as far as that can be known without the books; None when nothing is.

    Refuses: all but LOT_UNKNOWN and ACCOUNT_UNKNOWN.
    """
    return next(_refusals(wanted), None)


def _refusals(wanted: ReportWanted) -> Iterator[Refused]:
    shape = SHAPES[wanted.report]
    if wanted.format not in shape.formats:
        yield Refused(ExportRefusal.FORMAT_NOT_OF_REPORT, wanted.format)
    given = [name for name in PARAMETERS if getattr(wanted, name) not in (None, DayOf.RECORDED)]
    allowed = shape.may_have - (PERIOD if is_journal(wanted.format) else frozenset())
    for name in given:
        if name not in allowed:
            yield Refused(ExportRefusal.PARAMETER_NOT_OF_REPORT, name)
    if wanted.at_us is not None and wanted.until_day is not None:
        yield Refused(ExportRefusal.PARAMETER_NOT_OF_REPORT, "at_us")
    for name in sorted(shape.needs - set(given)):
        yield Refused(ExportRefusal.PARAMETER_MISSING, name)
    if wanted.from_day is not None and wanted.until_day is not None and wanted.from_day > wanted.until_day:
        yield Refused(ExportRefusal.PERIOD_REVERSED, f"{wanted.from_day} > {wanted.until_day}")
    if wanted.format is Format.PARQUET and not is_parquet_installed():
        yield Refused(ExportRefusal.PARQUET_NOT_INSTALLED, "luochui[parquet]")


def is_journal(format: Format) -> bool:
    """Tell whether a format is a plain-text journal: it is of everything, so that balances can be stated."""
    return format in (Format.BEANCOUNT, Format.HLEDGER)
