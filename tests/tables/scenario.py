"""A small table language for the rules: one row per command, the last column is what it makes happen.

    at    | who  | does      | then
    0:00  | host | open      | opened, phase 0 ends 10:00
    0:05  | A    | bid 1000  | A 1000
    0:06  | B    | bid 1050  | refused BELOW_ASKING_PRICE ask 1100 step 100

Columns
    at    moment since `START_US`, `minutes:seconds[.fraction]` or `hours:minutes:seconds`; times never fall
    who   A … Z: admitted bidders with paddles in the order of the alphabet; a … z: people who are not admitted;
          host, office, clock
    does  bid N, max N; say accept|decline|waive; offer 1200 or 1200x30 1100x20 (price x quantity), seal N, take back;
          buy|sell Q @ PRICE|market [immediate|whole], cancel ORDER, replace ORDER Q @ PRICE; items 1=500 2=300x4;
          open, pause WHY, resume, withdraw WHY, warn, hammer, reserve N, confirm, default WHY;
          unseal 1=1200 2=1100x5/1000x5 3=spoiled; scores 1=8000 2=7500 (by paddle);
          commit N, show N, beacon ROUND HEX; admit X; deadline AT
          (what a bidder does may end in `in phase N`, from 0: the phase that it is meant for;
          a word, bids on items and taking back in `until AT`: the end of the round or question
          that they answer, `until -` for none named)
    then  the events, separated by commas, as `told` writes them, or `refused CODE …`
          (a row without anything else goes on where the one above it ended)

Every accepted row is applied; every refused row must leave the lot's digest as it was.

Belongs here: reading tables and writing events down. Does not belong here: the scenarios themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from matching import commands as command
from matching import events as event
from matching.increments import IncrementTable, Step, fixed
from matching.lot import Lot, announce, announced, apply, decide, digest
from matching.refusals import Refused
from matching.terms import SECOND_US, BidRule, EnglishTerms, LotTerms, PhaseTerms
from matching.units import Line, Paddle, TimeUs

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
    **more: object,
) -> EnglishTerms:
    """Return the terms of an English phase, spans written as in tables; `hammer_after` fair warnings, `more` as is."""
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
        **more,  # type: ignore[arg-type]
    )


def lot_terms(
    *programme: PhaseTerms,
    opening: int = 1000,
    reserve: int = 0,
    opens: str | None = "0:00",
    bidders_min: int = 1,
    tolerance: str = "0:03",
    notice: str = "0:30",
    **more: object,
) -> LotTerms:
    """Return the terms of a lot, spans and the opening moment written as in tables; `more` fields as they are."""
    return LotTerms(
        currency="CNY",
        opening_price=opening,
        opens_at_us=0 if opens is None else moment_us(opens),
        programme=programme or (english(),),  # type: ignore[arg-type]
        reserve_price=reserve,
        bidders_min=bidders_min,
        outage_tolerance_us=span_us(tolerance),
        outage_notice_us=span_us(notice),
        **more,  # type: ignore[arg-type]
    )


def bidder_of(letter: str) -> int:
    """Return the account behind a letter of the table."""
    return 1000 + ord(letter)


def lot_under(terms: LotTerms, letters: str = "", ranks: Mapping[str, int] | None = None) -> Lot:
    """Return an announced lot in which the bidders `letters` have been admitted in that order, with their ranks."""
    first = announce(command.AnnounceLot(LOT, HOST, terms))
    assert not isinstance(first, Refused), first.detail
    assert isinstance(first[0], event.LotAnnounced)
    lot = announced(LOT, first[0])
    at_us = START_US - span_us("1:00:00")
    take_over(lot, first, at_us)
    for letter in letters:
        rank = (ranks or {}).get(letter, 0)
        take_over(lot, decide(lot, command.AdmitBidder(LOT, bidder_of(letter), rank), at_us), at_us)
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
        does, _, end = self.does.partition(" until ")
        if end:
            ends_at_us = 0 if end == "-" else moment_us(end)
            return msgspec.structs.replace(replace(self, does=does).command, ends_at_us=ends_at_us)
        does, _, phase = self.does.partition(" in phase ")
        verb, _, rest = does.partition(" ")
        if phase:
            return msgspec.structs.replace(replace(self, does=does).command, phase=int(phase))
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
        if len(self.who) == 1 and verb not in ("commit", "show"):
            return _bidder_command(bidder_of(self.who), verb, rest)
        return _host_command(verb, rest, bidder_of(self.who) if len(self.who) == 1 else HOST)


def lines_of(text: str) -> tuple[Line, ...]:
    """Return the lines of `1200` or `1200x30/1100x20`."""
    pairs = (part.partition("x") for part in text.replace("/", " ").split())
    return tuple(Line(int(price), int(quantity or 1)) for price, _, quantity in pairs)


def handle_of(number: int) -> str:
    """Return the handle that tables call by a number."""
    return f"{number:064x}"


def seed_of(number: int) -> str:
    """Return the seed that tables call by a number."""
    return f"{number:064x}"


def commitment_to(number: int) -> str:
    """Return what binds somebody to the seed that tables call by a number."""
    return hashlib.sha256(bytes.fromhex(seed_of(number))).hexdigest()


def _bidder_command(bidder: int, verb: str, rest: str) -> command.BidderCommand:
    words = rest.split()
    match verb:
        case "say":
            return command.Declare(LOT, bidder, command.Word(rest))
        case "offer":
            return command.SubmitOffer(LOT, bidder, lines_of(rest))
        case "seal":
            return command.SealOffer(LOT, bidder, handle_of(int(rest)))
        case "take":
            return command.TakeBackOffer(LOT, bidder)
        case "buy" | "sell":
            validity = command.Validity(words[3] if len(words) > 3 else "day")
            price = 0 if words[2] == "market" else int(words[2])
            return command.PlaceOrder(LOT, bidder, command.Side(verb), int(words[0]), price, validity)
        case "cancel":
            return command.CancelOrder(LOT, bidder, int(rest))
        case "replace":
            return command.ReplaceOrder(LOT, bidder, int(words[0]), int(words[1]), int(words[3]))
        case "items":
            pairs = (word.partition("=") for word in words)
            lines = ((int(item), lines_of(line)[0]) for item, _, line in pairs)
            bids = tuple(command.ItemBid(item, line.price, line.quantity) for item, line in lines)
            return command.BidOnItems(LOT, bidder, bids)
    raise ValueError(f"no bidder can do this in a table: {verb!r}")


def _host_command(verb: str, rest: str, by: int) -> command.HostCommand | command.PhaseAct:
    words = rest.split()
    pairs = [(name, value) for name, _, value in (word.partition("=") for word in words)]
    match verb:
        case "reserve":
            return command.SetReserve(LOT, by, int(rest))
        case "confirm":
            return command.ConfirmSale(LOT, by)
        case "default":
            return command.DeclareDefault(LOT, by, rest)
        case "unseal":
            opened = ((handle_of(int(name)), "" if value == "spoiled" else value) for name, value in pairs)
            openings = tuple(command.Opening(handle, lines_of(value)) for handle, value in opened)
            return command.OpenOffers(LOT, by, openings)
        case "scores":
            scores = tuple(command.Score(int(paddle), int(points)) for paddle, points in pairs)
            return command.EnterScores(LOT, by, scores)
        case "commit":
            return command.CommitSeed(LOT, by, commitment_to(int(rest)))
        case "show":
            return command.RevealSeed(LOT, by, seed_of(int(rest)))
        case "beacon":
            return command.PublishBeacon(LOT, by, int(words[0]), words[1])
    return _act_of_host(verb, rest)


def _act_of_host(verb: str, reason: str) -> command.HostCommand:
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
        case "speak":
            return command.MakeAnnouncement(LOT, HOST, reason)
    raise ValueError(f"no such command in a table: {verb!r}")


@dataclass(frozen=True)
class Scenario:
    """A lot's terms and the rows that happen to it; `then` of each row is what must come out."""

    terms: LotTerms
    table: str
    ranks: dict[str, int] = field(default_factory=dict)
    """The priority of those who have one; everybody else is an ordinary bidder."""

    @property
    def rows(self) -> list[Row]:
        """The rows below the heading."""
        lines = [line for line in self.table.splitlines() if line.strip()]
        cells = [[cell.strip() for cell in line.split("|")] for line in lines]
        assert cells[0] == ["at", "who", "does", "then"], cells[0]
        whole: list[list[str]] = []
        for row in cells[1:]:
            if row[0]:
                whole.append(row)
            else:
                whole[-1][3] += f" {row[3]}"
        return [Row(*row) for row in whole]

    @property
    def admitted(self) -> str:
        """The capital letters of the table that no row admits, in the order of the alphabet."""
        late = {row.does.removeprefix("admit ") for row in self.rows if row.does.startswith("admit ")}
        return "".join(
            sorted({row.who for row in self.rows if len(row.who) == 1 and row.who.isupper()} - late)
        )

    def play(self) -> Lot:
        """Run the rows, compare each with its last column, and return the lot at the end."""
        lot = lot_under(self.terms, self.admitted, self.ranks)
        outcome = list(self._outcomes(lot))
        expected = [(row.at, row.who, row.does, row.then) for row in self.rows]
        assert outcome == expected
        return lot

    def _outcomes(self, lot: Lot) -> Iterator[tuple[str, str, str, str]]:
        letters = Letters(self.rows, lot)
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


