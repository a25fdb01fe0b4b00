"""Bidding in turns: the order of a round, what a turn may do, what is hidden, pauses, ties, both directions."""

# ruff: noqa: E501 - the offers, their ranking and the first pause come out of one row

import pytest
from msgspec import structs

from matching.commands import PlaceBid
from matching.details import Rounds
from matching.events import OfferSubmitted, public_view
from matching.lot import Lot, LotState, decide
from matching.refusals import Refusal, Refused
from matching.terms import Direction, OffersTerms, TurnsTerms
from matching.units import AMOUNT_MAX, Line
from matching.view import lot_view
from tests.tables.scenario import (
    LOT,
    Scenario,
    bidder_of,
    lot_terms,
    lot_under,
    moment_us,
    span_us,
    take_over,
)
from tests.terms_codes import codes

ABSURD = AMOUNT_MAX + 1


def turns(
    step: int = 10, *, rounds: int = 3, first: str = "5:00", pause: str = "3:00", turn: str = "3:00"
) -> TurnsTerms:
    """Return the terms of turns, spans written as in tables; the defaults are those of leases."""
    return TurnsTerms(
        step=step,
        rounds=rounds,
        first_pause_us=span_us(first),
        pause_us=span_us(pause),
        turn_us=span_us(turn),
        resume_countdown_us=span_us("2:00"),
    )


OFFERS = OffersTerms(duration_us=span_us("10:00"))
"""The sealed offers that the turns begin with: at the opening price or better, once."""

