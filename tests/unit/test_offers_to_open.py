"""Which sealed offers a host is told of: all of them, from the deadline until they are opened."""

from __future__ import annotations

from gateways.api.desk import SealedOffer, offers_to_open
from matching.lot import decide
from matching.terms.awarding import CombinedScore, ScoresMoment
from tests.tables.scenario import Row, handle_of, lot_terms, lot_under, take_over
from tests.tables.test_sealed import sealed

AFTER = CombinedScore(price_points=3000, points_max=7000, scores_come=ScoresMoment.AFTER_OPENING)


def test_the_latest_offer_of_each_bidder_waits_from_the_deadline_until_all_are_opened() -> None:
    lot = lot_under(lot_terms(sealed(scoring="30:00", revisions_max=1, award=AFTER)), "AB")
    both = [SealedOffer(1, handle_of(3)), SealedOffer(2, handle_of(2))]
    for row, told in (
        (Row("0:00", "clock", "deadline 0:00", ""), []),
        (Row("0:01", "B", "seal 2", ""), []),
        (Row("0:02", "A", "seal 1", ""), []),
        (Row("0:03", "A", "seal 3", ""), []),
        (Row("4:00", "clock", "deadline 4:00", ""), both),
        (Row("4:01", "host", "unseal 3=1200 2=spoiled", ""), []),
    ):
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
        assert offers_to_open(lot) == told, row
    assert offers_to_open(None) == []
