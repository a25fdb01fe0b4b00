"""No file of a bank, however it is made or broken, does anything but give parts or a refusal."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from ledger.bank.reading import parts
from ledger.bank.references import is_one_edit_away, references_in
from ledger.bank.statements import Examination, Movement, examined
from tests.bank_files import Entry, notification, statement

BASES = (
    statement(
        [
            Entry(amount="10.00", reference="R1", remittance="1592628495178642"),
            Entry(
                amount="30.00", reference="X", parts=[("P1", "10.00", "甲", "a"), ("P2", "20.00", "乙", "b")]
            ),
            Entry(amount="5.00", reference="D", is_credit=False),
        ],
        opening="1.00",
        closing="36.00",
    ),
    notification([Entry(amount="10.00")], version="02"),
    "账号,币种,流水号,交易时间,借贷标志,金额,余额\n6222,CNY,B1,2026-03-02,贷,1.00,1.00\n".encode(),
    b'{"message_id":"1","account":"6","currency":"CNY","movements":[{"bank_reference":"B","booked_at":"2026-03-02",'
    b'"direction":"credit","amount":"1.00"}]}',
)
PIECES = (
    b"<!DOCTYPE a>", b"<Ntry>", b"</Ntry>", b"<TxDtls>", b"<Stmt>", b"&amp;", b"\x00", b"\xff\xfe", b"\xed\xa0\x80",
    b"]]>", b"<![CDATA[x]]>", b"\n", b'"', b"-", b"1e9", b"<?x y?>", b"{", b"[", "，".encode(), "甲".encode("gb18030"),
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Take a good file and cut, double, overwrite or fill in at a few places."""
    content = draw(st.sampled_from(BASES))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 60)))
        filled = draw(st.sampled_from(PIECES) | st.binary(max_size=6) | st.just(content[start:end] * 2))
        content = content[:start] + filled + content[end:]
    return content


def examination(content: bytes) -> Examination:
    return examined(parts(BytesIO(content)))


@settings(max_examples=400)
@given(broken() | st.binary(max_size=400) | st.text(max_size=200).map(lambda text: ("<" + text).encode()))
def test_no_input_crashes_a_reader(content: bytes) -> None:
    found = examination(content)
    assert found.faults or found.file is not None
    assert len(found.faults) <= 60


@given(broken())
def test_reading_twice_gives_the_same(content: bytes) -> None:
    assert examination(content) == examination(content)


AMOUNTS = st.integers(0, 10**12)


def decimal(units: int) -> str:
    sign = "-" if units < 0 else ""
    return f"{sign}{abs(units) // 100}.{abs(units) % 100:02d}"


@given(AMOUNTS, st.lists(st.tuples(AMOUNTS, st.booleans()), max_size=6), st.integers(-10, 10))
def test_a_statement_is_refused_by_exactly_what_it_is_wrong(
    opening: int, moved: list[tuple[int, bool]], wrong: int
) -> None:
    total = opening + sum(units if is_credit else -units for units, is_credit in moved)
    entries = [
        Entry(amount=decimal(units), reference=f"R{number}", is_credit=is_credit)
        for number, (units, is_credit) in enumerate(moved)
    ]
    content = statement(entries, opening=decimal(opening), closing=decimal(total + wrong))
    found = examination(content)
    assert [fault.difference for fault in found.faults] == ([wrong] if wrong else [])
    read = [part.amount for part in parts(BytesIO(content)) if isinstance(part, Movement)]
    assert read == [units if is_credit else -units for units, is_credit in moved]


@st.composite
def references(draw: st.DrawFn) -> str:
    digits = draw(st.text("0123456789", min_size=15, max_size=15).filter(lambda text: text[0] != "0"))
    return digits + str(luhn.calc_check_digit(digits))


@given(
    references(), st.lists(st.integers(1, 15), max_size=4), st.sampled_from([" ", "-", ".", "/", " - ", "　"])
)
def test_a_reference_is_found_however_it_is_grouped(reference: str, cuts: list[int], between: str) -> None:
    written = "".join((between if place in cuts else "") + digit for place, digit in enumerate(reference))
    assert references_in(f"保证金{written}谢谢") == (reference,)
    # Cut in odd places, a creditor reference leaves digits that might belong to the number: then both are found.
    assert reference in references_in("RF18 " + written, "NOTPROVIDED")


@given(references(), st.integers(0, 9))
def test_digits_of_a_longer_number_are_no_reference(reference: str, digit: int) -> None:
    assert reference not in references_in(f"{reference}{digit}")


@given(references(), st.integers(0, 15), st.integers(0, 9))
def test_one_edit_is_seen_from_both_sides(reference: str, place: int, digit: int) -> None:
    edits = {
        reference[:place] + str(digit) + reference[place + 1 :],
        reference[:place] + reference[place + 1 :],
        reference[:place] + str(digit) + reference[place:],
        reference[:place] + reference[place : place + 2][::-1] + reference[place + 2 :],
    } - {reference}
    for edited in edits:
        assert is_one_edit_away(reference, edited)
        assert is_one_edit_away(edited, reference)
    assert not is_one_edit_away(reference, reference)
    assert not is_one_edit_away(reference, reference[:-2])
