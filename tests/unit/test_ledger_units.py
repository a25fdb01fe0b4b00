"""Amounts, currencies, account codes and payment references."""

import pytest

from ledger.accounts import AccountFlags, is_account_code, new_account, price_payable
from ledger.exports import beancount_account, grouped_reference, harmless_cell
from ledger.receipts import is_same_payer, plain_reference
from ledger.transfers import derived_id
from ledger.units import AMOUNT_MAX, decimal_text, is_amount


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (0, "CNY", "0.00"),
        (5, "CNY", "0.05"),
        (-5, "CNY", "-0.05"),
        (123456, "CNY", "1234.56"),
        (123456, "JPY", "123456"),
        (123456, "KWD", "123.456"),
        (AMOUNT_MAX, "CNY", "92233720368547758.07"),
    ],
)
def test_decimal_text_follows_the_currency(amount: int, currency: str, text: str) -> None:
    assert decimal_text(amount, currency) == text


def test_the_limits_of_an_amount() -> None:
    assert is_amount(0)
    assert is_amount(AMOUNT_MAX)
    assert not is_amount(-1)
    assert not is_amount(AMOUNT_MAX + 1)


@pytest.mark.parametrize(
    ("text", "is_code"),
    [
        ("liabilities:deposit:lot-12:bidder-7", True),
        ("assets:bank:cny", True),
        ("assets", False),
        ("assets:", False),
        ("assets:Bank", False),
        ("assets:-bank", False),
        ("debts:bank", False),
        ("assets:bank ", False),
        ("assets:bank\n", False),
        ("assets:" + "b" * 120, False),
    ],
)
def test_account_codes(text: str, is_code: bool) -> None:
    assert is_account_code(text) == is_code


def test_an_account_needs_a_code_and_a_currency() -> None:
    with pytest.raises(ValueError, match="account code"):
        new_account("Bank", "CNY", AccountFlags.NONE)
    with pytest.raises(ValueError, match="currency"):
        price_payable(1, "XXX")


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))
def test_a_cell_is_no_formula(start: str) -> None:
    assert harmless_cell(f"{start}1+1") == f"'{start}1+1"


def test_an_honest_cell_stays_as_it_is() -> None:
    for text in ("", "张三", "a=b", "3-4"):
        assert harmless_cell(text) == text


def test_a_reference_can_be_written_in_groups() -> None:
    assert grouped_reference("1234567812345678") == "1234 5678 1234 5678"
    assert plain_reference("1234 5678-1234 5678") == "1234567812345678"
    assert plain_reference("１２３４") == "1234"


def test_names_are_compared_as_banks_write_them() -> None:
    assert is_same_payer("Ａcme （中国） Ltd", "ACME(中国)  LTD")
    assert not is_same_payer("张三", "张三丰")


def test_beancount_account_names() -> None:
    assert beancount_account("liabilities:price-payable:lot-12") == "Liabilities:Price-payable:Lot-12"


def test_ids_are_derived_from_what_they_name() -> None:
    assert derived_id("hold", 12, 7) == derived_id("hold", 12, 7)
    assert derived_id("hold", 12, 7) != derived_id("hold", 127)
