"""The face of a phase: what `matching.lot` asks of every format, with the answers that most of them share.

Belongs here: the face and its defaults. Does not belong here: a rule of one format.
"""

from __future__ import annotations

from typing import Self, TypeAlias, TypedDict

from msgspec import Struct

from matching.commands import BidderCommand, PhaseAct
from matching.details import NOTHING_OF_HIS_OWN, OwnOffer, PhaseView
from matching.events import Event, FairWarningGiven, LotResumed, PhaseBegan
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms import PhaseTerms
from matching.units import NOBODY, Amount, Paddle, TimeUs

Decided: TypeAlias = list[Event] | Closing | Refused
"""What a phase makes of a command: events, its own end, or a refusal."""


class Beginning(TypedDict):
    """The fields that a phase begins with when leader, price and bids go on."""

    index: int
    ends_at_us: TimeUs
    given: Standing
    leader: Paddle
    price: Amount
    bids: int


def going_on(event: PhaseBegan, standing: Standing) -> Beginning:
    """Return what the event and the phase before give every phase to begin with."""
    return Beginning(
        index=event.index,
        ends_at_us=event.ends_at_us,
        given=standing,
        leader=standing.leader,
        price=standing.price,
        bids=standing.bids,
    )


class Phase(Struct, kw_only=True):
    """State of one running phase. Prices are minor units, times microseconds.

    `decide`, `act`, `meet_deadline` and `hammer` change nothing; only `apply` does, and only from events, so that a
    journal is enough to rebuild the phase. Everything a later decision needs is a field. The first event that a
    command of a bidder causes carries his paddle.
    """

    terms: PhaseTerms
    index: int
    """Which phase of the programme this is."""
    ends_at_us: TimeUs
    """When the clock acts on the phase next; 0 for never."""
    given: Standing
    """What the phase before left."""
    leader: Paddle = NOBODY
    price: Amount = 0
    bids: int = 0
    """Bids in the lot so far."""
    warnings: int = 0

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the events that start the phase at `at_us`, `PhaseBegan` first; none to leave the phase out."""
        raise AssertionError("every phase says how it begins")

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event`, recorded at `at_us`, started. Leader, price and bids go on."""
        return cls(
            terms=terms,
            **going_on(event, standing),
        )

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return what can be shown of the first phase of a lot that has not opened yet."""
        return PhaseView(asking_price=setting.terms.opening_price)

    @property
    def standing(self) -> Standing:
        """What the phase would leave if it ended now."""
        raise AssertionError("every phase says what it leaves")

    @property
    def unfinished(self) -> Standing:
        """What the phase leaves where a freeze sends the programme back, to this phase or to an earlier one."""
        return self.standing

    @property
    def due_at_us(self) -> TimeUs:
        """When the clock acts on the phase next; 0 for never."""
        return self.ends_at_us

    @property
    def has_called_ends(self) -> bool:
        """Tell whether each end is that of a round or question; not where it moves while the same may be given."""
        return True

    @property
    def is_first_round(self) -> bool:
        """Tell whether what is asked is what the phase began with; always, where it has no rounds."""
        return True

    def own_of(self, paddle: Paddle) -> OwnOffer:
        """Return what a bidder has left in secret; only he may see it."""
        return NOTHING_OF_HIS_OWN

    def view(self, setting: Setting) -> PhaseView:
        """Return what the public sees of the phase beyond leader, price and deadline."""
        return PhaseView()

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return what a bidder's command makes happen at `at_us`, before the phase's deadline.

        Refuses: NOT_TAKEN_NOW, for every command that the phase does not know.
        """
        return Refused(Refusal.NOT_TAKEN_NOW)

    def act(self, setting: Setting, command: PhaseAct, at_us: TimeUs) -> Decided:
        """Return what staff, or a party of a draw, makes happen.

        Refuses: NOT_TAKEN_NOW, for every act that the phase does not know.
        """
        return Refused(Refusal.NOT_TAKEN_NOW)

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Return what happens at `due_at_us`: events that go on, or the end of the phase.

        `at_us` is when that is decided, up to the lot's outage tolerance later; what follows counts from it.
        """
        return Closing([], self.standing)

    def hammer(self, setting: Setting, at_us: TimeUs) -> Closing | Refused:
        """Return the end of the phase when the host lets the hammer fall, or why he may not.

        Refuses: HAMMER_BELONGS_TO_CLOCK.
        """
        return Refused(Refusal.HAMMER_BELONGS_TO_CLOCK)

    def resumed_end_us(self, frozen_at_us: TimeUs, at_us: TimeUs) -> TimeUs:
        """Return the end after a freeze: what remained of it, but at least the fresh countdown."""
        if not self.ends_at_us:
            return 0
        return at_us + max(self.ends_at_us - frozen_at_us, self.terms.resume_countdown_us)

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events, recorded at `at_us`. A phase hands on what it does not know itself."""
        match event:
            case LotResumed():
                self.ends_at_us = event.ends_at_us
                self.warnings = 0
            case FairWarningGiven():
                self.warnings = event.warning
