"""Statements as CSV: columns in two languages, encodings, amounts, balances line by line."""

from __future__ import annotations

from io import BytesIO

import pytest

from ledger.bank.reading import parts
from ledger.bank.statements import Examination, Fault, Movement, Problem, Statement, StatementKind, examined
from ledger.bank.values import day_text

ENGLISH = "account,currency,bank_reference,booked_at,direction,amount,counterparty_name,remittance,balance"
CHINESE = "本方账号,币种,交易流水号,交易时间,借贷标志,交易金额,对方户名,附言,余额"


def table(*lines: str, head: str = ENGLISH) -> str:
    return "\r\n".join([head, *lines]) + "\r\n"


def examination(text: str, encoding: str = "utf-8") -> Examination:
    return examined(parts(BytesIO(text.encode(encoding))))


def movements(text: str, encoding: str = "utf-8") -> list[Movement]:
    return [part for part in parts(BytesIO(text.encode(encoding))) if isinstance(part, Movement)]


def only_fault(text: str, encoding: str = "utf-8") -> Fault:
    (fault,) = examination(text, encoding).faults
    return fault


TWO = table(
    '6222,CNY,B1,2026-03-02 09:30:00,credit,"20,000.00",甲公司,保证金,20500.00',
    "6222,CNY,B2,2026-03-02,debit,500,乙公司,退款,20000.00",
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_statement_is_read_in_every_usual_encoding(encoding: str) -> None:
    first, second = movements(TWO, encoding)
    assert (first.amount, first.counterparty_name, first.remittance) == (2_000_000, "甲公司", "保证金")
    assert (second.amount, day_text(second.booked.day)) == (-50_000, "2026-03-02")
    assert examination(TWO, encoding).faults == ()


def test_balances_make_it_a_statement_of_account() -> None:
    heads = [part for part in parts(BytesIO(TWO.encode())) if isinstance(part, Statement)]
    assert [head.kind for head in heads] == [StatementKind.STATEMENT]
    found = examination(TWO).statements[0]
    assert found.opening is not None and found.closing is not None
    assert (found.opening.amount, found.closing.amount) == (50_000, 2_000_000)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_chinese_columns_and_every_delimiter(delimiter: str) -> None:
    text = table("6222,人民币,B1,2026/3/2,贷,20000.00,甲公司,保证金,20000.00", head=CHINESE).replace(
        ",", delimiter
    )
    (movement,) = movements(text)
    assert (movement.amount, movement.currency, day_text(movement.booked.day)) == (
        2_000_000,
        "CNY",
        "2026-03-02",
    )


@pytest.mark.parametrize(
    ("written", "day", "time_us"),
    [
        ("2026-03-02", "2026-03-02", 0),
        ("20260302", "2026-03-02", 0),
        ("20260302 093000", "2026-03-02", 34_200_000_000),
        ("2026/3/2 09:30", "2026-03-02", 34_200_000_000),
        ("2026-03-02T09:30:00", "2026-03-02", 34_200_000_000),
    ],
)
def test_days_as_spreadsheets_write_them(written: str, day: str, time_us: int) -> None:
    (movement,) = movements(table(f"6222,CNY,B1,{written},C,1.00,甲,x,1.00"))
    assert (day_text(movement.booked.day), movement.booked.time_us) == (day, time_us)


def test_several_accounts_are_several_statements() -> None:
    text = table("1,CNY,B1,2026-03-02,C,1.00,甲,x,1.00", "2,USD,B1,2026-03-02,C,1.00,甲,x,1.00")
    found = examination(text)
    assert found.faults == ()
    assert [(head.account, head.currency) for head in found.statements] == [("1", "CNY"), ("2", "USD")]


def test_lines_of_one_account_stand_together() -> None:
    line = "{},CNY,B{},2026-03-02,C,1.00,甲,x,"
    text = table(line.format(1, 1), line.format(2, 2), line.format(1, 3))
    fault = only_fault(text)
    assert (fault.problem, fault.line) == (Problem.VALUE_MALFORMED, 4)


def test_a_balance_that_does_not_follow_says_where_and_by_how_much() -> None:
    text = TWO.replace("20000.00\r\n", "20000.01\r\n")
    faults = examination(text).faults
    assert {fault.problem for fault in faults} == {Problem.NOT_BALANCED}
    assert (faults[0].line, faults[0].difference) == (3, 1)


GOOD = "6222,CNY,B1,2026-03-02,C,1.00,甲,x,"


@pytest.mark.parametrize(
    ("line", "problem", "column"),
    [
        ("6222,CNY,B1,2026-03-02,C,1.001,甲,x,", Problem.AMOUNT_TOO_PRECISE, "amount"),
        ("6222,CNY,B1,2026-03-02,C,-1.00,甲,x,", Problem.AMOUNT_NEGATIVE, "amount"),
        ("6222,CNY,B1,2026-03-02,C,1.0.0,甲,x,", Problem.AMOUNT_MALFORMED, "amount"),
        ('6222,CNY,B1,2026-03-02,C,"1,00",甲,x,', Problem.AMOUNT_MALFORMED, "amount"),
        ("6222,CNY,B1,2026-03-02,C,=1+1,甲,x,", Problem.AMOUNT_MALFORMED, "amount"),
        ("6222,CNY,B1,2026-03-02,C,,甲,x,", Problem.ELEMENT_MISSING, "amount"),
        ("6222,CNY,B1,2026-03-02,X,1.00,甲,x,", Problem.VALUE_MALFORMED, "direction"),
        ("6222,CNY,B1,2026-03-02,,1.00,甲,x,", Problem.ELEMENT_MISSING, "direction"),
        ("6222,XXX,B1,2026-03-02,C,1.00,甲,x,", Problem.CURRENCY_UNKNOWN, "currency"),
        ("6222,,B1,2026-03-02,C,1.00,甲,x,", Problem.CURRENCY_MISSING, "currency"),
        (",CNY,B1,2026-03-02,C,1.00,甲,x,", Problem.ELEMENT_MISSING, "account"),
        ("6222,CNY,B1,02.03.2026,C,1.00,甲,x,", Problem.DATE_MALFORMED, "booked_at"),
        ("6222,CNY,B1,,C,1.00,甲,x,", Problem.ELEMENT_MISSING, "booked_at"),
        (f"6222,CNY,{'B' * 101},2026-03-02,C,1.00,甲,x,", Problem.VALUE_TOO_LONG, "bank_reference"),
        ("6222,CNY,B1,2026-03-02,C,1.00,甲,x,,more", Problem.NOT_CSV, ""),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(line: str, problem: Problem, column: str) -> None:
    fault = only_fault(table(GOOD.replace("B1", "B0"), line))
    assert (fault.problem, fault.line, fault.place) == (problem, 3, column)


def test_a_cell_over_several_lines_counts_by_the_line_where_it_begins() -> None:
    text = table('6222,CNY,B1,2026-03-02,C,1.00,甲,"one\ntwo",', "6222,CNY,B2,2026-03-02,C,x,甲,x,")
    assert only_fault(text).line == 4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("account,currency\r\n", Problem.COLUMN_MISSING),
        (ENGLISH + ",colour\r\n", Problem.COLUMN_UNKNOWN),
        (ENGLISH + ",金额\r\n", Problem.COLUMN_UNKNOWN),
        (ENGLISH + '\r\n6222,CNY,"B1\r\n', Problem.NOT_CSV),
        (ENGLISH + "\r\n" + "x" * 30_000, Problem.TOO_COMPLEX),
        ("\0\0", Problem.FORMAT_UNKNOWN),
    ],
)
def test_what_is_no_statement_is_refused(text: str, problem: Problem) -> None:
    assert only_fault(text).problem is problem


def test_bytes_of_no_encoding_are_refused_with_their_line() -> None:
    content = table(GOOD).encode() + b"\xff\xff\xff"
    (fault,) = examined(parts(BytesIO(content))).faults
    assert (fault.problem, fault.line) == (Problem.WRONG_ENCODING, 3)


def test_a_reference_stands_once() -> None:
    fault = only_fault(table(GOOD, GOOD.replace("1.00", "2.00")))
    assert (fault.problem, fault.line) == (Problem.DUPLICATE_BANK_REFERENCE, 3)


def test_empty_lines_do_not_count() -> None:
    assert len(movements(table(GOOD, "", ",,,,,,,,"))) == 1
