"""The course of a simulated lot: who looks at it when, through the real sequencer, until it has ended.

Everybody looks more often the nearer the end is, as people do; a lot that does not end within the bounds is stopped.

Belongs here: time and order. Does not belong here: what anybody does (`bidders`, `clerk`).
"""

from __future__ import annotations

import heapq
from random import Random

from msgspec import Struct

from exchange.lots import HeldLot
from exchange.ports import Answer, Rejected
from exchange.rulebooks.drafting import sample
from exchange.rulebooks.parameters import Draft
from exchange.rulebooks.rulebook import Rulebook
from exchange.sequencer import Envelope, Sequencer
from exchange.simulation.bidders import Bidder, bidders, here, is_all_said, next_command, second_try
from exchange.simulation.clerk import CLERK, wishes
from matching.commands import AdmitBidder, AnnounceLot, Command
from matching.events import Event, LotExtended, PhaseBegan
from matching.lot import Lot
from matching.terms import DAY_US, SECOND_US
from matching.terms.dutch import DutchTerms
from matching.units import Amount, LotId, TimeUs
from matching.view import lot_view

SIMULATED_LOT: LotId = 1
COMMANDS_MAX = 50_000
LOOKS_MAX = 200_000
LENGTH_US_MAX = 400 * DAY_US
"""A lot that lives longer is stopped: nobody would wait for it."""

LOOKS_TO_THE_END = 4
LOOK_US_MIN = 3 * SECOND_US
LOOK_US_MAX = 3 * DAY_US
UNTIMED_LOOK_US = 20 * SECOND_US
"""Where nothing but the host ends a phase."""

PERSON_CLERK = 0


class Moment(Struct, frozen=True):
    """Something that happened, and when."""

    at_us: TimeUs
    event: Event


class Story(Struct, frozen=True):
    """A lot from its announcement to its end, everything included that is withheld while a real one runs."""

    rulebook: str
    seed: int
    people: tuple[Bidder, ...]
    draft: Draft
    moments: tuple[Moment, ...]
    refusals: int
    lot: Lot


class DidNotEnd(Exception):
    """The lot had not ended when the bounds of a simulation were reached."""


def play(rulebook: Rulebook, count: int, seed: int, draft: Draft | None = None) -> Story:
    """Play a lot under a rulebook and return its story.

    Args:
        count: how many bidders take part, from 1.
        seed: what chance begins with; the same seed gives the same story.
        draft: the lot; the rulebook's sample lot when absent.

    Raises: DidNotEnd; and what `exchange.rulebooks.drafting.drafted` raises.
    """
    return _Play(rulebook, count, seed, draft or sample(rulebook)).run()


