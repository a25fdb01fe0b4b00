"""Statements and notifications of ISO 20022: what is read, what is refused, and that nothing in them can harm."""

from __future__ import annotations

import tracemalloc
from io import BytesIO

import pytest

from ledger.bank import documents
from ledger.bank.reading import parts
from ledger.bank.statements import (
    FILE_BYTES_MAX,
    Caution,
    Examination,
    Fault,
    Movement,
    Problem,
    Statement,
    examined,
)
from ledger.bank.values import When, day_text, minor_units, when
from tests.bank_files import Entry, notification, statement


def examination(content: bytes, *, accepts_repeats: bool = False) -> Examination:
    return examined(parts(BytesIO(content)), accepts_repeats=accepts_repeats)


def movements(content: bytes) -> list[Movement]:
    return [part for part in parts(BytesIO(content)) if isinstance(part, Movement)]


def heads(content: bytes) -> list[Statement]:
    return [part for part in parts(BytesIO(content)) if isinstance(part, Statement)]


def faults(content: bytes) -> list[Problem]:
    return [fault.problem for fault in examination(content).faults]


def only_fault(content: bytes) -> Fault:
    (fault,) = examination(content).faults
    return fault


def replaced(content: bytes, old: str, new: str) -> bytes:
    assert old.encode() in content
    return content.replace(old.encode(), new.encode(), 1)


ONE = Entry(amount="1500.00", reference="R1", remittance="保证金", end_to_end_id="E1", bank="ICBKCNBJ")


# What is read


@pytest.mark.parametrize("version", ["02", "03", "04", "06", "08", "11"])
def test_every_version_of_a_statement_is_read(version: str) -> None:
    content = statement([ONE], opening="10.00", closing="1510.00", version=version)
    assert examination(content).faults == ()
    (movement,) = movements(content)
    assert (movement.amount, movement.currency, movement.bank_reference) == (150_000, "CNY", "R1")
    assert (movement.counterparty_name, movement.counterparty_account) == ("甲公司", "6217000010012345678")
    assert (movement.remittance, movement.end_to_end_id) == ("保证金", "E1")
    assert movement.counterparty_bank == "ICBKCNBJ"
    assert day_text(movement.booked.day) == "2026-03-02"


@pytest.mark.parametrize("version", ["02", "04", "08"])
def test_every_version_of_a_notification_is_read(version: str) -> None:
    content = notification([ONE], version=version)
    found = examination(content)
    assert found.faults == () and found.file is not None
    assert found.file.format == f"camt.054.001.{version}"
    assert heads(content)[0].currency == "CNY"


def test_debits_announcements_and_reversals_are_told_apart() -> None:
    content = statement(
        [
            Entry(amount="5.00", reference="D", is_credit=False),
            Entry(amount="7.00", reference="P", status="PDNG"),
            Entry(amount="2.00", reference="B", is_credit=False, is_reversal=True),
            Entry(amount="3.00", reference="C", is_reversal=True),
        ],
        opening="10.00",
        closing="6.00",
    )
    debit, announced, taken_back, came_back = movements(content)
    assert (debit.amount, announced.is_booked, taken_back.is_reversal) == (-500, False, True)
    assert came_back.is_returned_payment
    found = examination(content)
    assert found.faults == ()
    assert [warned.caution for warned in found.warnings] == [Caution.CREDIT_REVERSED]


def test_a_collective_booking_is_read_part_by_part() -> None:
    parts_of = [("P1", "10.00", "甲", "a"), ("P2", "20.00", "乙", "b")]
    first, second = movements(notification([Entry(amount="30.00", reference="X", parts=parts_of)]))
    assert [first.bank_reference, second.bank_reference] == ["P1", "P2"]
    assert [first.entry_reference, second.entry_amount] == ["X", 3_000]
    assert [first.amount, second.amount] == [1_000, 2_000]


def test_parts_that_share_the_bookings_reference_are_numbered() -> None:
    parts_of = [("X", "10.00", "甲", "a"), ("X", "20.00", "乙", "b")]
    found = movements(notification([Entry(amount="30.00", reference="X", parts=parts_of)]))
    assert [movement.bank_reference for movement in found] == ["X#1", "X#2"]