TURNS = {
    "three rounds of a lease: pauses of 5 and 3 minutes, turns of 3, from the worst to the best": Scenario(
        lot_terms(OFFERS, turns()),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 1200     | A offers 1200
        2:00  | B     | offer 1100     | B offers 1100
        3:00  | C     | offer 1150     | C offers 1150
        10:00 | clock | deadline 10:00 | revealed: A 1200; B 1100; C 1150, ranked: A 1200; C 1150; B 1100, phase 1 ends 15:00, pause 1 ends 15:00
        15:00 | clock | deadline 15:00 | round 1 at 1100 turn B ends 18:00
        16:00 | B     | bid 1160       | B offers 1160
        18:00 | clock | deadline 18:00 | B 1160, round 1 at 1150 turn C ends 21:00
        21:00 | clock | deadline 21:00 | round 1 at 1200 turn A ends 24:00
        23:00 | A     | bid 1210       | A offers 1210
        24:00 | clock | deadline 24:00 | A 1210, pause 2 ends 27:00
        27:00 | clock | deadline 27:00 | round 2 at 1150 turn C ends 30:00
        28:00 | C     | bid 1300       | C offers 1300
        30:00 | clock | deadline 30:00 | C 1300, round 2 at 1160 turn B ends 33:00
        33:00 | clock | deadline 33:00 | round 2 at 1210 turn A ends 36:00
        36:00 | clock | deadline 36:00 | pause 3 ends 39:00
        39:00 | clock | deadline 39:00 | round 3 at 1160 turn B ends 42:00
        42:00 | clock | deadline 42:00 | round 3 at 1210 turn A ends 45:00
        44:00 | A     | bid 1310       | A offers 1310
        45:00 | clock | deadline 45:00 | A 1310, round 3 at 1300 turn C ends 48:00
        47:00 | C     | bid 1320       | C offers 1320
        48:00 | clock | deadline 48:00 | C 1320, sold C 1320
        """,
    ),
    "a purchase: pauses of 5 and 2 minutes, turns of 2, the price falls": Scenario(
        lot_terms(OFFERS, turns(pause="2:00", turn="2:00"), opening=1000, direction=Direction.FALLING),
        f"""
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 900      | A offers 900
        2:00  | B     | offer 950      | B offers 950
        10:00 | clock | deadline 10:00 | revealed: A 900; B 950, ranked: A 900; B 950, phase 1 ends 15:00, pause 1 ends 15:00
        15:00 | clock | deadline 15:00 | round 1 at 950 turn B ends 17:00
        15:01 | B     | bid 941        | refused ABOVE_ASKING_PRICE ask 940 step 10
        15:01 | B     | bid 0          | refused AMOUNT_OUT_OF_RANGE ask 940 step 10 largest 1
        15:01 | B     | bid {ABSURD}   | refused AMOUNT_OUT_OF_RANGE ask 940 step 10 largest 1
        15:02 | B     | bid 940        | B offers 940
        15:03 | B     | bid 890        | B offers 890
        17:00 | clock | deadline 17:00 | B 890, round 1 at 900 turn A ends 19:00
        18:00 | A     | bid 890        | A offers 890
        19:00 | clock | deadline 19:00 | A 890, pause 2 ends 21:00
        21:00 | clock | deadline 21:00 | round 2 at 890 turn A ends 23:00
        23:00 | clock | deadline 23:00 | round 2 at 890 turn B ends 25:00
        25:00 | clock | deadline 25:00 | pause 3 ends 27:00
        27:00 | clock | deadline 27:00 | round 3 at 890 turn A ends 29:00
        29:00 | clock | deadline 29:00 | round 3 at 890 turn B ends 31:00
        31:00 | clock | deadline 31:00 | sold B 890
        """,
    ),
    "of equal offers the later one moves earlier, and the earlier one wins": Scenario(
        lot_terms(OFFERS, turns(rounds=1)),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | B     | offer 1100     | B offers 1100
        2:00  | C     | offer 1100     | C offers 1100
        3:00  | A     | offer 1100     | A offers 1100
        10:00 | clock | deadline 10:00 | revealed: A 1100; B 1100; C 1100, ranked: B 1100; C 1100; A 1100, phase 1 ends 15:00, pause 1 ends 15:00
        15:00 | clock | deadline 15:00 | round 1 at 1100 turn A ends 18:00
        18:00 | clock | deadline 18:00 | round 1 at 1100 turn C ends 21:00
        21:00 | clock | deadline 21:00 | round 1 at 1100 turn B ends 24:00
        24:00 | clock | deadline 24:00 | sold B 1100
        """,
    ),
    "whoever catches up is behind the one who was there, until he goes further": Scenario(
        lot_terms(OFFERS, turns(rounds=2, first="0:00", pause="0:00", turn="1:00")),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 1010     | A offers 1010
        2:00  | B     | offer 1000     | B offers 1000
        10:00 | clock | deadline 10:00 | revealed: A 1010; B 1000, ranked: A 1010; B 1000, phase 1 ends 11:00, round 1 at 1000 turn B ends 11:00
        10:10 | B     | bid 1010       | B offers 1010
        11:00 | clock | deadline 11:00 | B 1010, round 1 at 1010 turn A ends 12:00
        12:00 | clock | deadline 12:00 | round 2 at 1010 turn B ends 13:00
        12:30 | B     | bid 1020       | B offers 1020
        13:00 | clock | deadline 13:00 | B 1020, round 2 at 1010 turn A ends 14:00
        13:30 | A     | bid 1020       | A offers 1020
        14:00 | clock | deadline 14:00 | A 1020, sold B 1020
        """,
    ),
    "within his turn a bidder replaces his offer, takes it back and makes another": Scenario(
        lot_terms(OFFERS, turns(rounds=1)),
        f"""
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 1200     | A offers 1200
        2:00  | B     | offer 1100     | B offers 1100
        10:00 | clock | deadline 10:00 | revealed: A 1200; B 1100, ranked: A 1200; B 1100, phase 1 ends 15:00, pause 1 ends 15:00
        15:00 | clock | deadline 15:00 | round 1 at 1100 turn B ends 18:00
        15:01 | B     | take back      | refused NO_OFFER
        15:01 | B     | bid 0          | refused AMOUNT_OUT_OF_RANGE ask 1110 step 10 largest {AMOUNT_MAX}
        15:01 | B     | bid {ABSURD}   | refused AMOUNT_OUT_OF_RANGE ask 1110 step 10 largest {AMOUNT_MAX}
        15:01 | B     | bid 1109       | refused BELOW_ASKING_PRICE ask 1110 step 10
        15:02 | B     | bid 1500       | B offers 1500
        15:03 | B     | bid 1110       | B offers 1110
        15:04 | B     | take back      | B takes back
        15:05 | B     | take back      | refused NO_OFFER
        15:06 | B     | bid 1300       | B offers 1300
        15:07 | B     | take back      | B takes back
        18:00 | clock | deadline 18:00 | round 1 at 1200 turn A ends 21:00
        19:00 | A     | bid 1210       | A offers 1210
        19:01 | A     | bid 1250       | A offers 1250
        21:00 | clock | deadline 21:00 | A 1250, sold A 1250
        """,
    ),
    "only whoever has the turn is heard, and only with what a turn takes": Scenario(
        lot_terms(OFFERS, turns(rounds=1)),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 1200     | A offers 1200
        2:00  | B     | offer 1100     | B offers 1100
        10:00 | clock | deadline 10:00 | revealed: A 1200; B 1100, ranked: A 1200; B 1100, phase 1 ends 15:00, pause 1 ends 15:00
        14:59 | B     | bid 1300       | refused NOT_TAKEN_NOW
        14:59 | C     | bid 1300       | refused NOT_ELIGIBLE
        14:59 | x     | bid 1300       | refused NOT_ADMITTED
        15:00 | B     | bid 1300       | refused LOT_CLOSED
        15:00 | clock | deadline 15:00 | round 1 at 1100 turn B ends 18:00
        15:01 | A     | bid 1300       | refused NOT_YOUR_TURN
        15:01 | A     | take back      | refused NOT_YOUR_TURN
        15:01 | C     | bid 1300       | refused NOT_ELIGIBLE
        15:01 | B     | max 1300       | refused NOT_TAKEN_NOW
        15:01 | B     | offer 1300     | refused NOT_TAKEN_NOW
        15:01 | host  | hammer         | refused HAMMER_BELONGS_TO_CLOCK
        15:01 | host  | scores 1=5     | refused NOT_TAKEN_NOW
        """,
    ),
    "an offer is in time until the turn ends, and what was accepted counts": Scenario(
        lot_terms(OFFERS, turns(rounds=1)),
        """
        at           | who   | does           | then
        0:00         | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00         | A     | offer 1200     | A offers 1200
        2:00         | B     | offer 1100     | B offers 1100
        10:00        | clock | deadline 10:00 | revealed: A 1200; B 1100, ranked: A 1200; B 1100, phase 1 ends 15:00, pause 1 ends 15:00
        15:00        | clock | deadline 15:00 | round 1 at 1100 turn B ends 18:00
        17:59.999999 | B     | bid 1300       | B offers 1300
        18:00        | B     | bid 1400       | refused LOT_CLOSED
        18:00        | B     | take back      | refused LOT_CLOSED
        18:00.5      | clock | deadline 18:00 | B 1300, round 1 at 1200 turn A ends 21:00.5
        18:00.5      | B     | bid 1400       | refused NOT_YOUR_TURN
        18:00.5      | clock | deadline 18:00 | refused DEADLINE_NOT_DUE
        21:00.5      | clock | deadline 21:00.5 | sold B 1300
        """,
    ),
    "nobody has made an offer: the rounds are left out": Scenario(
        lot_terms(OFFERS, turns()),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 999      | refused BELOW_ASKING_PRICE ask 1000 step 1
        10:00 | clock | deadline 10:00 | revealed: , ranked: , passed no_bids
        """,
    ),
    "one bidder has every turn to himself": Scenario(
        lot_terms(OFFERS, turns(rounds=2, first="1:00", pause="1:00", turn="1:00")),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 1000     | A offers 1000
        10:00 | clock | deadline 10:00 | revealed: A 1000, ranked: A 1000, phase 1 ends 11:00, pause 1 ends 11:00
        11:00 | clock | deadline 11:00 | round 1 at 1000 turn A ends 12:00
        11:30 | A     | bid 1010       | A offers 1010
        12:00 | clock | deadline 12:00 | A 1010, pause 2 ends 13:00
        13:00 | clock | deadline 13:00 | round 2 at 1010 turn A ends 14:00
        14:00 | clock | deadline 14:00 | sold A 1010
        """,
    ),
    "where prices fall nobody goes below one": Scenario(
        lot_terms(OFFERS, turns(rounds=1, turn="1:00"), opening=15, direction=Direction.FALLING),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 15       | A offers 15
        2:00  | B     | offer 10       | B offers 10
        10:00 | clock | deadline 10:00 | revealed: A 15; B 10, ranked: B 10; A 15, phase 1 ends 15:00, pause 1 ends 15:00
        15:00 | clock | deadline 15:00 | round 1 at 15 turn A ends 16:00
        15:30 | A     | bid 1          | A offers 1
        16:00 | clock | deadline 16:00 | A 1, round 1 at 10 turn B ends 17:00
        16:30 | B     | bid 1          | refused ABOVE_ASKING_PRICE step 10
        17:00 | clock | deadline 17:00 | sold A 1
        """,
    ),
    "a freeze keeps the offer of the turn, and the turn goes on": Scenario(
        lot_terms(OFFERS, turns(rounds=1)),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 1000     | A offers 1000
        10:00 | clock | deadline 10:00 | revealed: A 1000, ranked: A 1000, phase 1 ends 15:00, pause 1 ends 15:00
        12:00 | host  | pause fire     | frozen host (fire)
        13:00 | host  | resume         | resumed by host ends 16:00
        16:00 | clock | deadline 16:00 | round 1 at 1000 turn A ends 19:00
        17:00 | A     | bid 1100       | A offers 1100
        18:30 | host  | pause fire     | frozen host (fire)
        18:31 | A     | take back      | refused LOT_FROZEN (fire)
        20:00 | host  | resume         | resumed by host ends 22:00
        21:59 | A     | bid 1110       | A offers 1110
        22:00 | clock | deadline 22:00 | A 1110, sold A 1110
        """,
    ),
    "the deadline of a turn that comes too late freezes the lot": Scenario(
        lot_terms(OFFERS, turns(rounds=1, first="0:00")),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00     | A     | offer 1000     | A offers 1000
        10:00    | clock | deadline 10:00 | revealed: A 1000, ranked: A 1000, phase 1 ends 13:00, round 1 at 1000 turn A ends 13:00
        12:00    | A     | bid 1100       | A offers 1100
        13:03.1  | clock | deadline 13:00 | frozen outage until 13:33.1
        13:33.1  | clock | deadline 13:33.1 | resumed ends 15:33.1
        14:00    | A     | bid 1200       | A offers 1200
        15:33.1  | clock | deadline 15:33.1 | A 1200, sold A 1200
        """,
    ),
    "the second best is bound until the sale is confirmed": Scenario(
        lot_terms(OFFERS, turns(rounds=1, first="0:00", turn="1:00"), reserve=1050, reserve_places=2),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 10:00
        1:00  | A     | offer 1000     | A offers 1000
        2:00  | B     | offer 1100     | B offers 1100
        3:00  | C     | offer 1001     | C offers 1001
        10:00 | clock | deadline 10:00 | revealed: A 1000; B 1100; C 1001, ranked: B 1100; C 1001; A 1000, phase 1 ends 11:00, round 1 at 1000 turn A ends 11:00
        10:30 | A     | bid 1200       | A offers 1200
        11:00 | clock | deadline 11:00 | A 1200, round 1 at 1001 turn C ends 12:00
        12:00 | clock | deadline 12:00 | round 1 at 1100 turn B ends 13:00
        13:00 | clock | deadline 13:00 | knocked down A 1200; then B 1100
        13:01 | host  | default gone   | defaulted by host A (gone), knocked down by host B 1100
        13:02 | host  | confirm        | sold by host B 1100
        """,
    ),
}