class Letters:
    """Who stands behind a paddle, as the table calls him."""

    def __init__(self, rows: list[Row], lot: Lot) -> None:
        names = {row.who for row in rows} | {row.does.removeprefix("admit ") for row in rows}
        self._letters = {bidder_of(name): name for name in names if len(name) == 1}
        self._lot = lot

    def __getitem__(self, paddle: Paddle) -> str:
        return next(self._letters[bidder] for bidder, held in self._lot.paddles.items() if held == paddle)

    def or_nobody(self, paddle: Paddle) -> str:
        """Return the letter of a paddle, or `-` for nobody."""
        return self[paddle] if paddle else "-"


def told(decision: list[event.Event] | Refused, letters: Letters) -> str:
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


def _event_told(happened: event.Event, letters: Letters) -> str:
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
        case event.LotSold(paddle, price, by, quantity):
            return f"sold{_by(by)} {letters[paddle]} {price}" + (f" at {quantity}" if quantity else "")
        case event.LotPassed(reason, by):
            return f"passed{_by(by)} {reason.value}"
    for teller in (_offer_told, _market_told, _ending_told):
        words = teller(happened, letters)
        if words is not None:
            return words
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
        case event.AnnouncementMade(text, by):
            return f"spoken{_by(by)} ({text})"
        case event.ReserveSet(amount, by):
            return f"reserve {amount}{_by(by)}"
        case event.CapReached(price):
            return f"cap {price}"
        case event.ResumptionAnnounced(resumes_at_us, by):
            return f"resumes{_by(by)} {written(resumes_at_us)}"
        case event.HintPublished(price, offers):
            return f"hint {price} of {offers}"
        case event.BookUncrossed(price, quantity, surplus):
            return f"uncrossed {quantity} @ {price} surplus {surplus}"
        case event.OrdersMatched(buy, sell, price, quantity):
            return f"trade {buy}x{sell} {quantity} @ {price}"
    return _seeds_told(happened)