def test_parts_that_do_not_add_up_leave_the_booking_whole_with_a_warning() -> None:
    parts_of = [("P1", "10.00", "甲", "a"), ("P2", "20.01", "乙", "b")]
    content = notification([Entry(amount="30.00", reference="X", parts=parts_of)])
    (movement,) = movements(content)
    assert (movement.amount, movement.bank_reference) == (3_000, "X")
    assert [warned.caution for warned in examination(content).warnings] == [Caution.PARTS_DO_NOT_ADD_UP]


def test_a_page_between_others_is_checked_by_its_interim_balances() -> None:
    content = statement([ONE], opening="10.00", closing="1510.00")
    content = content.replace(b"OPBD", b"ITBD").replace(b"CLBD", b"ITBD")
    assert examination(content).faults == ()
    assert only_fault(replaced(content, ">1510.00<", ">1510.01<")).difference == 1


def test_zeros_behind_the_last_digit_do_not_count() -> None:
    content = statement([Entry(amount="1500.00000")], opening="0.000", closing="1500.0")
    assert examination(content).faults == ()


# What is refused, and where


def test_a_statement_that_does_not_balance_says_by_how_much() -> None:
    fault = only_fault(statement([ONE], opening="10.00", closing="1509.99"))
    assert fault.problem is Problem.NOT_BALANCED
    assert fault.difference == -1
    assert fault.place == "/Document/BkToCstmrStmt/Stmt[1]"
    assert "1509.99" in fault.detail


def test_an_overdrawn_balance_counts_negative() -> None:
    assert examination(statement([ONE], opening="-1000.00", closing="500.00")).faults == ()


def test_a_missing_balance_is_a_warning() -> None:
    content = statement([ONE], opening="0.00", closing="1500.00").replace(b"CLBD", b"INFO")
    found = examination(content)
    assert found.faults == ()
    assert [(warned.caution, warned.detail) for warned in found.warnings] == [
        (Caution.BALANCE_MISSING, "closing")
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (">1500.00<", ">1500.001<", Problem.AMOUNT_TOO_PRECISE),
        (">1500.00<", ">-1500.00<", Problem.AMOUNT_NEGATIVE),
        (">1500.00<", ">1,500.00<", Problem.AMOUNT_MALFORMED),
        (">1500.00<", ">1e3<", Problem.AMOUNT_MALFORMED),
        (">1500.00<", ">١٥٠٠<", Problem.AMOUNT_MALFORMED),
        (">1500.00<", ">NaN<", Problem.AMOUNT_MALFORMED),
        (">1500.00<", "><", Problem.AMOUNT_MALFORMED),
        (">1500.00<", ">99999999999999999.00<", Problem.AMOUNT_TOO_LARGE),
        ('Ccy="CNY">1500', 'Ccy="XXX">1500', Problem.CURRENCY_UNKNOWN),
        ('Ccy="CNY">1500', 'Ccy="cny">1500', Problem.CURRENCY_UNKNOWN),
        ('Ccy="CNY">1500', 'Ccy="">1500', Problem.CURRENCY_MISSING),
        ('<Amt Ccy="CNY">1500', "<Amt>1500", Problem.CURRENCY_MISSING),
        ("<Cd>BOOK</Cd>", "", Problem.ELEMENT_MISSING),
        ("2026-03-02</Dt>\n</BookgDt>", "2026-02-30</Dt>\n</BookgDt>", Problem.DATE_MALFORMED),
    ],
)
def test_a_value_that_cannot_be_booked_is_named_with_its_line(old: str, new: str, problem: Problem) -> None:
    content = replaced(notification([ONE]), old, new)
    fault = only_fault(content)
    assert fault.problem is problem
    assert fault.line > 10
    assert fault.place.startswith("/Document/BkToCstmrDbtCdtNtfctn/Ntfctn[1]/Ntry[1]")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<MsgId>N-1</MsgId>", ""),
        ("<Id>N-1</Id>", ""),
        ("<Id>6222020200012345678</Id>", ""),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", ""),
    ],
)
def test_a_missing_element_is_named(old: str, new: str) -> None:
    fault = only_fault(replaced(notification([ONE]), old, new))
    assert fault.problem is Problem.ELEMENT_MISSING
    assert fault.place


