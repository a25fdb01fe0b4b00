"""Pictures, papers and an answer to a question for the demo's lots, put beside them after they have been published.

It works behind the centre: drawing takes a moment, and nobody waits for it. A category is drawn once; a later round
of the same lot takes over what the round before it showed.

Belongs here: which files a demo lot has. Does not belong here: what is on them (`drawings`, `papers`).
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from msgspec import Struct

from exchange.categories import Category
from exchange.demo.drawings import drawings, site_sketch
from exchange.demo.papers import hand_over_list, rules_pdf
from exchange.lot_files import FileKind, LotFiles, Prepared, prepare
from exchange.lot_pictures import Picture
from exchange.notices import NewNotice, NoticeKind, Notices
from exchange.ports import ExchangeError
from exchange.texts import BothLanguages
from matching.units import LotId, StaffId

log = structlog.get_logger(__name__)

WAITING_MAX: Final = 1_000
REST_AFTER_FAILURE_S: Final = 3.0

BY_DAY: Final = BothLanguages("标的外观（演示绘图）", "The lot by day (drawing)")
IN_THE_EVENING: Final = BothLanguages("标的外观，傍晚（演示绘图）", "The lot in the evening (drawing)")
SITE: Final = BothLanguages("位置示意图（演示绘图）", "Sketch of the site (drawing)")
RULES: Final = BothLanguages("竞买须知", "Rules for bidders")
PAPERS: Final = BothLanguages("移交资料清单", "Papers that come with the lot")
QUESTIONED: Final = Category.LAND
"""The category whose lots have been asked about: one is enough to see what that looks like."""

ANSWER: Final = NewNotice(
    NoticeKind.CLARIFICATION,
    BothLanguages(
        "答疑澄清（演示）：看样与资料", "Answers to questions (demonstration): inspection and papers"
    ),
    BothLanguages(
        "问：公告期内能否现场看样？\n答：可以，请按公告的联系方式提前一个工作日预约。\n\n"
        "问：资料清单中的文件能否提前查阅？\n答：可以，见本标的附件。\n\n本公告为演示，内容虚构。",
        "Question: can the lot be inspected before the sale?\nAnswer: yes, by appointment one working day ahead.\n\n"
        "Question: can the papers be read beforehand?\nAnswer: yes, they are among the files of this lot.\n\n"
        "This notice is a demonstration; everything in it is invented.",
    ),
)


class Exhibit(Struct, frozen=True):
    """A file as it is shown with every lot of a category."""

    name: str
    caption: BothLanguages
    prepared: Prepared


class Waiting(Struct, frozen=True):
    """A lot that has been published and waits for its pictures."""

    lot: LotId
    key: str
    category: Category
    by: StaffId


class Showcase:
    """Puts files beside lots, one lot after the other. `ask` for a lot, `run` until cancelled."""

    def __init__(self, lot_files: LotFiles, notices: Notices) -> None:
        """Take where files and notices are kept."""
        self._lot_files = lot_files
        self._notices = notices
        self._waiting: asyncio.Queue[Waiting] = asyncio.Queue(WAITING_MAX)
        self._exhibits: dict[Category, list[Exhibit]] = {}
        self._shown: dict[str, LotId] = {}
        """The last lot of each template that has its files."""

    def ask(self, lot: LotId, key: str, category: Category, by: StaffId) -> None:
        """Have a lot shown with pictures soon; when very many wait, it stays without."""
        if not self._waiting.full():
            self._waiting.put_nowait(Waiting(lot, key, category, by))

    async def run(self) -> None:
        """Put files beside whatever lots are asked for; what fails for want of a database is left out."""
        while True:
            waiting = await self._waiting.get()
            try:
                await self.show(waiting)
            except ExchangeError as error:
                log.warning(
                    "demo.without_pictures", lot=waiting.lot, error=str(error) or type(error).__name__
                )
                await asyncio.sleep(REST_AFTER_FAILURE_S)

    async def show(self, waiting: Waiting) -> None:
        """Put its files beside a lot, unless it has some.  Raises: StoreUnavailable."""
        if not await self._lot_files.of_lot(waiting.lot):
            before = self._shown.get(waiting.key)
            if before is not None:
                await self._lot_files.carry_over(before, waiting.lot, waiting.by)
            else:
                await self._hang(waiting)
            if waiting.category is QUESTIONED:
                await self._notices.publish(ANSWER, by=waiting.by, lot=waiting.lot)
        self._shown[waiting.key] = waiting.lot

    async def _hang(self, waiting: Waiting) -> None:
        for exhibit in await self._exhibits_of(waiting.category):
            await self._lot_files.add_prepared(
                waiting.lot, exhibit.name, exhibit.prepared, by=waiting.by, caption=exhibit.caption
            )

    async def _exhibits_of(self, category: Category) -> list[Exhibit]:
        if category not in self._exhibits:
            self._exhibits[category] = await asyncio.to_thread(exhibits, category)
        return self._exhibits[category]


def exhibits(category: Category) -> list[Exhibit]:
    """Return the files of a category's lots, drawn now."""
    by_day, evening = drawings(category)
    return [
        Exhibit("demo-1.jpg", BY_DAY, _photo(by_day)),
        Exhibit("demo-2.jpg", IN_THE_EVENING, _photo(evening)),
        Exhibit("demo-3.jpg", SITE, _photo(site_sketch())),
        Exhibit("竞买须知-演示.pdf", RULES, _document(rules_pdf())),
        Exhibit("资料清单-演示.txt", PAPERS, _document(hand_over_list(category))),
    ]


def _photo(picture: Picture) -> Prepared:
    return Prepared(
        FileKind.PHOTO,
        picture.media_type,
        picture.content,
        picture.width,
        picture.height,
        picture.thumbnail,
    )


def _document(content: bytes) -> Prepared:
    prepared = prepare(content)
    assert isinstance(prepared, Prepared), "the demo's own papers are such as are taken"
    return prepared
