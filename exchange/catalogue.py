"""The lots as a person reads them: titles, sellers, categories, and the terms a lot was published under.

Belongs here: publishing a lot, finding lots, what they ended as.
Does not belong here: bidding (`exchange.engine`), money (`ledger`), who wants to bid (`exchange.sign_up`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
import structlog
from msgspec import Meta, Struct

from exchange.categories import Category
from exchange.database import Database, NotUnique, Row
from exchange.money_rules import COMMISSION_MAX, MoneyRules
from exchange.notice_texts import announcement
from exchange.ports import Clock, CommandBus, ExchangeError, LotBook, Rejected
from exchange.records import derived_id
from exchange.repair import Repair
from exchange.rulebooks.compliance import Violation, violations
from exchange.rulebooks.library import Library, shipped
from exchange.rulebooks.parameters import Draft, Earlier
from exchange.rulebooks.rulebook import NAME_PATTERN, Rulebook
from exchange.rulebooks.working_days import CENTRE_TIME
from exchange.texts import NO_TEXT, BothLanguages
from exchange.whereabouts import Place, VisitorText, place_problems
from ledger.store import LedgerUnavailable
from ledger.units import is_currency
from matching.commands import AnnounceLot
from matching.lot import CLOSED_STATES, LotState
from matching.refusals import Refusal
from matching.terms import LotTerms, terms_problems
from matching.units import AMOUNT_MAX, Amount, AmountOrZero, BasisPoints, LotId, Moment, StaffId, TimeUs
from matching.view import LotView

log = structlog.get_logger(__name__)

UNDER_WAY_MAX = 20_000
"""Lots under way that one search looks at."""

REGIONS_MAX = 300
COMPARED_IN = "CNY"
"""The currency in which prices are compared where nobody names one."""

ANNOUNCEMENTS_AT_ONCE = 32
CARD_COLUMNS = """
id, code, category, region, title_zh, title_en, seller_zh, seller_en, deposit, deposit_by_us, currency, is_demo,
final_view::text, coalesce(closed_at_us, 0) AS closed_at_us
"""
SHEET_COLUMNS = """
latitude_e6, longitude_e6, address_zh, address_en, inspection_zh, inspection_en, contact_zh, contact_en
"""
INSERT_LOT = f"""
WITH next AS (SELECT nextval(pg_get_serial_sequence('exchange.lot', 'id')) AS id),
entered AS (
INSERT INTO exchange.lot (
    id, code, category, region, title_zh, title_en, description_zh, description_en, seller_zh, seller_en,
    terms, deposit, currency, is_demo, published_by, published_at_us,
    rulebook, rulebook_digest, valuation, commission, notice_at_us, relisted_from, deposit_by_us,
    {SHEET_COLUMNS}
)
OVERRIDING SYSTEM VALUE
SELECT id, coalesce($1, 'LC-' || $2::text || '-' || lpad(id::text, greatest(6, length(id::text)), '0')),
       $3, $4, $5, $6, $7, $8, $9, $10, $11::text::jsonb, $12, $13, $14, $15, $16,
       $17, $18, $19, $20, $21, nullif($22::bigint, 0), $23,
       $24, $25, $26, $27, $28, $29, $30, $31
  FROM next
RETURNING id
)
INSERT INTO exchange.notice (
    lot, kind, of_record, title_zh, title_en, body_zh, body_en, published_by, published_at_us
)
SELECT id, $32, 1, $33, $34, $35, $36, $15, $16 FROM entered
RETURNING lot
"""
RELISTED_ONCE = "lot_relisted_once"
SELECT_NOT_ANNOUNCED = """
SELECT id, published_by, terms::text, rulebook, rulebook_digest, commission
  FROM exchange.lot WHERE NOT is_announced ORDER BY id LIMIT $1
"""
UPDATE_ANNOUNCED = "UPDATE exchange.lot SET is_announced = true WHERE id = ANY($1::bigint[])"
SELECT_LOT = f"""
SELECT {CARD_COLUMNS}, description_zh, description_en, terms::text,
       rulebook, rulebook_digest, valuation, commission, notice_at_us, coalesce(relisted_from, 0) AS relisted_from,
       outcome, {SHEET_COLUMNS}
  FROM exchange.lot WHERE id = $1
