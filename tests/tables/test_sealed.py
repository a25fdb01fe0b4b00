"""Sealed offers: handles until the deadline, then everything opened at once."""

from __future__ import annotations

import msgspec
import pytest

from matching.commands import AnnounceLot
from matching.details import Act, Offers
from matching.events import Place
from matching.lot import announce
from matching.terms import Direction, SealedTerms
from matching.terms.awarding import (
    BenchmarkDeviation,
    ClosestToAverage,
    CombinedScore,
    ScoresMoment,
    SecondPrice,
    TieRule,
)
from matching.view import lot_view
from tests.tables.scenario import HOST, LOT, Scenario, english, handle_of, lot_terms, span_us
from tests.terms_codes import refused_codes


def sealed(
    duration: str = "4:00",
    *,
    opening: str = "30:00",
    scoring: str = "0:00",
    countdown: str = "1:00",
    **more: object,
) -> SealedTerms:
    """Return the terms of a phase of sealed offers, spans written as in tables."""
    return SealedTerms(
        duration_us=span_us(duration),
        opening_us=span_us(opening),
        scoring_us=span_us(scoring),
        resume_countdown_us=span_us(countdown),
        **more,  # type: ignore[arg-type]
    )


MINING = sealed(revisions_max=100, offers_min=3)
"""矿业权: revise, but do not take back; three valid offers at least."""

ESTONIAN_BLIND = sealed(revisions_max=1000, may_take_back=True, revision_keeps_time=True)
"""One offer each, changed and deleted until the end; the earlier row wins. The minimum is the opening price."""

TENDER = CombinedScore(price_points=3000, points_max=7000, scores_come=ScoresMoment.BEFORE_OPENING)
"""30 points for the price, up to 70 that the experts give."""

TENDER_AFTER = CombinedScore(price_points=3000, points_max=7000, scores_come=ScoresMoment.AFTER_OPENING)

