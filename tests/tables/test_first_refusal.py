"""The right of first refusal: who is asked, what the answers bring about, and how several holders share."""

import msgspec
import pytest

from matching import events as event
from matching.details import Act, Asked, Question
from matching.lot import LotState
from matching.phases.first_refusal import shared_out
from matching.terms import Direction, FirstRefusalTerms, LotTerms, SeveralMatch, Stake
from matching.view import lot_view
from tests.tables.scenario import Scenario, english, lot_terms, span_us
from tests.terms_codes import codes

AUCTION = english()
BY_RANK = FirstRefusalTerms(window_us=span_us("5:00"))
SHARED = FirstRefusalTerms(
    window_us=span_us("5:00"),
    several=SeveralMatch.PRO_RATA,
    units=100,
    stakes=(Stake(1, 3000), Stake(2, 1500)),
)
EQUALLY = FirstRefusalTerms(window_us=span_us("5:00"), several=SeveralMatch.PRO_RATA, units=10)
BIDDING = FirstRefusalTerms(window_us=span_us("5:00"), several=SeveralMatch.BIDDING)
BETWEEN = english(duration="5:00", entrants_min=2)

SOLD_TO_B = """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 1100        | B 1100
        10:00 | clock | deadline 10:00  | phase 1 ends 15:00
"""


def after_b_won(terms: FirstRefusalTerms, rows: str, ranks: dict[str, int], *more: object) -> Scenario:
    """Return the scenario in which B, an ordinary bidder, leads at 1100, and the holders are asked."""
    programme = (AUCTION, terms, *more)
    return Scenario(lot_terms(*programme), SOLD_TO_B.rstrip() + rows, ranks)  # type: ignore[arg-type]