"""
MATCHES = """
($1::text IS NULL OR category = $1)
AND ($2::text IS NULL OR concat_ws(' ', code, title_zh, title_en, seller_zh, seller_en, region) ILIKE $2)
AND ($3::text IS NULL OR region ILIKE $3)
AND ($4::text IS NULL OR currency = $4)
"""
SELECT_UNDER_WAY = f"""
SELECT {CARD_COLUMNS} FROM exchange.lot WHERE outcome IS NULL AND is_announced ORDER BY id DESC LIMIT $1
"""
SELECT_WHICH_UNDER_WAY = """
SELECT count(*) AS lots, coalesce(max(id), 0) AS latest, coalesce(sum(id), 0) AS all_of_them
  FROM exchange.lot WHERE outcome IS NULL AND is_announced
"""
"""Tells whether the rows that were read are those that would be read now: a lot's own words never change."""

FINAL_PRICE = """
CASE WHEN (final_view->>'winner')::bigint <> 0 THEN (final_view->>'hammer_price')::bigint
     WHEN (final_view->>'price')::bigint <> 0 THEN (final_view->>'price')::bigint
     ELSE (final_view->>'opening_price')::bigint END
"""
"""What `shown_price` says of a lot that has ended."""

CLOSED_MATCHES = f"""
outcome IS NOT NULL AND {MATCHES} AND ($5::text IS NULL OR outcome = $5)
AND ($6::bigint = 0 OR {FINAL_PRICE} >= $6) AND ($7::bigint = 0 OR {FINAL_PRICE} <= $7)
"""
COUNT_CLOSED = f"SELECT count(*) FROM exchange.lot WHERE {CLOSED_MATCHES}"
SELECT_CLOSED = f"""
SELECT {CARD_COLUMNS} FROM exchange.lot WHERE {CLOSED_MATCHES} ORDER BY {{order}} LIMIT $8 OFFSET $9
"""
SELECT_REGIONS = (
    "SELECT DISTINCT region FROM exchange.lot WHERE region <> '' AND is_announced ORDER BY 1 LIMIT $1"
)
SELECT_TITLES = "SELECT id, code, title_zh, title_en FROM exchange.lot WHERE id = ANY($1::bigint[])"
SELECT_UNDER_RULEBOOK = """
SELECT id, code, title_zh, title_en, rulebook_digest, outcome FROM exchange.lot
 WHERE rulebook = $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""
UPDATE_OUTCOME = """
UPDATE exchange.lot SET outcome = $2, closed_at_us = $3, final_view = $4::text::json WHERE id = $1 AND outcome IS NULL
"""


Title = Annotated[str, Meta(min_length=1, max_length=200)]
Description = Annotated[str, Meta(max_length=10_000)]
Seller = Annotated[str, Meta(max_length=200)]
Code = Annotated[str, Meta(pattern=r"^(?!LC-[0-9])[A-Za-z0-9][A-Za-z0-9._-]{1,39}$(?!\n)")]
"""A lot's public code of somebody's own; those that begin with LC- and a digit are given by the exchange."""


class NewLot(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A lot to be published. `deposit` is minor units of the terms' currency; 0 when none is asked for."""

    category: Category
    title_zh: Title
    title_en: Title
    terms: LotTerms
    deposit: AmountOrZero = 0
    region: Annotated[str, Meta(max_length=100)] = ""
    description_zh: Description = ""
    description_en: Description = ""
    seller_zh: Seller = ""
    seller_en: Seller = ""
    code: Code | None = None
    is_demo: bool = False
    rulebook: Annotated[str, Meta(pattern=f"{NAME_PATTERN}|^$", max_length=40)] = ""
    """The rulebook that the lot has to keep; empty for none."""
    valuation: AmountOrZero = 0
    """What the thing was valued at, in minor units; 0 when nobody valued it."""
    commission: BasisPoints = 0
    """What the buyer pays on top of the price."""
    notice_at_us: Moment = 0
    """When the notice was published; 0 for now."""
    relisted_from: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    """The lot that passed and is sold again with this one; 0 for none."""
    deposit_by_us: Moment = 0
    """Until when deposits may arrive; 0 for until the lot ends."""
    place: Place | None = None
    inspection_zh: VisitorText = ""
    inspection_en: VisitorText = ""
    contact_zh: VisitorText = ""
    contact_en: VisitorText = ""