FIRST_PRICE = {
    "the highest wins and pays his own; the earlier of equals": Scenario(
        lot_terms(sealed()),
        """
        at           | who   | does                  | then
        0:00         | clock | deadline 0:00         | opened, phase 0 ends 4:00
        0:01         | C     | seal 3                | C seals 3
        0:02         | A     | seal 1                | A seals 1
        3:59.999999  | B     | seal 2                | B seals 2
        4:00         | D     | seal 4                | refused LOT_CLOSED
        4:00         | clock | deadline 4:00         | round 1 ends 34:00
        5:00         | host  | unseal 1=1200 2=1100 3=1200 | revealed by host: A 1200; B 1100; C 1200,
                     |       |                             | ranked: C 1200; A 1200; B 1100, sold C 1200
        """,
    ),
    "nobody seals an offer": Scenario(
        lot_terms(sealed()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        4:00  | clock | deadline 4:00 | revealed: , ranked: , passed no_bids
        """,
    ),
    "all that is opened is opened together": Scenario(
        lot_terms(sealed()),
        """
        at    | who   | does                         | then
        0:00  | clock | deadline 0:00                | opened, phase 0 ends 4:00
        0:01  | A     | seal 1                       | A seals 1
        0:02  | B     | seal 2                       | B seals 2
        0:03  | host  | unseal 1=1200 2=1100         | refused NOT_TAKEN_NOW
        4:00  | clock | deadline 4:00                | round 1 ends 34:00
        4:01  | C     | seal 3                       | refused NOT_TAKEN_NOW
        4:01  | A     | take back                    | refused NOT_TAKEN_NOW
        4:01  | host  | unseal 1=1200                | refused OPENING_INVALID missing 1
        4:01  | host  | unseal                       | refused OPENING_INVALID missing 2
        4:01  | host  | unseal 1=1200 3=1100         | refused OPENING_INVALID missing 1
        4:01  | host  | unseal 1=1200 2=1100 3=1100  | refused OPENING_INVALID
        4:01  | host  | unseal 1=1200 2=1100 2=1300  | refused OPENING_INVALID
        4:01  | host  | unseal 1=1200 1=1100         | refused OPENING_INVALID missing 1
        4:02  | host  | unseal 2=1100 1=spoiled      | revealed by host: A spoiled; B 1100, ranked: B 1100,
              |       |                              | sold B 1100
        """,
    ),
    "what is not opened in time is spoiled": Scenario(
        lot_terms(sealed()),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | seal 1               | A seals 1
        0:02  | B     | seal 2               | B seals 2
        4:00  | clock | deadline 4:00        | round 1 ends 34:00
        34:00 | host  | unseal 1=1200 2=1100 | refused LOT_CLOSED
        34:00 | clock | deadline 34:00       | revealed: A spoiled; B spoiled, ranked: , passed no_bids
        """,
    ),
    "an offer out of range, off the unit or in several lines is read out and not ranked": Scenario(
        lot_terms(sealed(unit=10, most=1000)),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | seal 1               | A seals 1
        0:02  | B     | seal 2               | B seals 2
        0:02  | C     | seal 3               | C seals 3
        0:02  | D     | seal 4               | D seals 4
        0:02  | E     | seal 5               | E seals 5
        4:00  | clock | deadline 4:00        | round 1 ends 34:00
        4:01  | host  | unseal 1=990 2=1015 3=2010 4=1500x2 5=1000 | revealed by host: A 990; B 1015; C 2010;
              |       |                                            | D 1500x2; E 1000, ranked: E 1000,
              |       |                                            | sold E 1000
        """,
    ),
    "one offer each, and it binds": Scenario(
        lot_terms(sealed()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | seal 1        | A seals 1
        0:02  | A     | seal 2        | refused ALREADY_OFFERED
        0:02  | B     | seal 1        | refused AMOUNT_TAKEN
        0:02  | A     | take back     | refused OFFER_BINDS
        0:02  | B     | take back     | refused NO_OFFER
        0:02  | B     | offer 1000    | refused NOT_TAKEN_NOW
        0:02  | x     | seal 2        | refused NOT_ADMITTED
        """,
    ),
    "mining: revised but not taken back, and three valid offers": Scenario(
        lot_terms(MINING),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | seal 1        | A seals 1
        0:02  | B     | seal 2        | B seals 2
        0:03  | C     | seal 3        | C seals 3
        0:04  | A     | seal 4        | A seals 4
        0:05  | A     | take back     | refused OFFER_BINDS
        4:00  | clock | deadline 4:00 | round 1 ends 34:00
        4:01  | host  | unseal 1=1200 2=1100 3=1000 | refused OPENING_INVALID missing 1
        4:01  | host  | unseal 4=1200 2=1100 3=1300 | revealed by host: A 1200; B 1100; C 1300,
              |       |                             | ranked: C 1300; A 1200; B 1100, sold C 1300
        """,
    ),
    "mining: a spoiled offer does not count": Scenario(
        lot_terms(MINING),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | seal 1        | A seals 1
        0:02  | B     | seal 2        | B seals 2
        0:03  | C     | seal 3        | C seals 3
        4:00  | clock | deadline 4:00 | round 1 ends 34:00
        4:01  | host  | unseal 1=1200 2=1100 3=spoiled | revealed by host: A 1200; B 1100; C spoiled,
              |       |                                | ranked: A 1200; B 1100, passed too_few_bidders
        """,
    ),
    "Estonian blind: changed and deleted until the end, the earlier row wins": Scenario(
        lot_terms(ESTONIAN_BLIND, opening=500),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | seal 1        | A seals 1
        0:02  | B     | seal 2        | B seals 2
        0:03  | C     | seal 3        | C seals 3
        0:04  | A     | seal 4        | A seals 4
        0:05  | C     | take back     | C takes back
        0:06  | C     | seal 3        | C seals 3
        0:07  | D     | seal 1        | D seals 1
        4:00  | clock | deadline 4:00 | round 1 ends 34:00
        4:01  | host  | unseal 4=800 2=800 3=800 1=499 | revealed by host: A 800; B 800; C 800; D 499,
              |       |                                | ranked: A 800; B 800; C 800, sold A 800
        """,
    ),
    "an offer that was taken back is not opened": Scenario(
        lot_terms(ESTONIAN_BLIND),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | seal 1        | A seals 1
        0:02  | A     | take back     | A takes back
        4:00  | clock | deadline 4:00 | revealed: , ranked: , passed no_bids
        """,
    ),
    "freezing the submission and the opening": Scenario(
        lot_terms(sealed()),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01  | A     | seal 1         | A seals 1
        1:00  | host  | pause fog      | frozen host (fog)
        1:01  | B     | seal 2         | refused LOT_FROZEN (fog)
        2:00  | host  | resume         | resumed by host ends 5:00
        4:59  | B     | seal 2         | B seals 2
        5:00  | clock | deadline 5:00  | round 1 ends 35:00
        6:00  | host  | pause fog      | frozen host (fog)
        6:01  | host  | unseal 1=1000 2=2000 | refused LOT_FROZEN (fog)
        8:00  | host  | resume         | resumed by host ends 37:00
        36:59 | host  | unseal 1=1000 2=2000 | revealed by host: A 1000; B 2000, ranked: B 2000; A 1000,
              |       |                      | sold B 2000
        """,
    ),
    "lowest price, under the ceiling": Scenario(
        lot_terms(sealed(), direction=Direction.FALLING),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01  | A     | seal 1         | A seals 1
        0:02  | B     | seal 2         | B seals 2
        0:03  | C     | seal 3         | C seals 3
        4:00  | clock | deadline 4:00  | round 1 ends 34:00
        4:01  | host  | unseal 1=900 2=800 3=1001 | revealed by host: A 900; B 800; C 1001,
              |       |                           | ranked: B 800; A 900, sold B 800
        """,
    ),
    "closest to the average, sealed": Scenario(
        lot_terms(sealed(award=ClosestToAverage(mean_unit=0)), opening=1),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01  | A     | seal 1         | A seals 1
        0:02  | B     | seal 2         | B seals 2
        0:03  | C     | seal 3         | C seals 3
        4:00  | clock | deadline 4:00  | round 1 ends 34:00
        4:01  | host  | unseal 1=10 2=13 3=15 | revealed by host: A 10; B 13; C 15,
              |       |                       | ranked by 38/3: B 13; C 15; A 10, sold B 13
        """,
    ),
}

SECOND_PRICE = {
    "the winner pays the second offer": Scenario(
        lot_terms(sealed(award=SecondPrice())),
        """
        at    | who   | does                        | then
        0:00  | clock | deadline 0:00               | opened, phase 0 ends 4:00
        0:01  | A     | seal 1                      | A seals 1
        0:02  | B     | seal 2                      | B seals 2
        0:03  | C     | seal 3                      | C seals 3
        4:00  | clock | deadline 4:00               | round 1 ends 34:00
        4:01  | host  | unseal 1=1500 2=2000 3=1800 | revealed by host: A 1500; B 2000; C 1800,
              |       |                             | ranked: B 2000; C 1800; A 1500, sold B 1800
        """,
    ),
    "alone he pays the opening price": Scenario(
        lot_terms(sealed(award=SecondPrice())),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | seal 1        | A seals 1
        4:00  | clock | deadline 4:00 | round 1 ends 34:00
        4:01  | host  | unseal 1=1500 | revealed by host: A 1500, ranked: A 1500, sold A 1000
        """,
    ),
    "alone he pays the reserve where there is one": Scenario(
        lot_terms(sealed(award=SecondPrice()), reserve=1400),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | seal 1        | A seals 1
        4:00  | clock | deadline 4:00 | round 1 ends 34:00
        4:01  | host  | unseal 1=1500 | revealed by host: A 1500, ranked: A 1500, sold A 1400
        """,
    ),
    "below the reserve he pays nothing": Scenario(
        lot_terms(sealed(award=SecondPrice()), reserve=1600),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | seal 1        | A seals 1
        4:00  | clock | deadline 4:00 | round 1 ends 34:00
        4:01  | host  | unseal 1=1500 | revealed by host: A 1500, ranked: A 1500, passed below_reserve
        """,
    ),
    "falling: the winner is paid the second offer, at most the ceiling": Scenario(
        lot_terms(sealed(award=SecondPrice()), direction=Direction.FALLING),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | seal 1               | A seals 1
        0:02  | B     | seal 2               | B seals 2
        4:00  | clock | deadline 4:00        | round 1 ends 34:00
        4:01  | host  | unseal 1=900 2=700   | revealed by host: A 900; B 700, ranked: B 700; A 900,
              |       |                      | sold B 900
        """,
    ),
    "falling, alone: the ceiling": Scenario(
        lot_terms(sealed(award=SecondPrice()), direction=Direction.FALLING),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | seal 1        | A seals 1
        4:00  | clock | deadline 4:00 | round 1 ends 34:00
        4:01  | host  | unseal 1=900  | revealed by host: A 900, ranked: A 900, sold A 1000
        """,
    ),
}

SCORED = {
    "scores before the opening: no price is known until they are in": Scenario(
        lot_terms(sealed(award=TENDER), direction=Direction.FALLING),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | seal 1               | A seals 1
        0:02  | B     | seal 2               | B seals 2
        4:00  | clock | deadline 4:00        | round 1 ends 34:00
        4:01  | host  | unseal 1=900 2=600   | refused OPENING_INVALID (the scores come before the opening)
        4:02  | host  | scores 1=6500 2=5400 | scores by host 1=6500 2=5400
        4:03  | host  | unseal 1=900 2=600   | revealed by host: A 900; B 600,
              |       |                      | ranked by 600/1: A 900 scored 8500; B 600 scored 8400,
              |       |                      | sold A 900
        """,
    ),
    "scores after the opening": Scenario(
        lot_terms(sealed(award=TENDER_AFTER, scoring="1:00:00"), direction=Direction.FALLING),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | seal 1               | A seals 1
        0:02  | B     | seal 2               | B seals 2
        0:03  | C     | seal 3               | C seals 3
        4:00  | clock | deadline 4:00        | round 1 ends 34:00
        4:01  | host  | scores 1=6500        | refused NOT_TAKEN_NOW
        4:03  | host  | unseal 1=900 2=600 3=500 | revealed by host: A 900; B 600; C 500, round 2 ends 1:04:03
        4:04  | host  | unseal 1=900 2=600 3=500 | refused NOT_TAKEN_NOW
        4:05  | host  | scores 1=6500 2=7001 | refused SCORES_INVALID
        4:06  | host  | scores 1=6500 2=5400 | scores by host 1=6500 2=5400,
              |       |                      | ranked by 600/1: A 900 scored 8500; B 600 scored 8400,
              |       |                      | sold A 900
        """,
    ),
    "nobody is scored": Scenario(
        lot_terms(sealed(award=TENDER_AFTER, scoring="1:00:00", offers_min=1), direction=Direction.FALLING),
        """
        at      | who   | does             | then
        0:00    | clock | deadline 0:00    | opened, phase 0 ends 4:00
        0:01    | A     | seal 1           | A seals 1
        4:00    | clock | deadline 4:00    | round 1 ends 34:00
        4:03    | host  | unseal 1=900     | revealed by host: A 900, round 2 ends 1:04:03
        1:04:03 | clock | deadline 1:04:03 | ranked: , passed too_few_bidders
        """,
    ),
    "spoiled offers are not worth scoring": Scenario(
        lot_terms(sealed(award=TENDER_AFTER, scoring="1:00:00"), direction=Direction.FALLING),
        """
        at      | who   | does             | then
        0:00    | clock | deadline 0:00    | opened, phase 0 ends 4:00
        0:01    | A     | seal 1           | A seals 1
        4:00    | clock | deadline 4:00    | round 1 ends 34:00
        4:03    | host  | unseal 1=spoiled | revealed by host: A spoiled, ranked: , passed no_bids
        """,
    ),
    "reasonable price: closest to a benchmark of 95 % of the trimmed mean has full marks": Scenario(
        lot_terms(
            sealed(
                award=CombinedScore(
                    formula=BenchmarkDeviation(
                        deduction_above=200, deduction_below=100, factor=9500, trimmed_from=5
                    )
                )
            ),
            opening=2_000_00,
            direction=Direction.FALLING,
        ),
        """
        at    | who   | does           | then
        0:00  | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01  | A     | seal 1         | A seals 1
        0:02  | B     | seal 2         | B seals 2
        0:03  | C     | seal 3         | C seals 3
        0:04  | D     | seal 4         | D seals 4
        0:05  | E     | seal 5         | E seals 5
        4:00  | clock | deadline 4:00  | round 1 ends 34:00
        4:01  | host  | unseal 1=100000 2=95000 3=90000 4=110000 5=50000 | revealed by host: A 100000;
              |       |                                                  | B 95000; C 90000; D 110000;
              |       |                                                  | E 50000,
              |       |                                                  | ranked by 90250/1: C 90000 scored 9972;
              |       |                                                  | B 95000 scored 8947;
              |       |                                                  | A 100000 scored 7839;
              |       |                                                  | D 110000 scored 5623;
              |       |                                                  | E 50000 scored 5540, sold C 90000
        """,
    ),
}


@pytest.mark.parametrize("name", FIRST_PRICE)
def test_first_price(name: str) -> None:
    FIRST_PRICE[name].play()


@pytest.mark.parametrize("name", SECOND_PRICE)
def test_second_price(name: str) -> None:
    SECOND_PRICE[name].play()


@pytest.mark.parametrize("name", SCORED)
def test_scored(name: str) -> None:
    SCORED[name].play()


SUBMITTED = """
    at    | who   | does          | then
    0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
    0:01  | A     | seal 3855     | A seals 3855
"""


@pytest.mark.parametrize(("is_count_public", "shown"), [(False, -1), (True, 1)])
def test_the_view_shows_no_handle_and_the_count_only_where_it_is_public(
    is_count_public: bool, shown: int
) -> None:
    lot = Scenario(lot_terms(sealed(is_count_public=is_count_public)), SUBMITTED).play()
    view = lot_view(lot)
    assert view.detail == Offers(shown, is_revealed=False)
    assert (view.leader, view.price, view.bids, view.accepts) == (0, 0, 0, (Act.SEAL,))
    assert handle_of(3855).encode() not in msgspec.json.encode(view)
    assert lot.phase is not None
    assert lot.phase.own_of(1).handle == handle_of(3855)
    assert lot.phase.own_of(2).handle == ""


def test_before_the_opening_the_lot_holds_nothing_but_handles() -> None:
    lot = Scenario(lot_terms(sealed()), SUBMITTED).play()
    held = msgspec.to_builtins(lot.phase)
    assert {name: value for name, value in held.items() if value} == {
        "type": "sealed",
        "arrivals": {1: 1},
        "arrived": 1,
        "ends_at_us": lot.due_at_us,
        "given": held["given"],
        "handles": {1: handle_of(3855)},
        "holders": {handle_of(3855): 1},
        "opening_price": 1000,
        "sign": 1,
        "submissions": {1: 1},
        "terms": held["terms"],
    }


def test_a_tie_is_handed_on_for_a_draw() -> None:
    lot = Scenario(
        lot_terms(sealed(ties=TieRule.DRAW, award=SecondPrice()), english(100, duration="1:00")),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | B     | seal 2        | B seals 2
        0:02  | A     | seal 1        | A seals 1
        4:00  | clock | deadline 4:00 | round 1 ends 34:00
        4:01  | host  | unseal 1=1500 2=1500 | revealed by host: A 1500; B 1500, ranked: B 1500; A 1500,
              |       |                      | phase 1 ends 5:01
        """,
    ).play()
    assert lot.phase is not None
    left = lot.phase.given
    assert (left.leader, left.price, left.tied) == (2, 1500, (2, 1))
    assert left.places == (Place(2, 1500), Place(1, 1500))


def test_there_must_be_time_for_opening() -> None:
    refused = announce(AnnounceLot(LOT, HOST, lot_terms(sealed(opening="0:00"))))
    assert refused_codes(refused) == ["OPENING_TIME_ZERO"]
