"""Notices over a real database: those that staff write, and those that follow from a lot's own records."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from exchange.categories import Category
from exchange.notices import NewNotice, Notice, NoticeKind, NoticeRefusal
from exchange.record_notices import StandstillNotices
from exchange.texts import BothLanguages
from exchange.whereabouts import Place
from matching.commands import OpenLot, PauseLot, ResumeLot, WithdrawLot
from tests.floor import HOST, START_US
from tests.procedure import Fuse, Killed, Procedure

ANSWER = NewNotice(
    NoticeKind.CLARIFICATION,
    BothLanguages("答疑", "Answers"),
    BothLanguages("可以看样。", "You may look at it."),
)
OF_CENTRE = NewNotice(NoticeKind.CENTRE, BothLanguages("通知", "Note"), BothLanguages("休市。", "Closed."))


async def kinds(procedure: Procedure, lot: int) -> list[str]:
    return [notice.kind.value for notice in await procedure.notices.of_lot(lot)]


async def test_a_published_lot_has_a_notice_made_of_what_is_known_of_it(procedure: Procedure) -> None:
    place = Place(25_694_000, 100_160_000, BothLanguages("大理市某路一号", "1 Some Road, Dali"))
    lot = await procedure.publish(
        opens_at_us=START_US + 3_600_000_000, category=Category.MINING, seller_zh="某局", place=place,
        inspection_zh="工作日上午", inspection_en="Weekday mornings", contact_zh="王先生", commission=150,
    )  # fmt: skip
    sheet = await procedure.catalogue.get(lot)
    assert sheet is not None and sheet.place == place
    assert (sheet.inspection.en, sheet.contact) == ("Weekday mornings", BothLanguages("王先生", ""))
    [notice] = await procedure.notices.of_lot(lot)
    assert (notice.kind, notice.lot, notice.published_by) == (NoticeKind.ANNOUNCEMENT, lot, HOST)
    assert notice.title == BothLanguages("出让公告：地块", "Notice of sale: Plot")
    assert "起始价：1.00 元（人民币壹元整）" in notice.body.zh and "坐落：大理市某路一号" in notice.body.zh
    assert "Deposit: CNY 50.00" in notice.body.en and "Inspection: Weekday mornings" in notice.body.en
    assert "Commission: 1.50 % of the price" in notice.body.en


@pytest.mark.parametrize("is_after", [False, True])
async def test_a_crash_leaves_no_lot_without_its_notice(procedure: Procedure, is_after: bool) -> None:
    with pytest.raises(Killed):
        await procedure.dying(Fuse(0, is_after=is_after)).publish()
    lots = [row["id"] for row in await procedure.pool.fetch("SELECT id FROM exchange.lot")]
    assert len(lots) == is_after
    for lot in lots:
        assert await kinds(procedure, lot) == [], "nobody sees a lot that is not announced yet"
        assert await procedure.notices.latest() == []
    await procedure.catalogue.announce_missing()
    for lot in lots:
        assert await kinds(procedure, lot) == ["announcement"]


async def test_how_a_lot_ended_is_published_once(procedure: Procedure) -> None:
    bidder = await procedure.bidder("anna")
    sold, withdrawn, passed = [await procedure.publish(0) for _ in range(3)]
    await procedure.admitted(sold, bidder)
    await procedure.sold(sold, bidder, 100)
    await procedure.floor.give(OpenLot(withdrawn, HOST))
    await procedure.floor.give(WithdrawLot(withdrawn, HOST, "权属\0争议"))
    for operations in range(2, 8):
        with suppress(Killed):
            await procedure.dying(Fuse(operations, is_after=True)).settlement.settle_due()
    await procedure.settlement.settle_due()
    assert await kinds(procedure, sold) == ["announcement", "result"]
    assert await kinds(procedure, withdrawn) == ["announcement", "termination"]
    assert await kinds(procedure, passed) == ["announcement"]
    result, termination = (
        (await procedure.notices.of_lot(sold))[1],
        (await procedure.notices.of_lot(withdrawn))[1],
    )
    assert "成交价：1.00 元（人民币壹元整）" in result.body.zh and "Paddle of the buyer: 1" in result.body.en
    assert result.title == BothLanguages("结果公示：地块", "Result: Plot") and result.published_by == HOST
    assert "原因：权属争议" in termination.body.zh


async def test_staff_publish_and_correct_but_nothing_changes(procedure: Procedure) -> None:
    lot, other = await procedure.publish(0), await procedure.publish(0)
    first = await procedure.notices.publish(ANSWER, by=HOST, lot=lot)
    assert isinstance(first, Notice)
    second = await procedure.notices.publish(ANSWER, by=HOST, lot=lot, corrects=first.id)
    assert isinstance(second, Notice) and second.corrects == first.id
    assert await procedure.notices.publish(ANSWER, by=HOST, lot=999) is NoticeRefusal.LOT_UNKNOWN
    for wrong in (first.id, 999):
        refused = await procedure.notices.publish(ANSWER, by=HOST, lot=other, corrects=wrong)
        assert refused is NoticeRefusal.NOTICE_UNKNOWN
    assert await procedure.notices.of_lot(lot) == [await procedure.notices.get(1), first, second]
    for statement in ("UPDATE exchange.notice SET title_en = 'x'", "DELETE FROM exchange.notice"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await procedure.pool.execute(statement)


async def test_the_latest_are_read_page_by_page_and_by_kind(procedure: Procedure) -> None:
    lot = await procedure.publish(0)
    made = [await procedure.notices.publish(OF_CENTRE, by=HOST) for _ in range(3)]
    made.append(await procedure.notices.publish(ANSWER, by=HOST, lot=lot))
    notices = [notice for notice in made if isinstance(notice, Notice)]
    newest = await procedure.notices.latest(3)
    assert newest == notices[:0:-1]
    assert await procedure.notices.latest(3, before_id=newest[-1].id, kind=NoticeKind.CENTRE) == [notices[0]]
    assert await procedure.notices.latest(kind=NoticeKind.CLARIFICATION) == [notices[3]]
    assert notices[0].lot == 0 and await procedure.notices.get(999) is None


async def test_that_a_lot_stands_still_and_goes_on_is_published_also_after_a_crash(
    procedure: Procedure,
) -> None:
    told, cut_off = await procedure.publish(0), await procedure.publish(0)
    for lot in (told, cut_off):
        await procedure.floor.give(OpenLot(lot, HOST))
    await procedure.floor.give(PauseLot(cut_off, HOST, "停电"))
    work = asyncio.create_task(standstill(procedure).run())
    await procedure.floor.give(PauseLot(told, HOST, "权属争议"))
    await procedure.floor.give(ResumeLot(told, HOST))
    async with asyncio.timeout(60):
        while await kinds(procedure, told) != ["announcement", "suspension", "resumption"]:
            await asyncio.sleep(0.02)
        while await kinds(procedure, cut_off) != ["announcement", "suspension"]:
            await asyncio.sleep(0.02)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await standstill(procedure).mend()
    [_, suspension] = await procedure.notices.of_lot(cut_off)
    assert "原因：停电" in suspension.body.zh and suspension.published_by == HOST


def standstill(procedure: Procedure) -> StandstillNotices:
    return StandstillNotices(
        procedure.floor.feed, procedure.floor.journal, procedure.catalogue, procedure.notices
    )
