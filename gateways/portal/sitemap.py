"""The list of pages for search engines (sitemaps.org): an index, and parts of it that stay as they are.

Belongs here: addresses that machines should know. Does not belong here: feeds and where machines may not go
(`gateways.portal.feeds`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.etree import ElementTree

from gateways.api.services import Services
from gateways.portal import help
from gateways.portal.rendering import PLACES, Document, NotThere
from gateways.portal.visit import Visit

XML: Final = "application/xml"
SPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
PART_LOTS: Final = 5_000
"""So many numbers of lots are of one part; small enough to be written without holding anybody up."""

PARTS_MAX: Final = 50_000
"""What one index may hold."""

NOTICES_MAX: Final = 100


async def show_index(visit: Visit, services: Services) -> Document:
    """Give the addresses of all parts."""
    latest = await services.catalogue.latest()
    parts = ["/sitemap/pages.xml"]
    parts += [f"/sitemap/lots-{part}.xml" for part in range(min(latest // PART_LOTS + 1, PARTS_MAX))]
    return _written("sitemapindex", "sitemap", (visit.origin + part for part in parts))


async def show_pages(visit: Visit, services: Services) -> Document:
    """Give the addresses of the pages that are no lot's."""
    addresses = [*(path for path, _ in PLACES), "/centre"]
    addresses += [path for path in help.addresses() if path not in addresses]
    addresses += [f"/notices/{notice.id}" for notice in await services.notices.latest(NOTICES_MAX)]
    return _written("urlset", "url", (visit.origin + address for address in addresses))


async def show_lots(visit: Visit, services: Services) -> Document:
    """Give the addresses of the lots of one part."""
    part = visit.ids["part"]
    numbers = await services.catalogue.numbers(part * PART_LOTS, (part + 1) * PART_LOTS)
    if not numbers:
        raise NotThere(visit.path)
    return _written("urlset", "url", (f"{visit.origin}/lots/{number}" for number in numbers))


def _written(root: str, each: str, addresses: Iterable[str]) -> Document:
    ElementTree.register_namespace("", SPACE)
    pages = ElementTree.Element(f"{{{SPACE}}}{root}")
    for address in addresses:
        ElementTree.SubElement(
            ElementTree.SubElement(pages, f"{{{SPACE}}}{each}"), f"{{{SPACE}}}loc"
        ).text = address
    return Document(ElementTree.tostring(pages, encoding="utf-8", xml_declaration=True), XML)