def test_a_message_without_statement_is_refused() -> None:
    content = notification([ONE])
    begin, end = content.index(b"<Ntfctn>"), content.index(b"</Ntfctn>") + len(b"</Ntfctn>")
    assert only_fault(content[:begin] + content[end:]).problem is Problem.ELEMENT_MISSING


@pytest.mark.parametrize("family", ["pain.001.001.09", "camt.052.001.08", "camt.053.001.8", ""])
def test_other_messages_are_refused(family: str) -> None:
    content = replaced(notification([ONE]), "camt.054.001.08", family)
    assert only_fault(content).problem is Problem.MESSAGE_UNKNOWN


def test_a_bank_reference_stands_once_in_a_file() -> None:
    content = notification([ONE, Entry(amount="2.00", reference="R1")])
    fault = only_fault(content)
    assert fault.problem is Problem.DUPLICATE_BANK_REFERENCE
    assert fault.detail.startswith("R1: line ")


def test_two_payments_alike_in_end_to_end_id_payer_and_amount_need_a_person() -> None:
    again = Entry(amount="1500.00", reference="R2", end_to_end_id="E1")
    content = notification([ONE, again])
    assert only_fault(content).problem is Problem.DUPLICATE_END_TO_END_ID
    found = examination(content, accepts_repeats=True)
    assert found.faults == ()
    assert [warned.caution for warned in found.warnings] == [Caution.REPEATED_END_TO_END_ID]


def test_part_payments_may_share_an_end_to_end_id() -> None:
    content = notification([ONE, Entry(amount="1.00", reference="R2", end_to_end_id="E1")])
    assert examination(content).faults == ()


def test_faults_come_in_order_of_precedence_and_not_without_end() -> None:
    bad = [Entry(amount="-1.00", reference=str(number)) for number in range(200)]
    found = examination(statement([*bad, Entry(amount="1.00", currency="XXX")], closing="1.00"))
    assert len(found.faults) == 50
    few = examination(statement([bad[0], Entry(amount="1.00", currency="XXX")], closing="1.00"))
    assert [fault.problem for fault in few.faults] == [
        Problem.CURRENCY_UNKNOWN,
        Problem.AMOUNT_NEGATIVE,
        Problem.NOT_BALANCED,
    ]


# Encodings


@pytest.mark.parametrize("name", ["GB18030", "gbk", "GB2312"])
def test_a_document_in_a_chinese_encoding_is_read(name: str) -> None:
    content = notification([ONE]).decode().replace("UTF-8", name).encode("gb18030")
    assert movements(content)[0].counterparty_name == "甲公司"


def test_a_document_in_utf_16_is_read() -> None:
    content = notification([ONE]).decode().replace("UTF-8", "UTF-16").encode("utf-16")
    assert movements(content)[0].counterparty_name == "甲公司"


def test_a_document_with_a_byte_order_mark_is_read() -> None:
    assert movements(b"\xef\xbb\xbf" + notification([ONE]))[0].amount == 150_000


def test_gb18030_that_claims_to_be_utf_8_is_refused_with_the_line() -> None:
    content = notification([ONE]).decode().encode("gb18030")
    fault = only_fault(content)
    assert fault.problem is Problem.WRONG_ENCODING
    assert content.split(b"\n")[fault.line - 1].decode("gb18030").count("甲公司") == 1


@pytest.mark.parametrize("name", ["rot13", "base64", "utf-7", "no-such-encoding"])
def test_strange_encodings_are_refused(name: str) -> None:
    content = notification([ONE]).replace(b"UTF-8", name.encode())
    assert only_fault(content).problem is Problem.WRONG_ENCODING


