"""The pages of notices (公告): the list, and one by itself."""

from __future__ import annotations

from typing import Final

from exchange.notices import Notice, NoticeKind
from gateways.api.services import Services
from gateways.portal.rendering import NotThere, Shown
from gateways.portal.visit import Query, Visit

PAGE_NOTICES: Final = 30
ID_MAX: Final = 2**53 - 1


async def show(visit: Visit, services: Services) -> Shown:
    """Show what was published, latest first."""
    query = Query(visit)
    kind = query.read("kind", NoticeKind, None)
    before = query.number("before", 1, ID_MAX, 0)
    found = await services.notices.latest(PAGE_NOTICES + 1, before, kind)
    shown = found[:PAGE_NOTICES]
    return Shown(
        "notices.html",
        {
            "notices": shown,
            "titles": await services.catalogue.titles({notice.lot for notice in shown}),
            "kind": kind,
            "kinds": list(NoticeKind),
            "before": before,
            "older": shown[-1].id if len(found) > PAGE_NOTICES else 0,
            "ignored": query.ignored,
        },
    )


async def show_one(visit: Visit, services: Services) -> Shown:
    """Show one notice."""
    notice = await services.notices.get(visit.ids["notice"])
    if notice is None:
        raise NotThere(visit.path)
    corrected: Notice | None = await services.notices.get(notice.corrects) if notice.corrects else None
    corrected_by = await services.notices.correcting(notice)
    titles = await services.catalogue.titles([notice.lot]) if notice.lot else {}
    values = {"notice": notice, "corrected": corrected, "corrected_by": corrected_by}
    return Shown("notice.html", {**values, "about": titles.get(notice.lot)})
