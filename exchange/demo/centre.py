"""The demo centre: it keeps lots coming, lets robots bid on them and ends what only a host can end.

Everything goes through the services of real use: people, catalogue, sign-ups, bank receipts, commands. Nothing is
kept but what the catalogue keeps, so a restarted centre carries on where it was.

Belongs here: the beat that asks `schedule`, `robots` and `auctioneer` what to do, and does it.
Does not belong here: deciding any of it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from random import Random

import structlog
from msgspec import Struct

from exchange.capacities import Capacities
from exchange.catalogue import Catalogue, CodeTaken
from exchange.demo.accounts import DEMO_PASSWORD, ROBOT_HOST, ROBOTS, VISITORS, made
from exchange.demo.auctioneer import clerks_act, next_act
from exchange.demo.bank import DemoBank
from exchange.demo.floor import RobotFloor
from exchange.demo.identities import declare_all
from exchange.demo.schedule import Publication, Staged, publications
from exchange.demo.showcase import Showcase
from exchange.demo.templates import (
    CODE_PREFIX,
    DemoLots,
    ProgrammeTemplate,
    Template,
    read_demo_lots,
    round_code,
    round_lot,
    round_of_code,
    round_terms,
)
from exchange.identities import Identities
from exchange.lot_search import Search
from exchange.lot_sheets import LotCard
from exchange.people import Account, People, Role
from exchange.ports import Clock, CommandBus, ExchangeError, LotBook
from exchange.sign_up import SignUps
from ledger.store import LedgerUnavailable
from matching.commands import Command
from matching.lot import CLOSED_STATES, LotState
from matching.terms import MINUTE_US
from matching.units import LotId, TimeUs
from matching.view import LotView

log = structlog.get_logger(__name__)

BEAT_S = 0.5
BEAT_AFTER_FAILURE_S = 3.0
AWAKE_US = 15 * MINUTE_US
"""A centre that nobody has watched for this long lets its fast lots rest."""


class Round(Struct):
    """The latest round of a template, as the centre follows it."""

    key: str
    number: int
    lot: LotId
    ends_at_us: TimeUs
    """When it is expected to end, or was seen to have ended."""
    is_seen: bool = False
    """Whether the engine has held it; one that it does not hold yet waits to be announced."""
    is_over: bool = False
    face: tuple[object, ...] = ()
    face_since_us: TimeUs = 0
    """Since when nothing has happened in it."""


def _always() -> bool:
    return True


class DemoCentre:
    """A trading centre that runs by itself. `open` once while the engine runs, then `run` until cancelled."""

    def __init__(
        self,
        *,
        people: People,
        identities: Identities,
        catalogue: Catalogue,
        sign_ups: SignUps,
        capacities: Capacities,
        bus: CommandBus,
        book: LotBook,
        clock: Clock,
        lots: DemoLots | None = None,
        is_watched: Callable[[], bool] = _always,
        chance: Random | None = None,
        showcase: Showcase | None = None,
    ) -> None:
        """Take the services of the exchange.

        Args:
            people: where the demo accounts are made.
            identities: where its bidders declare who they are.
            catalogue: where lots are published and found again.
            sign_ups: the way of the robots to their paddles.
            capacities: where priority purchasers among the robots are entered.
            bus: the way of bids and hammers to the engine.
            book: the lots as the engine holds them.
            clock: the time that the schedule goes by.
            lots: the templates; those that ship with the exchange unless given.
            is_watched: tells whether anybody looks at the exchange now.
            chance: what robots leave to chance; give a seeded one to see the same day again.
            showcase: puts pictures and papers beside the lots; without one they have none.
        """
        self._people = people
        self._identities = identities
        self._catalogue = catalogue
        self._sign_ups = sign_ups
        self._capacities = capacities
        self._bus = bus
        self._book = book
        self._clock = clock
        self._lots = lots or read_demo_lots()
        self._templates = {template.key: template for template in self._lots.templates}
        self._is_watched = is_watched
        self._chance = chance or Random()
        self._showcase = showcase
        self._rounds: dict[str, Round] = {}
        self._watched_at_us: TimeUs = 0
        self._floor: RobotFloor | None = None
        self._host: Account | None = None

    @property
    def rounds(self) -> list[Round]:
        """The latest round of each template that has had one."""
        return list(self._rounds.values())

    async def open(self) -> None:
        """Make the accounts, find the rounds of earlier starts, and publish the first lots.

        Raises: StoreUnavailable.
        """
        visitors = [await made(self._people, visitor, DEMO_PASSWORD) for visitor in VISITORS]
        robots = [await made(self._people, robot, None) for robot in ROBOTS]
        bidders = [one for one in (*visitors, *robots) if Role.BIDDER in one.roles]
        clerk = next(one for one in visitors if Role.ADMIN in one.roles)
        await declare_all(self._identities, bidders, clerk.id)
        self._host = await made(self._people, ROBOT_HOST, None)
        self._floor = RobotFloor(
            robots,
            sign_ups=self._sign_ups,
            capacities=self._capacities,
            clerk=self._host.id,
            bank=DemoBank(self._sign_ups, self._clock),
            bus=self._bus,
            book=self._book,
            clock=self._clock,
            chance=self._chance,
        )
        self._watched_at_us = self._clock.now_us()
        for key in self._templates:
            await self._find_round(key)
        await self._publish_due()
        log.info("demo.opened", lots=len(self._rounds), robots=len(robots))

    async def run(self) -> None:
        """Keep the centre going until cancelled; nothing that fails in it ends it."""
        while True:
            await asyncio.sleep(await self._guarded_beat())

    async def beat(self) -> None:
        """Do what is due now: publish, bid, act as the host.

        Raises: StoreUnavailable, Busy, OutcomeUnknown; the next beat carries on.
        """
        assert self._floor is not None, "a centre is opened before it runs"
        await self._publish_due()
        await self._floor.step()
        await self._act_as_host()

    async def _guarded_beat(self) -> float:
        """Do one beat and return how long to rest after it, in seconds."""
        try:
            await self.beat()
        except (ExchangeError, LedgerUnavailable) as error:
            log.warning("demo.delayed", error=str(error) or type(error).__name__)
        except Exception:
            # The edge of a task: the demonstration must never take the exchange down with it.
            log.exception("demo.beat_failed")
        else:
            return BEAT_S
        return BEAT_AFTER_FAILURE_S

    # -- lots --------------------------------------------------------------------------------------------------

    async def _find_round(self, key: str) -> None:
        """Take up the latest round of a template that is in the catalogue."""
        found = await self._catalogue.search(Search(words=f"{CODE_PREFIX}{key}-", limit=1))
        named = [(card, round_of_code(card.code)) for card in found.cards]
        for card, name in named:
            if name is not None and name[0] == key and card.is_demo:
                self._take_up(key, name[1], card)

    def _take_up(self, key: str, number: int, card: LotCard) -> None:
        view = card.view
        now_us = self._clock.now_us()
        is_over = view.state in CLOSED_STATES
        template = self._templates[key]
        expected_us = _expected_end_us(template, view, view.opens_at_us + template.duration_us)
        ends_at_us = min(expected_us, now_us) if is_over else expected_us
        self._rounds[key] = Round(key, number, card.lot, ends_at_us, is_seen=True, is_over=is_over)
        self._show(key, card.lot)
        if not is_over:
            self._send_robots(self._rounds[key], view.opens_at_us)

    async def _publish_due(self) -> None:
        now_us = self._clock.now_us()
        if self._is_watched():
            self._watched_at_us = now_us
        is_awake = now_us - self._watched_at_us < AWAKE_US
        staged = [self._staged(one, now_us) for one in self._rounds.values()]
        for plan in publications(self._lots.templates, staged, now_us, is_watched=is_awake):
            await self._publish(plan)

    async def _publish(self, plan: Publication) -> None:
        assert self._host is not None, "a centre is opened before it publishes"
        template = self._templates[plan.key]
        terms = round_terms(template, plan.opens_at_us, plan.duration_us)
        lot = round_lot(template, plan.number, terms, self._lots.notice_of(template))
        ends_at_us = plan.opens_at_us + plan.duration_us
        try:
            lot_id = await self._catalogue.publish(lot, self._host.id)
        except CodeTaken:
            # Entered before a crash and announced since, or about to be: it runs by itself, this centre goes on.
            self._rounds[plan.key] = Round(plan.key, plan.number, 0, self._clock.now_us(), is_over=True)
            return
        self._rounds[plan.key] = Round(plan.key, plan.number, lot_id, ends_at_us)
        self._show(plan.key, lot_id)
        self._send_robots(self._rounds[plan.key], plan.opens_at_us)

    def _show(self, key: str, lot: LotId) -> None:
        assert self._host is not None, "a centre is opened before it publishes"
        if self._showcase is not None:
            self._showcase.ask(lot, key, self._templates[key].category, self._host.id)

    def _send_robots(self, one: Round, opens_at_us: TimeUs) -> None:
        assert self._floor is not None, "a centre is opened before it publishes"
        code = round_code(one.key, one.number)
        self._floor.attend(one.lot, code, self._templates[one.key], opens_at_us)

    def _staged(self, one: Round, now_us: TimeUs) -> Staged:
        """Return where a round stands, noticing its end."""
        view = None if one.is_over else self._book.view(one.lot)
        if not one.is_over:
            _follow(one, self._templates[one.key], view, now_us)
        if one.is_over:
            return Staged(one.key, one.number, LotState.PASSED, one.ends_at_us)
        state = LotState.ANNOUNCED if view is None else view.state
        return Staged(one.key, one.number, state, one.ends_at_us)

    # -- the host ----------------------------------------------------------------------------------------------

    async def _act_as_host(self) -> None:
        assert self._host is not None, "a centre is opened before it acts"
        now_us = self._clock.now_us()
        for one in self._rounds.values():
            view = None if one.is_over else self._book.view(one.lot)
            if view is None:
                continue
            _note_change(one, view, now_us)
            act = self._hosts_act(one, view, now_us)
            if act is not None:
                await self._bus.submit(secrets.token_hex(16), act)

    def _hosts_act(self, one: Round, view: LotView, now_us: TimeUs) -> Command | None:
        assert self._host is not None and self._floor is not None, "a centre is opened before it acts"
        unchanged_us = now_us - one.face_since_us
        act: Command | None = next_act(view, unchanged_us, self._host.id)
        lot = self._book.lot(one.lot)
        if act is not None or lot is None or not isinstance(self._templates[one.key], ProgrammeTemplate):
            return act
        robots = self._floor.players(one.lot) if view.format == "draw" else []
        return clerks_act(lot, robots, unchanged_us, self._host.id, now_us, self._chance)


def _note_change(one: Round, view: LotView, now_us: TimeUs) -> None:
    face = (view.state, view.price, view.leader, view.bids, view.warnings)
    if face != one.face:
        one.face = face
        one.face_since_us = now_us


def _expected_end_us(template: Template, view: LotView, known_us: TimeUs) -> TimeUs:
    """Return when a round is expected to end: its phase does not tell where others follow."""
    if isinstance(template, ProgrammeTemplate):
        return max(view.ends_at_us, known_us)
    return view.ends_at_us or known_us


def _follow(one: Round, template: Template, view: LotView | None, now_us: TimeUs) -> None:
    if view is None:
        # The engine lets go of lots that ended long ago; one that it never held is still to be announced.
        one.is_over = one.is_seen
    else:
        one.is_seen = True
        one.is_over = view.state in CLOSED_STATES
        one.ends_at_us = _expected_end_us(template, view, one.ends_at_us)
    if one.is_over:
        one.ends_at_us = now_us