class Passed(Struct, frozen=True):
    """A lot that found no buyer: how it was published, and what a sale after it has to know."""

    published: NewLot
    sale: Earlier


class LotCard(Struct, frozen=True):
    """A lot in a list: what it is, and where it stands.

    Deposits may arrive until `deposit_by_us`; 0 for its end. `closed_at_us` is 0 as long as the lot is under way.
    """

    lot: LotId
    code: str
    category: Category
    region: str
    title: BothLanguages
    seller: BothLanguages
    deposit: int
    deposit_by_us: TimeUs
    currency: str
    is_demo: bool
    view: LotView
    closed_at_us: TimeUs


class LotRules(Struct, frozen=True):
    """What a lot was published under. `rulebook_digest` is the SHA-256 of the rulebook's file as it was then."""

    rulebook: str
    rulebook_title: BothLanguages | None
    rulebook_digest: str
    valuation: int
    commission: int
    notice_at_us: TimeUs
    relisted_from: LotId


class LotSheet(Struct, frozen=True):
    """A lot by itself, with all that is public of it: `terms` are without a reserve."""

    card: LotCard
    description: BothLanguages
    terms: LotTerms
    rules: LotRules
    place: Place | None = None
    inspection: BothLanguages = NO_TEXT
    """How and when the thing can be looked at (看样、踏勘)."""
    contact: BothLanguages = NO_TEXT


class LotUnderRulebook(Struct, frozen=True):
    """A lot that was published under a rulebook, and the digest of the rulebook's file as it was then."""

    lot: LotId
    code: str
    title: BothLanguages
    digest: str
    outcome: str | None


class LotTitle(Struct, frozen=True):
    """How a lot is called."""

    code: str
    title: BothLanguages


class LotCheck(Struct, frozen=True):
    """What keeps a lot from being published, in terms and in its rulebook, and the notice that it would have."""

    problems: tuple[str, ...]
    violations: tuple[Violation, ...]
    notice_title: BothLanguages
    notice_body: BothLanguages


class Found(Struct, frozen=True):
    """One page of a search, and how many lots there are in all."""

    cards: list[LotCard]
    total: int


class LotOrder(StrEnum):
    """In which order lots are found; those under way always stand before the closed."""

    URGENT = "urgent"
    """The next to open or to end in front; of the closed, the latest."""
    NEWEST = "newest"
    """The latest published in front."""
    CHEAPEST = "cheapest"
    DEAREST = "dearest"


class Search(Struct, frozen=True):
    """What somebody looks for.

    Args:
        words: in title, seller, region or code.
        region: in the region alone.
        price_from, price_to: bounds of the price that is shown, in minor units of `currency`; 0 for none.
        currency: empty for any, or for CNY where there is a bound or an order of prices.
        has_ended: leave out the lots under way.
    """

    state: LotState | None = None
    category: Category | None = None
    words: str = ""
    limit: int = 50
    offset: int = 0
    region: str = ""
    price_from: int = 0
    price_to: int = 0
    currency: str = ""
    order: LotOrder = LotOrder.URGENT
    has_ended: bool = False

    @property
    def looks_at_prices(self) -> bool:
        """Tell whether prices are compared, which is possible within one currency."""
        return bool(self.price_from or self.price_to) or self.order in (LotOrder.CHEAPEST, LotOrder.DEAREST)