def _seeds_told(happened: event.Event) -> str:
    match happened:
        case event.SeedCommitted(by, _, paddle):
            return f"committed {_party(by, paddle)}"
        case event.SeedRevealed(by, seed, paddle):
            return f"shown {_party(by, paddle)} {int(seed, 16)}"
        case event.BeaconPublished(number, output, _):
            return f"beacon {number} {output}"
        case event.ScoresEntered(scores, by):
            return f"scores{_by(by)} " + " ".join(f"{score.paddle}={score.points}" for score in scores)
    raise ValueError(f"no row can make this happen: {happened!r}")


def _party(by: int, paddle: Paddle) -> str:
    if paddle:
        return f"paddle {paddle}"
    return "host" if by == HOST else chr(by - 1000)


def _lines_told(lines: tuple[Line, ...]) -> str:
    return " ".join(
        f"{line.price}x{line.quantity}" if line.quantity > 1 else f"{line.price}" for line in lines
    )


def _place_told(place: event.Place, letters: Letters) -> str:
    quantity = f" at {place.quantity}" if place.quantity else ""
    score = f" scored {place.score}" if place.score else ""
    return f"{letters[place.paddle]} {place.amount}{quantity}{score}"


def _award_told(award: event.Award, letters: Letters) -> str:
    price = f" @ {award.price}" if award.price else ""
    item = f" of item {award.item}" if award.item else ""
    return f"{letters[award.paddle]} {award.quantity}{item}{price} for {award.amount}"


