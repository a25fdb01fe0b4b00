"""What holds of every comparison of books and bank."""

import random
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.bank_matching import (
    BY_KEY,
    SUGGESTION_DAYS_MAX,
    DifferenceReason,
    Key,
    Line,
    Matching,
    Rule,
    matching,
)

FIRST = date(2026, 11, 2)

KEYS = st.builds(Key, st.sampled_from(BY_KEY), st.sampled_from(["a", "b", "c"]))


def sides() -> st.SearchStrategy[list[Line]]:
    line = st.builds(
        Line,
        id=st.integers(1, 10_000),
        day=st.integers(0, 12).map(lambda days: FIRST + timedelta(days)),
        amount=st.sampled_from([-300, -100, 100, 200, 300]),
        keys=st.lists(KEYS, max_size=3).map(tuple),
        is_repeated=st.sampled_from([False, False, False, True]),
    )
    return st.lists(line, max_size=12, unique_by=lambda line: line.id)


def left(found: Matching, bank: list[Line], books: list[Line]) -> tuple[list[Line], list[Line]]:
    movements = {one.movement_id for one in found.unmatched}
    postings = {one.sequence for one in found.unmatched}
    return [line for line in bank if line.id in movements], [line for line in books if line.id in postings]


@given(sides(), sides())
def test_every_line_has_one_place(bank: list[Line], books: list[Line]) -> None:
    found = matching(bank, books)
    movements = [id for match in found.matches for id in match.movement_ids]
    movements += [one.movement_id for one in found.unmatched if one.movement_id is not None]
    postings = [id for match in found.matches for id in match.sequences]
    postings += [one.sequence for one in found.unmatched if one.sequence is not None]
    assert sorted(movements) == sorted(line.id for line in bank)
    assert sorted(postings) == sorted(line.id for line in books)


@given(sides(), sides())
def test_both_sides_of_a_match_add_up_to_the_same(bank: list[Line], books: list[Line]) -> None:
    in_bank = {line.id: line.amount for line in bank}
    in_books = {line.id: line.amount for line in books}
    for match in matching(bank, books).matches:
        assert sum(in_bank[id] for id in match.movement_ids) == sum(in_books[id] for id in match.sequences)
        assert len(match.movement_ids) + len(match.sequences) >= 2


@given(sides(), sides())
def test_a_match_shares_a_key(bank: list[Line], books: list[Line]) -> None:
    in_bank, in_books = {line.id: line for line in bank}, {line.id: line for line in books}
    for match in matching(bank, books).matches:
        members = [in_bank[id] for id in match.movement_ids] + [in_books[id] for id in match.sequences]
        shared = set.intersection(*(set(line.keys) for line in members))
        assert match.rule in {key.rule for key in shared}


