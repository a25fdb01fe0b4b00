"""The streams of the benchmark of the rules: one for every format, played for real, the same on both order books."""

import pytest

from loadtests.matching_rules import (
    BOOKS,
    FORMATS,
    Peer,
    Rates,
    book_stream,
    facts,
    measured_books,
    measured_formats,
    stream_of,
)
from matching.phases import FORMATS as ALL_FORMATS


def test_every_format_has_a_stream() -> None:
    assert set(FORMATS) == set(ALL_FORMATS.values())


@pytest.mark.parametrize("name", FORMATS)
def test_a_stream_makes_something_happen(name: str) -> None:
    stream = stream_of(name, 600)
    assert stream.commands >= 600
    assert facts(stream)["accepted_share"] > 0.2
    assert stream == stream_of(name, 600), "the same seed gives the same stream"


@pytest.mark.parametrize("kind", BOOKS)
def test_the_other_engine_comes_to_the_same_trades(kind: str) -> None:
    stream = book_stream(1500, *BOOKS[kind])
    like = facts(stream)
    assert like["accepted_share"] == 1.0
    assert Peer(stream).volume() == like["volume"] > 0


def test_the_report() -> None:
    said: list[str] = []
    formats = measured_formats(100, 1, said.append)
    assert formats.keys() == FORMATS.keys()
    assert all(
        row["per_second_min"] <= row["per_second"] <= row["per_second_max"] for row in formats.values()
    )
    books = measured_books(200, 1, said.append)
    assert all(book["same_volume_as_peer"] and book["rules_to_peer"] > 0 for book in books.values())
    assert "warming up" in said


def test_rates_are_told_by_their_median() -> None:
    figures = Rates(1000, [1.0, 0.5, 0.25]).figures()
    assert figures == {
        "per_second": 2000, "per_second_min": 1000, "per_second_max": 4000, "commands": 1000,
    }  # fmt: skip
