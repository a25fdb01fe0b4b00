"""The phases that a programme is made of: one module for each way to compete.

`matching.phases.phase` is the face that all of them share; a format overrides what it does otherwise. A phase that is
over says so with a `Closing`, whether a deadline, the hammer or a bid ended it; `matching.lot` then lets the next
phase or the outcome follow. `matching.lot` runs the programme; it knows no format.

To add a format: its parameters in `matching/terms/`, its behaviour here, a line in each of the two registries
(`AnyPhaseTerms`, and below).
"""

from __future__ import annotations

from typing import TypeAlias

from matching.phases.debt import DebtPhase
from matching.phases.draw import DrawPhase
from matching.phases.dutch import DutchPhase
from matching.phases.english import EnglishPhase
from matching.phases.first_refusal import FirstRefusalPhase
from matching.phases.gong import GongPhase
from matching.phases.interval import IntervalPhase
from matching.phases.japanese import JapanesePhase
from matching.phases.multi_unit import MultiUnitPhase
from matching.phases.offers import OffersPhase
from matching.phases.order_book import CallAuctionPhase, OrderBookPhase
from matching.phases.phase import Phase
from matching.phases.sealed import SealedPhase
from matching.phases.second_dimension import SecondDimensionPhase
from matching.phases.sell_off import SellOffPhase
from matching.phases.simultaneous import SimultaneousPhase
from matching.phases.turns import TurnsPhase
from matching.terms import (
    CallAuctionTerms,
    DebtTerms,
    DrawTerms,
    DutchTerms,
    EnglishTerms,
    FirstRefusalTerms,
    GongTerms,
    IntervalTerms,
    JapaneseTerms,
    MultiUnitTerms,
    OffersTerms,
    OrderBookTerms,
    PhaseTerms,
    SealedTerms,
    SecondDimensionTerms,
    SellOffTerms,
    SimultaneousTerms,
    TurnsTerms,
)

AnyPhase: TypeAlias = (
    CallAuctionPhase
    | DebtPhase
    | DrawPhase
    | DutchPhase
    | EnglishPhase
    | FirstRefusalPhase
    | GongPhase
    | IntervalPhase
    | JapanesePhase
    | MultiUnitPhase
    | OffersPhase
    | OrderBookPhase
    | SealedPhase
    | SecondDimensionPhase
    | SellOffPhase
    | SimultaneousPhase
    | TurnsPhase
)
"""Any phase, as a snapshot holds it."""

PHASES: dict[type[PhaseTerms], type[AnyPhase]] = {
    EnglishTerms: EnglishPhase,
    IntervalTerms: IntervalPhase,
    SecondDimensionTerms: SecondDimensionPhase,
    CallAuctionTerms: CallAuctionPhase,
    OrderBookTerms: OrderBookPhase,
    FirstRefusalTerms: FirstRefusalPhase,
    SellOffTerms: SellOffPhase,
    MultiUnitTerms: MultiUnitPhase,
    OffersTerms: OffersPhase,
    SealedTerms: SealedPhase,
    DrawTerms: DrawPhase,
    TurnsTerms: TurnsPhase,
    JapaneseTerms: JapanesePhase,
    GongTerms: GongPhase,
    DutchTerms: DutchPhase,
    SimultaneousTerms: SimultaneousPhase,
    DebtTerms: DebtPhase,
}
"""Which phase runs under which terms."""

FORMATS: dict[type[PhaseTerms], str] = {terms: str(terms.__struct_config__.tag) for terms in PHASES}
"""How each format is called, in terms and views alike."""

__all__ = ["FORMATS", "PHASES", "AnyPhase", "Phase"]
