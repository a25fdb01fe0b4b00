"""A draw: the list of entrants is fixed and committed to, seeds are committed and shown, a beacon round decides.

Round 3(a - 1) + 1 of the phase is the a-th time that seeds are committed, the next one is the time for showing them,
and the one after that is the wait for the beacon. The wait has no end: whoever could end it otherwise could refuse an
outcome that he does not like.

Belongs here: who takes part, and when. Does not belong here: the arithmetic (`matching.draws`).

Source: see `matching.terms.draw`; commit and reveal after Blum 1981.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Self, TypeAlias

from msgspec import structs

from matching.commands import BidderCommand, CommitSeed, Declare, PhaseAct, PublishBeacon, RevealSeed, Word
from matching.details import Act, Asked, Drawing, PhaseView, Question
from matching.draws import beacon_value, draw_seed, drawn_order, entrants_commitment, seed_commitment
from matching.events import (
    BeaconPublished,
    Declared,
    EntrantsDrawn,
    EntrantsFixed,
    Event,
    PassReason,
    PhaseBegan,
    Place,
    RoundBegan,
    SeedCommitted,
    SeedRevealed,
)
from matching.phases.phase import Decided, Phase, going_on
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.draw import DrawTerms, Entrants
from matching.terms.phase import PhaseTerms
from matching.units import Amount, BidderId, Digest, LotId, Paddle, StaffId, TimeUs

SEEDS_OF_ENTRANTS_MAX = 1000
"""Seeds of more entrants add nothing; those whom the terms name may always give theirs."""

ENTRANTS_SHOWN_MAX = 1000
"""A longer list is not repeated in every view; the event holds it."""

Party: TypeAlias = int
"""Who gives a seed: the account of staff, or minus the paddle of an entrant."""

_ROUNDS_OF_ATTEMPT = 3


class Stage(StrEnum):
    """What the draw waits for."""

    ENTRY = "entry"
    COMMIT = "commit"
    REVEAL = "reveal"
    BEACON = "beacon"
    NOTHING = "nothing"
    """There is nothing to draw: one entrant, or none."""


_STAGE_OF_ROUND = {1: Stage.COMMIT, 2: Stage.REVEAL, 0: Stage.BEACON}


class DrawPhase(Phase, kw_only=True, tag="draw"):
    """State of one draw. Times are microseconds."""

    terms: DrawTerms
    lot: LotId
    purchase_price: Amount
    """What the first drawn pays."""
    declared: dict[Paddle, bool]
    """Who was asked and has answered, and whether he enters."""
    commitments: dict[Party, Digest]
    seeds: dict[Party, Digest]
    barred: dict[Party, int]
    """Who committed and did not show, and in which attempt; he gives no seed any more."""
    entrants: tuple[Paddle, ...] = ()
    commitment: str = ""
    """To the list of entrants; empty until it is fixed."""
    round: int = 0
    beacon_round: int = 0
    """Which round of the beacon decides, as soon as that is settled."""
    order: tuple[Paddle, ...] = ()

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the events that start the draw; none where there is nothing to draw."""
        assert isinstance(terms, DrawTerms)
        concerned = _concerned(terms, setting, standing)
        if not concerned or (terms.only_if_capped and not standing.is_capped):
            return []
        if terms.entry_us:
            return [PhaseBegan(index, at_us + terms.entry_us)]
        price = _purchase_price(terms, setting, standing)
        if len(concerned) == 1 and standing.leader in concerned and standing.price == price:
            return []
        fixed = _list_fixed(terms, setting.id, index, concerned, at_us)
        first = fixed[-1]
        return [PhaseBegan(index, first.ends_at_us if isinstance(first, RoundBegan) else at_us), *fixed]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the draw that `event` started."""
        assert isinstance(terms, DrawTerms)
        return cls(
            terms=terms,
            **going_on(event, standing),
            lot=setting.id,
            purchase_price=_purchase_price(terms, setting, standing),
            declared={},
            commitments={},
            seeds={},
            barred={},
        )

    @property
    def stage(self) -> Stage:
        """What the draw waits for."""
        if not self.commitment:
            return Stage.ENTRY
        return _STAGE_OF_ROUND[self.round % _ROUNDS_OF_ATTEMPT] if self.round else Stage.NOTHING

    @property
    def attempt(self) -> int:
        """How often seeds have been asked for, this time included."""
        return (self.round + _ROUNDS_OF_ATTEMPT - 1) // _ROUNDS_OF_ATTEMPT

    @property
    def standing(self) -> Standing:
        """The first drawn leads; before the draw, what was given."""
        if self.order:
            return self._standing_of(self.order)
        if not self.commitment:
            return self.given
        if not self.entrants:
            return self._standing_without_draw(is_held=self.round > 0)
        return self._standing_of(self.entrants) if len(self.entrants) == 1 else self.given

    def view(self, setting: Setting) -> PhaseView:
        """Return the question whether to enter, or how far the draw has come."""
        if self.stage is Stage.ENTRY:
            return PhaseView(self.purchase_price, accepts=(Act.DECLARE,), detail=self._question(setting))
        beacon = self.terms.beacon
        named = beacon.round if beacon is not None else 0
        drawing = Drawing(
            entrants=self.entrants if len(self.entrants) <= ENTRANTS_SHOWN_MAX else (),
            commitment=self.commitment,
            committed=len(self.commitments),
            revealed=len(self.seeds),
            beacon_round=self.beacon_round or named,
            seeds_until_us=self.ends_at_us,
        )
        return PhaseView(self.purchase_price, detail=drawing)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Take down whether a bidder enters the draw.

        Refuses: NOT_ELIGIBLE, ALREADY_DECLARED, NOT_TAKEN_NOW.
        """
        if not isinstance(command, Declare) or self.stage is not Stage.ENTRY:
            return Refused(Refusal.NOT_TAKEN_NOW)
        if paddle not in _concerned(self.terms, setting, self.given):
            return Refused(Refusal.NOT_ELIGIBLE)
        if paddle in self.declared:
            return Refused(Refusal.ALREADY_DECLARED)
        if command.word is Word.WAIVE:
            return Refused(Refusal.NOT_TAKEN_NOW)
        return [Declared(paddle, command.word)]

    def act(self, setting: Setting, command: PhaseAct, at_us: TimeUs) -> Decided:
        """Take a commitment, a seed or the output of the beacon.

        Refuses: NOT_ELIGIBLE, ALREADY_DECLARED, NOT_THE_NAMED_PERSON, NOT_TAKEN_NOW, SEED_INVALID, BEACON_INVALID.
        """
        match command:
            case CommitSeed(by=by, commitment=commitment):
                return self._decide_commitment(setting, by, commitment, at_us)
            case RevealSeed(by=by, seed=seed):
                return self._decide_seed(setting, by, seed, at_us)
            case PublishBeacon():
                return self._decide_beacon(command, at_us)
        return Refused(Refusal.NOT_TAKEN_NOW)

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """End what runs: the entry, the time for committing, the time for showing."""
        match self.stage:
            case Stage.ENTRY:
                return self._entry_ended(at_us)
            case Stage.COMMIT:
                return self._commit_ended(at_us)
            case Stage.REVEAL:
                return self._reveal_ended(self.seeds, at_us)
        return Closing([], self.standing)

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case Declared():
                self.declared[event.paddle] = event.word is Word.ACCEPT
            case EntrantsFixed():
                self.entrants = event.entrants
                self.commitment = event.commitment
                if len(event.entrants) == 1:
                    self._lead(event.entrants[0])
            case RoundBegan():
                self._begin_round(event, at_us)
            case SeedCommitted():
                self.commitments[event.by or -event.paddle] = event.commitment
            case SeedRevealed():
                self.seeds[event.by or -event.paddle] = event.seed
            case EntrantsDrawn():
                self.order = event.order
                self._lead(event.order[0])
            case _:
                super().apply(event, at_us)

    def _lead(self, paddle: Paddle) -> None:
        self.leader = paddle
        self.price = self.purchase_price

    def _begin_round(self, event: RoundBegan, at_us: TimeUs) -> None:
        is_repeated = self.stage is Stage.REVEAL and event.number % _ROUNDS_OF_ATTEMPT == 1
        if is_repeated:
            self.barred.update(dict.fromkeys(self._withheld(self.seeds), self.attempt))
            self.commitments = {}
            self.seeds = {}
        self.round = event.number
        self.ends_at_us = event.ends_at_us
        if self.stage is Stage.BEACON:
            assert self.terms.beacon is not None
            self.beacon_round = self.terms.beacon.round_after(at_us)

    def _decide_commitment(self, setting: Setting, by: int, commitment: Digest, at_us: TimeUs) -> Decided:
        party = self._party_of(setting, by)
        if isinstance(party, Refused):
            return party
        if party in self.commitments:
            return Refused(Refusal.ALREADY_DECLARED)
        if self.stage is not Stage.COMMIT or (party < 0 and len(self.commitments) >= self._seeds_max):
            return Refused(Refusal.NOT_TAKEN_NOW)
        if commitment in self.commitments.values():
            return Refused(Refusal.SEED_INVALID, detail="a copy of another party's commitment")
        events: list[Event] = [SeedCommitted(max(party, 0), commitment, max(-party, 0))]
        committed = len(self.commitments) + 1
        if committed == self._parties_left and committed >= self.terms.parties_min:
            events.append(self._reveal_round(at_us))
        return events

    def _decide_seed(self, setting: Setting, by: int, seed: Digest, at_us: TimeUs) -> Decided:
        party = self._party_of(setting, by)
        if isinstance(party, Refused):
            return party
        if party in self.seeds:
            return Refused(Refusal.ALREADY_DECLARED)
        if self.stage is not Stage.REVEAL:
            return Refused(Refusal.NOT_TAKEN_NOW)
        if self.commitments.get(party) != seed_commitment(seed):
            return Refused(Refusal.SEED_INVALID)
        revealed: Event = SeedRevealed(max(party, 0), seed, max(-party, 0))
        seeds = {**self.seeds, party: seed}
        if self._withheld(seeds):
            return [revealed]
        onward = self._reveal_ended(seeds, at_us)
        if isinstance(onward, Closing):
            return Closing([revealed, *onward.events], onward.standing)
        return [revealed, *onward]

    def _decide_beacon(self, given: PublishBeacon, at_us: TimeUs) -> Decided:
        beacon = self.terms.beacon
        if beacon is None or self.stage is not Stage.BEACON:
            return Refused(Refusal.NOT_TAKEN_NOW)
        if given.round != self.beacon_round:
            return Refused(Refusal.BEACON_INVALID, detail=f"round {self.beacon_round} decides")
        if at_us < beacon.comes_out_at_us(given.round):
            return Refused(Refusal.BEACON_INVALID, detail="that round has not come out yet")
        value = beacon_value(given.output)
        if value is None:
            return Refused(Refusal.BEACON_INVALID, detail="32, 48, 64 or 96 bytes are expected")
        published = BeaconPublished(given.round, given.output, given.by)
        return self._drawn([published], (given.round, value), self.seeds)

    def _party_of(self, setting: Setting, by: BidderId | StaffId) -> Party | Refused:
        """Return who an account is in the draw, or why it may not give a seed."""
        party: Party = 0
        if by in self.terms.parties:
            party = by
        elif self.terms.entrants_may_commit and by in setting.paddles:
            party = -setting.paddles[by]
            if -party not in self.entrants:
                return Refused(Refusal.NOT_ELIGIBLE)
        if party in self.barred:
            return Refused(Refusal.NOT_ELIGIBLE)
        return party or Refused(Refusal.NOT_THE_NAMED_PERSON)

    @property
    def _seeds_max(self) -> int:
        return SEEDS_OF_ENTRANTS_MAX + len(self.terms.parties)

    @property
    def _parties_left(self) -> int:
        """How many may give a seed."""
        entrants = len(self.entrants) if self.terms.entrants_may_commit else 0
        return min(len(self.terms.parties) + entrants - len(self.barred), self._seeds_max)

    def _withheld(self, seeds: dict[Party, Digest]) -> list[Party]:
        """Return who has committed and not shown."""
        return [party for party in self.commitments if party not in seeds]

    def _entry_ended(self, at_us: TimeUs) -> list[Event] | Closing:
        entered = [paddle for paddle, enters in self.declared.items() if enters]
        events = _list_fixed(self.terms, self.lot, self.index, entered, at_us)
        if len(entered) > 1:
            return events
        standing = (
            self._standing_of(tuple(entered)) if entered else self._standing_without_draw(is_held=False)
        )
        return Closing(events, standing)

    def _commit_ended(self, at_us: TimeUs) -> list[Event] | Closing:
        """Go on with the seeds that there are; with too few ask again, and in the end trust the beacon alone."""
        if len(self.commitments) < self.terms.parties_min:
            if self.attempt < self.terms.attempts_max:
                return [self._commit_round(at_us)]
            if self.terms.beacon is None:
                return self._given_up()
        return [self._reveal_round(at_us) if self.commitments else self._beacon_round_awaited()]

    def _reveal_ended(self, seeds: dict[Party, Digest], at_us: TimeUs) -> list[Event] | Closing:
        """With a beacon a missing seed is left out: who withheld it could not know the outcome. Else ask again."""
        if self.terms.beacon is not None:
            return [self._beacon_round_awaited()]
        withheld = self._withheld(seeds)
        if not withheld:
            return self._drawn([], None, seeds)
        is_hopeless = self._parties_left - len(withheld) < self.terms.parties_min
        if is_hopeless or self.attempt >= self.terms.attempts_max:
            return self._given_up()
        return [self._commit_round(at_us)]

    def _commit_round(self, at_us: TimeUs) -> RoundBegan:
        return RoundBegan(self.attempt * _ROUNDS_OF_ATTEMPT + 1, at_us + self.terms.commit_us)

    def _reveal_round(self, at_us: TimeUs) -> RoundBegan:
        return RoundBegan(self.round + 1, at_us + self.terms.reveal_us)

    def _beacon_round_awaited(self) -> RoundBegan:
        return RoundBegan(self.attempt * _ROUNDS_OF_ATTEMPT, 0)

    def _drawn(
        self, before: list[Event], beacon: tuple[int, Digest] | None, seeds: dict[Party, Digest]
    ) -> Closing:
        """Draw, and close the phase."""
        staff = {party: seed for party, seed in seeds.items() if party > 0}
        paddles = {-party: seed for party, seed in seeds.items() if party < 0}
        seed = draw_seed(self.commitment, beacon, staff, paddles)
        order = drawn_order(self.entrants, seed, self.terms.places)
        return Closing([*before, EntrantsDrawn(order, seed)], self._standing_of(order))

    def _given_up(self) -> Closing:
        struck = EntrantsFixed((), entrants_commitment(self.lot, self.index, ()))
        return Closing([struck], self._standing_without_draw(is_held=True))

    def _standing_of(self, order: tuple[Paddle, ...]) -> Standing:
        quantity = self.given.quantity
        places = [Place(paddle, self.purchase_price, quantity=quantity) for paddle in order]
        if self.terms.others_follow:
            places += [place for place in self.given.places if place.paddle not in self.entrants]
        return structs.replace(
            self.given,
            leader=order[0],
            price=self.purchase_price,
            limit=0,
            places=tuple(places),
            tied=(),
        )

    def _standing_without_draw(self, *, is_held: bool) -> Standing:
        """Nobody entered, or the draw could not be held: the lot is not sold."""
        return structs.replace(
            self.given, pass_reason=PassReason.NOT_DRAWN if is_held else PassReason.NO_BIDS
        )

    def _question(self, setting: Setting) -> Asked:
        question = Question.TAKE_CAP if self.terms.only_if_capped else Question.GO_ON
        is_for_all = self.terms.entrants is Entrants.ADMITTED
        paddles = () if is_for_all else tuple(_concerned(self.terms, setting, self.given))
        return Asked(question, sum(self.declared.values()), paddles)


