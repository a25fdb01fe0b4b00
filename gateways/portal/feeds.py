"""What programs read of the portal: RSS, and where search engines may not go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final
from xml.etree import ElementTree

from exchange.categories import Category
from exchange.lot_search import LotOrder, Search
from exchange.lot_sheets import LotTitle
from exchange.notices import Notice
from gateways.api.services import Services
from gateways.portal.rendering import Document
from gateways.portal.texts import Language
from gateways.portal.visit import Query, Visit
from gateways.portal.writing import amount_text
from matching.units import LotId, TimeUs

FEED_ITEMS: Final = 50
RSS: Final = "application/rss+xml"
ATOM: Final = "http://www.w3.org/2005/Atom"
NOT_FOR_MACHINES: Final = (
    "/api/",
    "/sign-in",
    "/register",
    "/me",
    "/account",
    "/room",
    "/host",
    "/hall",
    "/finance",
    "/admin",
)
_UNSPEAKABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may hold."""


async def show_feed(visit: Visit, services: Services) -> Document:
    """Give the latest notices and lots as RSS 2.0; with a category, the lots of that."""
    query, language = Query(visit), visit.language
    category = query.read("category", Category, None)
    found = await services.catalogue.search(
        Search(category=category, order=LotOrder.NEWEST, limit=FEED_ITEMS)
    )
    centre = (await services.centre.current()).card
    about = language.say("feed_of_all" if category is None else f"category_{category}")
    ElementTree.register_namespace("atom", ATOM)
    rss = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(rss, "channel")
    _say(channel, "title", f"{language.pick(centre.name)} · {about}")
    _say(channel, "link", f"{visit.origin}/lots" + (f"?category={category}" if category else ""))
    _say(channel, "description", language.say("how_it_works"))
    _say(channel, "language", "zh-cn" if language == "zh" else "en")
    link = {"href": visit.canonical, "rel": "self", "type": RSS}
    ElementTree.SubElement(channel, f"{{{ATOM}}}link", link)
    if category is None:
        latest = await services.notices.latest(FEED_ITEMS)
        titles = await services.catalogue.titles({notice.lot for notice in latest})
        for notice in latest:
            kind = language.say(f"kind_{notice.kind}")
            _item(
                channel, f"{visit.origin}/notices/{notice.id}", _headline(notice, titles, language),
                language.pick(notice.body), kind, notice.published_at_us,
            )  # fmt: skip
    for card in found.cards:
        view = card.view
        price = amount_text(view.opening_price, card.currency)
        text = (
            f"{language.say(f'state_{view.state}')} · {language.say('opening_price')} {price} · {card.code}"
        )
        kind = language.say(f"category_{card.category}")
        _item(channel, f"{visit.origin}/lots/{card.lot}", language.pick(card.title), text, kind, 0)
    return _document(rss, RSS)


async def show_robots(visit: Visit, services: Services) -> Document:
    """Say where programs that read everything may go."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_MACHINES)]
    # Photos and documents of lots belong to what is public.
    lines += ["Allow: /api/v1/files/", f"Sitemap: {visit.origin}/sitemap.xml"]
    return Document("".join(f"{line}\n" for line in lines).encode(), "text/plain")


def _headline(notice: Notice, titles: Mapping[LotId, LotTitle], language: Language) -> str:
    """Return a title that says of what kind the notice is and of which lot, once each."""
    title = language.pick(notice.title)
    of_lot = language.pick(titles[notice.lot].title) if notice.lot in titles else ""
    if of_lot and of_lot in title:
        return title
    colon = "：" if language is Language.ZH else ": "
    return language.say(f"kind_{notice.kind}") + colon + title + (f" · {of_lot}" if of_lot else "")


def _item(
    channel: ElementTree.Element, address: str, title: str, text: str, kind: str, at_us: TimeUs
) -> None:
    item = ElementTree.SubElement(channel, "item")
    _say(item, "title", title)
    _say(item, "link", address)
    ElementTree.SubElement(item, "guid", isPermaLink="true").text = address
    _say(item, "description", text)
    _say(item, "category", kind)
    if at_us:
        _say(item, "pubDate", format_datetime(datetime.fromtimestamp(at_us // 1_000_000, UTC)))


def _say(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _UNSPEAKABLE.sub("", text)


def _document(root: ElementTree.Element, media: str) -> Document:
    return Document(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True), media)