@pytest.mark.parametrize("scenario", TURNS.values(), ids=TURNS)
def test_turns(scenario: Scenario) -> None:
    scenario.play()


def _in_turn() -> Lot:
    """Return a lot in which B, the worse of two, has offered 1300 in a turn that has not ended."""
    lot = lot_under(lot_terms(OFFERS, turns(first="0:00")), "AB")
    table = """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | -
        1:00  | A     | offer 1200     | -
        2:00  | B     | offer 1100     | -
        10:00 | clock | deadline 10:00 | -
        10:01 | B     | bid 1300       | -
        """
    for row in Scenario(lot.terms, table).rows:
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
    return lot


def test_an_offer_is_hidden_until_its_turn_ends() -> None:
    lot = _in_turn()
    assert lot.phase is not None
    view = lot_view(lot)
    assert (view.leader, view.price, view.asking_price) == (1, 1200, 1110)
    assert view.detail == Rounds(1, 3, 1100, turn=2)
    assert lot.phase.own_of(2).lines == (Line(1300),)
    assert lot.phase.own_of(1).lines == ()
    offer = decide(lot, PlaceBid(LOT, bidder_of("B"), 1400), moment_us("10:02"))
    assert offer == [OfferSubmitted(2, (Line(1400),))]
    assert public_view(offer[0]) != offer[0]


