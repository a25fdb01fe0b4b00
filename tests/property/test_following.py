"""Whatever a lot goes through, who follows its rows shows what the engine shows, and gives the engine's receipts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.adapters.memory import MemorySnapshots
from exchange.adapters.ring import RingFeed
from exchange.follower import Follower
from exchange.ports import Accepted, FeedEntry
from exchange.sequencer import Envelope, Sequencer
from matching.commands import AdmitBidder, AnnounceLot, Command
from matching.lot import digest
from matching.phases import FORMATS
from matching.terms import PhaseTerms
from tests.oracle.programmes import BIDDERS, HOST, LOT, START_US, Commands, random_terms

MOVES = 120
EXAMPLES = 20
SEED = st.integers(0, 2**32)


class Everything:
    """Awaits every command."""

    def __contains__(self, key: object) -> bool:
        return True


class Floor:
    """A sequencer, and a follower who hears its rows."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._sequencer = Sequencer({}, 0, START_US)
        self._feed = RingFeed()
        self._told: list[FeedEntry] = []
        self._given: list[Accepted] = []
        self._received: list[Accepted] = []
        self._count = 0
        self._feed.listen(self._told.extend)
        self._follower = Follower(self._feed, MemorySnapshots(), Everything(), self._received.append)
        self._last_command: str | None = None

    def step(self, given: list[Command], at_us: int) -> None:
        """Decide commands in one batch; the follower has to show the same afterwards."""
        self._told.clear()
        envelopes = []
        for command in given:
            self._count += 1
            envelopes.append(Envelope(f"{self._count:032x}", command, lambda answer: None))
        step = self._sequencer.step(envelopes, at_us)
        self._given += [
            answer for _, answer in step.replies if isinstance(answer, Accepted) and not answer.is_repeat
        ]
        replayed = [(row, row.record) for row in step.batch.rows]
        if replayed:
            self._follower.replay(replayed, self._last_command)
            self._last_command = replayed[-1][1].command
        shown = [touched.entry for touched in step.touched.values()]
        assert self._told == shown
        assert self._received == self._given
        for lot, held in self._sequencer.lots.items():
            assert digest(self._follower.lots[lot].lot) == digest(held.lot)
            assert self._follower.lots[lot].link == held.link

    def play(self, wanted: type[PhaseTerms]) -> None:
        """Play a lot whose programme has this format, by chance."""
        chance = self._chance
        self.step([AnnounceLot(LOT, HOST, random_terms(chance, wanted))], START_US)
        self.step(
            [AdmitBidder(LOT, bidder, chance.choice((0, 0, 1, 2))) for bidder in range(1, BIDDERS)], START_US
        )
        commands, now_us, moves = Commands(chance), START_US, 0
        lot = self._sequencer.lots[LOT].lot
        while moves < MOVES and not lot.is_closed:
            now_us = commands.moment(lot, now_us)
            batch = [commands.next(lot, now_us) for _ in range(chance.choice((1, 1, 1, 4)))]
            self.step(batch, now_us)
            moves += len(batch)


@pytest.mark.parametrize("wanted", FORMATS, ids=FORMATS.get)
@settings(max_examples=EXAMPLES)
@given(seed=SEED)
def test_a_follower_shows_and_answers_what_the_engine_does(wanted: type[PhaseTerms], seed: int) -> None:
    Floor(random.Random(seed)).play(wanted)
