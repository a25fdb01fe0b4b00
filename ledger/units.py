"""Money as whole minor units with an ISO 4217 currency.

Here belong the limits of an amount, the known currencies and their decimal text.
Not here: arithmetic between currencies, which the ledger never does.
"""

from typing import Final

Amount = int
Currency = str

AMOUNT_MAX: Final[Amount] = 2**63 - 1
"""Greatest amount and greatest balance: what one PostgreSQL bigint holds."""

_MINOR_DIGITS_BY_NUMBER: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
        CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
        JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
        NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
        SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
}

MINOR_DIGITS: Final[dict[Currency, int]] = {
    code: digits for digits, codes in _MINOR_DIGITS_BY_NUMBER.items() for code in codes.split()
}
"""Currencies that the centre can book, with the digits of their minor unit (ISO 4217)."""


def is_currency(text: str) -> bool:
    """Tell whether the ledger can book money in this currency.

    Args:
        text: an ISO 4217 code in capitals.
    """
    return text in MINOR_DIGITS


def is_amount(amount: int) -> bool:
    """Tell whether a whole number can be an amount: from 0 to AMOUNT_MAX minor units."""
    return 0 <= amount <= AMOUNT_MAX


def decimal_text(amount: Amount, currency: Currency) -> str:
    """Write minor units as a decimal of the currency, without float and without grouping.

    Args:
        amount: minor units; may be negative, as a balance or a change can be.
        currency: a code from MINOR_DIGITS.

    Raises: KeyError for a currency that the ledger cannot book.
    """
    digits = MINOR_DIGITS[currency]
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"
