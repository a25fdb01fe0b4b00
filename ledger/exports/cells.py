"""How a value stands in a cell: amounts, moments, choices, and texts that no spreadsheet takes for a formula.

Here belongs the spelling of single values. Not here: columns (reports) and files (the formats).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from ledger.exports.tables import CURRENCY, Block, Column, ColumnKind, Language
from ledger.exports.uppercase import uppercase_amount
from ledger.register import DepositState
from ledger.units import MINOR_DIGITS, Amount, Currency

CENTRE_ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Time zone of dates in exports: China Standard Time, which has no summer time."""

DAY_US: Final = 86_400_000_000
LONG_NUMBER_DIGITS: Final = 12
FORMULA_STARTS: Final = tuple("=+-@|%\t\r\n＝＋－＠｜％﹢﹣﹦−")
UNSEEN: Final = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\x00"
"""Characters before a formula that a spreadsheet may drop and so uncover it."""

CHOICES_ZH: Final[dict[str, str]] = {
    "awaiting_payment": "待缴",
    "part_paid": "部分缴纳",
    "received": "已到账",
    "held": "已冻结",
    "applied_to_price": "转作价款",
    "refund_due": "应退",
    "refunded": "已退",
    "defaulted": "违约待定",
    "forfeited": "已没收",
    "lapsed": "未缴失效",
    "posted": "过账",
    "pending": "冻结",
    "post": "划转",
    "void": "解冻",
    "expire": "过期",
    "credited": "已入账",
    "suspense": "待查",
    "payment_returned": "付款被退回",
    "unknown_reference": "子账号不存在",
    "ambiguous_reference": "子账号不唯一",
    "wrong_currency": "币种不符",
    "lot_closed": "标的已结束",
    "deadline_passed": "已过截止时间",
    "payer_mismatch": "付款人不符",
    "assigned": "已入账",
    "split": "已拆分",
    "deposit_received": "收到保证金",
    "suspense_received": "收到待查款",
    "suspense_assigned": "待查款入账",
    "suspense_split": "待查款拆分",
    "deposit_towards_price": "保证金转价款",
    "deposit_released": "保证金应退",
    "deposit_forfeited": "没收保证金",
    "forfeit_applied": "没收款支用",
    "interest_given": "计付利息",
    "commission_booked": "佣金入账",
    "service_fee_booked": "服务费入账",
    "reversal": "冲正",
    "bank_difference": "银行差额",
    "price": "成交价",
    "payout_sent": "付款发出",
    "payout_paid": "付款完成",
    "payout_rejected": "付款被拒",
    "payout_returned": "付款退回",
    "debit": "借",
    "credit": "贷",
    "even": "平",
    "brought_forward": "承前",
    "balance": "余额",
    "due": "待提出",
    "proposed": "已提出",
    "approved": "已复核",
    "batched": "已制单",
    "sent": "已发送",
    "paid": "已支付",
    "declined": "已驳回",
    "cancelled": "已撤销",
    "rejected": "银行拒付",
    "returned": "已退回",
}

STATE_NAMES_ZH: Final = {state: CHOICES_ZH[state.value] for state in DepositState}

CLOSING_ZH: Final = {
    "rows": "行数",
    "total": "合计",
    "chain_head": "链头",
    "closing": "结尾",
    "sequence": "序号",
    "hash": "链值",
    "day": "日期",
    "download": "下载编号",
    "parameters": "条件",
    "time_zone": "时区",
    "taken_at": "导出时间",
}


def harmless_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before a dangerous start.

    Blanks and unseen characters before such a start do not hide it.

    Source: OWASP, CSV Injection.
    """
    start = text.lstrip(UNSEEN + " \u00a0\u3000")
    is_dangerous = start.startswith(FORMULA_STARTS) or text[:1] in UNSEEN
    return f"'{text}" if text and is_dangerous else text


def grouped_reference(reference: str) -> str:
    """Write a payment reference in groups of four, as people copy it and spreadsheets keep it whole."""
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


def text_cell(text: str) -> str:
    """Return what somebody wrote, harmless; a long number is grouped, of which spreadsheets keep 15 digits only."""
    is_long_number = len(text) >= LONG_NUMBER_DIGITS and text.isascii() and text.isdigit()
    return grouped_reference(text) if is_long_number else harmless_cell(text)


def decimal_amount(amount: Amount, currency: Currency) -> Decimal:
    """Return minor units as the exact decimal of the currency."""
    return Decimal(amount).scaleb(-MINOR_DIGITS[currency])


def moment(at_us: int) -> datetime:
    """Return microseconds since the Unix epoch as a date and time of the centre, exactly."""
    whole_s, rest_us = divmod(at_us, 1_000_000)
    return datetime.fromtimestamp(whole_s, CENTRE_ZONE) + timedelta(microseconds=rest_us)


def moment_text(at_us: int) -> str:
    """Write a moment with its zone, to the microsecond."""
    return moment(at_us).isoformat(" ", "microseconds")


def day_of(at_us: int) -> date:
    """Return the day of a moment at the centre."""
    return moment(at_us).date()


def start_us(day: date) -> int:
    """Return the moment at which a day begins at the centre."""
    start = datetime(day.year, day.month, day.day, tzinfo=CENTRE_ZONE)
    return int((start - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000


def choice_text(value: str, language: Language) -> str:
    """Return one of a closed list as people read it; a value without a Chinese name stays as it is."""
    return CHOICES_ZH.get(value, value) if language == "zh" else value


@lru_cache(maxsize=4096)
def words(amount: Amount, currency: Currency) -> str:
    """Spell an amount in capital numerals."""
    return uppercase_amount(amount, currency)


def printed(column: Column, block: Block, language: Language) -> Sequence[Any]:
    """Return a column of a block as cells for people: numbers as int or Decimal, everything else as text or None."""
    values = block[column.source]
    match column.kind:
        case ColumnKind.AMOUNT:
            pairs = zip(values, block[CURRENCY], strict=True)
            return [None if value is None else decimal_amount(value, currency) for value, currency in pairs]
        case ColumnKind.WORDS:
            pairs = zip(values, block[CURRENCY], strict=True)
            return [None if value is None else words(value, currency) for value, currency in pairs]
        case ColumnKind.NUMBER:
            return values
        case ColumnKind.CHOICE:
            return [None if value is None else choice_text(value, language) for value in values]
        case kind:
            return _texts(kind, values)


def _texts(kind: ColumnKind, values: Iterable[Any]) -> Sequence[str | None]:
    write = _WRITERS[kind]
    return [None if value is None else write(value) for value in values]


_WRITERS: Final[dict[ColumnKind, Callable[[Any], str]]] = {
    ColumnKind.TEXT: text_cell,
    ColumnKind.CODE: str,
    ColumnKind.REFERENCE: grouped_reference,
    ColumnKind.MOMENT: moment_text,
    ColumnKind.DAY: str,
    ColumnKind.DIGEST: bytes.hex,
}


def closing_word(word: str, language: Language) -> str:
    """Return a word of the closing lines."""
    return CLOSING_ZH.get(word, word) if language == "zh" else word
