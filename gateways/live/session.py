"""One live connection: reads frames, hands commands to the engine, answers.

Identity comes from the handshake and never from a frame. Every bad frame gets a coded answer and changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import structlog
from msgspec import Struct, structs

from exchange.measures import Measures
from exchange.people import Account, Role
from exchange.ports import (
    Accepted,
    Answer,
    Archived,
    Busy,
    EventFeed,
    Hall,
    Journal,
    JournalUnavailable,
    OutcomeUnknown,
    Unanswered,
)
from exchange.records import public_record
from exchange.settings import Settings
from gateways import wire
from gateways.live.connection import Connection
from gateways.live.frames import BINARY, TEXT
from gateways.live.hub import Hub
from gateways.live.outbox import Outbox, OutboxLimits, Tray
from gateways.live.pace import Pace
from gateways.live.returning import AT_ONCE, Delay, delay_of, farewell
from gateways.live.rounds import encoded
from gateways.live.translation import BIDDER_FRAMES, COMMAND_FRAMES, STAFF_FRAMES, command_of
from gateways.wire import CloseCode, ErrorCode, ServerFrame
from matching import commands
from matching.units import LotId
from matching.view import PublicRecord

log = structlog.get_logger(__name__)

BAD_FRAMES_MAX = 20
TOO_FAST_MAX = 200
LATEST_RECORDS = 50
"""How many records a new follower is shown of what went before."""

CATCH_UP_SECONDS = 3.0
"""How long a client waits for this gateway to see what he has seen elsewhere."""

RECOVERED_RECORDS_MAX = 2_000
"""A client that missed more than this starts again from a snapshot."""


class Floor(Struct, frozen=True):
    """What every session of a gateway shares."""

    hall: Hall
    feed: EventFeed
    journal: Journal
    hub: Hub
    measures: Measures
    limits: wire.Limits
    tray: Tray
    outbox_limits: OutboxLimits
    heartbeat_ms: int

    @classmethod
    def under(
        cls,
        settings: Settings,
        *,
        hall: Hall,
        feed: EventFeed,
        journal: Journal,
        hub: Hub,
        measures: Measures,
    ) -> Floor:
        """Return a floor before an engine, with the limits that the settings give."""
        return cls(
            hall=hall,
            feed=feed,
            journal=journal,
            hub=hub,
            measures=measures,
            limits=wire.Limits(
                frame_bytes_max=settings.frame_bytes_max,
                frames_per_second=settings.frames_per_second,
                frames_burst=settings.frames_burst,
                subscriptions_max=settings.subscriptions_max,
            ),
            tray=Tray(),
            outbox_limits=OutboxLimits(settings.outbox_bytes_max, settings.outbox_age_ms_max),
            heartbeat_ms=settings.heartbeat_ms,
        )


class _Named(Struct):
    """Just enough of a bad frame to say which command it was."""

    id: str = ""


class Session:
    """The conversation with one client."""

    __slots__ = (
        "_account", "_bad_frames", "_connection", "_decode", "_errands", "_floor", "_followed", "_is_bidder",
        "_leaves_with", "_loop", "_pace", "_too_fast", "account_id", "is_host", "opcode", "out", "rtt_ms", "under_way",
    )  # fmt: skip

    def __init__(self, floor: Floor, account: Account | None, protocol: str | None) -> None:
        self._floor = floor
        self._account = account
        self.account_id = account.id if account else 0
        self.is_host = account is not None and bool({Role.HOST, Role.ADMIN} & set(account.roles))
        self._is_bidder = account is not None and Role.BIDDER in account.roles
        is_binary = protocol == wire.MSGPACK_PROTOCOL
        self.opcode = BINARY if is_binary else TEXT
        self._decode: Callable[[Any], wire.ClientFrame] = (
            wire.decode_msgpack if is_binary else wire.decode_json
        )
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(floor.limits.frames_per_second, floor.limits.frames_burst, self._loop.time())
        self._followed: set[LotId] = set()
        self._errands: set[asyncio.Task[None]] | None = None
        self._bad_frames = 0
        self._too_fast = 0
        self.rtt_ms = 0
        """The last round trip that the client measured, 0 for none yet."""
        self.under_way = 0
        """Commands that wait for their answer."""
        self._leaves_with: Delay | None = None
        """Set once this session only waits for its answers, to end then."""

    async def run(self, transport: asyncio.Transport) -> None:
        """Talk until either side ends the conversation."""
        floor = self._floor
        self._connection = Connection(
            transport, floor.limits.frame_bytes_max, floor.heartbeat_ms / 1000, self._heard
        )
        self.out = Outbox(transport, floor.tray, floor.outbox_limits, self._cut_slow)
        floor.measures.connections += 1
        floor.hub.enter(self)
        try:
            self._say(self._hello())
            await self._connection.closed
        finally:
            floor.hub.leave(self)
            floor.measures.connections -= 1
            self._let_go()

    def _let_go(self) -> None:
        """Undo the circles of references, so that all of this is freed now and not in one long collection."""
        self.out.let_go()
        if self._connection.closed.done():
            self._connection.let_go()
        for errand in self._errands or ():
            errand.cancel()

    @property
    def silent_seconds(self) -> float:
        """Return how long nothing has been heard of the client."""
        return self._connection.silent_seconds

    def end(self, code: CloseCode, delay: Delay = AT_ONCE) -> None:
        """End the conversation with a code that tells the client whether to come back, and after what delay."""
        self.out.flush()
        self.out.close()
        self._connection.goodbye(code, farewell(code, delay))

    def move_on(self, delay: Delay) -> None:
        """Send the client elsewhere once its commands are answered; from now on it is not heard any more.

        What it says meanwhile has no answer here, and is asked again under the same id where it goes.
        """
        self._leaves_with = delay
        if not self.under_way:
            self.end(CloseCode.SHUTTING_DOWN, delay)

    # -- reading -----------------------------------------------------------------------------------------------

    def _heard(self, opcode: int, data: bytes) -> None:
        self._floor.measures.frames_in += 1
        if self._leaves_with is not None:
            return
        if opcode != self.opcode:
            form = "text" if self.opcode == TEXT else "binary"
            self._bad_frame(ErrorCode.MALFORMED, f"this connection speaks {form} frames")
        elif self._pace.allows(self._loop.time()):
            self._take(data)
        else:
            self._slow_down(data)

    def _take(self, data: bytes) -> None:
        try:
            frame = self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._bad_frame(ErrorCode.MALFORMED, str(error), self._id_in(data))
            return
        HANDLERS[type(frame)](self, frame)

    def _bad_frame(self, code: ErrorCode, detail: str, id: str = "") -> None:
        self._error(code, detail, id)
        self._bad_frames += 1
        if self._bad_frames == BAD_FRAMES_MAX:
            self.end(CloseCode.TOO_MANY_BAD_FRAMES)

    def _slow_down(self, data: bytes) -> None:
        limits = self._floor.limits
        self._error(
            ErrorCode.RATE_LIMITED, f"at most {limits.frames_per_second} frames a second", self._id_in(data)
        )
        self._too_fast += 1
        if self._too_fast == TOO_FAST_MAX:
            self.end(CloseCode.TOO_FAST)

    def _id_in(self, data: bytes) -> str:
        """Return the command id that a frame names, if that much of it can be read."""
        try:
            decode = msgspec.json.decode if self.opcode == TEXT else msgspec.msgpack.decode
            return decode(data, type=_Named).id[:64]
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""

    # -- commands ----------------------------------------------------------------------------------------------

    def _bid(self, frame: wire.Bid) -> None:
        if self._may(self._is_bidder, frame.id):
            self._post(frame.id, commands.PlaceBid(frame.lot, self.account_id, frame.amount, frame.phase))

    def _command(self, frame: wire.CommandFrame) -> None:
        if self._may(self._may_send(type(frame)), frame.id):
            self._post(frame.id, command_of(frame, self.account_id))

    def _may_send(self, kind: type) -> bool:
        if kind in STAFF_FRAMES:
            return self.is_host
        return self._is_bidder or (self.is_host and kind not in BIDDER_FRAMES)

    def _may(self, is_allowed: bool, id: str) -> bool:
        if not is_allowed:
            self._error(ErrorCode.NOT_ALLOWED if self._account else ErrorCode.NOT_SIGNED_IN, "", id)
        return is_allowed

    def _post(self, id: str, command: commands.Command) -> None:
        if not wire.is_command_id(id):
            self._bad_frame(ErrorCode.MALFORMED, "Expected 32 lowercase hexadecimal digits - at `$.id`", id)
            return
        self.under_way += 1
        if self._floor.hall.holds(command.lot):
            self._hand_over(id, command)
        else:
            self._errand(self._hand_over_to_ended(id, command))

    def _hand_over(self, id: str, command: commands.Command) -> None:
        try:
            self._floor.hall.post(id, command, self._answer)
        except Busy:
            self._answer(Busy(id))

    async def _hand_over_to_ended(self, id: str, command: commands.Command) -> None:
        """A lot that is not at hand has ended, or never was: fetch it, so that a repeat gets its first answer."""
        try:
            await self._floor.hall.load(command.lot)
        except JournalUnavailable:
            self._answer(Busy(id))
        else:
            self._hand_over(id, command)

    def _answer(self, answer: Answer | Unanswered) -> None:
        self.under_way -= 1
        self._tell(answer)
        if self._leaves_with is not None:
            self.move_on(self._leaves_with)

    def _tell(self, answer: Answer | Unanswered) -> None:
        if isinstance(answer, Accepted):
            self._say(self._receipt(answer))
        elif isinstance(answer, Unanswered):
            code = ErrorCode.OUTCOME_UNKNOWN if isinstance(answer, OutcomeUnknown) else ErrorCode.BUSY
            self._error(code, "", answer.command_id)
        else:
            refused = answer.refused
            self._say(
                wire.RefusalFrame(
                    answer.command_id,
                    answer.lot,
                    refused.code.name,
                    False,
                    refused.asking_price,
                    refused.increment,
                    refused.largest,
                    refused.missing,
                    refused.detail,
                )
            )

    def _receipt(self, answer: Accepted) -> wire.ReceiptFrame:
        view = self._floor.feed.view(answer.lot)
        assert view is not None, "a lot is published before anybody is answered about it"
        return wire.ReceiptFrame(
            answer.command_id,
            answer.lot,
            answer.sequence,
            answer.at_us,
            answer.amount,
            answer.link.hex(),
            answer.paddle != 0 and answer.paddle == view.leader,
            view.price,
            view.asking_price,
            answer.is_repeat,
        )

    # -- following ---------------------------------------------------------------------------------------------

    def _subscribe(self, frame: wire.Subscribe) -> None:
        if frame.lot not in self._followed and len(self._followed) >= self._floor.limits.subscriptions_max:
            self._error(ErrorCode.TOO_MANY_SUBSCRIPTIONS, f"at most {self._floor.limits.subscriptions_max}")
            return
        self._followed.add(frame.lot)
        is_at_hand = self._floor.hall.view(frame.lot) is not None and not self._is_ahead(frame)
        if is_at_hand and self._show(frame, self._remembered(frame)):
            return
        self._errand(self._show_from_journal(frame))

    def _unsubscribe(self, frame: wire.Unsubscribe) -> None:
        self._followed.discard(frame.lot)
        self._floor.hub.unfollow(frame.lot, self)

    def _wanted_after(self, frame: wire.Subscribe) -> int:
        """Return the position after which the client wants records: its own, or a little before the end."""
        feed = self._floor.feed
        offset = feed.offset(frame.lot)
        if self._can_recover(frame):
            return frame.offset
        return max(offset - LATEST_RECORDS, 0)

    def _can_recover(self, frame: wire.Subscribe) -> bool:
        missed = self._floor.feed.offset(frame.lot) - frame.offset
        return (
            frame.epoch == self._floor.hub.epoch
            and frame.offset >= 0
            and 0 <= missed <= RECOVERED_RECORDS_MAX
        )

    def _is_ahead(self, frame: wire.Subscribe) -> bool:
        """Tell whether the client has seen more of a lot than is shown here: at a gateway that is further on."""
        floor = self._floor
        return frame.epoch == floor.hub.epoch and frame.offset > floor.feed.offset(frame.lot)

    async def _has_caught_up(self, frame: wire.Subscribe) -> bool:
        """Wait until as much is shown here; send the client elsewhere when that takes too long.

        False also for one who has lost interest meanwhile.
        """
        if not await self._floor.hub.catching_up.reached(frame.lot, frame.offset, CATCH_UP_SECONDS):
            log.warning("session.ahead", lot=frame.lot, offset=frame.offset)
            self.end(CloseCode.BEHIND, delay_of(self._floor.measures.connections))
            return False
        return frame.lot in self._followed

    def _remembered(self, frame: wire.Subscribe) -> list[PublicRecord] | None:
        return self._floor.feed.since(frame.lot, self._wanted_after(frame))

    async def _show_from_journal(self, frame: wire.Subscribe) -> None:
        """Show a lot whose latest records the feed does not remember, or that has ended."""
        floor = self._floor
        try:
            if await floor.hall.load(frame.lot) is None:
                self._followed.discard(frame.lot)
                self._error(ErrorCode.LOT_UNKNOWN, f"lot {frame.lot}")
                return
            if self._is_ahead(frame) and not await self._has_caught_up(frame):
                return
            rows = await floor.journal.read_lot(frame.lot, self._wanted_after(frame), RECOVERED_RECORDS_MAX)
        except Archived as archived:
            if floor.feed.view(frame.lot) is None:
                self._followed.discard(frame.lot)
                self._error(ErrorCode.LOT_UNKNOWN, str(archived))
                return
            rows = []  # it ended long ago: where it stands is all there is to show
        except JournalUnavailable:
            self._error(ErrorCode.BUSY, "")
            return
        # The journal may be ahead of what is published, never behind: cut it there, and it joins without a gap.
        offset = floor.feed.offset(frame.lot)
        records = [public_record(row.record) for row in rows if row.sequence <= offset]
        if not self._show(frame, records):
            self._show(frame, self._remembered(frame) or [])

    def _show(self, frame: wire.Subscribe, records: list[PublicRecord] | None) -> bool:
        """Follow the lot and send where it stands: one synchronous act, so nothing slips in between.

        False when the records do not reach the published position.
        """
        feed, hub = self._floor.feed, self._floor.hub
        offset, view = feed.offset(frame.lot), feed.view(frame.lot)
        if records is None or view is None or (records and records[-1].sequence != offset):
            return False
        is_recovered = self._can_recover(frame) and offset - frame.offset == len(records)
        own = feed.own(frame.lot, self.account_id)
        you = None if own is None else wire.You(**structs.asdict(own))
        now_us = self._floor.hall.now_us()
        granted = hub.follow(frame.lot, frame.view, self)
        self._say(
            wire.Snapshot(frame.lot, hub.epoch, offset, granted, is_recovered, view, records, you, now_us)
        )
        return True

    # -- speaking ----------------------------------------------------------------------------------------------

    def _hello(self) -> wire.Hello:
        account = self._account
        who = None if account is None else wire.Who(account.id, account.name, tuple(account.roles))
        floor = self._floor
        # If this gateway is lost, all who are here now will want to come back together.
        delay = delay_of(floor.measures.connections)
        return wire.Hello(
            wire.VERSION,
            floor.hub.epoch,
            floor.hall.now_us(),
            who,
            floor.heartbeat_ms,
            floor.hub.tick_ms,
            delay.min_ms,
            delay.max_ms,
            floor.limits,
        )

    def _ping(self, frame: wire.Ping) -> None:
        self.rtt_ms = frame.rtt_ms or self.rtt_ms
        self._say(wire.Pong(frame.sent, self._floor.hall.now_us()))

    def _error(self, code: ErrorCode, detail: str, id: str = "") -> None:
        self._floor.measures.bad_frames[code.value] += 1
        self._say(wire.Error(code.value, code in wire.RETRYABLE, detail, id))

    def _say(self, frame: ServerFrame) -> None:
        self.out.put(encoded(frame, self.opcode))

    # -- ending ------------------------------------------------------------------------------------------------

    def _cut_slow(self) -> None:
        self._floor.measures.slow_clients += 1
        log.info("session.too_slow", account=self.account_id)
        self.end(CloseCode.SLOW_CONSUMER)

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        errand = self._loop.create_task(work)
        if self._errands is None:
            self._errands = set()
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)


HANDLERS: dict[type, Callable[[Session, Any], None]] = {
    **dict.fromkeys(COMMAND_FRAMES, Session._command),
    wire.Bid: Session._bid,
    wire.Subscribe: Session._subscribe,
    wire.Unsubscribe: Session._unsubscribe,
    wire.Ping: Session._ping,
}
