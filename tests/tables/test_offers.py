"""Offers that are hidden until all are revealed: one-shot offers, weighted offers, rounds, sealed parts of a hybrid."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import structs

from matching.commands import AnnounceLot
from matching.details import Act, Offers
from matching.events import PassReason, Place
from matching.lot import announce
from matching.refusals import Refused
from matching.terms import Direction, Inquiry, IntervalTerms, OffersTerms, PhaseTerms, Presumed
from matching.terms.awarding import (
    BenchmarkDeviation,
    ClosestToAverage,
    CombinedScore,
    ScoresMoment,
    SecondPrice,
    TieRule,
)
from matching.terms.contest import Base, MayOffer
from matching.view import lot_view
from tests.tables.scenario import HOST, LOT, Scenario, english, lot_terms, lot_under, span_us
from tests.terms_codes import refused_codes


def offers(
    duration: str = "4:00", *, scoring: str = "0:00", countdown: str = "1:00", **more: object
) -> OffersTerms:
    """Return the terms of a phase of hidden offers, spans written as in tables."""
    return OffersTerms(
        duration_us=span_us(duration),
        scoring_us=span_us(scoring),
        resume_countdown_us=span_us(countdown),
        **more,  # type: ignore[arg-type]
    )


GUIDE = 100_000_00
"""A guide price of 100,000 yuan, in 分."""

SUZHOU = offers(
    base=Base.ABSOLUTE,
    least=GUIDE * 125 // 100,
    least_is_excluded=True,
    most=GUIDE * 150 // 100,
    unit=100,
    distinct_amounts=True,
    award=ClosestToAverage(),
)
"""苏州 2016: from guide price + 25 % (excluded) to + 50 %, whole yuan, one offer each, no two alike."""

DONGGUAN = offers(award=ClosestToAverage(mean_unit=0))
"""东莞 2019: closest to the mean as it is."""

SEALED_PART = offers(
    "10:00",
    who=MayOffer.NOT_LEADER,
    base=Base.PRICE,
    least_is_excluded=True,
    revisions_max=1000,
    may_take_back=True,
    earlier_offers_stand=True,
    leader_answers=True,
)
BEST_BID_PART = offers(
    "5:00",
    who=MayOffer.ELIGIBLE,
    base=Base.OWN,
    least_is_excluded=True,
    revisions_max=1000,
    may_take_back=True,
    earlier_offers_stand=True,
    places_min=2,
)
"""What follows the clock of a Dutch hybrid. In these tables an English minute stands in for the clock."""

CLOSEST = {
    "苏州: the mean to the cent, and of two as close the one below it": Scenario(
        lot_terms(SUZHOU, opening=GUIDE),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 4:00
        0:10         | A     | offer 12600000    | A offers 12600000
        0:20         | B     | offer 13000000    | B offers 13000000
        0:30         | C     | offer 14000000    | C offers 14000000
        3:59.999999  | D     | offer 14400000    | D offers 14400000
        4:00         | E     | offer 13500000    | refused LOT_CLOSED
        4:00         | clock | deadline 4:00     | revealed: A 12600000; B 13000000; C 14000000; D 14400000,
                     |       |                   | ranked by 13500000/1: B 13000000; C 14000000; A 12600000;
                     |       |                   | D 14400000, sold B 13000000
        """,
    ),
    "苏州: a mean with a fraction of a cent is rounded half up": Scenario(
        lot_terms(SUZHOU, opening=GUIDE),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 4:00
        0:10  | A     | offer 12600000    | A offers 12600000
        0:20  | B     | offer 12600100    | B offers 12600100
        0:30  | C     | offer 12600100    | refused AMOUNT_TAKEN
        0:31  | C     | offer 12600400    | C offers 12600400
        4:00  | clock | deadline 4:00     | revealed: A 12600000; B 12600100; C 12600400,
              |       |                   | ranked by 12600167/1: B 12600100; A 12600000; C 12600400,
              |       |                   | sold B 12600100
        """,
    ),
    "苏州: the range excludes its lower bound and includes its upper": Scenario(
        lot_terms(SUZHOU, opening=GUIDE),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 4:00
        0:10  | A     | offer 12500000    | refused BELOW_ASKING_PRICE ask 12500100 step 100 largest 15000000
        0:10  | A     | offer 12500050    | refused BELOW_ASKING_PRICE ask 12500100 step 100 largest 15000000
        0:10  | A     | offer 12500150    | refused NOT_ON_STEP ask 12500100 step 100 largest 15000000
        0:10  | A     | offer 15000100    | refused ABOVE_CAP ask 12500100 step 100 largest 15000000
        0:10  | A     | offer 15000000    | A offers 15000000
        0:11  | A     | offer 14000000    | refused ALREADY_OFFERED
        0:11  | A     | offer 15000000    | refused ALREADY_OFFERED
        0:12  | A     | take back         | refused OFFER_BINDS
        0:12  | B     | take back         | refused NO_OFFER
        0:13  | B     | offer 12500100    | B offers 12500100
        0:13  | B     | bid 12500200      | refused NOT_TAKEN_NOW
        0:13  | x     | offer 13000000    | refused NOT_ADMITTED
        0:13  | C     | offer 12600000x2  | refused LINES_INVALID
        0:13  | C     | offer 12600000 12700000 | refused LINES_INVALID
        4:00  | clock | deadline 4:00     | revealed: A 15000000; B 12500100,
              |       |                   | ranked by 13750050/1: B 12500100; A 15000000, sold B 12500100
        """,
    ),
    "苏州: nobody offers, and the highest bid up to the guide price and a quarter wins": Scenario(
        lot_terms(english(100, duration="1:00"), SUZHOU, opening=GUIDE),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00
        0:10  | A     | bid 10000000      | A 10000000
        0:20  | B     | bid 12500000      | B 12500000
        1:00  | clock | deadline 1:00     | phase 1 ends 5:00
        5:00  | clock | deadline 5:00     | revealed: , ranked: , sold B 12500000
        """,
    ),
    "苏州: an offer wins over the bids before it, whoever made them": Scenario(
        lot_terms(english(100, duration="1:00"), SUZHOU, opening=GUIDE, reserve_places=2),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00
        0:10  | A     | bid 10000000      | A 10000000
        0:20  | B     | bid 12500000      | B 12500000
        1:00  | clock | deadline 1:00     | phase 1 ends 5:00
        2:00  | A     | offer 12600000    | A offers 12600000
        5:00  | clock | deadline 5:00     | revealed: A 12600000, ranked by 12600000/1: A 12600000,
              |       |                   | knocked down A 12600000; then B 12500000
        """,
    ),
    "东莞: 10, 13, 14, 15 and 16 have the mean 13.6, and 14 wins": Scenario(
        lot_terms(DONGGUAN, opening=1),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 10      | A offers 10
        0:02  | B     | offer 13      | B offers 13
        0:03  | C     | offer 14      | C offers 14
        0:04  | D     | offer 15      | D offers 15
        0:05  | E     | offer 16      | E offers 16
        4:00  | clock | deadline 4:00 | revealed: A 10; B 13; C 14; D 15; E 16,
              |       |               | ranked by 68/5: C 14; B 13; D 15; E 16; A 10, sold C 14
        """,
    ),
    "where amounts may be alike the earlier of two as close wins": Scenario(
        lot_terms(DONGGUAN, opening=1),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | B     | offer 13      | B offers 13
        0:02  | A     | offer 13      | A offers 13
        4:00  | clock | deadline 4:00 | revealed: A 13; B 13, ranked by 26/2: B 13; A 13, sold B 13
        """,
    ),
    "falling prices: the same middle wins": Scenario(
        lot_terms(DONGGUAN, opening=1000, direction=Direction.FALLING),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1001    | refused ABOVE_ASKING_PRICE ask 1000 step 1
        0:01  | A     | offer 1000    | A offers 1000
        0:02  | B     | offer 700     | B offers 700
        0:03  | C     | offer 100     | C offers 100
        4:00  | clock | deadline 4:00 | revealed: A 1000; B 700; C 100,
              |       |               | ranked by 1800/3: B 700; A 1000; C 100, sold B 700
        """,
    ),
}

QUERY = IntervalTerms(
    duration_us=span_us("4:00"),
    inquiry=Inquiry.TAKE_CAP,
    only_if_capped=True,
    resume_countdown_us=span_us("1:00"),
)
WAIT = IntervalTerms(duration_us=span_us("4:00"), only_if_capped=True)
CAPPED = structs.replace(english(10_000_00, duration="10:00"), cap_price=GUIDE * 125 // 100)

LAND_SUZHOU = (CAPPED, QUERY, WAIT, structs.replace(SUZHOU, who=MayOffer.ELIGIBLE, only_if_capped=True))
"""Bidding up to guide price + 25 %, then four minutes each of query, wait and one offer."""

DONGGUAN_QUERY = structs.replace(QUERY, duration_us=span_us("5:00"), presumed=Presumed.BIDDERS)
LAND_DONGGUAN = (
    CAPPED,
    structs.replace(WAIT, duration_us=span_us("15:00")),
    DONGGUAN_QUERY,
    structs.replace(DONGGUAN, who=MayOffer.ELIGIBLE, only_if_capped=True),
)
"""At the cap a pause of 15 minutes, five for those who have not bid to accept it, then the last offer."""

LAND = {
    "苏州: cap, query, wait, one offer": Scenario(
        lot_terms(*LAND_SUZHOU, opening=GUIDE),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:10  | A     | bid 10000000      | A 10000000
        0:20  | B     | bid 12500000      | B 12500000, cap 12500000, phase 1 ends 4:20
        1:00  | B     | say accept        | B says accept
        1:10  | C     | say accept        | C says accept
        1:20  | D     | say accept        | D says accept
        1:30  | A     | say decline       | A says decline
        4:20  | clock | deadline 4:20     | phase 2 ends 8:20
        5:00  | B     | offer 13000000    | refused NOT_TAKEN_NOW
        8:20  | clock | deadline 8:20     | phase 3 ends 12:20
        9:00  | A     | offer 13000000    | refused NOT_ELIGIBLE
        9:00  | B     | offer 13000000    | B offers 13000000
        9:01  | C     | offer 13400000    | C offers 13400000
        9:02  | D     | offer 13000000    | refused AMOUNT_TAKEN
        9:03  | D     | offer 14000000    | D offers 14000000
        12:20 | clock | deadline 12:20    | revealed: B 13000000; C 13400000; D 14000000,
              |       |                   | ranked by 13466667/1: C 13400000; B 13000000; D 14000000,
              |       |                   | sold C 13400000
        """,
    ),
    "苏州: nobody confirms, and the bid at the cap wins": Scenario(
        lot_terms(*LAND_SUZHOU, opening=GUIDE),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:20  | B     | bid 12500000      | B 12500000, cap 12500000, phase 1 ends 4:20
        4:20  | clock | deadline 4:20     | phase 2 ends 4:20
        4:20  | clock | deadline 4:20     | sold B 12500000
        """,
    ),
    "苏州: below the cap there is no offer": Scenario(
        lot_terms(*LAND_SUZHOU, opening=GUIDE),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:20  | B     | bid 11000000      | B 11000000
        10:00 | clock | deadline 10:00    | sold B 11000000
        """,
    ),
    "东莞: whoever has bid need not confirm": Scenario(
        lot_terms(*LAND_DONGGUAN, opening=GUIDE),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:10  | A     | bid 10000000      | A 10000000
        0:20  | B     | bid 12500000      | B 12500000, cap 12500000, phase 1 ends 15:20
        15:20 | clock | deadline 15:20    | phase 2 ends 20:20
        16:00 | C     | say accept        | C says accept
        20:20 | clock | deadline 20:20    | phase 3 ends 24:20
        21:00 | A     | offer 12600000    | A offers 12600000
        21:00 | D     | offer 12600000    | refused NOT_ELIGIBLE
        21:01 | B     | offer 12600000    | B offers 12600000
        21:02 | C     | offer 12750000    | C offers 12750000
        24:20 | clock | deadline 24:20    | revealed: A 12600000; B 12600000; C 12750000,
              |       |                   | ranked by 37950000/3: A 12600000; B 12600000; C 12750000,
              |       |                   | sold A 12600000
        """,
    ),
}

ONE_SHOT = {
    "the highest wins, the earlier of equals, and pays his own": Scenario(
        lot_terms(offers(), reserve=1100),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 999     | refused BELOW_ASKING_PRICE ask 1000 step 1
        0:01  | C     | offer 1200    | C offers 1200
        0:02  | A     | offer 1200    | A offers 1200
        0:03  | B     | offer 1000    | B offers 1000
        4:00  | clock | deadline 4:00 | revealed: A 1200; B 1000; C 1200, ranked: C 1200; A 1200; B 1000,
              |       |               | sold C 1200
        """,
    ),
    "below the reserve nothing is sold": Scenario(
        lot_terms(offers(), reserve=1100),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1099    | A offers 1099
        4:00  | clock | deadline 4:00 | revealed: A 1099, ranked: A 1099, passed below_reserve
        """,
    ),
    "nobody offers": Scenario(
        lot_terms(offers()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        4:00  | clock | deadline 4:00 | revealed: , ranked: , passed no_bids
        """,
    ),
    "nobody offers where three are needed": Scenario(
        lot_terms(offers(offers_min=3)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        4:00  | clock | deadline 4:00 | revealed: , ranked: , passed no_bids
        """,
    ),
    "two offer where three are needed": Scenario(
        lot_terms(offers(offers_min=3)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1000    | A offers 1000
        0:01  | B     | offer 1100    | B offers 1100
        4:00  | clock | deadline 4:00 | revealed: A 1000; B 1100, ranked: B 1100; A 1000,
              |       |               | passed too_few_bidders
        """,
    ),
    "revisions are counted, the last one counts, and its time": Scenario(
        lot_terms(offers(revisions_max=2, may_take_back=True)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1500    | A offers 1500
        0:02  | A     | offer 1200    | A offers 1200
        0:03  | B     | offer 1300    | B offers 1300
        0:04  | A     | take back     | A takes back
        0:05  | A     | take back     | refused NO_OFFER
        0:06  | A     | offer 1300    | A offers 1300
        0:07  | A     | offer 1400    | refused REVISIONS_USED_UP
        4:00  | clock | deadline 4:00 | revealed: A 1300; B 1300, ranked: B 1300; A 1300, sold B 1300
        """,
    ),
    "a revised offer keeps its time where the terms say so, but not once it was taken back": Scenario(
        lot_terms(offers(revisions_max=5, may_take_back=True, revision_keeps_time=True)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | C     | offer 1500    | C offers 1500
        0:01  | A     | offer 1200    | A offers 1200
        0:03  | B     | offer 1300    | B offers 1300
        0:04  | A     | offer 1300    | A offers 1300
        0:05  | C     | take back     | C takes back
        0:06  | C     | offer 1300    | C offers 1300
        4:00  | clock | deadline 4:00 | revealed: A 1300; B 1300; C 1300, ranked: A 1300; B 1300; C 1300,
              |       |               | sold A 1300
        """,
    ),
    "priority rank comes before time among equals": Scenario(
        lot_terms(offers(ties=TieRule.RANK)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1200    | A offers 1200
        0:02  | B     | offer 1200    | B offers 1200
        0:03  | C     | offer 1200    | C offers 1200
        0:04  | D     | offer 1199    | D offers 1199
        4:00  | clock | deadline 4:00 | revealed: A 1200; B 1200; C 1200; D 1199,
              |       |               | ranked: C 1200; B 1200; A 1200; D 1199, sold C 1200
        """,
        {"B": 2, "C": 1, "D": 1},
    ),
    "those who are tied offer once more, higher": Scenario(
        lot_terms(
            offers(ties=TieRule.DRAW),
            offers("1:00", who=MayOffer.TIED, base=Base.PRICE, least=10, earlier_offers_stand=True),
        ),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1200    | A offers 1200
        0:02  | B     | offer 1200    | B offers 1200
        0:03  | C     | offer 1100    | C offers 1100
        4:00  | clock | deadline 4:00 | revealed: A 1200; B 1200; C 1100, ranked: A 1200; B 1200; C 1100,
              |       |               | phase 1 ends 5:00
        4:01  | C     | offer 1300    | refused NOT_ELIGIBLE
        4:01  | B     | offer 1209    | refused BELOW_ASKING_PRICE ask 1210 step 1
        4:01  | B     | offer 1210    | B offers 1210
        5:00  | clock | deadline 5:00 | revealed: B 1210, ranked: B 1210; A 1200; C 1100, sold B 1210
        """,
    ),
    "without a tie nobody offers once more": Scenario(
        lot_terms(offers(ties=TieRule.DRAW), offers("1:00", who=MayOffer.TIED)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1200    | A offers 1200
        4:00  | clock | deadline 4:00 | revealed: A 1200, ranked: A 1200, sold A 1200
        """,
    ),
    "falling: the lowest wins, at most the ceiling": Scenario(
        lot_terms(offers(least=10, most=500, unit=5), reserve=800, direction=Direction.FALLING),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 995     | refused ABOVE_ASKING_PRICE ask 990 step 5 largest 500
        0:01  | A     | offer 986     | refused NOT_ON_STEP ask 990 step 5 largest 500
        0:01  | A     | offer 495     | refused BELOW_ASKING_PRICE ask 990 step 5 largest 500
        0:01  | A     | offer 800     | A offers 800
        0:02  | B     | offer 600     | B offers 600
        4:00  | clock | deadline 4:00 | revealed: A 800; B 600, ranked: B 600; A 800, sold B 600
        """,
    ),
    "falling: above the secret limit nothing is bought": Scenario(
        lot_terms(offers(), reserve=800, direction=Direction.FALLING),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 801     | A offers 801
        4:00  | clock | deadline 4:00 | revealed: A 801, ranked: A 801, passed below_reserve
        """,
    ),
    "the second price, at least the reserve": Scenario(
        lot_terms(offers(award=SecondPrice()), reserve=1150),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1100    | A offers 1100
        0:02  | B     | offer 1300    | B offers 1300
        4:00  | clock | deadline 4:00 | revealed: A 1100; B 1300, ranked: B 1300; A 1100, sold B 1150
        """,
    ),
    "a freeze gives back the time, and at least the countdown": Scenario(
        lot_terms(offers()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1100    | A offers 1100
        3:30  | host  | pause fog     | frozen host (fog)
        3:40  | B     | offer 1200    | refused LOT_FROZEN (fog)
        5:00  | host  | resume        | resumed by host ends 6:00
        5:59.999999 | B | offer 1200  | B offers 1200
        6:00  | clock | deadline 6:00 | revealed: A 1100; B 1200, ranked: B 1200; A 1100, sold B 1200
        """,
    ),
    "the host's hammer has no say": Scenario(
        lot_terms(offers()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | host  | hammer        | refused HAMMER_BELONGS_TO_CLOCK
        0:01  | host  | unseal 1=1000 | refused NOT_TAKEN_NOW
        0:01  | host  | scores 1=1000 | refused NOT_TAKEN_NOW
        """,
    ),
}

ROUNDS = {
    "the worst drop out from round to round": Scenario(
        lot_terms(
            offers("1:00", advances_max=2),
            offers("1:00", who=MayOffer.ELIGIBLE, base=Base.PRICE, earlier_offers_stand=True),
        ),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:01  | A     | offer 1000    | A offers 1000
        0:02  | B     | offer 1300    | B offers 1300
        0:03  | C     | offer 1200    | C offers 1200
        1:00  | clock | deadline 1:00 | revealed: A 1000; B 1300; C 1200, ranked: B 1300; C 1200; A 1000,
              |       |               | phase 1 ends 2:00
        1:01  | A     | offer 2000    | refused NOT_ELIGIBLE
        1:02  | C     | offer 1299    | refused BELOW_ASKING_PRICE ask 1300 step 1
        1:02  | C     | offer 1400    | C offers 1400
        2:00  | clock | deadline 2:00 | revealed: C 1400, ranked: C 1400; B 1300; A 1000, sold C 1400
        """,
    ),
    "in a later round only those with an offer, each from his own": Scenario(
        lot_terms(
            offers("1:00"),
            offers("1:00", who=MayOffer.PLACED, base=Base.OWN, least=100, earlier_offers_stand=True),
            direction=Direction.FALLING,
        ),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:01  | A     | offer 900     | A offers 900
        0:02  | B     | offer 700     | B offers 700
        1:00  | clock | deadline 1:00 | revealed: A 900; B 700, ranked: B 700; A 900, phase 1 ends 2:00
        1:01  | C     | offer 500     | refused NOT_ELIGIBLE
        1:02  | A     | offer 801     | refused ABOVE_ASKING_PRICE ask 800 step 1
        1:02  | A     | offer 800     | A offers 800
        1:02  | B     | offer 601     | refused ABOVE_ASKING_PRICE ask 600 step 1
        2:00  | clock | deadline 2:00 | revealed: A 800, ranked: B 700; A 800, sold B 700
        """,
    ),
}

HYBRID = {
    "everybody but the leader, then the leader, who sees what he has to beat": Scenario(
        lot_terms(english(100, duration="1:00"), SEALED_PART, BEST_BID_PART),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:01  | A     | bid 5000      | A 5000
        1:00  | clock | deadline 1:00 | phase 1 ends 11:00
        1:01  | A     | offer 6000    | refused NOT_ELIGIBLE
        1:01  | A     | take back     | refused NOT_ELIGIBLE
        1:01  | B     | offer 5000    | refused BELOW_ASKING_PRICE ask 5001 step 1
        1:02  | B     | offer 5500    | B offers 5500
        1:03  | B     | offer 5100    | B offers 5100
        1:04  | C     | offer 7000    | C offers 7000
        1:05  | C     | take back     | C takes back
        1:06  | D     | offer 5200    | D offers 5200
        11:00 | clock | deadline 11:00 | revealed: B 5100; D 5200, ranked: D 5200; B 5100; A 5000,
              |       |                | phase 2 ends 16:00
        11:01 | D     | offer 9000    | refused NOT_ELIGIBLE
        11:01 | A     | offer 5000    | refused BELOW_ASKING_PRICE ask 5001 step 1
        11:02 | A     | offer 5300    | A offers 5300
        16:00 | clock | deadline 16:00 | revealed: A 5300, ranked: A 5300; D 5200; B 5100, sold A 5300
        """,
    ),
    "the leader's best bid may fall short, and of equals the earlier wins": Scenario(
        lot_terms(english(100, duration="1:00"), SEALED_PART, BEST_BID_PART),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:01  | A     | bid 5000      | A 5000
        1:00  | clock | deadline 1:00 | phase 1 ends 11:00
        1:02  | B     | offer 5100    | B offers 5100
        1:03  | C     | offer 5100    | C offers 5100
        11:00 | clock | deadline 11:00 | revealed: B 5100; C 5100, ranked: B 5100; C 5100; A 5000,
              |       |                | phase 2 ends 16:00
        11:02 | A     | offer 5100    | A offers 5100
        16:00 | clock | deadline 16:00 | revealed: A 5100, ranked: B 5100; C 5100; A 5100, sold B 5100
        """,
    ),
    "nobody seals an offer: the leader has it, and is not asked": Scenario(
        lot_terms(english(100, duration="1:00"), SEALED_PART, BEST_BID_PART),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:01  | A     | bid 5000      | A 5000
        1:00  | clock | deadline 1:00 | phase 1 ends 11:00
        11:00 | clock | deadline 11:00 | revealed: , ranked: A 5000, sold A 5000
        """,
    ),
    "the leader is silent": Scenario(
        lot_terms(english(100, duration="1:00"), SEALED_PART, BEST_BID_PART),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:01  | A     | bid 5000      | A 5000
        1:00  | clock | deadline 1:00 | phase 1 ends 11:00
        1:02  | B     | offer 5100    | B offers 5100
        11:00 | clock | deadline 11:00 | revealed: B 5100, ranked: B 5100; A 5000, phase 2 ends 16:00
        16:00 | clock | deadline 16:00 | revealed: , ranked: B 5100; A 5000, sold B 5100
        """,
    ),
    "without a leader both parts are left out": Scenario(
        lot_terms(english(100, duration="1:00"), SEALED_PART, BEST_BID_PART),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        1:00  | clock | deadline 1:00 | passed no_bids
        """,
    ),
    "a phase for the leader alone, and one for a cap that was not reached": Scenario(
        lot_terms(
            english(100, duration="1:00"),
            offers("1:00", only_if_capped=True),
            offers("1:00", who=MayOffer.LEADER, base=Base.PRICE, least=1),
        ),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:01  | A     | bid 5000      | A 5000
        1:00  | clock | deadline 1:00 | phase 2 ends 2:00
        1:01  | B     | offer 6000    | refused NOT_ELIGIBLE
        1:01  | A     | offer 6000    | A offers 6000
        2:00  | clock | deadline 2:00 | revealed: A 6000, ranked: A 6000, sold A 6000
        """,
    ),
}

WEIGHTED = CombinedScore(price_points=6000, points_max=10_000)
"""60 points for the price, 40 for the rest."""

SCORED = {
    "权重报价: the price has 60 points, the rest 40": Scenario(
        lot_terms(offers(award=WEIGHTED)),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | offer 2000           | A offers 2000
        0:02  | B     | offer 1500           | B offers 1500
        0:03  | C     | offer 1800           | C offers 1800
        0:04  | host  | scores 1=5000 1=6000 | refused SCORES_INVALID
        0:04  | host  | scores 4=5000        | refused SCORES_INVALID
        0:04  | host  | scores 1=10001       | refused SCORES_INVALID
        0:04  | host  | scores               | refused SCORES_INVALID
        0:05  | host  | scores 1=5000 2=9000 3=8000 | scores by host 1=5000 2=9000 3=8000
        0:06  | host  | scores 1=9000        | refused NOT_TAKEN_NOW
        4:00  | clock | deadline 4:00        | revealed: A 2000; B 1500; C 1800,
              |       |                      | ranked by 2000/1: C 1800 scored 8600; B 1500 scored 8100;
              |       |                      | A 2000 scored 8000, sold C 1800
        """,
    ),
    "falling: the lowest price has full marks": Scenario(
        lot_terms(offers(award=WEIGHTED), opening=3000, direction=Direction.FALLING),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:00  | host  | scores 1=5000 2=9000 | scores by host 1=5000 2=9000
        0:01  | A     | offer 2000           | A offers 2000
        0:02  | B     | offer 2500           | B offers 2500
        4:00  | clock | deadline 4:00        | revealed: A 2000; B 2500,
              |       |                      | ranked by 2000/1: B 2500 scored 8400; A 2000 scored 8000,
              |       |                      | sold B 2500
        """,
    ),
    "scores that are missing are waited for, with the offers hidden": Scenario(
        lot_terms(offers(award=WEIGHTED, scoring="10:00")),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | offer 2000           | A offers 2000
        0:02  | B     | offer 1500           | B offers 1500
        4:00  | clock | deadline 4:00        | round 2 ends 14:00
        4:01  | A     | offer 2500           | refused NOT_TAKEN_NOW
        5:00  | host  | scores 2=9000        | scores by host 2=9000, revealed: A 2000; B 1500,
              |       |                      | ranked by 1500/1: B 1500 scored 9600, sold B 1500
        """,
    ),
    "without scores no offer is valid": Scenario(
        lot_terms(offers(award=WEIGHTED, scoring="10:00", offers_min=1)),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | offer 2000           | A offers 2000
        4:00  | clock | deadline 4:00        | round 2 ends 14:00
        14:00 | host  | scores 1=9000        | refused LOT_CLOSED
        14:00 | clock | deadline 14:00       | revealed: A 2000, ranked: , passed too_few_bidders
        """,
    ),
    "scores that come after the offers are known": Scenario(
        lot_terms(
            offers(
                award=CombinedScore(price_points=5000, scores_come=ScoresMoment.AFTER_OPENING),
                scoring="10:00",
            )
        ),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | offer 2000           | A offers 2000
        0:02  | B     | offer 1000           | B offers 1000
        0:03  | host  | scores 1=1 2=1       | refused NOT_TAKEN_NOW
        4:00  | clock | deadline 4:00        | revealed: A 2000; B 1000, round 2 ends 14:00
        4:30  | host  | pause quarrel        | frozen host (quarrel)
        6:30  | host  | resume               | resumed by host ends 16:00
        7:00  | host  | scores 1=3000 2=8000 | scores by host 1=3000 2=8000,
              |       |                      | ranked by 2000/1: A 2000 scored 6500; B 1000 scored 6500,
              |       |                      | sold A 2000
        """,
    ),
    "合理低价: a point off for each percent above the benchmark, half a point below": Scenario(
        lot_terms(
            offers(
                award=CombinedScore(formula=BenchmarkDeviation(deduction_above=100, deduction_below=50)),
            ),
            opening=200_000,
            direction=Direction.FALLING,
        ),
        """
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends 4:00
        0:01  | A     | offer 90000          | A offers 90000
        0:02  | B     | offer 100000         | B offers 100000
        0:03  | C     | offer 110000         | C offers 110000
        0:04  | D     | offer 100500         | D offers 100500
        4:00  | clock | deadline 4:00        | revealed: A 90000; B 100000; C 110000; D 100500,
              |       |                      | ranked by 100125/1: B 100000 scored 9994; D 100500 scored 9963;
              |       |                      | A 90000 scored 9494; C 110000 scored 9014, sold B 100000
        """,
    ),
}


@pytest.mark.parametrize("name", CLOSEST)
def test_closest_to_the_average(name: str) -> None:
    CLOSEST[name].play()


@pytest.mark.parametrize("name", LAND)
def test_one_offer_after_a_cap(name: str) -> None:
    LAND[name].play()


@pytest.mark.parametrize("name", ONE_SHOT)
def test_one_shot(name: str) -> None:
    ONE_SHOT[name].play()


@pytest.mark.parametrize("name", ROUNDS)
def test_rounds(name: str) -> None:
    ROUNDS[name].play()


@pytest.mark.parametrize("name", HYBRID)
def test_sealed_and_best_bid_of_a_hybrid(name: str) -> None:
    HYBRID[name].play()


@pytest.mark.parametrize("name", SCORED)
def test_scored(name: str) -> None:
    SCORED[name].play()


def test_a_tie_is_handed_on_for_a_draw() -> None:
    lot = Scenario(
        lot_terms(offers(ties=TieRule.DRAW), english(100, duration="1:00")),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1100    | A offers 1100
        0:02  | C     | offer 1200    | C offers 1200
        0:03  | B     | offer 1200    | B offers 1200
        4:00  | clock | deadline 4:00 | revealed: A 1100; B 1200; C 1200, ranked: C 1200; B 1200; A 1100,
              |       |               | phase 1 ends 5:00
        """,
    ).play()
    assert lot.phase is not None
    left = lot.phase.given
    assert (left.leader, left.price, left.bids, left.tied) == (3, 1200, 3, (3, 2))
    assert left.places == (Place(3, 1200), Place(2, 1200), Place(1, 1100))


def test_too_few_offers_end_the_programme() -> None:
    lot = Scenario(
        lot_terms(offers(offers_min=2), english(100, duration="1:00")),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 1100    | A offers 1100
        4:00  | clock | deadline 4:00 | revealed: A 1100, ranked: A 1100, passed too_few_bidders
        """,
    ).play()
    assert lot.phase is not None
    assert lot.phase.standing.pass_reason is PassReason.TOO_FEW_BIDDERS


@pytest.mark.parametrize(("is_count_public", "shown"), [(False, -1), (True, 1)])
def test_the_view_shows_nothing_of_a_hidden_offer_but_the_count_where_it_is_public(
    is_count_public: bool, shown: int
) -> None:
    lot = Scenario(
        lot_terms(offers(is_count_public=is_count_public, may_take_back=True, unit=50, least=20)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 4:00
        0:01  | A     | offer 777700  | A offers 777700
        """,
    ).play()
    view = lot_view(lot)
    assert view.detail == Offers(shown, is_revealed=False)
    assert (view.leader, view.price, view.bids) == (0, 0, 0)
    assert (view.asking_price, view.increment, view.accepts) == (1050, 50, (Act.OFFER, Act.TAKE_BACK))
    assert b"7777" not in msgspec.json.encode(view)
    assert lot.phase is not None
    assert lot.phase.own_of(1).lines[0].price == 777700


def test_the_view_before_the_opening_and_after_the_end() -> None:
    scenario = Scenario(
        lot_terms(offers(), opens=None),
        """
        at    | who   | does          | then
        0:00  | host  | open          | opened by host, phase 0 ends 4:00
        0:01  | A     | offer 1100    | A offers 1100
        4:00  | clock | deadline 4:00 | revealed: A 1100, ranked: A 1100, sold A 1100
        """,
    )
    assert lot_view(lot_under(scenario.terms)).asking_price == 1000
    view = lot_view(scenario.play())
    assert view.detail == Offers(1, is_revealed=True, ranking=(Place(1, 1100),))
    assert (view.leader, view.price, view.bids, view.winner) == (1, 1100, 1, 1)


UNUSABLE: dict[str, PhaseTerms] = {
    "DURATION_ZERO": offers("0:00"),
    "RANGE_EMPTY": offers(least=100, most=99),
    "RANGE_EMPTY ": offers(least=100, most=100, least_is_excluded=True),
    "RANGE_WITHOUT_LEAST": offers(base=Base.ABSOLUTE),
    "EARLIER_OFFERS_NEED_PRICE": offers(award=ClosestToAverage(), earlier_offers_stand=True),
    "SCORING_TIME_ZERO": offers(award=CombinedScore(price_points=1, scores_come=ScoresMoment.AFTER_OPENING)),
    "BENCHMARK_ZERO": offers(
        award=CombinedScore(formula=BenchmarkDeviation(deduction_above=1, deduction_below=1, factor=0))
    ),
    "LEADER_AND_ADVANCE": offers(leader_answers=True, advances_max=1),
    "DISTINCT_NEEDS_BINDING": offers(distinct_amounts=True, revisions_max=1),
}


@pytest.mark.parametrize("problem", UNUSABLE)
def test_terms_that_contradict_themselves(problem: str) -> None:
    refused = announce(AnnounceLot(LOT, HOST, lot_terms(UNUSABLE[problem])))
    assert refused_codes(refused) == [problem.strip()]


def test_where_prices_fall_the_range_ends_at_nothing() -> None:
    terms = lot_terms(offers(least=1000), direction=Direction.FALLING)
    assert refused_codes(announce(AnnounceLot(LOT, HOST, terms))) == ["RANGE_EMPTY"]
    absolute = offers(base=Base.ABSOLUTE, least=900, most=500)
    terms = lot_terms(absolute, direction=Direction.FALLING)
    assert not isinstance(announce(AnnounceLot(LOT, HOST, terms)), Refused)
