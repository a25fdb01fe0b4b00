"""A small table language for the rules: one row per command, the last column is what it makes happen.

    at    | who  | does      | then
    0:00  | host | open      | opened, phase 0 ends 10:00
    0:05  | A    | bid 1000  | A 1000
    0:06  | B    | bid 1050  | refused BELOW_ASKING_PRICE ask 1100 step 100

Columns
    at    moment since `START_US`, `minutes:seconds[.fraction]` or `hours:minutes:seconds`; times never fall
    who   A … Z: admitted bidders with paddles in the order of the alphabet; a … z: people who are not admitted;
          host, office, clock
    does  bid N, max N; open, pause WHY, resume, withdraw WHY, warn, hammer; admit X; deadline AT
    then  the events, separated by commas, as `told` writes them, or `refused CODE …`

Every accepted row is applied; every refused row must leave the lot's digest as it was.

Belongs here: reading tables and writing events down. Does not belong here: the scenarios themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matching import commands as command
from matching import events as event
from matching.increments import IncrementTable, Step, fixed
from matching.lot import Lot, announce, announced, apply, decide, digest
from matching.refusals import Refused
from matching.terms import SECOND_US, BidRule, EnglishTerms, LotTerms
from matching.units import Paddle, TimeUs

START_US = 1_750_000_000_000_000
LOT = 7
HOST = 9


def moment_us(text: str) -> TimeUs:
    """Return the microseconds since the epoch of a table's moment such as `9:59.5` or `1:00:00`."""
    return START_US + span_us(text)


def span_us(text: str) -> int:
    """Return the microseconds of `minutes:seconds[.fraction]` or `hours:minutes:seconds[.fraction]`."""
    *larger, seconds = text.split(":")
    whole, _, fraction = seconds.partition(".")
    total = 0
    for part in [*larger, whole]:
        total = total * 60 + int(part)
    return total * SECOND_US + int(fraction.ljust(6, "0"))


def written(at_us: TimeUs) -> str:
    """Write a moment the way tables do; `-` for none."""
    if at_us == 0:
        return "-"
    seconds, fraction = divmod(at_us - START_US, SECOND_US)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{clock}.{fraction:06}".rstrip("0") if fraction else clock


def steps(**rows: int) -> IncrementTable:
    """Return a step table, `steps(from_0=5, from_100=25)`."""
    return tuple(Step(int(name.removeprefix("from_")), increment) for name, increment in rows.items())


def english(
    step: int | IncrementTable = 100,
    *,
    duration: str | None = "10:00",
    window: str = "0:00",
    extension: str = "1:00",
    extensions_max: int | None = None,
    hard_end: str | None = None,
    countdown: str = "2:00",
    multiples: bool = False,
    max_bids: bool = True,
    leader_may_raise: bool = False,
    raise_steps_max: int | None = None,
    hammer_after: int | None = None,
) -> EnglishTerms:
    """Return the terms of an English phase, spans written as in tables; `hammer_after` fair warnings."""
    return EnglishTerms(
        increments=fixed(step) if isinstance(step, int) else step,
        bid_rule=BidRule.STEP_MULTIPLE if multiples else BidRule.FREE,
        duration_us=None if duration is None else span_us(duration),
        soft_close_window_us=span_us(window),
        extension_us=span_us(extension),
        extensions_max=extensions_max,
        hard_end_after_us=None if hard_end is None else span_us(hard_end),
        resume_countdown_us=span_us(countdown),
        max_bids_allowed=max_bids,
        leader_may_raise=leader_may_raise,
        raise_steps_max=raise_steps_max,
        host_may_hammer=hammer_after is not None,
        fair_warnings_min=hammer_after or 0,
    )


def lot_terms(
    *programme: EnglishTerms,
    opening: int = 1000,
    reserve: int = 0,
    opens: str | None = "0:00",
    bidders_min: int = 1,
    tolerance: str = "0:03",
    notice: str = "0:30",
) -> LotTerms:
    """Return the terms of a lot, spans and the opening moment written as in tables."""
    return LotTerms(
        currency="CNY",
        opening_price=opening,
        opens_at_us=0 if opens is None else moment_us(opens),
        programme=programme or (english(),),
        reserve_price=reserve,
        bidders_min=bidders_min,
        outage_tolerance_us=span_us(tolerance),
        outage_notice_us=span_us(notice),
    )


def bidder_of(letter: str) -> int:
    """Return the account behind a letter of the table."""
    return 1000 + ord(letter)


def lot_under(terms: LotTerms, letters: str = "") -> Lot:
    """Return an announced lot in which the bidders `letters` have been admitted in that order."""
    first = announce(command.AnnounceLot(LOT, HOST, terms))
    assert not isinstance(first, Refused), first.detail
    assert isinstance(first[0], event.LotAnnounced)
    lot = announced(LOT, first[0])
    at_us = START_US - span_us("1:00:00")
    take_over(lot, first, at_us)
    for letter in letters:
        take_over(lot, decide(lot, command.AdmitBidder(LOT, bidder_of(letter)), at_us), at_us)
    return lot


def take_over(lot: Lot, decision: list[event.Event] | Refused, at_us: TimeUs) -> None:
    """Apply the events of an accepted command."""
    assert not isinstance(decision, Refused), decision
    for happened in decision:
        apply(lot, happened, at_us)


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    at: str
    who: str
    does: str
    then: str

    @property
    def at_us(self) -> TimeUs:
        """The moment at which the command is decided."""
        return moment_us(self.at)

    @property
    def command(self) -> command.Command:
        """The command that the row names."""
        verb, _, rest = self.does.partition(" ")
        match verb:
            case "bid":
                return command.PlaceBid(LOT, bidder_of(self.who), int(rest))
            case "max":
                return command.LeaveMaxBid(LOT, bidder_of(self.who), int(rest))
            case "deadline":
                return command.MeetDeadline(LOT, 0 if rest == "-" else moment_us(rest))
            case "admit":
                return command.AdmitBidder(LOT, bidder_of(rest))
            case "announce":
                return command.AnnounceLot(LOT, HOST, lot_terms())
        return _host_command(verb, rest)


