"""Amounts in Chinese capital numerals (大写金额), as receipts and certificates carry them.

Here belongs the spelling. Not here: which sums are certified (reports).
"""

from typing import Final

from ledger.units import MINOR_DIGITS, Amount, Currency

DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
PLACES: Final = ("", "拾", "佰", "仟")
RENMINBI: Final[Currency] = "CNY"


def uppercase_amount(amount: Amount, currency: Currency) -> str:
    """Spell an amount of renminbi in capital numerals; other currencies have no such spelling and get no text.

    Where the rule leaves a choice, an amount that ends with 角 also gets 整, so that no 分 can be added, and
    between 元 and a 角 that is not zero stands no 零.

    Args:
        amount: minor units (分); a negative one begins with 负.
        currency: an ISO 4217 code.

    Source: 支付结算办法, appendix 1 (正确填写票据和结算凭证的基本规定), articles 1 to 3.
    """
    if currency != RENMINBI:
        return ""
    yuan, rest = divmod(abs(amount), 10 ** MINOR_DIGITS[RENMINBI])
    return f"人民币{'负' if amount < 0 else ''}{_yuan(yuan, rest)}{_jiao_and_fen(yuan, rest)}"


def _yuan(yuan: int, rest: int) -> str:
    if yuan:
        return f"{_whole(yuan)}元"
    return "" if rest else "零元"


def _jiao_and_fen(yuan: int, rest: int) -> str:
    jiao, fen = divmod(rest, 10)
    if not rest:
        return "整"
    if not fen:
        return f"{DIGITS[jiao]}角整"
    if jiao:
        return f"{DIGITS[jiao]}角{DIGITS[fen]}分"
    return f"{'零' if yuan else ''}{DIGITS[fen]}分"


def _whole(number: int) -> str:
    """Spell a number above zero: what is before 亿 and 万 is spelled like any other number."""
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if 0 < low < size // 10 else ""
            return f"{_whole(high)}{name}{gap}{_whole(low) if low else ''}"
    return _below_ten_thousand(number)


def _below_ten_thousand(number: int) -> str:
    text, is_gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if is_gap and text else "") + DIGITS[digit] + PLACES[place]
        is_gap = digit == 0
    return text
