"""The lots as a person reads them: titles, sellers, categories, and the terms a lot was published under.

Belongs here: publishing a lot, announcing it, what it ended as. Does not belong here: finding lots
(`exchange.lot_search`), bidding (`exchange.engine`), money (`ledger`), who wants to bid (`exchange.sign_up`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog

from exchange.database import Database, NotUnique, Row
from exchange.lot_search import Found, LotSearch, Search
from exchange.lot_sheets import (
    CARD_COLUMNS,
    SHEET_COLUMNS,
    LotCheck,
    LotRules,
    LotSheet,
    LotTitle,
    LotUnderRulebook,
    NewLot,
    Passed,
    card_of,
    draft_of,
    lot_problems,
    place_of,
    published_of,
    terms_of,
    title_of,
)
from exchange.money_rules import MoneyRules
from exchange.notice_texts import announcement
from exchange.ports import Clock, CommandBus, ExchangeError, LotBook, Rejected
from exchange.records import derived_id
from exchange.repair import Repair
from exchange.rulebooks.compliance import Violation, violations
from exchange.rulebooks.library import Library, shipped
from exchange.rulebooks.parameters import Earlier
from exchange.rulebooks.rulebook import Rulebook
from exchange.rulebooks.working_days import CENTRE_TIME
from exchange.terms_words import FieldProblem
from exchange.texts import NO_TEXT, BothLanguages
from ledger.store import LedgerUnavailable
from matching.commands import AnnounceLot
from matching.lot import CLOSED_STATES, LotState
from matching.refusals import Refusal
from matching.terms import LotTerms
from matching.units import LotId, StaffId, TimeUs
from matching.view import LotView

log = structlog.get_logger(__name__)

ANNOUNCEMENTS_AT_ONCE = 32
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
       outcome, {SHEET_COLUMNS},
       coalesce((SELECT again.id FROM exchange.lot again
                  WHERE again.relisted_from = lot.id AND again.outcome IS DISTINCT FROM 'withdrawn'
                    AND again.is_announced), 0) AS relisted_as
  FROM exchange.lot WHERE id = $1
"""
SELECT_TITLES = "SELECT id, code, title_zh, title_en FROM exchange.lot WHERE id = ANY($1::bigint[])"
SELECT_UNDER_RULEBOOK = """
SELECT id, code, title_zh, title_en, rulebook_digest, outcome FROM exchange.lot
 WHERE rulebook = $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""
UPDATE_OUTCOME = """
UPDATE exchange.lot SET outcome = $2, closed_at_us = $3, final_view = $4::text::json WHERE id = $1 AND outcome IS NULL
"""


class TermsInvalid(ExchangeError):
    """The lot cannot be published under these terms; nothing was made."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__("; ".join(map(str, problems)))
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
        self._found = LotSearch(self._database, book)
        self._announcing = Repair("catalogue.announcement_delayed", self.announce_missing)

    async def publish(self, new: NewLot, by: StaffId) -> LotId:
        """Enter a lot and bring it out.

        Raises: as `enter`; then nothing was made.
        """
        lot_id = await self.enter(new, by)
        await self.bring_out(lot_id, new, by)
        return lot_id

    async def enter(self, new: NewLot, by: StaffId) -> LotId:
        """Write a lot down with the notice that puts it up; it is announced by `bring_out`, or by `run` later.

        Raises: TermsInvalid, RulebookUnknown, NotPassed, AgainstRulebook, AlreadyRelisted, CodeTaken; then nothing
            was made.
        """
        now_us = self._clock.now_us()
        check = await self.check(new)
        if check.problems:
            raise TermsInvalid(check.problems)
        if check.violations:
            raise AgainstRulebook(check.violations)
        return await self._enter(new, by, self.rulebook(new.rulebook), now_us)

    async def bring_out(self, lot_id: LotId, new: NewLot, by: StaffId) -> None:
        """Register the money rule of a lot that is entered, and announce it.

        The row came first; `announce_missing` mends a crash between the steps. Nobody can deposit for a lot that is
        not announced, so the rule is there before any money. When the ledger or the engine cannot take its part now,
        the lot stays entered and `run` announces it later.
        """
        rulebook = self.rulebook(new.rulebook)
        try:
            await self._rule_money(
                lot_id, rulebook, "" if rulebook is None else rulebook.digest, new.commission, by
            )
            await self._announce(lot_id, by, new.terms)
            await self._database.run(UPDATE_ANNOUNCED, [lot_id])
        except (ExchangeError, LedgerUnavailable) as error:
            self._announcing.ask(error, lot=lot_id)

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
        published = published_of(row)
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
        view = None if row is None else self._found.view(row)
        if row is None or view is None:
            return None
        terms = msgspec.structs.replace(terms_of(row), reserve_price=0)
        description = BothLanguages(row["description_zh"], row["description_en"])
        return LotSheet(
            card=card_of(row, view),
            description=description,
            terms=terms,
            rules=self._rules(row),
            place=place_of(row),
            inspection=BothLanguages(row["inspection_zh"], row["inspection_en"]),
            contact=BothLanguages(row["contact_zh"], row["contact_en"]),
            relisted_as=row["relisted_as"],
        )

    async def search(self, search: Search) -> Found:
        """Find lots: those under way first, the next to end in front, then the closed, latest first."""
        return await self._found.find(search)

    async def regions(self) -> list[str]:
        """Return the regions that lots lie in, in alphabetical order, at most `lot_search.REGIONS_MAX`."""
        return await self._found.regions()

    async def numbers(self, first: LotId, last: LotId) -> list[LotId]:
        """Return the numbers of the lots from one to before another."""
        return await self._found.numbers(first, last)

    async def latest(self) -> LotId:
        """Return the highest number of a lot, 0 without any."""
        return await self._found.latest()

    async def titles(self, lot_ids: Iterable[LotId]) -> dict[LotId, LotTitle]:
        """Return how some lots are called."""
        rows = await self._database.rows(SELECT_TITLES, list(lot_ids))
        return {row["id"]: LotTitle(row["code"], title_of(row)) for row in rows}

    async def under_rulebook(self, name: str, before: LotId, limit: int) -> list[LotUnderRulebook]:
        """Return lots below a number that were published under a rulebook, the latest first."""
        rows = await self._database.rows(SELECT_UNDER_RULEBOOK, name, before, limit)
        return [
            LotUnderRulebook(row["id"], row["code"], title_of(row), row["rulebook_digest"], row["outcome"])
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

    def rulebook_name(self, name: str) -> str:
        """Return a rulebook's name as it is.  Raises: ValueError, for one that there is not."""
        if self.rulebooks.get(name) is None:
            raise ValueError(name)
        return name

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
            async with self._database.transaction() as statements:
                lot_id: LotId = await statements.value(
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
            await self._announce(row["id"], row["published_by"], terms_of(row))

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


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
