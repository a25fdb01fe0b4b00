"""What is kept of a bank's file between its two readings."""

from ledger.bank.spool import CHUNK_PARTS, Spool
from ledger.bank.statements import FileRead, Movement, Part, Statement, StatementEnd, StatementKind
from ledger.bank.values import When

HEAD = Statement(kind=StatementKind.STATEMENT, name="S-1", account="1", currency="CNY")


def movement(line: int, text: str = "货款") -> Movement:
    return Movement(
        line=line,
        place="",
        bank_reference=str(line),
        amount=line,
        currency="CNY",
        booked=When(20_000),
        remittance=text,
    )


def chunks(spool: Spool) -> list[list[Part]]:
    spool.rewind()
    return list(iter(spool.chunk, []))


def test_what_is_booked_is_kept_in_order_and_read_as_often_as_it_is_asked_for() -> None:
    movements = [movement(line) for line in range(2 * CHUNK_PARTS)]
    read: list[Part] = [FileRead(format="camt.053"), HEAD, *movements, StatementEnd(HEAD)]
    with Spool() as spool:
        assert list(spool.keeping(read)) == read
        for _ in range(2):
            found = chunks(spool)
            assert [len(chunk) for chunk in found] == [CHUNK_PARTS, CHUNK_PARTS, 2]
            assert [part for chunk in found for part in chunk] == read[1:]


def test_texts_are_kept_as_they_are_and_nothing_is_kept_of_nothing() -> None:
    with Spool() as spool:
        odd = movement(1, "half of a pair \ud800")
        assert list(spool.keeping([odd])) == [odd]
        assert chunks(spool) == [[odd]]
    with Spool() as empty:
        assert list(empty.keeping([])) == [] and chunks(empty) == []