def _host_command(verb: str, reason: str) -> command.HostCommand:
    match verb:
        case "open":
            return command.OpenLot(LOT, HOST)
        case "pause":
            return command.PauseLot(LOT, HOST, reason)
        case "resume":
            return command.ResumeLot(LOT, HOST)
        case "withdraw":
            return command.WithdrawLot(LOT, HOST, reason)
        case "warn":
            return command.GiveFairWarning(LOT, HOST)
        case "hammer":
            return command.HammerLot(LOT, HOST)
    raise ValueError(f"no such command in a table: {verb!r}")


@dataclass(frozen=True)
class Scenario:
    """A lot's terms and the rows that happen to it; `then` of each row is what must come out."""

    terms: LotTerms
    table: str

    @property
    def rows(self) -> list[Row]:
        """The rows below the heading."""
        lines = [line for line in self.table.splitlines() if line.strip()]
        cells = [[cell.strip() for cell in line.split("|")] for line in lines]
        assert cells[0] == ["at", "who", "does", "then"], cells[0]
        return [Row(*row) for row in cells[1:]]

    @property
    def admitted(self) -> str:
        """The capital letters of the table that no row admits, in the order of the alphabet."""
        late = {row.does.removeprefix("admit ") for row in self.rows if row.does.startswith("admit ")}
        return "".join(
            sorted({row.who for row in self.rows if len(row.who) == 1 and row.who.isupper()} - late)
        )

    def play(self) -> Lot:
        """Run the rows, compare each with its last column, and return the lot at the end."""
        lot = lot_under(self.terms, self.admitted)
        outcome = list(self._outcomes(lot))
        expected = [(row.at, row.who, row.does, row.then) for row in self.rows]
        assert outcome == expected
        return lot

    def _outcomes(self, lot: Lot) -> Iterator[tuple[str, str, str, str]]:
        letters = _Letters(self.rows, lot)
        before_us = 0
        for row in self.rows:
            assert row.at_us >= before_us, f"times fall at {row}"
            before_us = row.at_us
            fingerprint = digest(lot)
            decision = decide(lot, row.command, row.at_us)
            assert digest(lot) == fingerprint, f"deciding changed the lot at {row}"
            if not isinstance(decision, Refused):
                take_over(lot, decision, row.at_us)
            yield row.at, row.who, row.does, told(decision, letters)


class _Letters:
    """Who stands behind a paddle, as the table calls him."""

    def __init__(self, rows: list[Row], lot: Lot) -> None:
        names = {row.who for row in rows} | {row.does.removeprefix("admit ") for row in rows}
        self._letters = {bidder_of(name): name for name in names if len(name) == 1}
        self._lot = lot

    def __getitem__(self, paddle: Paddle) -> str:
        return next(self._letters[bidder] for bidder, held in self._lot.paddles.items() if held == paddle)


def told(decision: list[event.Event] | Refused, letters: _Letters) -> str:
    """Write a decision the way the last column does."""
    if isinstance(decision, Refused):
        return _refusal_told(decision)
    return ", ".join(_event_told(happened, letters) for happened in decision)


def _refusal_told(refused: Refused) -> str:
    words = [f"refused {refused.code.name}"]
    named = {
        "ask": refused.asking_price,
        "step": refused.increment,
        "largest": refused.largest,
        "missing": refused.missing,
    }
    words += [f"{name} {value}" for name, value in named.items() if value]
    return " ".join([*words, f"({refused.detail})"] if refused.detail else words)


def _event_told(happened: event.Event, letters: _Letters) -> str:
    match happened:
        case event.BidPlaced(paddle, amount, is_proxy):
            return f"{letters[paddle]} {amount}" + (" proxy" if is_proxy else "")
        case event.MaxBidLeft(paddle, limit):
            return f"max {letters[paddle]} {limit}"
        case event.LotExtended(ends_at_us, extension):
            return f"extension {extension} ends {written(ends_at_us)}"
        case event.PhaseBegan(index, ends_at_us):
            return f"phase {index} ends {written(ends_at_us)}"
        case event.LotFrozen(cause, reason, _, resumes_at_us):
            resumption = f" until {written(resumes_at_us)}" if resumes_at_us else ""
            return f"frozen {cause.value}{resumption}" + (f" ({reason})" if reason else "")
        case event.LotResumed(ends_at_us, by):
            return f"resumed{_by(by)} ends {written(ends_at_us)}"
        case event.LotSold(paddle, price, by):
            return f"sold{_by(by)} {letters[paddle]} {price}"
        case event.LotPassed(reason, by):
            return f"passed{_by(by)} {reason.value}"
    return _plain_event_told(happened)


def _plain_event_told(happened: event.Event) -> str:
    match happened:
        case event.LotOpened(by):
            return f"opened{_by(by)}"
        case event.BidderAdmitted(paddle, _):
            return f"paddle {paddle}"
        case event.FairWarningGiven(warning, by):
            return f"warning {warning}{_by(by)}"
        case event.LotWithdrawn(reason, by):
            return f"withdrawn{_by(by)} ({reason})"
    raise ValueError(f"no row can make this happen: {happened!r}")


def _by(staff: int) -> str:
    return " by host" if staff == HOST else ""