ANSWERS = {
    "one holder matches and has the lot at the same price, at once": after_b_won(
        BY_RANK,
        """
        10:01 | H     | say accept      | H says accept, sold H 1100
        """,
        {"H": 1},
    ),
    "one holder declines and the ordinary winner has it": after_b_won(
        BY_RANK,
        """
        10:01 | H     | say decline     | H says decline, sold B 1100
        """,
        {"H": 1},
    ),
    "a word meant for what was asked before answers nothing": after_b_won(
        BY_RANK,
        """
        10:01 | H     | say accept in phase 0  | refused MEANT_FOR_ANOTHER_PHASE
        10:01 | H     | say decline in phase 0 | refused MEANT_FOR_ANOTHER_PHASE
        10:02 | H     | say accept in phase 1  | H says accept, sold H 1100
        """,
        {"H": 1},
    ),
    "a word for the question before does not answer the one that is put again at another price": after_b_won(
        msgspec.structs.replace(BY_RANK, resume_at_phase=0),
        """
        10:01 | host  | pause power            | frozen host (power)
        11:00 | host  | resume                 | resumed by host ends 16:00, phase 0 ends 21:00
        12:00 | A     | bid 1500               | A 1500
        21:00 | clock | deadline 21:00         | phase 1 ends 26:00
        21:01 | H     | say accept until 15:00 | refused MEANT_FOR_ANOTHER_ROUND
        21:01 | H     | say accept until -     | refused MEANT_FOR_ANOTHER_ROUND
        21:02 | H     | say accept until 26:00 | H says accept, sold H 1500
        """,
        {"H": 1},
    ),
    "silence is no match": after_b_won(
        BY_RANK,
        """
        14:59.999999 | A | say accept   | refused NOT_ELIGIBLE
        15:00 | H     | say accept      | refused LOT_CLOSED
        15:00 | clock | deadline 15:00  | sold B 1100
        """,
        {"H": 1},
    ),
    "a match just before the end counts": after_b_won(
        BY_RANK,
        """
        10:01 | J     | bid 1200        | refused NOT_TAKEN_NOW
        14:59.999999 | H | say accept   | H says accept
        15:00 | clock | deadline 15:00  | sold H 1100
        """,
        {"H": 1, "J": 2},
    ),
    "every other word is refused, and an answer is given once": after_b_won(
        BY_RANK,
        """
        10:01 | x     | say accept      | refused NOT_ADMITTED
        10:01 | B     | say accept      | refused NOT_ELIGIBLE
        10:01 | B     | bid 1200        | refused NOT_ELIGIBLE
        10:01 | H     | bid 1200        | refused NOT_TAKEN_NOW
        10:01 | H     | say waive       | refused NOT_TAKEN_NOW
        10:01 | host  | hammer          | refused HAMMER_BELONGS_TO_CLOCK
        10:02 | H     | say decline     | H says decline
        10:03 | H     | say accept      | refused ALREADY_DECLARED
        10:04 | J     | say decline     | J says decline, sold B 1100
        """,
        {"H": 1, "J": 2},
    ),
    "the earlier rank buys, whoever answered first": after_b_won(
        BY_RANK,
        """
        10:01 | J     | say accept      | J says accept
        10:02 | H     | say accept      | H says accept, sold H 1100
        """,
        {"H": 1, "J": 2},
    ),
    "of one rank, the earlier answer buys": after_b_won(
        BY_RANK,
        """
        10:01 | J     | say accept      | J says accept
        10:02 | H     | say accept      | H says accept, sold J 1100
        """,
        {"H": 1, "J": 1},
    ),
    "several share in proportion to what they hold, to the unit and to the cent": after_b_won(
        SHARED,
        """
        10:01 | J     | say accept      | J says accept
        10:02 | H     | say accept      | H says accept, awarded: H 67 for 737; J 33 for 363
        """,
        {"H": 1, "J": 2},
    ),
    "one who matches alone has all of it": after_b_won(
        SHARED,
        """
        10:01 | J     | say accept      | J says accept
        10:02 | H     | say decline     | H says decline, sold J 1100
        """,
        {"H": 1, "J": 2},
    ),
    "without stakes they share equally, and what is left over goes to the earlier": after_b_won(
        EQUALLY,
        """
        10:01 | K     | say accept      | K says accept
        10:02 | H     | say accept      | H says accept
        10:03 | J     | say accept      | J says accept, awarded: K 4 for 440; H 3 for 330; J 3 for 330
        """,
        {"H": 1, "J": 1, "K": 1},
    ),
    "who holds nothing gets no share beside one who does": after_b_won(
        SHARED,
        """
        10:01 | J     | say accept      | J says accept
        10:02 | H     | say accept      | H says accept, awarded: H 100 for 1100
        """,
        {"H": 1, "J": 3},
    ),
    "several bid on among themselves": after_b_won(
        BIDDING,
        """
        10:01 | J     | say accept      | J says accept
        10:02 | H     | say accept      | H says accept, phase 2 ends 15:02
        10:03 | B     | bid 1200        | refused NOT_ELIGIBLE
        10:03 | H     | bid 1200        | refused LEADER_MAY_NOT_RAISE
        10:03 | J     | bid 1100        | refused BELOW_ASKING_PRICE ask 1200 step 100
        10:03 | J     | bid 1200        | J 1200
        15:02 | clock | deadline 15:02  | sold J 1200
        """,
        {"H": 1, "J": 2},
        BETWEEN,
    ),
    "if nobody bids on, the earlier rank has it": after_b_won(
        BIDDING,
        """
        10:01 | J     | say accept      | J says accept
        10:02 | H     | say accept      | H says accept, phase 2 ends 15:02
        15:02 | clock | deadline 15:02  | sold H 1100
        """,
        {"H": 1, "J": 2},
        BETWEEN,
    ),
    "one alone has nobody to bid against": after_b_won(
        BIDDING,
        """
        10:01 | J     | say accept      | J says accept
        10:02 | H     | say decline     | H says decline, sold J 1100
        """,
        {"H": 1, "J": 2},
        BETWEEN,
    ),
    "none matched: nobody bids on": after_b_won(
        BIDDING,
        """
        10:01 | H     | bid 1200        | refused NOT_TAKEN_NOW
        10:01 | J     | say decline     | J says decline
        15:00 | clock | deadline 15:00  | sold B 1100
        """,
        {"H": 1, "J": 2},
        BETWEEN,
    ),
    "a freeze keeps what is left, at least the countdown": after_b_won(
        FirstRefusalTerms(window_us=span_us("5:00"), resume_countdown_us=span_us("2:00")),
        """
        11:00 | H     | say decline     | H says decline
        14:00 | host  | pause fog       | frozen host (fog)
        14:30 | J     | say accept      | refused LOT_FROZEN (fog)
        20:00 | host  | resume          | resumed by host ends 22:00
        21:59.999999 | J | say accept   | J says accept, sold J 1100
        """,
        {"H": 1, "J": 2},
    ),
}

