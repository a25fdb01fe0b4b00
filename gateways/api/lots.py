"""Finding lots, looking at one, publishing one, and reading its records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from exchange.categories import Category
from exchange.lot_search import LotOrder, Search
from exchange.lot_sheets import LotCard, LotCheck, LotRules, LotSheet, NewLot
from exchange.people import Role
from exchange.records import JournalRow
from exchange.relisting import Relisting, lot_again
from exchange.sign_up import SignUpState
from exchange.texts import BothLanguages
from exchange.whereabouts import Place
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import ANYONE, Asked, Operation, only
from matching.events import Event, PublicEvent, public_view
from matching.lot import CLOSED_STATES, LotState
from matching.terms import LotTerms
from matching.units import AmountOrZero, LotId, StaffId

PAGE_LOTS_MAX = 200
SHEET_FIELDS = tuple(name for name in LotSheet.__struct_fields__ if name != "card")
PAGE_RECORDS_MAX = 1_000


class LotQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What lots to find: of a state and category, with all words of `q` in title, seller, region, address or code.

    `price_from` and `price_to` are minor units of `currency`, CNY where none is named; 0 for no bound.
    """

    state: LotState | None = None
    category: Category | None = None
    q: Annotated[str, Meta(max_length=100)] = ""
    region: Annotated[str, Meta(max_length=100)] = ""
    price_from: AmountOrZero = 0
    price_to: AmountOrZero = 0
    currency: Annotated[str, Meta(pattern="^([A-Z]{3})?$(?!\n)")] = ""
    order: LotOrder = LotOrder.URGENT
    limit: Annotated[int, Meta(ge=1, le=PAGE_LOTS_MAX)] = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class LotPage(Struct, frozen=True):
    """A page of lots, and how many there are in all, of which those that have ended are counted up to 10,000."""

    lots: list[LotCard]
    total: int


class LotDetail(LotCard, frozen=True):
    """A lot with all that is public of it, and the caller's own sign-up. The terms are without a reserve.

    `reserve_by_name` names the person who enters a late reserve, where there is one; `relisted_as` is the lot with
    which one that passed is sold again, 0 for none.
    """

    description: BothLanguages
    terms: LotTerms
    rules: LotRules
    place: Place | None
    inspection: BothLanguages
    contact: BothLanguages
    relisted_as: LotId
    my: SignUpState | None
    reserve_by_name: str = ""


class Published(Struct, frozen=True):
    """The id of the lot that was made."""

    lot: int


class RecordQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which records to read: those after a sequence."""

    after: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=PAGE_RECORDS_MAX)] = 200


class LinkedRecord(Struct, frozen=True, omit_defaults=True):
    """A record of a lot's journal with its link of the hash chain, in hexadecimal.

    `by_name` is there when somebody of the staff acted: the name of the account that the event gives as `by`.
    """

    sequence: int
    at_us: int
    event: PublicEvent
    link: str
    by_name: str = ""


class RecordPage(Struct, frozen=True):
    """Records that follow each other without gaps."""

    epoch: str
    records: list[LinkedRecord]
    has_more: bool


async def find_lots(asked: Asked) -> LotPage:
    """Find lots: those under way first, then the closed ones, latest first or as `order` says."""
    query: LotQuery = asked.query
    search = Search(
        state=query.state,
        category=query.category,
        words=query.q,
        limit=query.limit,
        offset=query.offset,
        region=query.region,
        price_from=query.price_from,
        price_to=query.price_to,
        currency=query.currency,
        order=query.order,
    )
    found = await asked.services.catalogue.search(search)
    return LotPage(found.cards, found.total)


async def show_lot(asked: Asked) -> LotDetail:
    """Show one lot."""
    lot_id = asked.ids["lot"]
    sheet = await asked.services.catalogue.get(lot_id)
    if sheet is None:
        raise ApiError(ApiCode.LOT_UNKNOWN)
    mine = None
    if asked.account is not None and Role.BIDDER in asked.account.roles:
        mine = await asked.services.sign_ups.state(lot_id, asked.account.id)
    late = sheet.terms.late_reserve
    names = {} if late is None else await asked.services.people.names([late.by])
    return _detail(sheet, mine, "" if late is None else names.get(late.by, ""))


async def publish_lot(asked: Asked) -> Published:
    """Publish a lot: it is announced under its terms at once."""
    new = await _placed(asked)
    lot = await asked.services.catalogue.enter(new, asked.caller.id)
    asked.say(lot=lot)
    return await _brought_out(asked, lot, new)


async def check_lot(asked: Asked) -> LotCheck:
    """Tell what keeps a lot from being published, and the notice that it would have; nothing is made."""
    return await asked.services.catalogue.check(await _placed(asked))


async def _placed(asked: Asked) -> NewLot:
    """Return the lot to be published; one without a region lies in the centre's."""
    new: NewLot = asked.body
    if new.region.strip():
        return new
    return structs.replace(new, region=(await asked.services.centre.current()).card.region)


