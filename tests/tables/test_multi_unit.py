"""Hidden offers for parts of a supply: clearing, who comes first, sharing, revisions, hints, draws, both directions."""

from __future__ import annotations

import msgspec
import pytest

from matching.clearing import floor_price
from matching.commands import AnnounceLot
from matching.details import Act, Supply
from matching.draws import draw_seed, drawn_order, entrants_commitment
from matching.events import Award, HintPublished, OffersRevealed, is_public
from matching.lot import announce, apply, decide
from matching.refusals import Refused
from matching.terms import Beacon, Direction, LotTerms, MultiUnitTerms, OffersTerms, PhaseTerms, SealedTerms
from matching.terms.multi_unit import Precedence, Pricing, ReserveRule, Sharing, Undersubscription
from matching.units import AMOUNT_MAX
from matching.view import lot_view
from tests.tables.scenario import HOST, LOT, START_US, Scenario, lot_terms, lot_under, seed_of, span_us
from tests.terms_codes import refused_codes


def units(
    supply: int = 10,
    *,
    duration: str = "10:00",
    hints: tuple[str, ...] = (),
    countdown: str = "2:00",
    unit: str = "t",
    **more: object,
) -> MultiUnitTerms:
    """Return the terms of a multi-unit phase, spans written as in tables."""
    return MultiUnitTerms(
        supply=supply,
        unit=unit,
        duration_us=span_us(duration),
        hints_after_us=tuple(span_us(hint) for hint in hints),
        resume_countdown_us=span_us(countdown),
        **more,  # type: ignore[arg-type]
    )


FALLING = Direction.FALLING

EU = units(
    10_000,
    lot_size=500,
    line_min=500,
    may_take_back=True,
    precedence=Precedence.DRAW,
    seed=seed_of(7),
    reserve_rule=ReserveRule.CANCELS,
    undersubscription=Undersubscription.CANCEL,
)
"""EU ETS: lots of 500, change and withdrawal in the window, equal prices drawn, nothing sold when short."""

SHANGHAI_FLOOR = floor_price([(3000, 100_000), (3600, 50_000)], 12_000)
"""1.2 times the weighted average of trades: 32.00 yuan, so 38.40."""

SHANGHAI = units(1000, duration="1:00:00")
"""上海: public floor, price then time, one price, what is bid is sold."""

GUANGDONG = units(10_000, duration="2:00:00", line_min=1000, bidder_max=5000, revisions_max=0)
"""广东: 1,000 t at least for each bid, at most half of it all for one bidder, irrevocable."""

PLATES = units(
    3,
    unit="plate",
    duration="6:00:00",
    hints=("2:00:00", "4:00:00"),
    hint_offers_min=5,
    pricing=Pricing.PAY_AS_BID,
    lines_max=1,
    bidder_max=1,
    price_step=100,
    revisions_max=2,
)
"""深圳 car plates: one bid and two revisions from 10,000 in hundreds, two hints from 9:00 on at 11:00 and 13:00."""

