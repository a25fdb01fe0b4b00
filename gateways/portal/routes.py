"""The addresses of the portal, and how a request becomes an answer: language, keeping, what cannot be shown.

Belongs here: routes, caching, errors. Does not belong here: what any page shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from msgspec import structs

from exchange import __version__
from exchange.database import StoreUnavailable
from exchange.keeping import Kept
from exchange.ports import JournalUnavailable
from gateways.api.services import SERVICES, Services
from gateways.pages import ASSETS, BUILT
from gateways.portal import (
    calendar,
    centre,
    feeds,
    help,
    home,
    lot,
    lots,
    notices,
    results,
    sitemap,
    statistics,
)
from gateways.portal.rendering import HTML, Document, NotThere, Renderer, Shown
from gateways.portal.visit import Visit, is_switch, remember_language, visit_of
from gateways.smaller import GZIP, WORTH_BYTES, smaller, takes_smaller
from ledger.store import LedgerUnavailable

log = structlog.get_logger(__name__)

Page: TypeAlias = Callable[[Visit, Services], Awaitable[Shown | Document]]
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEPT_SECONDS: Final = 1.0
KEPT_LONGER_SECONDS: Final = 60.0
PAGES_KEPT: Final = 256
COMES_BACK_SECONDS: Final = 5
NEVER_A_PAGE: Final = ("/api/", ASSETS)
ADDRESSES: Final[dict[str, Page]] = {
    "/": home.show,
    "/lots": lots.show,
    "/lots/{lot:[0-9]{1,15}}": lot.show,
    "/lots/{lot:[0-9]{1,15}}/notice": lot.show_notice,
    "/calendar": calendar.show,
    "/calendar.ics": calendar.show_file,
    "/notices": notices.show,
    "/notices/{notice:[0-9]{1,15}}": notices.show_one,
    "/results": results.show,
    "/statistics": statistics.show,
    "/centre": centre.show,
    **help.addresses(),
    "/feed.xml": feeds.show_feed,
    "/sitemap.xml": sitemap.show_index,
    "/sitemap/pages.xml": sitemap.show_pages,
    "/sitemap/lots-{part:[0-9]{1,9}}.xml": sitemap.show_lots,
    "/robots.txt": feeds.show_robots,
}
FRAGMENTS: Final = (lot.show_notice,)
"""Parts of a page, which a script asks for in the language that it shows: nobody switches by them."""

LARGE: Final = (feeds.show_feed, sitemap.show_pages, sitemap.show_lots)
"""What programs read over and over, and what takes long to write."""

NOT_FOUND: Final = Shown("not_found.html", {}, 404)
UNAVAILABLE: Final = Shown("unavailable.html", {}, 503)


def add_portal(app: web.Application, built: Path = BUILT) -> None:
    """Let an application that holds `SERVICES` by the time it serves show the portal.  Raises: PagesNotBuilt."""
    services = app[SERVICES]
    renderer = Renderer(
        built,
        is_demo=services.is_demo,
        may_register=services.settings.registration_open,
        version=__version__,
    )
    kept: Kept[Document] = Kept(KEPT_SECONDS, PAGES_KEPT)
    kept_longer: Kept[Document] = Kept(KEPT_LONGER_SECONDS, PAGES_KEPT)
    for path, page in ADDRESSES.items():
        app.router.add_get(path, _handler(page, renderer, kept_longer if page in LARGE else kept))
    app.middlewares.append(_unknown_pages(renderer))


def _handler(page: Page, renderer: Renderer, kept: Kept[Document]) -> Handler:
    is_fragment = page in FRAGMENTS

    async def serve(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        visit = visit_of(request, services.public_origins)
        if not is_fragment and is_switch(request):
            back = web.Response(status=303, headers={"Location": visit.here(), "Cache-Control": "no-store"})
            remember_language(back, request)
            return back
        try:
            document = await kept.get(visit.key, lambda: _written(page, renderer, visit, services))
        except (StoreUnavailable, JournalUnavailable, LedgerUnavailable) as error:
            log.warning("portal.unavailable", path=visit.path, error=str(error))
            document = await _plain(UNAVAILABLE, renderer, visit, services)
        response = _answer(request, document)
        if not is_fragment:
            remember_language(response, request)
        return response

    return serve


async def _written(page: Page, renderer: Renderer, visit: Visit, services: Services) -> Document:
    try:
        shown = await page(visit, services)
    except NotThere:
        shown = NOT_FOUND
    document = await _plain(shown, renderer, visit, services) if isinstance(shown, Shown) else shown
    if len(document.body) < WORTH_BYTES:
        return document
    # Made once for all who read it: these pages hold no secret that a length could tell of.
    return structs.replace(document, smaller=smaller(document.body))


async def _plain(shown: Shown, renderer: Renderer, visit: Visit, services: Services) -> Document:
    return renderer.write(shown, visit, (await services.centre.current()).card)


def _answer(request: web.Request, document: Document) -> web.Response:
    is_smaller = bool(document.smaller) and takes_smaller(request)
    digest = hashlib.blake2b(document.body, digest_size=12).hexdigest()
    tag = f'"{digest}-{GZIP}"' if is_smaller else f'"{digest}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag, "Vary": "Cookie, Accept-Language, Accept-Encoding"}
    if document.status == 503:
        headers |= {"Cache-Control": "no-store", "Retry-After": str(COMES_BACK_SECONDS)}
    if document.status == 200 and tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    if is_smaller:
        headers[hdrs.CONTENT_ENCODING] = GZIP
    return web.Response(
        body=document.smaller if is_smaller else document.body,
        status=document.status,
        content_type=document.media,
        charset="utf-8",
        headers=headers,
    )


def _unknown_pages(renderer: Renderer) -> Middleware:
    """Answer an address that leads nowhere with a page, where a person asked."""

    @web.middleware
    async def unknown_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            wants_page = HTML in request.headers.get("Accept", "")
            if request.path.startswith(NEVER_A_PAGE) or not wants_page:
                raise
            services = request.app[SERVICES]
            visit = visit_of(request, services.public_origins)
            return _answer(request, await _plain(NOT_FOUND, renderer, visit, services))

    return unknown_pages
