"""The Japanese clock: entering, ticking, leaving, who is last, ties of all who leave at once, both directions."""

# ruff: noqa: E501 - the end of a clock ranks everybody in one row

import pytest
from msgspec import structs

from matching.commands import Word
from matching.details import Act, Rounds
from matching.increments import IncrementTable, fixed
from matching.lot import decide
from matching.phases.japanese import JapanesePhase
from matching.phases.standing import Standing
from matching.terms import Direction, IntervalTerms, JapaneseTerms, OffersTerms
from matching.terms.awarding import TieRule
from matching.terms.contest import MayOffer
from matching.units import AMOUNT_MAX
from matching.view import lot_view
from tests.tables.scenario import Scenario, english, lot_terms, lot_under, span_us, steps, take_over
from tests.terms_codes import codes


def japanese(
    step: int | IncrementTable = 100,
    *,
    entry: str = "5:00",
    tick: str = "1:00",
    ticks_max: int = 1000,
    must_confirm: bool = False,
    ties: TieRule = TieRule.EARLIER,
) -> JapaneseTerms:
    """Return the terms of a clock that bidders leave, spans written as in tables."""
    return JapaneseTerms(
        increments=fixed(step) if isinstance(step, int) else step,
        entry_us=span_us(entry),
        tick_us=span_us(tick),
        ticks_max=ticks_max,
        must_confirm=must_confirm,
        ties=ties,
        resume_countdown_us=span_us("2:00"),
    )