class _Play:
    """One play: the sequencer, the people, and when each of them looks next."""

    def __init__(self, rulebook: Rulebook, count: int, seed: int, draft: Draft) -> None:
        self._rulebook = rulebook
        self._seed = seed
        self._draft = draft
        self._chance = Random(f"{rulebook.name} {count} {seed}")
        terms = draft.terms
        priority = min(rulebook.sample.priority_bidders, count)
        reference = _reference(draft)
        self._people = bidders(SIMULATED_LOT, count, priority, reference, terms.direction.sign, self._chance)
        self._sequencer = Sequencer({}, 0, draft.now_us)
        self._commands = 0
        self._refusals = 0
        self._moments: list[Moment] = []
        self._looks: list[tuple[TimeUs, int]] = []
        self._is_news = False

    def run(self) -> Story:
        """Play to the end."""
        now_us = self._draft.noticed_at_us
        self._give(AnnounceLot(SIMULATED_LOT, CLERK, self._draft.terms), now_us)
        for person in self._people:
            self._give(AdmitBidder(SIMULATED_LOT, person.id, person.rank), now_us)
        self._pass_looks()
        if not self._lot.is_closed:
            raise DidNotEnd(self._rulebook.name)
        return Story(
            rulebook=self._rulebook.name,
            seed=self._seed,
            people=tuple(self._people),
            draft=self._draft,
            moments=tuple(self._moments),
            refusals=self._refusals,
            lot=self._lot,
        )

    @property
    def _lot(self) -> Lot:
        held: HeldLot = self._sequencer.lots[SIMULATED_LOT]
        return held.lot

    def _pass_looks(self) -> None:
        """Let time pass: deadlines and looks in their order, until the lot has ended."""
        opens_at_us = self._draft.terms.opens_at_us
        for number in range(len(self._people) + 1):
            self._plan_look(number, opens_at_us)
        for _ in range(LOOKS_MAX):
            if self._lot.is_closed or self._commands > COMMANDS_MAX:
                return
            look_us, number = self._looks[0]
            due_us = self._sequencer.next_deadline_us
            if min(look_us, due_us or look_us) - opens_at_us > LENGTH_US_MAX:
                return
            if due_us is not None and due_us <= look_us:
                self._step([], due_us)
                self._look_anew(due_us)
                continue
            heapq.heappop(self._looks)
            self._look(number, look_us)
            self._plan_look(number, look_us)
            if self._is_news:
                self._look_anew(look_us)

    def _look(self, number: int, at_us: TimeUs) -> None:
        if number == PERSON_CLERK:
            self._let_staff_act(at_us)
            return
        person = self._people[number - 1]
        lot = self._lot
        view = lot_view(lot)
        command = next_command(lot, view, person, self._chance)
        if command is None:
            return
        answer = self._give(command, at_us)
        if isinstance(answer, Rejected) and (again := second_try(command, answer.refused, person, lot.sign)):
            answer = self._give(again, at_us)
        if is_all_said(view, answer.refused if isinstance(answer, Rejected) else None):
            person.rests = here(view)

    def _let_staff_act(self, at_us: TimeUs) -> None:
        """Try what staff would do; what is not due yet is no part of the story."""
        for command in wishes(self._lot, self._people, at_us, self._chance):
            before = self._refusals
            self._give(command, at_us)
            self._refusals = before

    def _give(self, command: Command, at_us: TimeUs) -> Answer:
        self._commands += 1
        return self._step([command], at_us)[0]

    def _step(self, commands: list[Command], at_us: TimeUs) -> list[Answer]:
        """Let the sequencer decide, and note what it decided."""
        envelopes = [Envelope(f"{self._commands:032x}", command, _nobody) for command in commands]
        step = self._sequencer.step(envelopes, at_us)
        moments = [Moment(row.at_us, row.event) for row in step.batch.rows]
        self._moments += moments
        if any(isinstance(moment.event, PhaseBegan | LotExtended) for moment in moments):
            self._is_news = True
        answers = [answer for _, answer in step.replies]
        self._refusals += sum(isinstance(answer, Rejected) for answer in answers)
        return answers

    def _plan_look(self, number: int, after_us: TimeUs) -> None:
        due_us = self._lot.due_at_us
        mean_us = (due_us - after_us) // LOOKS_TO_THE_END if due_us > after_us else UNTIMED_LOOK_US
        mean_us = min(max(mean_us, LOOK_US_MIN), LOOK_US_MAX)
        wait_us = LOOK_US_MIN + int(self._chance.expovariate(1) * mean_us)
        heapq.heappush(self._looks, (max(after_us, self._draft.terms.opens_at_us) + wait_us, number))

    def _look_anew(self, at_us: TimeUs) -> None:
        """After a deadline, or when the end has moved, everybody plans anew: what was far off may be near."""
        self._is_news = False
        self._looks = []
        for number in range(len(self._people) + 1):
            self._plan_look(number, at_us)


def _nobody(answer: object) -> None:
    """Take an answer that nobody waits for."""


def _reference(draft: Draft) -> Amount:
    """Return the price around which bidders value the lot: half the opening price where a clock falls from it."""
    opening_price = draft.terms.opening_price
    is_dutch = isinstance(draft.terms.programme[0], DutchTerms)
    return opening_price // 2 if is_dutch else opening_price