# What could harm


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>
<Document>&lol2;</Document>"""
OUTSIDE = b"""<?xml version="1.0"?>
<!DOCTYPE Document [<!ENTITY outside SYSTEM "file:///etc/passwd">]>
<Document>&outside;</Document>"""


@pytest.mark.parametrize(
    "content", [BOMB, OUTSIDE, b'<!DOCTYPE Document SYSTEM "http://127.0.0.1/x.dtd"><Document/>']
)
def test_document_types_are_refused_before_anything_is_expanded(content: bytes) -> None:
    fault = only_fault(content)
    assert fault.problem is Problem.DOCTYPE_NOT_ALLOWED
    assert fault.line <= 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", Problem.EMPTY),
        (b"<Document><a></Document>", Problem.NOT_XML),
        (b"<Document>", Problem.NOT_XML),
        (b"<Document>&nbsp;</Document>", Problem.NOT_XML),
        (b"<html><body/></html>", Problem.MESSAGE_UNKNOWN),
        (b"<Document>" + b"<a>" * 100, Problem.TOO_COMPLEX),
        (b"<Document>" + b"<a/>" * 30_000, Problem.TOO_COMPLEX),
        (b"<Document>" + b"a" * 20_000, Problem.TOO_COMPLEX),
        (b"<Document><a b='" + b"a" * 2_000_000, Problem.TOO_COMPLEX),
        (b"<Document><!--" + b"a" * 2_000_000, Problem.TOO_COMPLEX),
        (b"PK\x03\x04\0\0\0\0", Problem.FORMAT_UNKNOWN),
    ],
    ids=["empty", "broken", "unfinished", "entity", "root", "deep", "wide", "long", "tag", "comment", "zip"],
)
def test_broken_and_hostile_documents_are_refused(content: bytes, problem: Problem) -> None:
    assert only_fault(content).problem is problem


def test_a_file_that_is_too_long_is_not_read() -> None:
    class Long(BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            return FILE_BYTES_MAX + 1 if whence == 2 else super().seek(offset, whence)

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("nothing of it is read")

    (fault,) = examined(parts(Long())).faults
    assert fault.problem is Problem.TOO_LARGE


def test_a_stream_that_grows_is_refused_when_it_has_grown_too_long() -> None:
    with pytest.raises(Exception, match="too_large"):
        list(documents.pieces(BytesIO(b"a" * 300_000), 200_000))


def test_memory_stays_flat() -> None:
    content = notification([Entry(amount="1.00", reference=f"R{number}") for number in range(20_000)])
    tracemalloc.start()
    count = sum(1 for part in parts(BytesIO(content)) if isinstance(part, Movement))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < len(content) + 3_000_000  # the content itself, and a few pieces of it


# Values


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [
        ("0", "CNY", 0), ("1", "CNY", 100), ("1.5", "CNY", 150), ("+1.50", "CNY", 150), (".5", "CNY", 50),
        ("5.", "CNY", 500), ("100", "JPY", 100), ("100.00", "JPY", 100), ("1.234", "KWD", 1234), ("007.10", "CNY", 710),
    ],
)  # fmt: skip
def test_amounts_are_exact(text: str, currency: str, units: int) -> None:
    assert minor_units(text, currency) == units


@pytest.mark.parametrize(
    ("text", "at_us"),
    [
        ("1970-01-01", -8 * 3600 * 10**6),
        ("2026-03-01", 1_772_294_400_000_000),
        ("2026-03-01T09:30:00+08:00", 1_772_328_600_000_000),
        ("2026-03-01T01:30:00Z", 1_772_328_600_000_000),
        ("2026-03-01T09:30:00.123456789", 1_772_328_600_123_456),
        ("2024-02-29", 1_709_136_000_000_000),
        ("2099-12-31", 4_102_329_600_000_000),
    ],
)
def test_days_and_moments_by_the_banks_clock(text: str, at_us: int) -> None:
    found = when(text)
    assert found is not None
    assert found.at_us(480) == at_us


@pytest.mark.parametrize(
    "text", ["2023-02-29", "2026-13-01", "2026-00-10", "1969-12-31", "2100-01-01", "x", "2026-3-1"]
)
def test_what_is_no_day(text: str) -> None:
    assert when(text) is None


def test_every_day_is_written_as_it_is_read() -> None:
    for day in range(0, 47_000, 13):
        assert when(day_text(day)) == When(day)
