"""From a template and values to a document.

Belongs here: Jinja2, the built files that a page loads, what every template may use.
Does not belong here: values of a particular page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from exchange.centre import CentreCard
from gateways.pages import ASSETS, BUILT, WRITTEN_BY_THE_SERVER, loaded
from gateways.portal.texts import Language
from gateways.portal.visit import Visit
from gateways.portal.writing import (
    amount_text,
    clock_text,
    grouped_text,
    machine_moment,
    moment_text,
    quantity_text,
    share_text,
    short_amount_text,
    unit_text,
)

HTML: Final = "text/html"
PLACES: Final = (
    ("/", "home"),
    ("/lots", "lots"),
    ("/calendar", "calendar"),
    ("/notices", "notices"),
    ("/results", "results"),
    ("/statistics", "statistics"),
    ("/help", "help"),
)
"""The navigation of the public pages; `gateways/web/src/house/places.ts` has the same."""


class NotThere(Exception):
    """What a page is about does not exist."""


class Shown(Struct, frozen=True):
    """A page to be written: its template, what stands in it, and the built page that improves it."""

    template: str
    values: dict[str, Any]
    status: int = 200
    entry: str = "portal"


class Document(Struct, frozen=True):
    """What is sent."""

    body: bytes
    media: str = HTML
    status: int = 200
    smaller: bytes = b""
    """The same as gzip; empty where that is not worth it."""


class Renderer:
    """Writes pages out of the templates of this package."""

    def __init__(
        self, built: Path = BUILT, *, is_demo: bool = False, may_register: bool = False, version: str = ""
    ) -> None:
        """Take where the built files are.  Raises: PagesNotBuilt."""
        environment = Environment(
            loader=PackageLoader(__package__ or "gateways.portal"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals |= {
            "loaded": {name: loaded(name, built) for name in WRITTEN_BY_THE_SERVER},
            "assets": ASSETS,
            "places": PLACES,
            "is_demo": is_demo,
            "may_register": may_register,
            "version": version,
            "amount": amount_text,
            "short_amount": short_amount_text,
            "moment": moment_text,
            "machine_moment": machine_moment,
            "clock": clock_text,
            "share": share_text,
            "quantity": quantity_text,
            "unit_name": unit_text,
            "grouped": grouped_text,
            "chinese": Language.ZH,
            "english": Language.EN,
        }
        self._environment = environment

    def write(self, shown: Shown, visit: Visit, centre: CentreCard) -> Document:
        """Return the document of a page.  `centre` is what the centre says of itself on every page."""
        template = self._environment.get_template(shown.template)
        language = visit.language
        text = template.render(
            visit=visit,
            language=language,
            say=language.say,
            pick=language.pick,
            half=language.half,
            centre=centre,
            entry=shown.entry,
            **shown.values,
        )
        return Document(text.encode(), HTML, shown.status)
