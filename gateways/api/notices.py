"""Notices: reading what was published, and publishing about a lot or about the centre."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from exchange.notices import PAGE_NOTICES_MAX, NewNotice, Notice, NoticeId, NoticeKind, NoticeRefusal
from exchange.people import Role
from exchange.texts import BothLanguages
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import ANYONE, Asked, Operation, only
from matching.units import LotId

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Body = Annotated[str, Meta(min_length=1, max_length=20_000)]
Id = Annotated[int, Meta(ge=0, lt=2**53)]


class NoticesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which notices: all of one lot, oldest first; or the latest before one, of a kind."""

    lot: Id = 0
    kind: NoticeKind | None = None
    before: Id = 0
    limit: Annotated[int, Meta(ge=1, le=PAGE_NOTICES_MAX)] = 20


class NoticePage(Struct, frozen=True):
    """Notices, and whether there are more of them."""

    notices: list[Notice]
    has_more: bool


class NoticeForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A notice to be published, in both languages. `corrects` names the one that it puts right."""

    title_zh: Title
    title_en: Title
    body_zh: Body
    body_en: Body
    corrects: Id = 0


class LotNoticeForm(NoticeForm, frozen=True, forbid_unknown_fields=True):
    """A notice about a lot: an answer to questions, or that something is otherwise than was announced."""

    kind: Literal["clarification", "change"] = "clarification"


async def list_notices(asked: Asked) -> NoticePage:
    """List notices: those of one lot from the first on, or the latest of all."""
    query: NoticesQuery = asked.query
    notices = asked.services.notices
    if query.lot:
        of_lot = await notices.of_lot(query.lot)
        return NoticePage([one for one in of_lot if query.kind in (None, one.kind)], has_more=False)
    found = await notices.latest(query.limit, query.before, query.kind)
    last = found[-1].id if len(found) == query.limit else 0
    has_more = bool(last) and bool(await notices.latest(1, last, query.kind))
    return NoticePage(found, has_more)


async def show_notice(asked: Asked) -> Notice:
    """Show one notice."""
    notice = await asked.services.notices.get(asked.ids["notice"])
    if notice is None:
        raise ApiError(ApiCode.NOTICE_UNKNOWN)
    return notice


async def publish_lot_notice(asked: Asked) -> Notice:
    """Publish a notice about a lot: it stands at once, and for ever."""
    form: LotNoticeForm = asked.body
    return await _published(asked, NoticeKind(form.kind), asked.ids["lot"])


async def publish_centre_notice(asked: Asked) -> Notice:
    """Publish a notice of the centre itself."""
    return await _published(asked, NoticeKind.CENTRE, 0)


async def _published(asked: Asked, kind: NoticeKind, lot: LotId) -> Notice:
    form: NoticeForm = asked.body
    new = NewNotice(
        kind, BothLanguages(form.title_zh, form.title_en), BothLanguages(form.body_zh, form.body_en)
    )
    corrects: NoticeId = form.corrects
    answer = await asked.services.notices.publish(new, by=asked.caller.id, lot=lot, corrects=corrects)
    if isinstance(answer, NoticeRefusal):
        raise ApiError(ApiCode[answer.name])
    return answer


STAFF: Final = only(Role.ADMIN, Role.HOST)
OPERATIONS = (
    Operation("GET", "/notices", list_notices, ANYONE, query=NoticesQuery, answer=NoticePage),
    Operation("GET", "/notices/{notice}", show_notice, ANYONE, answer=Notice, codes=(ApiCode.NOTICE_UNKNOWN,)),
    Operation(
        "POST", "/lots/{lot}/notices", publish_lot_notice, STAFF, body=LotNoticeForm, answer=Notice, status=201,
        codes=(ApiCode.LOT_UNKNOWN, ApiCode.NOTICE_UNKNOWN),
        in_one=True,
    ),
    Operation(
        "POST", "/notices", publish_centre_notice, only(Role.ADMIN), body=NoticeForm, answer=Notice, status=201,
        codes=(ApiCode.NOTICE_UNKNOWN,),
        in_one=True,
    ),
)  # fmt: skip