class TermsInvalid(ExchangeError):
    """The lot cannot be published under these terms; nothing was made."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class AgainstRulebook(ExchangeError):
    """The lot does not keep the rulebook that it names; nothing was made."""

    def __init__(self, found: Sequence[Violation]) -> None:
        super().__init__("; ".join(map(str, found)))
        self.violations = tuple(found)


class CodeTaken(ExchangeError):
    """Another lot has this code; nothing was made."""


class RulebookUnknown(ExchangeError):
    """There is no rulebook of this name; nothing was made."""


class NotPassed(ExchangeError):
    """Only a lot that found no buyer is sold again; nothing was made."""


class AlreadyRelisted(ExchangeError):
    """The lot that passed is being sold again, or was, with another one; nothing was made."""


class Catalogue:
    """Lots over PostgreSQL, joined with where they stand.

    Every method raises StoreUnavailable when the database does not answer.
    """

    def __init__(
        self,
        pool: Any,
        book: LotBook,
        bus: CommandBus,
        clock: Clock,
        rulebooks: Library | None = None,
        money_rules: MoneyRules | None = None,
    ) -> None:
        """Take a pool that the caller opens and closes, the engine's lots, the way to the engine, and the rulebooks.

        Without rulebooks, those that ship with the exchange are at hand; without money rules, every lot goes by the
        standard rule of the ledger.
        """
        self.rulebooks = rulebooks or shipped()
        self._database = Database(pool)
        self._book = book
        self._bus = bus
        self._clock = clock
        self._money_rules = money_rules
        self._known_under_way: tuple[tuple[int, ...], Sequence[Row]] = ((), ())
        self._announcing = Repair("catalogue.announcement_delayed", self.announce_missing)

    async def publish(self, new: NewLot, by: StaffId) -> LotId:
        """Enter a lot, register its money rule and announce it.

        The row comes first; `announce_missing` mends a crash between the steps. Nobody can deposit for a lot that is
        not announced, so the rule is there before any money. When the ledger or the engine cannot take its part now,
        the lot stays entered and `run` announces it later.

        Raises: TermsInvalid, RulebookUnknown, NotPassed, AgainstRulebook, AlreadyRelisted, CodeTaken; then nothing
            was made.
        """
        now_us = self._clock.now_us()
        check = await self.check(new)
        if check.problems:
            raise TermsInvalid(check.problems)
        if check.violations:
            raise AgainstRulebook(check.violations)
        rulebook = self.rulebook(new.rulebook)
        lot_id = await self._enter(new, by, rulebook, now_us)
        try:
            await self._rule_money(
                lot_id, rulebook, "" if rulebook is None else rulebook.digest, new.commission, by
            )
            await self._announce(lot_id, by, new.terms)
            await self._database.run(UPDATE_ANNOUNCED, [lot_id])
        except (ExchangeError, LedgerUnavailable) as error:
            self._announcing.ask(error, lot=lot_id)
        return lot_id

    async def check(self, new: NewLot) -> LotCheck:
        """Tell what keeps a lot from being published, and the notice that it would have; nothing is made.

        Raises: RulebookUnknown, NotPassed.
        """
        now_us = self._clock.now_us()
        rulebook = self.rulebook(new.rulebook)
        earlier = (await self.passed(new.relisted_from)).sale if new.relisted_from else None
        broken = [] if rulebook is None else violations(rulebook, draft_of(new, earlier, now_us))
        notice = announcement(new, None if rulebook is None else rulebook.title)
        return LotCheck(tuple(lot_problems(new, now_us)), tuple(broken), notice.title, notice.body)

    async def passed(self, lot_id: LotId) -> Passed:
        """Return a lot that found no buyer.  Raises: NotPassed."""
        row = await self._database.row(SELECT_LOT, lot_id)
        if row is None or row["outcome"] != LotState.PASSED.value:
            raise NotPassed(str(lot_id))
        published = _published(row)
        return Passed(published, Earlier(lot_id, published.terms.opening_price, row["closed_at_us"]))

    async def announce_missing(self) -> int:
        """Announce every lot that is entered and not announced; return how many there were.

        Raises: Busy, OutcomeUnknown, JournalUnavailable, LedgerUnavailable; what is missing then stays so until the
            next call.
        """
        done = 0
        while rows := await self._database.rows(SELECT_NOT_ANNOUNCED, ANNOUNCEMENTS_AT_ONCE):
            await asyncio.gather(*(self._announce_row(row) for row in rows))
            await self._database.run(UPDATE_ANNOUNCED, [row["id"] for row in rows])
            done += len(rows)
        return done

    async def run(self) -> None:
        """Announce, for ever, what `publish` could not, before the start or since."""
        await self._announcing.run()

    async def get(self, lot_id: LotId) -> LotSheet | None:
        """Return one lot; None for one that is unknown or not announced yet."""
        row = await self._database.row(SELECT_LOT, lot_id)
        view = None if row is None else self._view(row)
        if row is None or view is None:
            return None
        terms = msgspec.structs.replace(_terms(row), reserve_price=0)
        description = BothLanguages(row["description_zh"], row["description_en"])
        return LotSheet(
            card=_card(row, view),
            description=description,
            terms=terms,
            rules=self._rules(row),
            place=_place(row),
            inspection=BothLanguages(row["inspection_zh"], row["inspection_en"]),
            contact=BothLanguages(row["contact_zh"], row["contact_en"]),
        )

    async def search(self, search: Search) -> Found:
        """Find lots: those under way first, the next to end in front, then the closed, latest first."""
        under_way = [] if search.has_ended else await self._under_way(search)
        shown = under_way[search.offset : search.offset + search.limit]
        page = [_card(row, view) for row, view in shown]
        if search.state is not None and search.state not in CLOSED_STATES:
            return Found(page, len(under_way))
        outcome = None if search.state is None else search.state.value
        wanted = (*_wanted(search), outcome, search.price_from, search.price_to)
        closed = await self._database.value(COUNT_CLOSED, *wanted)
        offset = max(0, search.offset - len(under_way))
        ordered = SELECT_CLOSED.format(order=CLOSED_ORDER[search.order])
        rows = await self._database.rows(ordered, *wanted, search.limit - len(page), offset)
        return Found([*page, *self._cards(rows)], len(under_way) + closed)

    async def regions(self) -> list[str]:
        """Return the regions that lots lie in, at most `REGIONS_MAX`."""
        return [row["region"] for row in await self._database.rows(SELECT_REGIONS, REGIONS_MAX)]

    async def titles(self, lot_ids: Iterable[LotId]) -> dict[LotId, LotTitle]:
        """Return how some lots are called."""
        rows = await self._database.rows(SELECT_TITLES, list(lot_ids))
        return {row["id"]: LotTitle(row["code"], _title(row)) for row in rows}

    async def under_rulebook(self, name: str, before: LotId, limit: int) -> list[LotUnderRulebook]:
        """Return lots below a number that were published under a rulebook, the latest first."""
        rows = await self._database.rows(SELECT_UNDER_RULEBOOK, name, before, limit)
        return [
            LotUnderRulebook(row["id"], row["code"], _title(row), row["rulebook_digest"], row["outcome"])
            for row in rows
        ]

    async def close(self, view: LotView, at_us: TimeUs) -> None:
        """Write down how a lot ended; done again, it changes nothing. A lot that is not in here is left alone."""
        assert view.state in CLOSED_STATES, "a lot is closed once it has ended"
        await self._database.run(UPDATE_OUTCOME, view.lot, view.state.value, at_us, _json(view))

    def rulebook(self, name: str) -> Rulebook | None:
        """Return the rulebook of a name, None for no name.  Raises: RulebookUnknown."""
        if not name:
            return None
        rulebook = self.rulebooks.get(name)
        if rulebook is None:
            raise RulebookUnknown(name)
        return rulebook

    def _rules(self, row: Row) -> LotRules:
        rulebook = self.rulebooks.get(row["rulebook"])
        return LotRules(
            rulebook=row["rulebook"],
            rulebook_title=None if rulebook is None else rulebook.title,
            rulebook_digest=row["rulebook_digest"],
            valuation=row["valuation"],
            commission=row["commission"],
            notice_at_us=row["notice_at_us"],
            relisted_from=row["relisted_from"],
        )

    async def _enter(self, new: NewLot, by: StaffId, rulebook: Rulebook | None, now_us: TimeUs) -> LotId:
        """Write a lot down together with the notice that puts it up."""
        year = datetime.fromtimestamp(now_us / 1_000_000, CENTRE_TIME).year
        notice = announcement(new, None if rulebook is None else rulebook.title)
        address = NO_TEXT if new.place is None else new.place.address
        try:
            lot_id: LotId = await self._database.value(
                INSERT_LOT, new.code, str(year), new.category.value, new.region, new.title_zh, new.title_en,
                new.description_zh, new.description_en, new.seller_zh, new.seller_en, _json(new.terms),
                new.deposit, new.terms.currency, new.is_demo, by, now_us,
                new.rulebook, "" if rulebook is None else rulebook.digest, new.valuation, new.commission,
                new.notice_at_us or now_us, new.relisted_from, new.deposit_by_us,
                None if new.place is None else new.place.latitude_e6,
                None if new.place is None else new.place.longitude_e6, address.zh, address.en,
                new.inspection_zh, new.inspection_en, new.contact_zh, new.contact_en,
                notice.kind.value, notice.title.zh, notice.title.en, notice.body.zh, notice.body.en,
            )  # fmt: skip
        except NotUnique as error:
            if error.constraint == RELISTED_ONCE:
                raise AlreadyRelisted(str(new.relisted_from)) from error
            raise CodeTaken(new.code or "") from error
        return lot_id

    async def _announce_row(self, row: Row) -> None:
        # A lot may have run and ended since; the engine does not hold such a lot and would announce it anew.
        if await self._book.load(row["id"]) is None:
            rulebook = self.rulebooks.get(row["rulebook"])
            digest, commission = row["rulebook_digest"], row["commission"]
            await self._rule_money(row["id"], rulebook, digest, commission, row["published_by"])
            await self._announce(row["id"], row["published_by"], _terms(row))

    async def _rule_money(
        self, lot_id: LotId, rulebook: Rulebook | None, digest: str, commission: int, by: StaffId
    ) -> None:
        if self._money_rules is not None:
            await self._money_rules.register(lot_id, rulebook, digest, commission, by)

    async def _announce(self, lot_id: LotId, by: StaffId, terms: LotTerms) -> None:
        answer = await self._bus.submit(derived_id("announce", lot_id), AnnounceLot(lot_id, by, terms))
        if isinstance(answer, Rejected) and answer.refused.code is not Refusal.LOT_ALREADY_ANNOUNCED:
            # `publish` asks the same rules first; only a row of an earlier version of them can come to this.
            log.error("catalogue.announcement_refused", lot=lot_id, refused=answer.refused)

    async def _under_way(self, search: Search) -> list[tuple[Row, LotView]]:
        rows = await self._rows_under_way()
        seen = ((row, self._view(row)) for row in rows if _is_wanted(row, search))
        found = [(row, view) for row, view in seen if view is not None]
        if search.state is not None:
            found = [one for one in found if one[1].state is search.state]
        if search.price_from or search.price_to:
            most = search.price_to or AMOUNT_MAX
            found = [one for one in found if search.price_from <= shown_price(one[1]) <= most]
        order = UNDER_WAY_ORDER[search.order]
        return sorted(found, key=lambda one: order(one[1]))

    async def _rows_under_way(self) -> Sequence[Row]:
        """Return the rows of all lots under way, read anew only when there are others than before."""
        which = await self._database.row(SELECT_WHICH_UNDER_WAY)
        assert which is not None, "sums over rows are one row"
        now = (which["lots"], which["latest"], which["all_of_them"])
        known, rows = self._known_under_way
        if known != now:
            rows = await self._database.rows(SELECT_UNDER_WAY, UNDER_WAY_MAX)
            self._known_under_way = (now, rows)
        return rows

    def _cards(self, rows: Iterable[Row]) -> list[LotCard]:
        seen = ((row, self._view(row)) for row in rows)
        return [_card(row, view) for row, view in seen if view is not None]

    def _view(self, row: Row) -> LotView | None:
        """Return where the lot stands: what the engine holds, or how it ended."""
        held = self._book.view(row["id"])
        if held is None and row["final_view"] is not None:
            return msgspec.json.decode(row["final_view"], type=LotView)
        return held


def lot_problems(new: NewLot, now_us: TimeUs) -> list[str]:
    """List what keeps a lot from being published; empty when nothing does."""
    problems = [*terms_problems(new.terms), *place_problems(new.place)]
    if not is_currency(new.terms.currency):
        problems.append(f"the ledger cannot book deposits in {new.terms.currency}")
    if new.commission > COMMISSION_MAX:
        problems.append(f"a commission is at most {COMMISSION_MAX // 100} % of the price")
    if new.deposit_by_us and not new.deposit:
        problems.append("a lot that asks for no deposit has no deadline for it")
    if 0 < new.deposit_by_us <= now_us:
        problems.append("the deadline for deposits has passed already")
    return problems


def draft_of(new: NewLot, earlier: Earlier | None, now_us: TimeUs) -> Draft:
    """Return a lot to be published as rulebooks look at it."""
    return Draft(
        terms=new.terms,
        category=new.category,
        now_us=now_us,
        deposit=new.deposit,
        deposit_by_us=new.deposit_by_us,
        valuation=new.valuation,
        commission=new.commission,
        notice_at_us=new.notice_at_us,
        earlier=earlier,
    )


def _published(row: Row) -> NewLot:
    """Return a lot as it was published, its reserve included."""
    return NewLot(
        category=Category(row["category"]),
        title_zh=row["title_zh"],
        title_en=row["title_en"],
        terms=_terms(row),
        deposit=row["deposit"],
        deposit_by_us=row["deposit_by_us"],
        region=row["region"],
        description_zh=row["description_zh"],
        description_en=row["description_en"],
        seller_zh=row["seller_zh"],
        seller_en=row["seller_en"],
        is_demo=row["is_demo"],
        rulebook=row["rulebook"],
        valuation=row["valuation"],
        commission=row["commission"],
        notice_at_us=row["notice_at_us"],
        relisted_from=row["relisted_from"],
        place=_place(row),
        inspection_zh=row["inspection_zh"],
        inspection_en=row["inspection_en"],
        contact_zh=row["contact_zh"],
        contact_en=row["contact_en"],
    )


_URGENCY = {LotState.OPEN: 0, LotState.FROZEN: 1, LotState.ANNOUNCED: 2}
_NEVER = 2**62


def _urgency(view: LotView) -> tuple[int, int, int]:
    moment = view.opens_at_us if view.state is LotState.ANNOUNCED else view.ends_at_us
    return _URGENCY.get(view.state, 3), moment or _NEVER, -view.lot


UNDER_WAY_ORDER: Final[dict[LotOrder, Callable[[LotView], tuple[int, ...]]]] = {
    LotOrder.URGENT: _urgency,
    LotOrder.NEWEST: lambda view: (-view.lot,),
    LotOrder.CHEAPEST: lambda view: (shown_price(view), -view.lot),
    LotOrder.DEAREST: lambda view: (-shown_price(view), -view.lot),
}
CLOSED_ORDER: Final = {
    LotOrder.URGENT: "closed_at_us DESC, id DESC",
    LotOrder.NEWEST: "id DESC",
    LotOrder.CHEAPEST: f"{FINAL_PRICE}, id DESC",
    LotOrder.DEAREST: f"{FINAL_PRICE} DESC, id DESC",
}


def shown_price(view: LotView) -> Amount:
    """Return the price that matters now, in minor units: opening, leading or hammer price."""
    return view.hammer_price if view.winner else view.price or view.opening_price


def _wanted(search: Search) -> tuple[str | None, str | None, str | None, str | None]:
    category = None if search.category is None else search.category.value
    currency = search.currency or (COMPARED_IN if search.looks_at_prices else None)
    return category, _containing(search.words), _containing(search.region), currency


def _is_wanted(row: Row, search: Search) -> bool:
    """Tell of a lot under way what `MATCHES` tells of those that have ended."""
    if search.category is not None and row["category"] != search.category.value:
        return False
    currency = search.currency or (COMPARED_IN if search.looks_at_prices else "")
    if currency and row["currency"] != currency:
        return False
    region = row["region"].casefold()
    if search.region and search.region.strip().casefold() not in region:
        return False
    words = search.words.strip().casefold()
    return not words or words in _words_of(row).casefold()


def _words_of(row: Row) -> str:
    """Return what words are looked for in."""
    return " ".join(
        row[name] for name in ("code", "title_zh", "title_en", "seller_zh", "seller_en", "region")
    )


def _containing(text: str) -> str | None:
    """Return the pattern of texts that hold this one; None where nothing is looked for."""
    text = text.strip()
    for sign in "\\%_":
        text = text.replace(sign, "\\" + sign)
    return f"%{text}%" if text else None


def _card(row: Row, view: LotView) -> LotCard:
    return LotCard(
        lot=row["id"],
        code=row["code"],
        category=Category(row["category"]),
        region=row["region"],
        title=_title(row),
        seller=BothLanguages(row["seller_zh"], row["seller_en"]),
        deposit=row["deposit"],
        deposit_by_us=row["deposit_by_us"],
        currency=row["currency"],
        is_demo=row["is_demo"],
        view=view,
        closed_at_us=row["closed_at_us"],
    )


def _place(row: Row) -> Place | None:
    if row["latitude_e6"] is None:
        return None
    address = BothLanguages(row["address_zh"], row["address_en"])
    return Place(row["latitude_e6"], row["longitude_e6"], address)


def _title(row: Row) -> BothLanguages:
    return BothLanguages(row["title_zh"], row["title_en"])


def _terms(row: Row) -> LotTerms:
    return msgspec.json.decode(row["terms"], type=LotTerms)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
