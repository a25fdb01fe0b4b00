"""Statements and notifications that others made: every valid one is read, every unbalanced one refused by how much."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ledger.bank.reading import parts
from ledger.bank.statements import Movement, Problem, Statement, examined
from ledger.units import MINOR_DIGITS

FAMILY = re.compile(r"camt\.05[34]\.001\.\d\d")


@pytest.fixture(scope="module")
def samples(data_folder: Path) -> list[Path]:
    found = sorted((data_folder / "iso20022").rglob("*.xml"))
    if not found:
        pytest.skip(f"no samples in {data_folder}/iso20022")
    return found


def local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def child(element: ElementTree.Element, *path: str) -> ElementTree.Element | None:
    found: ElementTree.Element | None = element
    for name in path:
        found = None if found is None else next((c for c in found if local(c) == name), None)
    return found


def is_of_family(path: Path) -> bool:
    try:
        return FAMILY.search(ElementTree.parse(path).getroot().tag) is not None
    except ElementTree.ParseError:
        return False


def figure(element: ElementTree.Element) -> Decimal:
    amount, sign = child(element, "Amt"), child(element, "CdtDbtInd")
    assert amount is not None and sign is not None
    return Decimal(amount.text or "0") * (1 if sign.text == "CRDT" else -1)


def differences(path: Path) -> list[Decimal]:
    """Compute by another way how much each statement with both balances is wrong."""
    found = []
    for statement in (e for e in ElementTree.parse(path).iter() if local(e) == "Stmt"):
        balances: dict[str, Decimal] = {}
        for balance in (c for c in statement if local(c) == "Bal"):
            code = child(balance, "Tp", "CdOrPrtry", "Cd")
            assert code is not None and code.text is not None
            balances.setdefault(code.text, figure(balance))
        opening = balances.get("OPBD", balances.get("PRCD"))
        if opening is not None and "CLBD" in balances:
            entries = sum(figure(c) for c in statement if local(c) == "Ntry")
            found.append(balances["CLBD"] - opening - entries)
    return found


def read(path: Path) -> tuple[list[Statement], list[Movement]]:
    with path.open("rb") as source:
        everything = list(parts(source))
    heads = [part for part in everything if isinstance(part, Statement)]
    return heads, [part for part in everything if isinstance(part, Movement)]


def test_every_sample_is_read_or_refused_for_the_right_reason(
    samples: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    counts: Counter[str] = Counter()
    for path in samples:
        with path.open("rb") as source:
            found = examined(parts(source))
        problems = {fault.problem for fault in found.faults}
        if not is_of_family(path):
            assert problems and problems <= {Problem.MESSAGE_UNKNOWN, Problem.NOT_XML}, path.name
            counts["other messages refused"] += 1
        elif problems & {Problem.ELEMENT_MISSING}:
            assert "wrong" in path.name, path.name
            assert found.faults[0].line > 0
            counts["invalid ones refused"] += 1
        else:
            assert problems <= {Problem.NOT_BALANCED, Problem.CURRENCY_DIFFERS}, (path.name, found.faults)
            heads, movements = read(path)
            assert heads and len(movements) == found.movements > 0, path.name
            counts["valid ones read"] += 1
            stated = [wrong for wrong in differences(path) if wrong]
            refused = [f.difference for f in found.faults if f.problem is Problem.NOT_BALANCED]
            assert [Decimal(f or 0).scaleb(-2) for f in refused] == stated, path.name
            counts["unbalanced statements refused"] += len(stated)
            counts["balanced statements taken"] += len(differences(path)) - len(stated)
    with capsys.disabled():
        print(f"\niso20022: {dict(counts)}")
    assert counts["valid ones read"] > 0
    assert counts["unbalanced statements refused"] > 0


def golden(path: Path) -> dict[str, Any] | None:
    twin = path.with_suffix(".json")
    if not twin.is_file():
        return None
    found: dict[str, Any] = json.loads(twin.read_text(encoding="utf-8"))
    return found


def records_of(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from content["getRecords"] if isinstance(content["getRecords"], list) else [content["getRecords"]]


def test_what_is_read_is_what_others_read(samples: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    compared: Counter[str] = Counter()
    for path in samples:
        content = golden(path)
        if content is None or not is_of_family(path):
            continue
        heads, movements = read(path)
        header = content["getGroupHeader"]
        with path.open("rb") as source:
            file = examined(parts(source)).file
        assert file is not None and file.message_id == header["getMessageId"], path.name
        entries = [entry for entry in content["getEntries"] if isinstance(entry, dict)]
        _compare_entries(entries, movements)
        if entries and isinstance(entries[0].get("getRecord"), dict):
            _compare_record(entries[0]["getRecord"], heads[0])
        compared["files"] += 1
        compared["entries"] += len(entries)
    with capsys.disabled():
        print(f"\niso20022 beside golden readings: {dict(compared)}")
    assert compared["files"] > 0


def _compare_entries(entries: list[dict[str, Any]], movements: list[Movement]) -> None:
    for entry, movement in zip(entries, movements, strict=True):
        amount = entry["getAmount"]
        assert movement.amount == int(amount["getAmount"])
        assert movement.currency == amount["getCurrency"]["getCode"]
        assert movement.currency in MINOR_DIGITS
        assert movement.is_booked == (entry["getStatus"] == "BOOK")
        if entry["getAccountServicerReference"]:
            assert movement.bank_reference == entry["getAccountServicerReference"]


def _compare_record(record: dict[str, Any], head: Statement) -> None:
    assert head.name == record["getId"]
    assert head.account == record["getAccount"]["getIdentification"]
    stated: dict[str, set[tuple[int, str]]] = {}
    for balance in record.get("getBalances", []):
        money = int(balance["getAmount"]["getAmount"]), balance["getAmount"]["getCurrency"]["getCode"]
        stated.setdefault(balance["getType"], set()).add(money)
    for kind, mine in (("opening", head.opening), ("closing", head.closing)):
        if mine is not None:
            assert (mine.amount, mine.currency) in stated[kind]