def test_a_bid_never_lands_in_a_turn_that_is_over() -> None:
    """The old fault: a bid is checked, the turn ends, and the bid is stored where nobody looks any more."""
    lot = _in_turn()
    late = PlaceBid(LOT, bidder_of("B"), 1400)
    accepted = decide(lot, late, moment_us("12:59.999999"))
    assert not isinstance(accepted, Refused)
    assert decide(lot, late, moment_us("13:00")) == Refused(Refusal.LOT_CLOSED)
    take_over(lot, accepted, moment_us("12:59.999999"))
    assert lot.phase is not None
    rows = Scenario(lot.terms, "at|who|does|then\n13:00 | clock | deadline 13:00 | -").rows
    take_over(lot, decide(lot, rows[0].command, rows[0].at_us), rows[0].at_us)
    assert (lot.phase.leader, lot.phase.price) == (2, 1400)
    assert decide(lot, late, moment_us("13:00")) == Refused(Refusal.NOT_YOUR_TURN)
    assert lot.state is LotState.OPEN


def test_turns_without_time_are_refused() -> None:
    terms = turns()
    assert terms.problems(1000, Direction.RISING) == []
    assert codes(structs.replace(terms, turn_us=0).problems(1000, Direction.RISING)) == ["TURN_ZERO"]
