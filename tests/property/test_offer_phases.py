"""What holds for hidden and sealed offers, whatever is offered: a second, naive ranking, secrecy, replay."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import commands as command
from matching import events as event
from matching.award_rules import price_paid, ranked, tied
from matching.events import Place, public_view
from matching.lot import Decision, Lot, LotState, announce, announced, apply, decide, digest
from matching.phases.contest import ContestPhase
from matching.phases.offers import OffersPhase
from matching.phases.standing import Closing
from matching.refusals import Refused
from matching.terms import Direction, LotTerms, OffersTerms, SealedTerms
from matching.terms.awarding import (
    AnyAwardRule,
    BenchmarkDeviation,
    BestPrice,
    ClosestToAverage,
    CombinedScore,
    RatioToBest,
    SecondPrice,
    TieRule,
)
from matching.terms.contest import MayOffer
from matching.units import Amount, Line, Paddle, TimeUs
from matching.view import lot_view

LOT, HOST, START_US = 7, 9, 1_750_000_000_000_000
BIDDERS = 5
MOVES = 40
OPENING = 1000
CHANCE = st.integers(0, 2**32).map(random.Random)

AMOUNTS = st.lists(st.integers(1, 60), min_size=1, max_size=9)
LARGE_AMOUNTS = st.lists(st.integers(1, 10**15), min_size=1, max_size=9)


def places(amounts: list[Amount]) -> list[Place]:
    """Return offers of paddles 1, 2, 3 … in the order of time."""
    return [Place(paddle, amount) for paddle, amount in enumerate(amounts, start=1)]


@given(AMOUNTS | LARGE_AMOUNTS, st.sampled_from((0, 1, 10, 100)))
@settings(max_examples=200)
def test_the_closest_to_the_average_by_fractions(amounts: list[Amount], unit: int) -> None:
    mean = Fraction(sum(amounts), len(amounts))
    if unit:
        mean = ((mean / unit + Fraction(1, 2)).__floor__()) * Fraction(unit)
    naive = min(range(len(amounts)), key=lambda one: (abs(amounts[one] - mean), amounts[one] > mean, one))
    ranking = ranked(ClosestToAverage(mean_unit=unit), 1, places(amounts), {})
    assert ranking.places[0] == Place(naive + 1, amounts[naive])
    assert sorted(place.amount for place in ranking.places) == sorted(amounts)


@given(AMOUNTS, st.sampled_from((1, -1)), st.integers(1, 60))
@settings(max_examples=200)
def test_the_second_price_lies_between_the_offer_and_the_floor(
    amounts: list[Amount], sign: int, floor: Amount
) -> None:
    rule = SecondPrice()
    order = ranked(rule, sign, places(amounts), {}).places
    price = price_paid(rule, sign, order, floor)
    own = order[0].amount
    assert sign * own == max(sign * amount for amount in amounts)
    assert sign * price <= sign * own
    assert price == own or sign * price >= sign * floor
    others = [sign * place.amount for place in order[1:]]
    assert all(other <= sign * price for other in others)


@given(AMOUNTS, st.sampled_from((1, -1)), st.integers(1, 10_000), st.data())
@settings(max_examples=200)
def test_the_ratio_score_by_fractions(
    amounts: list[Amount], sign: int, price_points: int, data: st.DataObject
) -> None:
    points = {
        paddle: data.draw(st.integers(0, 10_000))
        for paddle in range(1, len(amounts) + 1)
        if data.draw(st.booleans())
    }
    rule = CombinedScore(price_points=price_points)
    order = ranked(rule, sign, places(amounts), points).places
    counted = [p for p in places(amounts) if p.paddle in points or price_points == 10_000]
    assert {place.paddle for place in order} == {place.paddle for place in counted}
    if not counted:
        return
    best = max(counted, key=lambda place: sign * place.amount).amount
    for place in order:
        ratio = Fraction(place.amount, best) if sign > 0 else Fraction(best, place.amount)
        price = (price_points * ratio + Fraction(1, 2)).__floor__()
        rest = Fraction(points.get(place.paddle, 0) * (10_000 - price_points), 10_000)
        assert place.score == price + (rest + Fraction(1, 2)).__floor__() <= 10_000
    assert [place.score for place in order] == sorted((place.score for place in order), reverse=True)


@given(AMOUNTS, st.sampled_from((1, -1)), st.booleans())
def test_those_who_are_tied_are_the_first_of_the_ranking(
    amounts: list[Amount], sign: int, by_score: bool
) -> None:
    rule: AnyAwardRule = CombinedScore(price_breaks_ties=False) if by_score else BestPrice()
    order = ranked(rule, sign, places(amounts), {}).places
    drawn = tied(rule, sign, order)
    assert drawn == tuple(place.paddle for place in order[: len(drawn)])
    if not by_score:
        assert len(drawn) == (amounts.count(order[0].amount) if amounts.count(order[0].amount) > 1 else 0)


@dataclass
class Course:
    """A lot with hidden or sealed offers, all that has happened to it, and who offered what in the end."""

    lot: Lot
    journal: list[tuple[TimeUs, event.Event]] = field(default_factory=list)
    inside: dict[str, Amount] = field(default_factory=dict)
    """What is in each sealed offer."""
    live: dict[Paddle, tuple[int, Amount]] = field(default_factory=dict)
    """The offers that stand: when they came, and how much."""
    now_us: TimeUs = START_US

    def give(self, given: command.Command, at_us: TimeUs) -> Decision:
        """Decide a command and take over what happened."""
        decision = decide(self.lot, given, at_us)
        if not isinstance(decision, Refused):
            for happened in decision:
                apply(self.lot, happened, at_us)
                self.journal.append((at_us, happened))
                self._note(happened)
        return decision

    def _note(self, happened: event.Event) -> None:
        match happened:
            case event.OfferSubmitted(paddle=paddle, lines=lines):
                self.live[paddle] = (len(self.journal), lines[0].price)
            case event.OfferSealed(paddle=paddle, handle=handle):
                self.live[paddle] = (len(self.journal), self.inside[handle])
            case event.OfferTakenBack(paddle=paddle):
                del self.live[paddle]


def random_rule(chance: random.Random) -> AnyAwardRule:
    """Return an award rule with its parameters."""
    deviation = BenchmarkDeviation(
        deduction_above=chance.randint(0, 300), deduction_below=chance.randint(0, 300)
    )
    score = CombinedScore(
        price_points=chance.choice((10_000, 6000)), formula=chance.choice((RatioToBest(), deviation))
    )
    return chance.choice(
        (BestPrice(), SecondPrice(), ClosestToAverage(), ClosestToAverage(mean_unit=0), score)
    )


def random_terms(chance: random.Random) -> LotTerms:
    """Return a lot with one or two phases of offers."""
    award = random_rule(chance)
    shared = {
        "duration_us": 60_000_000,
        "award": award,
        "revisions_max": chance.choice((0, 2, 9)),
        "may_take_back": chance.random() < 0.5,
        "offers_min": chance.choice((0, 0, 2)),
        "unit": chance.choice((1, 10)),
        "most": chance.choice((None, 500)),
        "is_count_public": chance.random() < 0.3,
        "ties": chance.choice(tuple(TieRule)),
        "scoring_us": 30_000_000,
        "resume_countdown_us": 10_000_000,
    }
    kind = chance.choice((OffersTerms, SealedTerms))
    first = kind(**shared)  # type: ignore[arg-type]
    again = OffersTerms(who=chance.choice((MayOffer.TIED, MayOffer.NOT_LEADER)), duration_us=30_000_000)
    programme = (first, again) if chance.random() < 0.3 else (first,)
    return LotTerms(
        "CNY",
        OPENING,
        START_US,
        programme,
        reserve_price=0,
        direction=chance.choice(tuple(Direction)),
    )


def begun(terms: LotTerms) -> Course:
    """Return the course of an open lot with bidders admitted, some of them with a rank."""
    first = announce(command.AnnounceLot(LOT, HOST, terms))
    assert not isinstance(first, Refused), first.detail
    assert isinstance(first[0], event.LotAnnounced)
    course = Course(announced(LOT, first[0]))
    for happened in first:
        apply(course.lot, happened, START_US)
        course.journal.append((START_US, happened))
    for bidder in range(1, BIDDERS + 1):
        course.give(command.AdmitBidder(LOT, bidder, rank=bidder % 3), START_US)
    course.give(command.OpenLot(LOT, HOST), START_US)
    return course


def random_command(chance: random.Random, course: Course) -> command.Command:
    """Return a move that may or may not be possible now."""
    bidder = chance.randint(1, BIDDERS)
    amount = OPENING + chance.randint(-60, 60) * chance.choice((1, 10))
    kind = chance.random()
    if kind < 0.08:
        return command.TakeBackOffer(LOT, bidder)
    if kind < 0.14:
        scores = tuple(command.Score(paddle, chance.randint(0, 10_000)) for paddle in range(1, BIDDERS + 1))
        return command.EnterScores(LOT, HOST, scores)
    if kind < 0.18:
        return chance.choice((command.PauseLot(LOT, HOST, "fog"), command.ResumeLot(LOT, HOST)))
    if kind < 0.3:
        return openings(course)
    if isinstance(course.lot.phase, OffersPhase):
        return command.SubmitOffer(LOT, bidder, (Line(amount),))
    handle = f"{len(course.inside):064x}"
    course.inside[handle] = amount
    return command.SealOffer(LOT, bidder, handle)


def openings(course: Course) -> command.OpenOffers:
    """Return the opening of all offers that stand."""
    handles = getattr(course.lot.phase, "handles", {})
    opened = tuple(command.Opening(handle, (Line(course.inside[handle]),)) for handle in handles.values())
    return command.OpenOffers(LOT, HOST, opened)


def walk(course: Course, chance: random.Random, moves: int = MOVES) -> list[tuple[command.Command, TimeUs]]:
    """Make moves by chance, deadlines included; return them."""
    made: list[tuple[command.Command, TimeUs]] = []
    for _ in range(moves):
        course.now_us += chance.randint(0, 4_000_000)
        due_us = course.lot.due_at_us
        if due_us and course.now_us >= due_us:
            course.now_us = due_us
            given: command.Command = command.MeetDeadline(LOT, due_us)
        else:
            given = random_command(chance, course)
        made.append((given, course.now_us))
        course.give(given, course.now_us)
    return made


def phases_of(course: Course, chance: random.Random) -> Iterator[tuple[ContestPhase, dict[Paddle, Amount]]]:
    """Play the lot to its end, within bounds; yield each phase that has ranked, and the offers that stood in it."""
    phase = course.lot.phase
    for _ in range(4 * MOVES):
        walk(course, chance, 1)
        assert isinstance(phase, ContestPhase)
        if course.lot.phase is phase and not course.lot.is_closed:
            continue
        yield phase, {paddle: amount for paddle, (_, amount) in course.live.items()}
        course.live.clear()
        phase = course.lot.phase
        if course.lot.is_closed:
            return


@given(CHANCE)
@settings(max_examples=150, deadline=None)
def test_the_ranking_holds_what_stands_and_nobody_pays_more_than_he_offered(chance: random.Random) -> None:
    course = begun(random_terms(chance))
    sign = course.lot.sign
    for phase, offered in phases_of(course, chance):
        assert phase.ranking is not None
        assert all(offered[place.paddle] == place.amount for place in phase.ranking)
        most = phase.terms.most or 10**15
        low, high = (OPENING, OPENING + most) if sign > 0 else (OPENING - most, OPENING)
        assert all(low <= place.amount <= high for place in phase.ranking)
        left = phase.standing
        if len(phase.ranking) < phase.terms.offers_min:
            assert left.pass_reason is not None
        elif phase.ranking:
            assert left.leader == phase.ranking[0].paddle
            assert sign * left.price <= sign * offered[left.leader]
            assert set(left.tied) <= {place.paddle for place in phase.ranking}


@given(CHANCE)
@settings(max_examples=100, deadline=None)
def test_what_a_phase_says_it_leaves_is_what_it_leaves(chance: random.Random) -> None:
    course = begun(random_terms(chance))
    for _ in range(MOVES):
        lot = course.lot
        due_us = lot.due_at_us
        phase = lot.phase
        if (
            lot.is_closed
            or not due_us
            or lot.state is not LotState.OPEN
            or not isinstance(phase, ContestPhase)
        ):
            break
        before = msgspec.msgpack.encode(phase)
        decided = phase.meet_deadline(lot, due_us)
        assert msgspec.msgpack.encode(phase) == before
        if isinstance(decided, Closing):
            copy = msgspec.msgpack.decode(before, type=type(phase))
            for happened in decided.events:
                copy.apply(happened, due_us)
            assert copy.standing == decided.standing
        walk(course, chance, 1)


@given(CHANCE, st.integers(0, MOVES))
@settings(max_examples=100, deadline=None)
def test_replay_and_snapshot_give_the_same_lot(chance: random.Random, cut: int) -> None:
    course = begun(random_terms(chance))
    walk(course, chance, cut)
    other = Course(msgspec.msgpack.decode(msgspec.msgpack.encode(course.lot), type=Lot), inside=course.inside)
    other.live.update(course.live)
    for given_command, at_us in walk(course, chance, MOVES - cut):
        other.give(given_command, at_us)
    assert digest(other.lot) == digest(course.lot)
    journal = msgspec.msgpack.decode(
        msgspec.msgpack.encode(course.journal), type=list[tuple[int, event.Event]]
    )
    first = journal[0][1]
    assert isinstance(first, event.LotAnnounced)
    again = announced(LOT, first)
    for at_us, happened in journal:
        apply(again, happened, at_us)
    assert digest(again) == digest(course.lot)


@given(
    st.booleans(),
    st.lists(st.tuples(st.integers(1, BIDDERS), st.integers(0, 50), st.integers(0, 50)), max_size=15),
)
@settings(max_examples=100, deadline=None)
def test_the_public_cannot_tell_one_offer_from_another(
    is_sealed: bool, made: list[tuple[int, int, int]]
) -> None:
    kind = SealedTerms if is_sealed else OffersTerms
    terms = LotTerms(
        "CNY",
        OPENING,
        START_US,
        (kind(revisions_max=3, may_take_back=True, offers_min=0),),
        reserve_price=1010,
    )
    seen = []
    for which in (1, 2):
        course = begun(terms)
        for number, one in enumerate(made):
            amount = OPENING + one[which]
            handle = f"{number * 1000 + amount:064x}"
            course.inside[handle] = amount
            offer: command.Command = (
                command.SealOffer(LOT, one[0], handle)
                if is_sealed
                else command.SubmitOffer(LOT, one[0], (Line(amount),))
            )
            course.give(offer, START_US + number)
            assert not isinstance(course.give(command.TakeBackOffer(LOT, 6), START_US + number), list)
        shown = [public_view(happened) for _, happened in course.journal]
        seen.append(msgspec.json.encode([shown, lot_view(course.lot)]))
    assert seen[0] == seen[1]