async def relist_lot(asked: Asked) -> Published:
    """Sell a lot that passed again, by default at the price that its rulebook's reduction gives."""
    services, now_us, by = asked.services, asked.services.clock.now_us(), asked.caller.id
    earlier = asked.ids["lot"]
    new = await lot_again(services.catalogue, earlier, asked.body, now_us)
    lot = await services.catalogue.enter(new, by)
    await services.lot_files.carry_over(earlier, lot, by)
    asked.say(new_lot=lot)
    return await _brought_out(asked, lot, new)


async def _brought_out(asked: Asked, lot: LotId, new: NewLot) -> Published:
    """Announce a lot once it is written down for good: the journal must not know of one that the catalogue does not."""
    published = Published(lot)
    await asked.finish(published)
    await asked.services.catalogue.bring_out(lot, new, asked.caller.id)
    return published


async def read_records(asked: Asked) -> RecordPage:
    """Read a lot's records; once the lot has ended, staff also see what was withheld from the public."""
    query: RecordQuery = asked.query
    services, lot_id = asked.services, asked.ids["lot"]
    rows = await services.journal.read_lot(lot_id, query.after, query.limit + 1)
    if not rows and not await services.journal.read_lot(lot_id, 0, 1):
        raise ApiError(ApiCode.LOT_UNKNOWN)
    view = await services.book.load(lot_id)
    has_ended = view is not None and view.state in CLOSED_STATES
    sees_all = has_ended and asked.account is not None and asked.account.is_staff
    pairs = [(row, row.event) for row in rows[: query.limit]]
    names = await services.people.names({by for _, event in pairs if (by := _actor(event))})
    records = [linked(row, event, sees_all, names) for row, event in pairs]
    return RecordPage(services.epoch, records, len(rows) > query.limit)


def _actor(event: Event) -> StaffId:
    """Return who of the staff caused an event; 0 for the clock, a bidder or the exchange itself."""
    return getattr(event, "by", 0)


def linked(row: JournalRow, event: Event, sees_all: bool, names: Mapping[int, str]) -> LinkedRecord:
    """Return a record as it is shown, with the name of whoever of the staff acted."""
    shown = event if sees_all else public_view(event)
    return LinkedRecord(row.sequence, row.at_us, shown, row.link.hex(), names.get(_actor(event), ""))


def _detail(sheet: LotSheet, mine: SignUpState | None, reserve_by_name: str) -> LotDetail:
    card = sheet.card
    fields: dict[str, Any] = {name: getattr(card, name) for name in card.__struct_fields__}
    of_sheet: dict[str, Any] = {name: getattr(sheet, name) for name in SHEET_FIELDS}
    return LotDetail(**fields, **of_sheet, my=mine, reserve_by_name=reserve_by_name)


OPERATIONS = (
    Operation("GET", "/lots", find_lots, ANYONE, query=LotQuery, answer=LotPage),
    Operation(
        "POST", "/lots", publish_lot, only(Role.ADMIN, Role.HOST), body=NewLot, answer=Published, status=201,
        codes=(
            ApiCode.TERMS_INVALID, ApiCode.AGAINST_RULEBOOK, ApiCode.RULEBOOK_UNKNOWN, ApiCode.LOT_NOT_PASSED,
            ApiCode.ALREADY_RELISTED, ApiCode.CODE_TAKEN,
        ),
        in_one=True,
    ),
    Operation(
        "POST", "/lots/check", check_lot, only(Role.ADMIN, Role.HOST), body=NewLot, answer=LotCheck,
        codes=(ApiCode.RULEBOOK_UNKNOWN, ApiCode.LOT_NOT_PASSED), is_question=True,
    ),
    Operation(
        "POST", "/lots/{lot}/relisting", relist_lot, only(Role.ADMIN, Role.HOST), body=Relisting, answer=Published,
        status=201,
        codes=(
            ApiCode.TERMS_INVALID, ApiCode.AGAINST_RULEBOOK, ApiCode.RULEBOOK_UNKNOWN, ApiCode.LOT_NOT_PASSED,
            ApiCode.ALREADY_RELISTED, ApiCode.CODE_TAKEN,
        ),
        in_one=True,
    ),
    Operation("GET", "/lots/{lot}", show_lot, ANYONE, answer=LotDetail, codes=(ApiCode.LOT_UNKNOWN,)),
    Operation(
        "GET", "/lots/{lot}/records", read_records, ANYONE, query=RecordQuery, answer=RecordPage,
        codes=(ApiCode.LOT_UNKNOWN, ApiCode.LOT_ARCHIVED),
    ),
)  # fmt: skip