def _concerned(terms: DrawTerms, setting: Setting, standing: Standing) -> Collection[Paddle]:
    """Return among whom the draw is held, or whom it asks."""
    match terms.entrants:
        case Entrants.TIED:
            return standing.tied
        case Entrants.ELIGIBLE:
            return setting.admitted if standing.eligible is None else standing.eligible
        case Entrants.PLACES:
            return tuple(place.paddle for place in standing.places)
        case Entrants.ADMITTED:
            return setting.admitted


def _purchase_price(terms: DrawTerms, setting: Setting, standing: Standing) -> Amount:
    return terms.price or standing.price or setting.terms.opening_price


def _list_fixed(
    terms: DrawTerms, lot: LotId, index: int, entrants: Collection[Paddle], at_us: TimeUs
) -> list[Event]:
    """Return the fixed list and, where there is something to draw, what it waits for first."""
    ordered = tuple(sorted(entrants))
    events: list[Event] = [EntrantsFixed(ordered, entrants_commitment(lot, index, ordered))]
    if len(ordered) > 1:
        takes_seeds = terms.takes_seeds
        events.append(
            RoundBegan(1, at_us + terms.commit_us) if takes_seeds else RoundBegan(_ROUNDS_OF_ATTEMPT, 0)
        )
    return events
