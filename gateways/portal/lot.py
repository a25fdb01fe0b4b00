"""A lot's page: the whole public notice, in the document that the bidding room then takes over, and by itself.

Belongs here: what a notice is put together from. Does not belong here: live figures (`gateways/web/src/lot`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from exchange.lot_files import FileKind, LotFile
from exchange.lot_sheets import LotSheet
from exchange.notices import Notice, NoticeId, NoticeKind
from exchange.rulebooks.explanation import Explanation, explanation
from exchange.whereabouts import Place
from gateways.api.pay_to import pay_to
from gateways.api.services import Services
from gateways.portal.cards import Card, card_of
from gateways.portal.programme import programme_text
from gateways.portal.rendering import NotThere, Shown
from gateways.portal.results import result_of
from gateways.portal.visit import Visit
from matching.lot import CLOSED_STATES, ENDED_STATES, LotState
from matching.terms import LotTerms
from matching.terms.multi_unit import MultiUnitTerms

AWARDS_SHOWN: Final = 50
RUNNING = frozenset({LotState.OPEN, LotState.FROZEN})


class Told(Struct, frozen=True):
    """All that the public is told of a lot."""

    sheet: LotSheet
    files: Sequence[LotFile]
    notices: Sequence[Notice]
    rules: Explanation | None

    def files_of(self, kind: str) -> list[LotFile]:
        """Return its photos or its documents."""
        return [file for file in self.files if file.kind is FileKind(kind) and not file.removed_at_us]

    @property
    def removed(self) -> list[LotFile]:
        """Return what was taken out of sight after people could see it."""
        return [file for file in self.files if file.removed_at_us]

    @property
    def corrections(self) -> dict[NoticeId, Notice]:
        """Return the notice that puts another right, by the number of that other; the latest of several."""
        return {notice.corrects: notice for notice in self.notices if notice.corrects}

    @property
    def next_key(self) -> str:
        """Return the key of what comes next for a lot that takes no bids now."""
        view = self.sheet.card.view
        if view.state is LotState.PASSED and self.sheet.relisted_as:
            return "next_passed_again"
        if view.state is LotState.FROZEN and not view.resumes_at_us:
            return "next_frozen_by_host"
        return f"next_{view.state}"

    def last(self, kind: str) -> Notice | None:
        """Return the latest notice of a kind."""
        return next((notice for notice in reversed(self.notices) if notice.kind is NoticeKind(kind)), None)

    @property
    def terms(self) -> LotTerms:
        """Return the terms of the lot."""
        return self.sheet.terms

    @property
    def priced_unit(self) -> str:
        """Return what the opening price is for one of; empty where it is for the whole lot."""
        first = self.terms.programme[0]
        return first.unit if isinstance(first, MultiUnitTerms) else ""

    @property
    def running_phase(self) -> int:
        """Return the place of the phase that runs now; -1 for none."""
        view = self.sheet.card.view
        return view.phase if view.state in RUNNING else -1


async def show(visit: Visit, services: Services) -> Shown:
    """Show a lot: its notice, and around it what the bidding room shows live."""
    told = await _told(visit, services)
    photos = told.files_of("photo")
    card: Card = card_of(told.sheet.card, photos[0].id if photos else 0)
    return Shown("lot.html", {**await _values(told, visit, services), "card": card}, entry="lot")


async def show_notice(visit: Visit, services: Services) -> Shown:
    """Show the notice alone, for the page of the bidding room to hold."""
    return Shown("lot_notice.html", await _values(await _told(visit, services), visit, services))


async def _told(visit: Visit, services: Services) -> Told:
    number = visit.ids["lot"]
    sheet = await services.catalogue.get(number)
    if sheet is None:
        raise NotThere(visit.path)
    files, notices = await asyncio.gather(
        services.lot_files.of_lot(number, with_removed=True), services.notices.of_lot(number)
    )
    rulebook = services.catalogue.rulebooks.get(sheet.rules.rulebook) if sheet.rules.rulebook else None
    return Told(sheet, files, notices, None if rulebook is None else explanation(rulebook))


async def _values(told: Told, visit: Visit, services: Services) -> dict[str, Any]:
    centre = await services.centre.current()
    place = told.sheet.place
    lot = told.sheet.card
    is_paid_for = lot.deposit > 0 and lot.view.state not in ENDED_STATES
    card = told.sheet.card
    return {
        "told": told,
        "result": result_of(card) if card.view.state in CLOSED_STATES else None,
        "awards": [award for award in card.view.awards if award.amount > 0],
        "awards_shown": AWARDS_SHOWN,
        "sheet": told.sheet,
        "titles": await services.catalogue.titles(
            filter(None, (told.sheet.relisted_as, told.sheet.rules.relisted_from))
        ),
        "lot": told.sheet.card,
        "pay_to": await pay_to(services, lot.currency) if is_paid_for else [],
        "programme": programme_text(told.terms, visit.language),
        "map_link": "" if place is None else map_link(centre.card.map_link, place),
        "point": "" if place is None else point_text(place),
    }


def map_link(template: str, place: Place) -> str:
    """Return the address of a map at a place, empty where the centre names none."""
    latitude, longitude = degrees(place.latitude_e6), degrees(place.longitude_e6)
    return template.replace("{latitude}", latitude).replace("{longitude}", longitude)


def point_text(place: Place) -> str:
    """Return a point as latitude and longitude in degrees, the way `geo:` takes it (RFC 5870)."""
    return f"{degrees(place.latitude_e6)},{degrees(place.longitude_e6)}"


def degrees(millionths: int) -> str:
    """Return millionths of a degree as degrees."""
    whole, rest = divmod(abs(millionths), 1_000_000)
    return f"{'-' if millionths < 0 else ''}{whole}.{rest:06d}"
