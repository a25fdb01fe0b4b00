"""Who is there, as gateways tell each other: each bidder once, so many by name, and only of what hosts look at."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exchange.adapters.ring import RingFeed
from exchange.cluster.notes import Attendance, Online, Roll, decode_attendance, encode
from exchange.ports import FeedEntry, Own
from gateways.live.audience import Audience, Follower
from gateways.live.presence import ELSEWHERE_SECONDS, NAMED_MAX, Presences, paddle_set
from gateways.wire import View
from matching.view import lot_view
from tests.tables.scenario import lot_terms, lot_under
from tests.unit.test_hub import Listener

LOT = 1
BIDDERS = NAMED_MAX + 100


class Gateway:
    """What one gateway knows, with a clock that is turned by hand."""

    def __init__(self) -> None:
        self.feed = RingFeed()
        self.audience = Audience(LOT, 1)
        self.sessions: dict[int, set[Follower]] = {}
        self.now_seconds = 0.0
        self.presences = Presences(self.feed, {LOT: self.audience}, self.sessions, lambda: self.now_seconds)
        own = {1_000 + paddle: Own(paddle) for paddle in range(1, BIDDERS + 1)}
        self.feed.publish([FeedEntry(LOT, 1, [], lot_view(lot_under(lot_terms())), own)])

    def enter(self, paddle: int, rtt_ms: int = 0, silent_seconds: float = 0.0) -> None:
        session = Listener(1_000 + paddle, rtt_ms=rtt_ms)
        session.silent_seconds = silent_seconds
        self._enter(session, View.STATE)

    def enter_host(self, view: View = View.FULL) -> None:
        self._enter(Listener(1, is_host=True), view)

    def _enter(self, session: Listener, view: View) -> None:
        self.audience.enter(session, view, is_guest=False)
        self.sessions.setdefault(session.account_id, set()).add(session)


def exchange_notes(*gateways: Gateway) -> None:
    """Let all tell each other twice: what they want to know, then who is there."""
    for _ in range(2):
        told = [encode(each.presences.attendance(str(number))) for number, each in enumerate(gateways)]
        for number, gateway in enumerate(gateways):
            for other, note in enumerate(told):
                if other != number:
                    gateway.presences.hear(decode_attendance(note))


def test_a_bidder_at_two_gateways_counts_once_and_as_he_was_heard_last() -> None:
    here, there = Gateway(), Gateway()
    here.enter_host()
    here.enter(1, rtt_ms=20, silent_seconds=9)
    there.enter(1, rtt_ms=300, silent_seconds=1)
    there.enter(2)
    exchange_notes(here, there)
    told = here.presences.present(here.audience, 60_000_000, is_named=True)
    assert (told.bidders_online, told.watchers) == (2, 4)
    assert [(one.paddle, one.rtt_ms, one.heard_at_us) for one in told.online] == [
        (1, 300, 59_000_000),
        (2, 0, 60_000_000),
    ]


def test_gateways_tell_only_of_lots_that_a_host_follows_and_name_nobody_to_a_board() -> None:
    here, there = Gateway(), Gateway()
    there.enter(7)
    exchange_notes(here, there)
    assert not there.presences.attendance("there").present
    here.enter_host(View.STATE)
    exchange_notes(here, there)
    assert there.presences.attendance("there").present == {LOT: Roll(1, paddle_set([7]), ())}
    counted = here.presences.present(here.audience, 0, is_named=False)
    assert (counted.bidders_online, counted.online) == (1, ())


def test_of_very_many_bidders_some_are_named_and_all_are_counted() -> None:
    here, there = Gateway(), Gateway()
    here.enter_host()
    for paddle in range(1, BIDDERS + 1):
        (here if paddle % 2 else there).enter(paddle)
    exchange_notes(here, there)
    told = here.presences.present(here.audience, 0, is_named=True)
    assert told.bidders_online == BIDDERS
    assert [one.paddle for one in told.online] == list(range(1, NAMED_MAX + 1))


def test_a_gateway_that_has_fallen_silent_is_not_believed_any_more() -> None:
    here, there = Gateway(), Gateway()
    here.enter_host()
    there.enter(1)
    exchange_notes(here, there)
    here.now_seconds += ELSEWHERE_SECONDS
    assert here.presences.present(here.audience, 0, is_named=True).bidders_online == 1
    here.now_seconds += 0.5
    assert here.presences.present(here.audience, 0, is_named=True).bidders_online == 0


def test_a_note_with_a_whole_lot_of_bidders_stays_small() -> None:
    online = tuple(Online(paddle, 60_000, 60_000) for paddle in range(300_000 - NAMED_MAX, 300_000))
    roll = Roll(300_000, paddle_set(range(1, 300_001)), online)
    assert len(encode(Attendance("x" * 16, True, {LOT: True}, {LOT: roll}))) < 45_000


@given(st.lists(st.sets(st.integers(1, 2_000)), max_size=4))
def test_sets_of_paddles_join_as_sets(sets: list[set[int]]) -> None:
    joined = 0
    for paddles in sets:
        joined |= int.from_bytes(paddle_set(paddles), "little")
    union = set[int]().union(*sets)
    assert joined.bit_count() == len(union)
    assert {place + 1 for place in range(joined.bit_length()) if joined >> place & 1} == union