@given(sides(), sides(), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(
    bank: list[Line], books: list[Line], chance: random.Random
) -> None:
    expected = matching(bank, books)
    chance.shuffle(bank)
    chance.shuffle(books)
    assert matching(bank, books) == expected


@given(sides(), sides())
def test_what_is_left_has_no_further_match(bank: list[Line], books: list[Line]) -> None:
    assert matching(*left(matching(bank, books), bank, books)).matches == ()


@given(sides(), sides())
def test_what_is_unmatched_explains_the_difference(bank: list[Line], books: list[Line]) -> None:
    rest_bank, rest_books = left(matching(bank, books), bank, books)
    difference = sum(line.amount for line in bank) - sum(line.amount for line in books)
    assert difference == sum(line.amount for line in rest_bank) - sum(line.amount for line in rest_books)


@given(sides(), sides())
def test_suggestions_are_mutual_near_and_of_the_same_amount(bank: list[Line], books: list[Line]) -> None:
    unmatched = matching(bank, books).unmatched
    movements = {one.movement_id: one for one in unmatched if one.movement_id is not None}
    postings = {one.sequence: one for one in unmatched if one.sequence is not None}
    for one in movements.values():
        if one.suggested is not None:
            other = postings[one.suggested]
            assert (other.suggested, other.amount) == (one.movement_id, one.amount)
            assert abs((other.day - one.day).days) <= SUGGESTION_DAYS_MAX
    assert sum(o.suggested is not None for o in movements.values()) == sum(
        o.suggested is not None for o in postings.values()
    )


@given(st.lists(st.tuples(st.integers(-500, 500).filter(bool), st.integers(0, 3)), max_size=30))
def test_equal_books_and_bank_leave_nothing(told: list[tuple[int, int]]) -> None:
    """Whatever the amounts and days, lines that carry each its own reference all find each other."""
    bank = [
        Line(id=n, day=FIRST + timedelta(later), amount=amount, keys=(Key(Rule.REFERENCE, str(n)),))
        for n, (amount, later) in enumerate(told, 1)
    ]
    books = [Line(id=line.id + 50, day=FIRST, amount=line.amount, keys=line.keys) for line in bank]
    found = matching(bank, books)
    assert found.unmatched == ()
    assert {(match.movement_ids[0] + 50, *match.sequences[1:]) for match in found.matches} == {
        (line.id,) for line in books
    }


# Single cases


def line(id: int, amount: int, *keys: tuple[Rule, str], day: int = 0, is_repeated: bool = False) -> Line:
    return Line(
        id=id,
        day=FIRST + timedelta(day),
        amount=amount,
        keys=tuple(Key(rule, value) for rule, value in keys),
        is_repeated=is_repeated,
    )


def test_a_collective_booking_is_its_parts() -> None:
    entry = (Rule.ENTRY, "E")
    found = matching([line(1, 300, entry)], [line(11, 100, entry), line(12, 200, entry)])
    assert [(match.movement_ids, match.sequences) for match in found.matches] == [((1,), (11, 12))]


def test_a_split_receipt_adds_up_to_what_was_split() -> None:
    entry = (Rule.ENTRY, "E")
    found = matching(
        [line(1, 300, (Rule.RECEIPT, "R"), entry)],
        [
            line(11, 300, (Rule.RECEIPT, "R")),
            line(12, -300, entry),
            line(13, 100, (Rule.RECEIPT, "P"), entry),
            line(14, 200, (Rule.RECEIPT, "Q"), entry),
        ],
    )
    assert [(match.rule, match.sequences) for match in found.matches] == [
        (Rule.RECEIPT, (11,)),
        (Rule.ENTRY, (12, 13, 14)),
    ]
    assert found.unmatched == ()


def test_parts_of_the_same_amount_are_no_duplicates() -> None:
    entry = (Rule.ENTRY, "E")
    found = matching(
        [line(1, 100, (Rule.RECEIPT, "P"), entry), line(2, 100, (Rule.RECEIPT, "Q"), entry)],
        [line(11, 100, (Rule.RECEIPT, "P"), entry)],
    )
    assert [one.reason for one in found.unmatched] == [DifferenceReason.IN_BANK_NOT_IN_BOOKS]


def test_a_payout_and_its_return_are_two_matches() -> None:
    out, back = (Rule.PAYOUT, "out:1"), (Rule.PAYOUT, "in:1")
    found = matching([line(1, -100, out), line(2, 100, back)], [line(11, -100, out)])
    assert [match.movement_ids for match in found.matches] == [(1,)]
    assert [one.reason for one in found.unmatched] == [DifferenceReason.IN_BANK_NOT_IN_BOOKS]


def test_the_nearest_day_is_suggested_first() -> None:
    found = matching(
        [line(1, 100, day=5)], [line(11, 100, day=1), line(12, 100, day=6), line(13, 100, day=12)]
    )
    assert {(one.movement_id, one.sequence): one.suggested for one in found.unmatched} == {
        (1, None): 12,
        (None, 11): None,
        (None, 12): 1,
        (None, 13): None,
    }


def test_a_line_that_was_matched_before_makes_a_duplicate() -> None:
    found = matching([line(1, 100, is_repeated=True)], [line(11, 100, is_repeated=True)])
    assert [one.reason for one in found.unmatched] == [
        DifferenceReason.DUPLICATE_IN_BANK,
        DifferenceReason.DUPLICATE_IN_BOOKS,
    ]


def test_a_long_statement_is_compared_quickly() -> None:
    count = 20_000
    bank = [line(n, 100, (Rule.REFERENCE, str(n))) for n in range(count)]
    books = [line(count + n, 100, (Rule.REFERENCE, str(n if n % 2 else -n - 1))) for n in range(count)]
    found = matching(bank, books)
    assert len(found.matches) == count // 2
    assert sum(one.suggested is not None for one in found.unmatched) == count