ASKED = {
    "nobody has a right: nobody is asked": Scenario(
        lot_terms(AUCTION, BY_RANK),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        10:00 | clock | deadline 10:00  | sold A 1000
        """,
    ),
    "nobody bid: there is no price to match": Scenario(
        lot_terms(AUCTION, BY_RANK),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | bid 1           | refused BELOW_ASKING_PRICE ask 1000 step 100
        10:00 | clock | deadline 10:00  | passed no_bids
        """,
        {"H": 1},
    ),
    "below the reserve there is no sale to enter": Scenario(
        lot_terms(AUCTION, BY_RANK, reserve=5000),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:01  | H     | bid 1           | refused BELOW_ASKING_PRICE ask 1100 step 100
        10:00 | clock | deadline 10:00  | passed below_reserve
        """,
        {"H": 1},
    ),
    "a holder who won himself yields only to an earlier rank": Scenario(
        lot_terms(AUCTION, BY_RANK),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | J     | bid 1000        | J 1000
        10:00 | clock | deadline 10:00  | phase 1 ends 15:00
        10:01 | K     | say accept      | refused NOT_ELIGIBLE
        10:01 | J     | say accept      | refused NOT_ELIGIBLE
        10:02 | H     | say accept      | H says accept, sold H 1000
        """,
        {"H": 1, "J": 2, "K": 2},
    ),
    "a holder of the first rank who won is not asked": Scenario(
        lot_terms(AUCTION, BY_RANK),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | bid 1000        | H 1000
        0:02  | J     | bid 1           | refused BELOW_ASKING_PRICE ask 1100 step 100
        10:00 | clock | deadline 10:00  | sold H 1000
        """,
        {"H": 1, "J": 1},
    ),
    "the one who lost to a match is called if the holder defaults": Scenario(
        lot_terms(AUCTION, BY_RANK, reserve_places=2),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 1100        | B 1100
        10:00 | clock | deadline 10:00  | phase 1 ends 15:00
        10:01 | H     | say accept      | H says accept, knocked down H 1100; then B 1100; then A 1000
        20:00 | host  | default unpaid  | defaulted by host H (unpaid), knocked down by host B 1100; then A 1000
        """,
        {"H": 1},
    ),
    "in a purchase the incumbent matches the lowest price": Scenario(
        lot_terms(AUCTION, BY_RANK, direction=Direction.FALLING, reserve=900),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 900         | B 900
        10:00 | clock | deadline 10:00  | phase 1 ends 15:00
        10:01 | H     | say accept      | H says accept, sold H 900
        """,
        {"H": 1},
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str) -> None:
    ANSWERS[name].play()


@pytest.mark.parametrize("name", ASKED)
def test_who_is_asked(name: str) -> None:
    ASKED[name].play()


def test_the_question_is_public() -> None:
    rows = """
        10:01 | H | bid 1200   | refused NOT_TAKEN_NOW
        10:01 | J | say accept | J says accept
        """
    lot = after_b_won(BY_RANK, rows, {"H": 1, "J": 2}).play()
    view = lot_view(lot)
    assert (view.state, view.leader, view.price, view.accepts) == (LotState.OPEN, 4, 1100, (Act.DECLARE,))
    assert view.detail == Asked(Question.MATCH, 1, (3, 4))
    assert (view.ends_at_us, view.format) == (lot.due_at_us, "first_refusal")


@pytest.mark.parametrize(
    ("whole", "weights", "parts"),
    [
        (100, [3000, 1500], [67, 33]),
        (10, [1, 1, 1], [4, 3, 3]),
        (1, [1, 1], [1, 0]),
        (1100, [67, 33], [737, 363]),
        (7, [1, 2, 4], [1, 2, 4]),
        (5, [1, 2, 4], [1, 1, 3]),
        (10**15, [1, 2, 3], [166_666_666_666_667, 333_333_333_333_333, 500_000_000_000_000]),
    ],
)
def test_shares_add_up(whole: int, weights: list[int], parts: list[int]) -> None:
    assert shared_out(whole, weights) == parts
    assert sum(parts) == whole


def test_awards_pay_the_whole_price() -> None:
    lot = ANSWERS["without stakes they share equally, and what is left over goes to the earlier"].play()
    assert sum(award.amount for award in lot.awards) == 1100
    assert sum(award.quantity for award in lot.awards) == EQUALLY.units
    assert all(isinstance(award, event.Award) for award in lot.awards)


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (FirstRefusalTerms(window_us=0), "WINDOW_ZERO"),
        (FirstRefusalTerms(units=5), "UNITS_AND_SHARING"),
        (
            FirstRefusalTerms(several=SeveralMatch.PRO_RATA),
            "UNITS_AND_SHARING",
        ),
        (FirstRefusalTerms(stakes=(Stake(1, 5),)), "STAKES_WITHOUT_SHARING"),
        (
            FirstRefusalTerms(several=SeveralMatch.PRO_RATA, units=5, stakes=(Stake(1, 5), Stake(1, 6))),
            "STAKE_TWICE",
        ),
        (
            FirstRefusalTerms(
                several=SeveralMatch.PRO_RATA, units=5, stakes=(Stake(1, 6000), Stake(2, 4001))
            ),
            "STAKES_OVER_WHOLE",
        ),
    ],
)
def test_what_makes_no_sense_is_told(terms: FirstRefusalTerms, problem: str) -> None:
    assert codes(terms.problems(1000, Direction.RISING)) == [problem]


def test_sound_terms_have_no_problems_and_survive_the_journal() -> None:
    terms = lot_terms(AUCTION, SHARED)
    assert not any(phase.problems(1000, Direction.RISING) for phase in (BY_RANK, SHARED, EQUALLY, BIDDING))
    assert msgspec.json.decode(msgspec.json.encode(terms), type=LotTerms) == terms
