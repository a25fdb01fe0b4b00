"""Priority purchasers: the same price is enough, rank comes before time, and where a draw decides between equals."""

import pytest

from matching import commands as command
from matching.lot import decide
from matching.phases.standing import Standing
from matching.terms import Direction, EnglishTerms, PriorityRule
from tests.tables.scenario import (
    HOST,
    LOT,
    Scenario,
    bidder_of,
    english,
    lot_terms,
    lot_under,
    moment_us,
    take_over,
)


def judicial(**more: object) -> EnglishTerms:
    """Return the terms of 法释〔2016〕18号 art. 21, in short."""
    return english(priority=PriorityRule.EQUAL_PRICE, **more)  # type: ignore[arg-type]


def rural(**more: object) -> EnglishTerms:
    """Return terms in which several of one rank may stand at one price."""
    return english(priority=PriorityRule.EQUAL_PRICE_DRAW, **more)  # type: ignore[arg-type]


EQUAL_PRICE = {
    "a priority purchaser takes the lead at the same price, and keeps it": Scenario(
        lot_terms(judicial(window="5:00", extension="5:00")),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:02  | H     | bid 999         | refused BELOW_ASKING_PRICE ask 1000 step 100
        0:02  | H     | bid 1001        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:03  | H     | bid 1000        | H 1000
        0:04  | H     | bid 1000        | refused LEADER_MAY_NOT_RAISE
        0:04  | A     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:05  | A     | bid 1100        | A 1100
        9:00  | H     | bid 1100        | H 1100, extension 1 ends 14:00
        14:00 | clock | deadline 14:00  | sold H 1100
        """,
        {"H": 1},
    ),
    "the first bid is the opening price for everybody": Scenario(
        lot_terms(judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | bid 999         | refused BELOW_ASKING_PRICE ask 1000 step 100
        0:01  | H     | bid 1000        | H 1000
        """,
        {"H": 1},
    ),
    "an earlier rank takes it from a later one, not the other way": Scenario(
        lot_terms(judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | J     | bid 1000        | J 1000
        0:03  | H     | bid 1000        | H 1000
        0:04  | J     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:05  | J     | bid 1100        | J 1100
        10:00 | clock | deadline 10:00  | sold J 1100
        """,
        {"H": 1, "J": 2},
    ),
    "of one rank the earlier bid wins": Scenario(
        lot_terms(judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | J     | bid 1000        | J 1000
        0:03  | H     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        10:00 | clock | deadline 10:00  | sold J 1000
        """,
        {"H": 1, "J": 1},
    ),
    "without the rule a rank is worth nothing": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | H     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        """,
        {"H": 1},
    ),
    "on steps, the same price is on them": Scenario(
        lot_terms(judicial(multiples=True, raise_steps_max=1)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1100        | A 1100
        0:02  | H     | bid 1100        | H 1100
        0:03  | A     | bid 1250        | refused NOT_ON_STEP ask 1200 step 100
        """,
        {"H": 1},
    ),
    "in a purchase too": Scenario(
        lot_terms(judicial(), direction=Direction.FALLING),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 800         | A 800
        0:02  | H     | bid 801         | refused ABOVE_ASKING_PRICE ask 800 step 100
        0:02  | H     | bid 799         | refused ABOVE_ASKING_PRICE ask 700 step 100
        0:02  | H     | bid 800         | H 800
        10:00 | clock | deadline 10:00  | sold H 800
        """,
        {"H": 1},
    ),
    "who lost the lead to a match is called first": Scenario(
        lot_terms(judicial(), reserve_places=2),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | B     | bid 1000        | B 1000
        0:02  | A     | bid 1100        | A 1100
        0:03  | H     | bid 1100        | H 1100
        10:00 | clock | deadline 10:00  | knocked down H 1100; then A 1100; then B 1000
        """,
        {"H": 1},
    ),
    "a match carries through to the next phase": Scenario(
        lot_terms(judicial(), judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | H     | bid 1000        | H 1000
        20:00 | clock | deadline 20:00  | sold H 1000
        """,
        {"H": 1},
    ),
}

MAX_BIDS = {
    "an ordinary max bid answers a match with a step, until its limit is matched": Scenario(
        lot_terms(judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1250        | max A 1250, A 1000 proxy
        0:02  | H     | bid 1000        | H 1000, A 1100 proxy
        0:03  | H     | bid 1200        | H 1200, A 1250 proxy
        0:04  | H     | bid 1250        | H 1250
        10:00 | clock | deadline 10:00  | sold H 1250
        """,
        {"H": 1},
    ),
    "a bid at an ordinary limit leads, if it has priority": Scenario(
        lot_terms(judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1500        | max A 1500, A 1000 proxy
        0:02  | H     | bid 1500        | H 1500
        """,
        {"H": 1},
    ),
    "a priority purchaser's max bid pays no step more than his rival": Scenario(
        lot_terms(judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | H     | max 1000        | max H 1000, H 1000 proxy
        0:03  | H     | max 1500        | max H 1500
        0:04  | A     | bid 1200        | A 1200, H 1200 proxy
        0:05  | A     | max 1400        | max A 1400, A 1400 proxy, H 1400 proxy
        0:06  | A     | max 1500        | max A 1500, A 1500 proxy, H 1500 proxy
        0:07  | A     | bid 1600        | A 1600
        """,
        {"H": 1},
    ),
    "a priority purchaser's max bid takes over at an ordinary limit": Scenario(
        lot_terms(judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1500        | max A 1500, A 1000 proxy
        0:02  | H     | max 1400        | max H 1400, H 1400 proxy, A 1500 proxy
        0:03  | H     | max 1500        | max H 1500, H 1500 proxy
        """,
        {"H": 1},
    ),
    "and leaves his own limit unspent": Scenario(
        lot_terms(judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1500        | max A 1500, A 1000 proxy
        0:02  | H     | max 1050        | max H 1050, H 1050 proxy, A 1150 proxy
        0:03  | H     | max 3000        | max H 3000, A 1500 proxy, H 1500 proxy
        0:04  | A     | max 3000        | max A 3000, A 3000 proxy, H 3000 proxy
        """,
        {"H": 1},
    ),
    "of one rank max bids go by steps and time": Scenario(
        lot_terms(judicial()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | max 1500        | max H 1500, H 1000 proxy
        0:02  | J     | max 1500        | max J 1500, J 1500 proxy, H 1500 proxy
        0:03  | J     | bid 1500        | refused BELOW_ASKING_PRICE ask 1600 step 100
        """,
        {"H": 1, "J": 1},
    ),
}

ABREAST = {
    "equals stand at one price; an ordinary bidder still has to go higher": Scenario(
        lot_terms(rural()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | H     | bid 1000        | H 1000
        0:03  | J     | bid 1000        | J 1000
        0:04  | H     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:04  | J     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:04  | A     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:05  | K     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        """,
        {"H": 1, "J": 1, "K": 2},
    ),
    "one of the equals may go on, the latest too": Scenario(
        lot_terms(rural()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | bid 1000        | H 1000
        0:02  | H     | bid 1100        | refused LEADER_MAY_NOT_RAISE
        0:03  | J     | bid 1000        | J 1000
        0:04  | J     | bid 1100        | J 1100
        0:05  | H     | bid 1100        | H 1100
        0:06  | J     | bid 1200        | J 1200
        10:00 | clock | deadline 10:00  | sold J 1200
        """,
        {"H": 1, "J": 1},
    ),
    "an earlier rank ends the tie at the same price": Scenario(
        lot_terms(rural()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | J     | bid 1000        | J 1000
        0:02  | K     | bid 1000        | K 1000
        0:03  | H     | bid 1000        | H 1000
        0:04  | K     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        10:00 | clock | deadline 10:00  | sold H 1000
        """,
        {"H": 1, "J": 2, "K": 2},
    ),
    "equal limits of equals are a tie": Scenario(
        lot_terms(rural()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | max 1500        | max H 1500, H 1000 proxy
        0:02  | J     | bid 1000        | J 1000, H 1100 proxy
        0:03  | J     | max 1500        | max J 1500, J 1500 proxy, H 1500 proxy
        """,
        {"H": 1, "J": 1},
    ),
    "a max bid leaves the tie behind by a step": Scenario(
        lot_terms(rural()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | bid 1000        | H 1000
        0:02  | J     | bid 1000        | J 1000
        0:03  | J     | max 1500        | max J 1500, J 1100 proxy
        """,
        {"H": 1, "J": 1},
    ),
    "where the first bid may repeat the price, a max bid with more to give still goes on": Scenario(
        lot_terms(rural(), rural(first_step_up=False)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | bid 1000        | H 1000
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | J     | max 1500        | max J 1500, J 1100 proxy
        10:02 | J     | max 1300        | refused MAX_BID_NOT_RAISED ask 1501 step 100
        """,
        {"H": 1, "J": 1},
    ),
    "a max bid without more to give joins the tie": Scenario(
        lot_terms(rural()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | bid 1000        | H 1000
        0:02  | J     | max 1000        | max J 1000, J 1000 proxy
        """,
        {"H": 1, "J": 1},
    ),
}

TIED = {
    "equals stand at one price; an ordinary bidder still has to go higher": "HJ",
    "one of the equals may go on, the latest too": "",
    "an earlier rank ends the tie at the same price": "",
    "equal limits of equals are a tie": "JH",
    "a max bid leaves the tie behind by a step": "",
    "where the first bid may repeat the price, a max bid with more to give still goes on": "",
    "a max bid without more to give joins the tie": "HJ",
}


@pytest.mark.parametrize("name", EQUAL_PRICE)
def test_equal_price(name: str) -> None:
    EQUAL_PRICE[name].play()


@pytest.mark.parametrize("name", MAX_BIDS)
def test_max_bids_and_priority(name: str) -> None:
    MAX_BIDS[name].play()


def standing_after(scenario: Scenario) -> tuple[Standing, dict[int, str]]:
    """Play a scenario; return what its last phase left, and the letters of the paddles."""
    lot = scenario.play()
    assert lot.phase is not None
    letters = {paddle: chr(bidder - bidder_of("A") + ord("A")) for bidder, paddle in lot.paddles.items()}
    return lot.phase.standing, letters


@pytest.mark.parametrize("name", ABREAST)
def test_equals_abreast(name: str) -> None:
    standing, letters = standing_after(ABREAST[name])
    assert "".join(letters[paddle] for paddle in standing.tied) == TIED[name]
    assert standing.leader in standing.tied or not standing.tied


def test_a_tie_goes_on_to_the_draw_unless_somebody_bids_on() -> None:
    tied = """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | H     | bid 1000        | H 1000
        0:02  | J     | bid 1000        | J 1000
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
    """
    ranks = {"H": 1, "J": 1}
    kept, _ = standing_after(Scenario(lot_terms(rural(), rural()), tied, ranks))
    assert len(kept.tied) == 2
    on = tied.rstrip() + "\n        10:01 | A | bid 1100 | A 1100\n"
    gone, _ = standing_after(Scenario(lot_terms(rural(), rural()), on, ranks))
    assert gone.tied == ()


def test_whoever_is_admitted_late_has_his_rank_at_once() -> None:
    """A deposit may be paid until bidding ends, also by a priority purchaser."""
    lot = lot_under(lot_terms(judicial()), "A")
    for at, given in (
        ("0:00", command.OpenLot(LOT, HOST)),
        ("0:01", command.PlaceBid(LOT, bidder_of("A"), 1000)),
        ("0:02", command.AdmitBidder(LOT, bidder_of("H"), 1)),
        ("0:03", command.PlaceBid(LOT, bidder_of("H"), 1000)),
    ):
        take_over(lot, decide(lot, given, moment_us(at)), moment_us(at))
    assert lot.phase is not None
    assert (lot.phase.leader, lot.phase.price) == (2, 1000)