def _offer_told(happened: event.Event, letters: Letters) -> str | None:
    match happened:
        case event.Declared(paddle, word):
            return f"{letters[paddle]} says {word.value}"
        case event.OfferSubmitted(paddle, lines):
            return f"{letters[paddle]} offers {_lines_told(lines)}"
        case event.OfferSealed(paddle, handle):
            return f"{letters[paddle]} seals {int(handle, 16)}"
        case event.OfferTakenBack(paddle):
            return f"{letters[paddle]} takes back"
        case event.OffersRevealed(offers, by):
            told_offers = (f"{letters[one.paddle]} {_lines_told(one.lines) or 'spoiled'}" for one in offers)
            return f"revealed{_by(by)}: " + "; ".join(told_offers)
        case event.OffersRanked(places, reference, divisor):
            figure = f" by {reference}/{divisor}" if reference else ""
            return f"ranked{figure}: " + "; ".join(_place_told(place, letters) for place in places)
        case event.ItemsBid(paddle, bids):
            told_bids = " ".join(f"{bid.item}={bid.amount}x{bid.quantity}" for bid in bids)
            return f"{letters[paddle]} items {told_bids}"
    return None


def _market_told(happened: event.Event, letters: Letters) -> str | None:
    match happened:
        case event.OrderPlaced(paddle, order, side, quantity, price, validity):
            limit = price or "market"
            kind = "" if validity is command.Validity.DAY else f" {validity.value}"
            return f"order {order} {letters[paddle]} {side.value} {quantity} @ {limit}{kind}"
        case event.OrderCancelled(paddle, order, quantity, is_lapse):
            return f"order {order} {'lapsed' if is_lapse else 'cancelled'} {quantity}"
        case event.OrderReplaced(paddle, order, quantity, price):
            return f"order {order} now {quantity} @ {price}"
        case event.RoundBegan(number, ends_at_us, price, paddle, is_pause):
            kind = "pause" if is_pause else "round"
            turn = f" turn {letters[paddle]}" if paddle else ""
            return f"{kind} {number}{f' at {price}' if price else ''}{turn} ends {written(ends_at_us)}"
        case event.RoundClosed(number, items, eligibility):
            told_items = (f"{one.item} {letters.or_nobody(one.paddle)} {one.price}" for one in items)
            told_points = (f"{letters[paddle]} {points}/{waivers}" for paddle, points, waivers in eligibility)
            return f"closed {number}: " + "; ".join([*told_items, *told_points])
    return None


def _ending_told(happened: event.Event, letters: Letters) -> str | None:
    match happened:
        case event.LotKnockedDown(paddle, price, by, runners_up, quantity):
            reached = f" at {quantity}" if quantity else ""
            others = "".join(f"; then {_place_told(place, letters)}" for place in runners_up)
            return f"knocked down{_by(by)} {letters[paddle]} {price}{reached}{others}"
        case event.WinnerDefaulted(paddle, reason, by):
            return f"defaulted{_by(by)} {letters[paddle]} ({reason})"
        case event.LotAwarded(awards, by):
            return f"awarded{_by(by)}: " + "; ".join(_award_told(award, letters) for award in awards)
        case event.EntrantsFixed(entrants, _):
            return "entrants " + "".join(letters[paddle] for paddle in entrants)
        case event.EntrantsDrawn(order, _):
            return "drawn " + "".join(letters[paddle] for paddle in order)
    return None


def _by(staff: int) -> str:
    return " by host" if staff == HOST else ""