JAPANESE = {
    "a word for one tick says nothing in another, and one for none only enters": Scenario(
        lot_terms(japanese(must_confirm=True)),
        """
        at    | who   | does                   | then
        0:00  | clock | deadline 0:00          | opened, phase 0 ends 5:00
        1:00  | A     | say accept until 6:00  | refused MEANT_FOR_ANOTHER_ROUND
        1:00  | A     | say accept until -     | A says accept
        1:00  | B     | say accept until 5:00  | B says accept
        5:00  | clock | deadline 5:00          | round 1 at 1000 ends 6:00
        5:01  | A     | say accept until 5:00  | refused MEANT_FOR_ANOTHER_ROUND
        5:01  | A     | say accept until -     | refused MEANT_FOR_ANOTHER_ROUND
        5:01  | x     | say accept until 5:00  | refused MEANT_FOR_ANOTHER_ROUND
        5:02  | A     | say accept until 6:00  | A says accept
        5:03  | B     | say accept until 6:00  | B says accept
        6:00  | A     | say accept until 5:00  | refused LOT_CLOSED
        6:00  | clock | deadline 6:00          | round 2 at 1100 ends 7:00
        6:01  | A     | say accept until 6:00  | refused MEANT_FOR_ANOTHER_ROUND
        6:01  | B     | say decline until 6:00 | refused MEANT_FOR_ANOTHER_ROUND
        6:02  | host  | pause fire             | frozen host (fire)
        6:02  | A     | say accept until 6:00  | refused LOT_FROZEN (fire)
        6:03  | host  | resume                 | resumed by host ends 8:03
        6:04  | A     | say accept until 7:00  | refused MEANT_FOR_ANOTHER_ROUND
        6:05  | A     | say accept until 8:03  | A says accept
        8:03  | clock | deadline 8:03          | ranked: A 1100; B 1100, A 1100, sold A 1100
        """,
    ),
    "the last one pays the price at which his last rival left": Scenario(
        lot_terms(japanese()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | B     | say accept    | B says accept
        2:00  | A     | say accept    | A says accept
        3:00  | C     | say accept    | C says accept
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        6:00  | clock | deadline 6:00 | round 2 at 1100 ends 7:00
        6:30  | C     | say decline   | C says decline
        7:00  | clock | deadline 7:00 | round 3 at 1200 ends 8:00
        8:00  | clock | deadline 8:00 | round 4 at 1300 ends 9:00
        8:30  | B     | say decline   | B says decline
        9:00  | clock | deadline 9:00 | ranked: A 1300; B 1300; C 1100, A 1300, sold A 1300
        """,
    ),
    "who may say what, and when": Scenario(
        lot_terms(japanese()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | x     | say accept    | refused NOT_ADMITTED
        1:00  | A     | bid 1000      | refused NOT_TAKEN_NOW
        1:00  | A     | say decline   | refused NOT_TAKEN_NOW
        1:00  | A     | say waive     | refused NOT_TAKEN_NOW
        1:00  | A     | say accept    | A says accept
        1:00  | A     | say accept    | refused ALREADY_DECLARED
        2:00  | B     | say accept    | B says accept
        2:00  | C     | say accept    | C says accept
        4:59.999999 | D | say accept  | D says accept
        5:00  | E     | say accept    | refused LOT_CLOSED
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        5:01  | E     | say accept    | refused NOT_ELIGIBLE
        5:01  | A     | say accept    | refused NOT_TAKEN_NOW
        5:01  | A     | say waive     | refused NOT_TAKEN_NOW
        5:01  | A     | max 5000      | refused NOT_TAKEN_NOW
        5:01  | host  | hammer        | refused HAMMER_BELONGS_TO_CLOCK
        5:59.999999 | A | say decline | A says decline
        5:59.999999 | A | say decline | refused ALREADY_DECLARED
        6:00  | B     | say decline   | refused LOT_CLOSED
        6:00  | clock | deadline 6:00 | round 2 at 1100 ends 7:00
        6:01  | A     | say accept    | refused NOT_ELIGIBLE
        6:01  | A     | say decline   | refused NOT_ELIGIBLE
        """,
    ),
    "all leave with one tick: whoever entered first, at a price that all had accepted": Scenario(
        lot_terms(japanese()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | B     | say accept    | B says accept
        2:00  | A     | say accept    | A says accept
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        6:00  | clock | deadline 6:00 | round 2 at 1100 ends 7:00
        6:10  | B     | say decline   | B says decline
        6:20  | A     | say decline   | A says decline
        7:00  | clock | deadline 7:00 | ranked: B 1100; A 1100, B 1100, sold B 1100
        """,
    ),
    "all leave with one tick: the better rank first": Scenario(
        lot_terms(japanese(ties=TieRule.RANK), reserve_places=3),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | D     | say accept    | D says accept
        1:00  | B     | say accept    | B says accept
        2:00  | A     | say accept    | A says accept
        2:00  | C     | say accept    | C says accept
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        5:10  | D     | say decline   | D says decline
        6:00  | clock | deadline 6:00 | round 2 at 1100 ends 7:00
        6:10  | C     | say decline   | C says decline
        6:10  | B     | say decline   | B says decline
        6:20  | A     | say decline   | A says decline
        7:00  | clock | deadline 7:00 | ranked: C 1100; A 1100; B 1100; D 1000, C 1100, knocked down C 1100; then A 1100; then B 1100; then D 1000
        """,
        ranks={"A": 2, "C": 1, "D": 1},
    ),
    "all leave with one tick: tied, for a phase that follows": Scenario(
        lot_terms(
            japanese(ties=TieRule.DRAW),
            IntervalTerms(duration_us=span_us("1:00")),
            OffersTerms(duration_us=span_us("1:00"), who=MayOffer.TIED),
        ),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | B     | say accept    | B says accept
        2:00  | A     | say accept    | A says accept
        2:00  | C     | say accept    | C says accept
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        5:10  | C     | say decline   | C says decline
        6:00  | clock | deadline 6:00 | round 2 at 1100 ends 7:00
        6:10  | B     | say decline   | B says decline
        6:20  | A     | say decline   | A says decline
        7:00  | clock | deadline 7:00 | ranked: B 1100; A 1100; C 1000, B 1100, phase 1 ends 8:00
        8:00  | clock | deadline 8:00 | phase 2 ends 9:00
        8:10  | C     | offer 1200    | refused NOT_ELIGIBLE
        8:10  | A     | offer 1200    | A offers 1200
        """,
    ),
    "whoever does not confirm is out, where the terms want that": Scenario(
        lot_terms(japanese(must_confirm=True)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | A     | say accept    | A says accept
        2:00  | B     | say accept    | B says accept
        3:00  | C     | say accept    | C says accept
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        5:10  | A     | say accept    | A says accept
        5:10  | A     | say decline   | refused ALREADY_DECLARED
        5:20  | B     | say accept    | B says accept
        6:00  | clock | deadline 6:00 | round 2 at 1100 ends 7:00
        6:10  | C     | say accept    | refused NOT_ELIGIBLE
        6:10  | B     | say decline   | B says decline
        6:10  | A     | say accept    | A says accept
        7:00  | clock | deadline 7:00 | ranked: A 1100; B 1100; C 1000, A 1100, sold A 1100
        """,
    ),
    "nobody confirms: tied at the price that all had accepted": Scenario(
        lot_terms(japanese(must_confirm=True)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | A     | say accept    | A says accept
        2:00  | B     | say accept    | B says accept
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        6:00  | clock | deadline 6:00 | ranked: A 1000; B 1000, A 1000, sold A 1000
        """,
    ),
    "one enters, and has the lot at the opening price": Scenario(
        lot_terms(japanese()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | A     | say accept    | A says accept
        5:00  | clock | deadline 5:00 | ranked: A 1000, A 1000, sold A 1000
        """,
    ),
    "nobody enters": Scenario(
        lot_terms(japanese()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        5:00  | clock | deadline 5:00 | passed no_bids
        """,
    ),
    "the clock stops after its last tick, and who stayed is tied": Scenario(
        lot_terms(japanese(ticks_max=2)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | C     | say accept    | C says accept
        2:00  | B     | say accept    | B says accept
        2:00  | A     | say accept    | A says accept
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        6:00  | clock | deadline 6:00 | round 2 at 1100 ends 7:00
        6:30  | C     | say decline   | C says decline
        7:00  | clock | deadline 7:00 | ranked: B 1100; A 1100; C 1100, B 1100, sold B 1100
        """,
    ),
    "a purchase: the price ticks down, and ends at one": Scenario(
        lot_terms(japanese(steps(from_0=40), tick="0:10"), opening=100, direction=Direction.FALLING),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | A     | say accept    | A says accept
        2:00  | B     | say accept    | B says accept
        3:00  | C     | say accept    | C says accept
        5:00  | clock | deadline 5:00 | round 1 at 100 ends 5:10
        5:05  | A     | say decline   | A says decline
        5:10  | clock | deadline 5:10 | round 2 at 60 ends 5:20
        5:20  | clock | deadline 5:20 | round 3 at 20 ends 5:30
        5:30  | clock | deadline 5:30 | ranked: B 20; C 20; A 100, B 20, sold B 20
        """,
    ),
    "below the reserve nothing is sold": Scenario(
        lot_terms(japanese(), reserve=1101),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | A     | say accept    | A says accept
        2:00  | B     | say accept    | B says accept
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        6:00  | clock | deadline 6:00 | round 2 at 1100 ends 7:00
        6:30  | A     | say decline   | A says decline
        7:00  | clock | deadline 7:00 | ranked: B 1100; A 1100, B 1100, passed below_reserve
        """,
    ),
    "beyond a bid that was made before, or it stands": Scenario(
        lot_terms(english(100, duration="1:00"), japanese()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:30  | A     | bid 1500      | A 1500
        1:00  | clock | deadline 1:00 | phase 1 ends 6:00
        6:00  | clock | deadline 6:00 | sold A 1500
        """,
    ),
    "it begins a step beyond the bid": Scenario(
        lot_terms(english(100, duration="1:00"), japanese()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:30  | A     | bid 1500      | A 1500
        1:00  | clock | deadline 1:00 | phase 1 ends 6:00
        1:30  | B     | say accept    | B says accept
        6:00  | clock | deadline 6:00 | ranked: B 1600, B 1600, sold B 1600
        """,
    ),
    "a freeze holds the tick, and what was said in it": Scenario(
        lot_terms(japanese()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 5:00
        1:00  | A     | say accept    | A says accept
        2:00  | B     | say accept    | B says accept
        5:00  | clock | deadline 5:00 | round 1 at 1000 ends 6:00
        5:10  | B     | say decline   | B says decline
        5:20  | host  | pause fog     | frozen host (fog)
        5:30  | A     | say decline   | refused LOT_FROZEN (fog)
        9:00  | host  | resume        | resumed by host ends 11:00
        11:00 | clock | deadline 11:00 | ranked: A 1000; B 1000, A 1000, sold A 1000
        """,
    ),
    "a tick that is decided too late freezes the lot": Scenario(
        lot_terms(japanese()),
        """
        at      | who   | does            | then
        0:00    | clock | deadline 0:00   | opened, phase 0 ends 5:00
        1:00    | A     | say accept      | A says accept
        2:00    | B     | say accept      | B says accept
        5:02    | clock | deadline 5:00   | round 1 at 1000 ends 6:02
        6:06    | clock | deadline 6:02   | frozen outage until 6:36
        6:36    | clock | deadline 6:36   | resumed ends 8:36
        8:36    | clock | deadline 8:36   | round 2 at 1100 ends 9:36
        """,
    ),
}


@pytest.mark.parametrize("scenario", JAPANESE.values(), ids=JAPANESE)
def test_japanese(scenario: Scenario) -> None:
    scenario.play()


def test_the_clock_shows_its_price_and_that_bidders_answer() -> None:
    lot = lot_under(lot_terms(japanese()), "AB")
    assert (lot_view(lot).asking_price, lot_view(lot).increment) == (1000, 100)
    table = """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | -
        1:00  | A     | say accept    | -
        1:00  | B     | say accept    | -
        5:00  | clock | deadline 5:00 | -
        6:00  | clock | deadline 6:00 | -
        """
    rows = Scenario(lot.terms, table).rows
    take_over(lot, decide(lot, rows[0].command, rows[0].at_us), rows[0].at_us)
    assert lot_view(lot).detail == Rounds(0, 1000, 1000, is_pause=True, words=(Word.ACCEPT,))
    for row in rows[1:]:
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
    view = lot_view(lot)
    assert view.detail == Rounds(2, 1000, 1100, words=(Word.DECLINE,))
    assert (view.accepts, view.asking_price, view.leader, view.price) == ((Act.DECLARE,), 1100, 0, 0)


def test_terms_that_make_no_sense_are_refused() -> None:
    terms = japanese()
    assert terms.problems(1000, Direction.RISING) == []
    assert codes(structs.replace(terms, entry_us=0).problems(1000, Direction.RISING)) == ["ENTRY_ZERO"]
    assert codes(structs.replace(terms, tick_us=0).problems(1000, Direction.RISING)) == ["TICK_ZERO"]
    assert codes(structs.replace(terms, increments=()).problems(1000, Direction.RISING)) == ["LADDER_EMPTY"]


def test_where_no_price_is_left_the_clock_does_not_begin() -> None:
    lot = lot_under(lot_terms(japanese()), "A")
    terms = japanese()
    assert JapanesePhase.begin(terms, lot, 0, Standing(leader=1, price=AMOUNT_MAX), 0) == []
    assert JapanesePhase.begin(terms, lot, 0, Standing(leader=1, price=1), 0) != []
