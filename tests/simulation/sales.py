"""The lots that are sold in a simulation: English sales with soft close above all, and every other format by chance.

Belongs here: terms, and commands aimed at a lot. Does not belong here: who sends them.
"""

from __future__ import annotations

import random

from msgspec import structs

from matching.commands import Command, MeetDeadline, OpenLot
from matching.increments import Step
from matching.lot import Lot
from matching.terms import SECOND_US, EnglishTerms, LotTerms, terms_problems
from matching.units import LotId, TimeUs
from tests.oracle.programmes import HOST, OPENING, PLAIN, START_US, STEP, Commands, random_terms

FORMATS = list(PLAIN)


def sale_terms(chance: random.Random, *, is_english: bool) -> LotTerms:
    """Return the terms of a lot that begins and mostly ends within some ten seconds."""
    terms = _english(chance) if is_english else random_terms(chance, chance.choice(FORMATS))
    quick = structs.replace(
        terms,
        opens_at_us=0 if chance.random() < 0.3 else START_US + chance.randrange(1, 6) * SECOND_US,
        outage_tolerance_us=chance.choice((0, SECOND_US // 2, SECOND_US, 3 * SECOND_US)),
        outage_notice_us=chance.choice((0, SECOND_US, 4 * SECOND_US)),
    )
    assert not terms_problems(quick)
    return quick


def _english(chance: random.Random) -> LotTerms:
    window_us = chance.choice((0, SECOND_US, 3 * SECOND_US))
    phase = EnglishTerms(
        increments=(Step(0, STEP),),
        duration_us=chance.randrange(3, 14) * SECOND_US,
        soft_close_window_us=window_us,
        extension_us=window_us or SECOND_US,
        extensions_max=chance.choice((None, 3)),
        resume_countdown_us=chance.choice((SECOND_US, 3 * SECOND_US)),
        host_may_hammer=chance.random() < 0.2,
        fair_warnings_min=chance.choice((0, 1)),
    )
    return LotTerms(
        currency="CNY",
        opening_price=OPENING,
        opens_at_us=0,
        programme=(phase,),
        reserve_price=chance.choice((0, 0, OPENING + 3 * STEP)),
        reserve_places=chance.choice((0, 0, 0, 2)),
    )


class Ideas:
    """Commands by chance for any lot."""

    def __init__(self, chance: random.Random) -> None:
        self._commands = Commands(chance)

    def next(self, lot: Lot, now_us: TimeUs) -> Command:
        """Return something that somebody could ask of the lot as it stands."""
        if not lot.paddles:
            return OpenLot(lot.id, HOST)
        while True:
            command = self._commands.next(lot, now_us)
            if not isinstance(command, MeetDeadline):
                return structs.replace(command, lot=lot.id)


def lots_of(chance: random.Random) -> dict[LotId, LotTerms]:
    """Return the lots of one simulation by their ids."""
    count = chance.choice((1, 2, 2, 3))
    return {
        lot: sale_terms(chance, is_english=lot == 1 or chance.random() < 0.4) for lot in range(1, count + 1)
    }


__all__ = ["HOST", "OPENING", "START_US", "Ideas", "lots_of"]