CLEARING = {
    "all pay the lowest price that was accepted; the marginal offer gets the remainder": Scenario(
        lot_terms(units()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1500x4    | A offers 1500x4
        0:02  | B     | offer 1200x5    | B offers 1200x5
        0:03  | C     | offer 1300x4    | C offers 1300x4
        0:04  | D     | offer 1100x9    | D offers 1100x9
        10:00 | clock | deadline 10:00  | revealed: A 1500x4; B 1200x5; C 1300x4; D 1100x9, ranked by 1200/1: A 1500 at 4; C 1300 at 4; B 1200 at 5; D 1100 at 9, awarded: A 4 @ 1200 for 4800; C 4 @ 1200 for 4800; B 2 @ 1200 for 2400
        """,  # noqa: E501
    ),
    "each pays what he offered": Scenario(
        lot_terms(units(pricing=Pricing.PAY_AS_BID)),
        """
        at    | who   | does                    | then
        0:00  | clock | deadline 0:00           | opened, phase 0 ends 10:00
        0:01  | A     | offer 1500x4 1200x3     | A offers 1500x4 1200x3
        0:02  | B     | offer 1300x5            | B offers 1300x5
        10:00 | clock | deadline 10:00          | revealed: A 1500x4 1200x3; B 1300x5, ranked by 1200/1: A 1500 at 4; B 1300 at 5; A 1200 at 3, awarded: A 5 for 7200; B 5 @ 1300 for 6500
        """,  # noqa: E501
    ),
    "a supply that is just met": Scenario(
        lot_terms(units(undersubscription=Undersubscription.CANCEL)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1500x4    | A offers 1500x4
        0:02  | B     | offer 1200x6    | B offers 1200x6
        0:03  | C     | offer 1100x1    | C offers 1100
        10:00 | clock | deadline 10:00  | revealed: A 1500x4; B 1200x6; C 1100, ranked by 1200/1: A 1500 at 4; B 1200 at 6; C 1100 at 1, awarded: A 4 @ 1200 for 4800; B 6 @ 1200 for 7200
        """,  # noqa: E501
    ),
    "under-subscribed: what is bid is sold": Scenario(
        lot_terms(units()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1500x4    | A offers 1500x4
        0:02  | B     | offer 1200x5    | B offers 1200x5
        10:00 | clock | deadline 10:00  | revealed: A 1500x4; B 1200x5, ranked by 1200/1: A 1500 at 4; B 1200 at 5, awarded: A 4 @ 1200 for 4800; B 5 @ 1200 for 6000
        """,  # noqa: E501
    ),
    "under-subscribed: nothing is sold": Scenario(
        lot_terms(units(undersubscription=Undersubscription.CANCEL)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1500x4    | A offers 1500x4
        0:02  | B     | offer 1200x5    | B offers 1200x5
        10:00 | clock | deadline 10:00  | revealed: A 1500x4; B 1200x5, ranked: A 1500 at 4; B 1200 at 5, passed undersubscribed
        """,  # noqa: E501
    ),
    "nobody bids": Scenario(
        lot_terms(units()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | take back       | refused NO_OFFER
        10:00 | clock | deadline 10:00  | revealed: , ranked: , passed no_bids
        """,
    ),
    "too few bidders": Scenario(
        lot_terms(units(), bidders_min=2),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1500x4    | A offers 1500x4
        10:00 | clock | deadline 10:00  | revealed: A 1500x4, ranked by 1500/1: A 1500 at 4, passed too_few_bidders
        """,
    ),
    "payments in five Rappen, half up for each line": Scenario(
        lot_terms(units(10, pricing=Pricing.PAY_AS_BID, payment_unit=5), opening=1),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:01  | A     | offer 601x2 101x3   | A offers 601x2 101x3
        0:02  | B     | offer 203x1         | B offers 203
        10:00 | clock | deadline 10:00      | revealed: A 601x2 101x3; B 203, ranked by 101/1: A 601 at 2; B 203 at 1; A 101 at 3, awarded: A 5 for 1505; B 1 @ 203 for 205
        """,  # noqa: E501
    ),
}

PRECEDENCE = {
    "the earlier of equal prices comes first, and a revision is as late as it is made": Scenario(
        lot_terms(units()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1200x8    | A offers 1200x8
        0:02  | B     | offer 1200x8    | B offers 1200x8
        0:03  | A     | offer 1200x7    | A offers 1200x7
        10:00 | clock | deadline 10:00  | revealed: A 1200x7; B 1200x8, ranked by 1200/1: B 1200 at 8; A 1200 at 7, awarded: B 8 @ 1200 for 9600; A 2 @ 1200 for 2400
        """,  # noqa: E501
    ),
    "a revision may keep its time": Scenario(
        lot_terms(units(revision_keeps_time=True)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1200x8    | A offers 1200x8
        0:02  | B     | offer 1200x8    | B offers 1200x8
        0:03  | A     | offer 1200x7    | A offers 1200x7
        10:00 | clock | deadline 10:00  | revealed: A 1200x7; B 1200x8, ranked by 1200/1: A 1200 at 7; B 1200 at 8, awarded: A 7 @ 1200 for 8400; B 3 @ 1200 for 3600
        """,  # noqa: E501
    ),
    "priority purchasers come first at an equal price, not at a lower one": Scenario(
        lot_terms(units(precedence=Precedence.RANK)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1200x4    | A offers 1200x4
        0:02  | B     | offer 1200x4    | B offers 1200x4
        0:03  | C     | offer 1200x4    | C offers 1200x4
        0:04  | D     | offer 1199x9    | D offers 1199x9
        10:00 | clock | deadline 10:00  | revealed: A 1200x4; B 1200x4; C 1200x4; D 1199x9, ranked by 1200/1: C 1200 at 4; B 1200 at 4; A 1200 at 4; D 1199 at 9, awarded: C 4 @ 1200 for 4800; B 4 @ 1200 for 4800; A 2 @ 1200 for 2400
        """,  # noqa: E501
        ranks={"B": 2, "C": 1, "D": 1},
    ),
    "pro rata, the unit left over to the largest remainder": Scenario(
        lot_terms(units(sharing=Sharing.PRO_RATA)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1200x4    | A offers 1200x4
        0:02  | B     | offer 1200x5    | B offers 1200x5
        0:03  | C     | offer 1200x6    | C offers 1200x6
        10:00 | clock | deadline 10:00  | revealed: A 1200x4; B 1200x5; C 1200x6, ranked by 1200/1: A 1200 at 4; B 1200 at 5; C 1200 at 6, awarded: A 3 @ 1200 for 3600; B 3 @ 1200 for 3600; C 4 @ 1200 for 4800
        """,  # noqa: E501
    ),
    "pro rata in whole lots": Scenario(
        lot_terms(units(10_000, sharing=Sharing.PRO_RATA, lot_size=500)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1300x7500 | A offers 1300x7500
        0:02  | B     | offer 1200x2000 | B offers 1200x2000
        0:03  | C     | offer 1200x2500 | C offers 1200x2500
        10:00 | clock | deadline 10:00  | revealed: A 1300x7500; B 1200x2000; C 1200x2500, ranked by 1200/1: A 1300 at 7500; B 1200 at 2000; C 1200 at 2500, awarded: A 7500 @ 1200 for 9000000; B 1000 @ 1200 for 1200000; C 1500 @ 1200 for 1800000
        """,  # noqa: E501
    ),
    "a published ratio: the first takes what rounding leaves": Scenario(
        lot_terms(units(7, sharing=Sharing.PUBLISHED_RATIO)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1200x3    | A offers 1200x3
        0:02  | B     | offer 1200x5    | B offers 1200x5
        0:03  | C     | offer 1200x5    | C offers 1200x5
        10:00 | clock | deadline 10:00  | revealed: A 1200x3; B 1200x5; C 1200x5, ranked by 1200/1: A 1200 at 3; B 1200 at 5; C 1200 at 5, awarded: A 1 @ 1200 for 1200; B 3 @ 1200 for 3600; C 3 @ 1200 for 3600
        """,  # noqa: E501
    ),
}

RULES = {
    "what an offer has to be": Scenario(
        lot_terms(units(100, lot_size=5, line_min=10, lines_max=2, bidder_max=60, price_step=50)),
        f"""
        at    | who   | does                     | then
        0:00  | clock | deadline 0:00            | opened, phase 0 ends 10:00
        0:01  | x     | offer 1200x10            | refused NOT_ADMITTED
        0:01  | A     | bid 1200                 | refused NOT_TAKEN_NOW
        0:01  | A     | offer {AMOUNT_MAX}x10    | refused AMOUNT_OUT_OF_RANGE ask 1000 step 50 largest {AMOUNT_MAX}
        0:01  | A     | offer 0x10               | refused AMOUNT_OUT_OF_RANGE ask 1000 step 50 largest {AMOUNT_MAX}
        0:01  | A     | offer 950x10             | refused BELOW_ASKING_PRICE ask 1000 step 50
        0:01  | A     | offer 1000x10 999x10     | refused BELOW_ASKING_PRICE ask 1000 step 50
        0:01  | A     | offer 1020x10            | refused NOT_ON_STEP ask 1000 step 50
        0:01  | A     | offer 1000x10 1050x10 1100x10 | refused LINES_INVALID
        0:01  | A     | offer 1000x10 1000x20    | refused LINES_INVALID
        0:01  | A     | offer 1000x5             | refused QUANTITY_OUT_OF_RANGE ask 10 step 5 largest 100
        0:01  | A     | offer 1000x12            | refused QUANTITY_OUT_OF_RANGE ask 10 step 5 largest 100
        0:01  | A     | offer 1000x105           | refused QUANTITY_OUT_OF_RANGE ask 10 step 5 largest 100
        0:01  | A     | offer 1000x30 1050x35    | refused ABOVE_OWN_SHARE largest 60
        0:01  | A     | offer 1000x30 1050x30    | A offers 1000x30 1050x30
        0:02  | A     | offer 1100x10            | A offers 1100x10
        0:03  | A     | take back                | refused OFFER_BINDS
        9:59.999999 | B | offer 1000x10          | B offers 1000x10
        10:00 | B     | offer 1000x10            | refused LOT_CLOSED
        10:00 | host  | hammer                   | refused LOT_CLOSED
        10:00 | clock | deadline 10:00           | revealed: A 1100x10; B 1000x10, ranked by 1000/1: A 1100 at 10; B 1000 at 10, awarded: A 10 @ 1000 for 10000; B 10 @ 1000 for 10000
        10:01 | A     | offer 1100x10            | refused LOT_CLOSED
        """,  # noqa: E501
    ),
    "the clock, not the host, ends the window": Scenario(
        lot_terms(units()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | host  | hammer          | refused HAMMER_BELONGS_TO_CLOCK
        0:02  | host  | beacon 5 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff | refused NOT_TAKEN_NOW
        """,  # noqa: E501
    ),
    "an offer can be taken back, and made again as a revision": Scenario(
        lot_terms(units(may_take_back=True, revisions_max=1)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1200x4    | A offers 1200x4
        0:02  | A     | take back       | A takes back
        0:03  | A     | take back       | refused NO_OFFER
        0:04  | A     | offer 1300x4    | A offers 1300x4
        0:05  | A     | offer 1400x4    | refused REVISIONS_USED_UP
        0:06  | A     | take back       | A takes back
        10:00 | clock | deadline 10:00  | revealed: , ranked: , passed no_bids
        """,
    ),
    "a freeze moves hints and end together": Scenario(
        lot_terms(units(hints=("5:00", "8:00"), hint_offers_min=1), tolerance="0:03", notice="0:30"),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 5:00
        0:01  | A     | offer 1200x4    | A offers 1200x4
        1:00  | host  | pause flood     | frozen host (flood)
        2:00  | A     | offer 1300x4    | refused LOT_FROZEN (flood)
        3:00  | host  | resume          | resumed by host ends 7:00
        7:00  | A     | offer 1300x4    | refused LOT_CLOSED
        7:00  | clock | deadline 7:00   | hint 1200 of 1
        9:30  | host  | pause fire      | frozen host (fire)
        9:40  | host  | resume          | resumed by host ends 11:40
        11:40 | clock | deadline 11:40  | hint 1200 of 1
        13:39.999999 | A | offer 1300x4 | A offers 1300x4
        13:40 | clock | deadline 13:40  | revealed: A 1300x4, ranked by 1300/1: A 1300 at 4, awarded: A 4 @ 1300 for 5200
        """,  # noqa: E501
    ),
    "an end that comes too late freezes the lot": Scenario(
        lot_terms(units()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1200x4    | A offers 1200x4
        10:04 | clock | deadline 10:00  | frozen outage until 10:34
        10:34 | clock | deadline 10:34  | resumed ends 12:34
        12:34 | clock | deadline 12:34  | revealed: A 1200x4, ranked by 1200/1: A 1200 at 4, awarded: A 4 @ 1200 for 4800
        """,  # noqa: E501
    ),
}

RESERVE = {
    "offers below the reserve do not count": Scenario(
        lot_terms(units(), reserve=1250),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1300x4    | A offers 1300x4
        0:02  | B     | offer 1250x3    | B offers 1250x3
        0:03  | C     | offer 1249x4    | C offers 1249x4
        10:00 | clock | deadline 10:00  | revealed: A 1300x4; B 1250x3; C 1249x4, ranked by 1250/1: A 1300 at 4; B 1250 at 3; C 1249 at 4, awarded: A 4 @ 1250 for 5000; B 3 @ 1250 for 3750
        """,  # noqa: E501
    ),
    "none reaches the reserve": Scenario(
        lot_terms(units(), reserve=1250),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1249x10   | A offers 1249x10
        10:00 | clock | deadline 10:00  | revealed: A 1249x10, ranked: A 1249 at 10, passed below_reserve
        """,
    ),
    "a clearing price below the reserve cancels all": Scenario(
        lot_terms(units(reserve_rule=ReserveRule.CANCELS), reserve=1250),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1300x8    | A offers 1300x8
        0:02  | B     | offer 1249x3    | B offers 1249x3
        10:00 | clock | deadline 10:00  | revealed: A 1300x8; B 1249x3, ranked: A 1300 at 8; B 1249 at 3, passed below_reserve
        """,  # noqa: E501
    ),
}

PURCHASE = {
    "a purchase: the lowest first, all are paid the highest that was accepted": Scenario(
        lot_terms(units(), opening=2000, direction=FALLING),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 2001x4    | refused ABOVE_ASKING_PRICE ask 2000 step 1
        0:01  | A     | offer 1500x4    | A offers 1500x4
        0:02  | B     | offer 1200x5    | B offers 1200x5
        0:03  | C     | offer 1300x4    | C offers 1300x4
        10:00 | clock | deadline 10:00  | revealed: A 1500x4; B 1200x5; C 1300x4, ranked by 1500/1: B 1200 at 5; C 1300 at 4; A 1500 at 4, awarded: B -5 @ 1500 for -7500; C -4 @ 1500 for -6000; A -1 @ 1500 for -1500
        """,  # noqa: E501
    ),
    "a purchase at what each asked, with a ceiling of its own": Scenario(
        lot_terms(
            units(pricing=Pricing.PAY_AS_BID, price_step=100), opening=2000, reserve=1400, direction=FALLING
        ),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1550x4    | refused NOT_ON_STEP ask 2000 step 100
        0:01  | A     | offer 1500x4    | A offers 1500x4
        0:02  | B     | offer 1200x5    | B offers 1200x5
        0:03  | C     | offer 1300x4    | C offers 1300x4
        10:00 | clock | deadline 10:00  | revealed: A 1500x4; B 1200x5; C 1300x4, ranked by 1300/1: B 1200 at 5; C 1300 at 4; A 1500 at 4, awarded: B -5 @ 1200 for -6000; C -4 @ 1300 for -5200
        """,  # noqa: E501
    ),
}

EMISSIONS = {
    "上海: 38.40 is the floor; price, then time; one price": Scenario(
        lot_terms(SHANGHAI, opening=SHANGHAI_FLOOR),
        """
        at      | who   | does            | then
        0:00    | clock | deadline 0:00   | opened, phase 0 ends 1:00:00
        0:01    | A     | offer 3839x100  | refused BELOW_ASKING_PRICE ask 3840 step 1
        0:01    | A     | offer 3840x600  | A offers 3840x600
        0:02    | B     | offer 4000x300  | B offers 4000x300
        0:03    | C     | offer 3840x300  | C offers 3840x300
        1:00:00 | clock | deadline 1:00:00 | revealed: A 3840x600; B 4000x300; C 3840x300, ranked by 3840/1: B 4000 at 300; A 3840 at 600; C 3840 at 300, awarded: B 300 @ 3840 for 1152000; A 600 @ 3840 for 2304000; C 100 @ 3840 for 384000
        """,  # noqa: E501
    ),
    "广东: 1,000 t at least, half of it at most, irrevocable": Scenario(
        lot_terms(GUANGDONG, opening=1280),
        """
        at      | who   | does             | then
        0:00    | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01    | A     | offer 1280x999   | refused QUANTITY_OUT_OF_RANGE ask 1000 step 1 largest 10000
        0:01    | A     | offer 1400x3000 1300x2001 | refused ABOVE_OWN_SHARE largest 5000
        0:01    | A     | offer 1400x3000 1300x2000 | A offers 1400x3000 1300x2000
        0:02    | A     | offer 1500x3000  | refused ALREADY_OFFERED
        0:03    | A     | take back        | refused OFFER_BINDS
        0:04    | B     | offer 1350x5000  | B offers 1350x5000
        0:05    | C     | offer 1609x1000  | C offers 1609x1000
        2:00:00 | clock | deadline 2:00:00 | revealed: A 1400x3000 1300x2000; B 1350x5000; C 1609x1000, ranked by 1300/1: C 1609 at 1000; A 1400 at 3000; B 1350 at 5000; A 1300 at 2000, awarded: C 1000 @ 1300 for 1300000; A 4000 @ 1300 for 5200000; B 5000 @ 1300 for 6500000
        """,  # noqa: E501
    ),
    "EU: equal prices are drawn, and the last drawn gets the remainder": Scenario(
        lot_terms(EU, opening=1, reserve=500),
        """
        at    | who   | does             | then
        0:00  | clock | deadline 0:00    | opened, phase 0 ends 10:00
        0:01  | A     | offer 700x4250   | refused QUANTITY_OUT_OF_RANGE ask 500 step 500 largest 10000
        0:01  | A     | offer 700x4000   | A offers 700x4000
        0:02  | B     | offer 700x4000   | B offers 700x4000
        0:03  | C     | offer 700x4000   | C offers 700x4000
        0:04  | D     | offer 800x3000   | D offers 800x3000
        0:05  | E     | offer 900x500    | E offers 900x500
        0:06  | E     | take back        | E takes back
        10:00 | clock | deadline 10:00   | revealed: A 700x4000; B 700x4000; C 700x4000; D 800x3000, entrants ABC, drawn BCA, ranked by 700/1: D 800 at 3000; B 700 at 4000; C 700 at 4000; A 700 at 4000, awarded: D 3000 @ 700 for 2100000; B 4000 @ 700 for 2800000; C 3000 @ 700 for 2100000
        """,  # noqa: E501
    ),
    "EU: where all at one price are served, nothing is drawn": Scenario(
        lot_terms(EU, opening=1),
        """
        at    | who   | does             | then
        0:00  | clock | deadline 0:00    | opened, phase 0 ends 10:00
        0:01  | A     | offer 700x5000   | A offers 700x5000
        0:02  | B     | offer 700x5000   | B offers 700x5000
        0:03  | C     | offer 699x5000   | C offers 699x5000
        10:00 | clock | deadline 10:00   | revealed: A 700x5000; B 700x5000; C 699x5000, ranked by 700/1: A 700 at 5000; B 700 at 5000; C 699 at 5000, awarded: A 5000 @ 700 for 3500000; B 5000 @ 700 for 3500000
        """,  # noqa: E501
    ),
    "EU: short of the supply, the auction is cancelled": Scenario(
        lot_terms(EU, opening=1),
        """
        at    | who   | does             | then
        0:00  | clock | deadline 0:00    | opened, phase 0 ends 10:00
        0:01  | A     | offer 700x9500   | A offers 700x9500
        10:00 | clock | deadline 10:00   | revealed: A 700x9500, ranked: A 700 at 9500, passed undersubscribed
        """,
    ),
    "EU: far below the market, the auction is cancelled": Scenario(
        lot_terms(EU, opening=1, reserve=500),
        """
        at    | who   | does             | then
        0:00  | clock | deadline 0:00    | opened, phase 0 ends 10:00
        0:01  | A     | offer 700x9500   | A offers 700x9500
        0:02  | B     | offer 499x500    | B offers 499x500
        10:00 | clock | deadline 10:00   | revealed: A 700x9500; B 499x500, ranked: A 700 at 9500; B 499 at 500, passed below_reserve
        """,  # noqa: E501
    ),
}

BEACON = Beacon("a public beacon", genesis_us=START_US, period_us=span_us("0:30"))
OUTPUT = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

DRAWS = {
    "the draw waits for the first beacon round after the end": Scenario(
        lot_terms(units(1, precedence=Precedence.DRAW, beacon=BEACON)),
        f"""
        at    | who   | does             | then
        0:00  | clock | deadline 0:00    | opened, phase 0 ends 10:00
        0:01  | A     | offer 1200       | A offers 1200
        0:02  | B     | offer 1200       | B offers 1200
        10:00 | clock | deadline 10:00   | revealed: A 1200; B 1200, entrants AB, pause 22 ends -
        10:01 | A     | offer 1300       | refused NOT_TAKEN_NOW
        10:01 | A     | take back        | refused NOT_TAKEN_NOW
        10:02 | host  | beacon 21 {OUTPUT} | refused BEACON_INVALID (round 22 decides)
        10:29 | host  | beacon 22 {OUTPUT} | refused BEACON_INVALID (that round has not come out yet)
        10:30 | host  | beacon 22 {OUTPUT[:-2]} | refused BEACON_INVALID (32, 48, 64 or 96 bytes are expected)
        10:40 | host  | pause flood      | frozen host (flood)
        10:50 | host  | resume           | resumed by host ends -
        10:51 | host  | beacon 22 {OUTPUT} | beacon 22 {OUTPUT}, drawn AB, ranked by 1200/1: A 1200 at 1; B 1200 at 1, awarded: A 1 @ 1200 for 1200
        """,  # noqa: E501
    ),
}

CAR_PLATES = {
    "one bid and two revisions, the last counts; hints are trimmed means": Scenario(
        lot_terms(PLATES, opening=10_000),
        """
        at      | who   | does             | then
        0:00    | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01    | A     | offer 9900       | refused BELOW_ASKING_PRICE ask 10000 step 100
        0:01    | A     | offer 10050      | refused NOT_ON_STEP ask 10000 step 100
        0:01    | A     | offer 10000x2    | refused ABOVE_OWN_SHARE largest 1
        0:01    | A     | offer 10000 10100 | refused LINES_INVALID
        0:01    | A     | offer 10000      | A offers 10000
        0:02    | B     | offer 20000      | B offers 20000
        0:03    | C     | offer 15000      | C offers 15000
        0:04    | D     | offer 15000      | D offers 15000
        2:00:00 | clock | deadline 2:00:00 | hint 0 of 4
        2:00:01 | A     | offer 12000      | A offers 12000
        2:00:02 | A     | offer 15000      | A offers 15000
        2:00:03 | A     | offer 99900      | refused REVISIONS_USED_UP
        2:00:04 | E     | offer 15100      | E offers 15100
        4:00:00 | clock | deadline 4:00:00 | hint 16020 of 5
        6:00:00 | clock | deadline 6:00:00 | revealed: A 15000; B 20000; C 15000; D 15000; E 15100, ranked by 15000/1: B 20000 at 1; E 15100 at 1; C 15000 at 1; D 15000 at 1; A 15000 at 1, awarded: B 1 @ 20000 for 20000; E 1 @ 15100 for 15100; C 1 @ 15000 for 15000
        """,  # noqa: E501
    ),
}

COLLECTED = {
    "offers that an earlier phase collected are divided at once": Scenario(
        lot_terms(OffersTerms(duration_us=span_us("5:00")), units(1, duration="0:00")),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 5:00
        0:01  | A     | offer 1200      | A offers 1200
        0:02  | B     | offer 1300      | B offers 1300
        5:00  | clock | deadline 5:00   | revealed: A 1200; B 1300, ranked: B 1300; A 1200, phase 1 ends 5:00
        5:00  | A     | offer 1400      | refused LOT_CLOSED
        5:00  | clock | deadline 5:00   | ranked by 1300/1: B 1300 at 1; A 1200 at 1, awarded: B 1 @ 1300 for 1300
        """,
    ),
    "sealed offers of several lines are divided once they have been opened": Scenario(
        lot_terms(
            SealedTerms(duration_us=span_us("5:00"), opening_us=span_us("10:00")),
            units(10, duration="0:00"),
        ),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 5:00
        0:01  | B     | seal 2          | B seals 2
        0:02  | A     | seal 1          | A seals 1
        0:03  | C     | seal 3          | C seals 3
        5:00  | clock | deadline 5:00   | round 1 ends 15:00
        6:00  | host  | unseal 1=1200x6/1100x4 2=1100x8 3=spoiled | revealed by host: A 1200x6 1100x4; B 1100x8; C spoiled, ranked: , phase 1 ends 6:00
        6:00  | clock | deadline 6:00   | ranked by 1100/1: A 1200 at 6; B 1100 at 8; A 1100 at 4, awarded: A 6 @ 1100 for 6600; B 4 @ 1100 for 4400
        """,  # noqa: E501
    ),
    "what the terms would have refused does not count": Scenario(
        lot_terms(
            units(2, duration="5:00", pricing=Pricing.PAY_AS_BID),
            units(4, duration="0:00", price_step=100, lot_size=2),
        ),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 5:00
        0:01  | A     | offer 1200x2    | A offers 1200x2
        0:02  | B     | offer 1250x2    | B offers 1250x2
        0:03  | C     | offer 1300x1    | C offers 1300
        0:04  | D     | offer 1200x2    | D offers 1200x2
        5:00  | clock | deadline 5:00   | revealed: A 1200x2; B 1250x2; C 1300; D 1200x2, ranked by 1250/1: C 1300 at 1; B 1250 at 2; A 1200 at 2; D 1200 at 2, phase 1 ends 5:00
        5:00  | clock | deadline 5:00   | ranked by 1200/1: A 1200 at 2; D 1200 at 2, awarded: A 2 @ 1200 for 2400; D 2 @ 1200 for 2400
        """,  # noqa: E501
    ),
}

TABLES = {
    **CLEARING,
    **PRECEDENCE,
    **RULES,
    **RESERVE,
    **PURCHASE,
    **EMISSIONS,
    **DRAWS,
    **CAR_PLATES,
    **COLLECTED,
}


@pytest.mark.parametrize("name", TABLES)
def test_table(name: str) -> None:
    TABLES[name].play()


def test_the_floor_of_a_year_is_its_weighted_average_times_the_factor() -> None:
    assert SHANGHAI_FLOOR == 3840
    assert floor_price([(1280, 7)], 10_000) == 1280
    assert floor_price([(1, 1), (2, 1)], 10_000) == 2, "half up"
    assert floor_price([], 12_000) == 0


def test_anyone_can_recompute_the_draw_from_what_is_public() -> None:
    lot = EMISSIONS["EU: equal prices are drawn, and the last drawn gets the remainder"].play()
    at_the_margin = [1, 2, 3]
    commitment = entrants_commitment(LOT, 0, at_the_margin)
    order = drawn_order(at_the_margin, draw_seed(commitment, None, {0: seed_of(7)}, {}), 3)
    others = [award.paddle for award in lot.awards if award.paddle != 4]
    assert others == list(order[:2])


def test_hints_leave_the_extremes_out() -> None:
    prices = ["99900", "50000", "15000", "14900", "14800", "14700", "14600", "14500", "14400", "10000"]
    lot = lot_under(lot_terms(PLATES, opening=10_000), "ABCDEFGHIJ")
    rows = [f"0:{at + 1:02} | {chr(65 + at)} | offer {price} | -" for at, price in enumerate(prices)]
    table = "\n".join(["at | who | does | then", "0:00 | clock | deadline 0:00 | -", *rows])
    for row in Scenario(lot.terms, table).rows:
        decided = decide(lot, row.command, row.at_us)
        assert not isinstance(decided, Refused)
        for happened in decided:
            apply(lot, happened, row.at_us)
    assert lot.phase is not None
    hinted = lot.phase.meet_deadline(lot, lot.phase.due_at_us)
    assert isinstance(hinted, list)
    assert hinted == [HintPublished(19_113, 10)], "152,900 over 8 is 19,112.5, half up"


def test_nothing_of_an_offer_shows_before_all_are_revealed() -> None:
    scenario = Scenario(
        lot_terms(units()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | offer 1500x4    | A offers 1500x4
        """,
    )
    lot = scenario.play()
    view = lot_view(lot)
    assert (view.leader, view.price, view.bids) == (0, 0, 0)
    assert (view.detail, view.accepts) == (Supply(10, "t", -1), (Act.OFFER,))
    assert lot.phase is not None
    assert lot.phase.own_of(1).lines and not lot.phase.own_of(2).lines


def test_all_is_shown_after_the_end() -> None:
    lot = CLEARING["each pays what he offered"].play()
    view = lot_view(lot)
    assert view.detail == Supply(10, "t", 2)
    assert view.awards == (Award(1, 5, 7200), Award(2, 5, 6500, 1300))
    assert (view.price, view.bids, view.accepts) == (1200, 2, ())
    assert is_public(OffersRevealed((), 0))


def test_the_supply_is_shown_before_the_opening() -> None:
    lot = lot_under(lot_terms(units(5, is_count_public=True)))
    assert lot_view(lot).detail == Supply(5, "t", 0)
    assert (lot_view(lot).asking_price, lot_view(lot).increment) == (1000, 1)


BAD_TERMS: dict[str, tuple[MultiUnitTerms, str]] = {
    "supply": (units(1001, lot_size=500), "SUPPLY_NOT_WHOLE_LOTS"),
    "least": (units(1000, lot_size=500, line_min=700), "SUPPLY_NOT_WHOLE_LOTS"),
    "cap": (units(1000, line_min=500, bidder_max=499), "LINE_TOO_LARGE"),
    "hints": (units(hints=("5:00", "5:00")), "HINTS_OUT_OF_ORDER"),
    "hint at the end": (units(hints=("10:00",)), "HINTS_OUT_OF_ORDER"),
    "hint at the beginning": (units(hints=("0:00",)), "HINTS_OUT_OF_ORDER"),
    "trim": (units(hint_trim=5000), "HINT_TRIM_ALL"),
    "draw": (units(precedence=Precedence.DRAW), "DRAW_NEEDS_SOURCE"),
    "seed": (units(seed=seed_of(1)), "SOURCE_WITHOUT_DRAW"),
    "shared draw": (
        units(precedence=Precedence.DRAW, seed=seed_of(1), sharing=Sharing.PRO_RATA),
        "DRAW_WITHOUT_TURN",
    ),
    "worth": (units(10**12), "SUPPLY_WORTH_TOO_MUCH"),
}


@pytest.mark.parametrize("name", BAD_TERMS)
def test_terms_that_make_no_sense(name: str) -> None:
    terms, problem = BAD_TERMS[name]
    refused = announce(AnnounceLot(LOT, HOST, lot_terms(terms, opening=10_000)))
    assert isinstance(refused, Refused)
    assert problem in refused_codes(refused)


@pytest.mark.parametrize("terms", [EU, SHANGHAI, GUANGDONG, PLATES])
def test_terms_travel_as_json(terms: PhaseTerms) -> None:
    lot = lot_terms(terms)
    assert msgspec.json.decode(msgspec.json.encode(lot), type=LotTerms) == lot
