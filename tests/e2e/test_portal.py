"""The public pages as they come from the server, read without a browser."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import aiohttp
import asyncpg
import lxml.html
import pytest
from lxml.html import HtmlElement

from exchange.notices import NewNotice, NoticeKind
from exchange.people import Role
from exchange.texts import BothLanguages
from gateways.portal.sitemap import SPACE
from matching.commands import HammerLot, OpenLot, PauseLot, PlaceBid, ResumeLot, WithdrawLot
from tests.e2e.test_api_lots import LOT
from tests.served import Person, Served

HOSTILE = "<script>alert(1)</script>&\"'{{ 7 * 7 }}"
NOTICE = {"title_zh": "公告", "title_en": "Notice", "body_zh": "改期。", "body_en": "Another day."}
PAGES = ("/", "/lots", "/calendar", "/notices", "/results", "/statistics")
ZH = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8", "Accept": "text/html"}
EN = {"Accept-Language": "en-GB,en;q=0.9,zh;q=0.8", "Accept": "text/html"}


@pytest.fixture
async def host(floor: Served) -> Person:
    return await floor.person("host", Role.HOST, Role.ADMIN)


class Reader:
    """Somebody who reads pages without a script."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http

    async def ask(self, path: str, headers: dict[str, str] = EN, status: int = 200) -> aiohttp.ClientResponse:
        """Return the answer to a request, which must have a status; it is read, and not redirected."""
        async with self.http.get(path, headers=headers, allow_redirects=False) as answer:
            await answer.read()
        assert answer.status == status, (path, answer.status, await answer.text())
        return answer

    async def read(self, path: str, headers: dict[str, str] = EN, status: int = 200) -> HtmlElement:
        """Return a page, which must be sound in itself."""
        text = await (await self.ask(path, headers, status)).text()
        page = lxml.html.document_fromstring(text)
        check(page, path)
        return page


@pytest.fixture
async def reader(floor: Served) -> Reader:
    return Reader((await floor.nobody()).http)


def check(page: HtmlElement, path: str) -> None:
    """What holds of every page: one heading, ids that are there once, labels, nothing inline."""
    assert len(page.xpath("//h1")) == 1, path
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids)), (path, sorted(one for one in ids if ids.count(one) > 1))
    assert not page.xpath("//*[@style] | //style | //script[not(@src)]"), path
    assert not page.xpath("//*[starts-with(name(@*), 'on')]"), path
    for field in page.xpath("//input[not(@type='hidden')] | //select"):
        assert field.xpath("ancestor::label") or page.xpath("//label[@for=$id]", id=field.get("id")), path
    for image in page.xpath("//img"):
        assert image.get("alt") is not None, path
    assert all(text.get("href") for text in page.xpath("//a")), path


def text_of(page: HtmlElement, path: str = "//main") -> str:
    """Return what stands somewhere, with single spaces."""
    return " ".join(" ".join(page.xpath(f"{path}//text()")).split())


async def sold_lot(floor: Served, host: Person, **form: Any) -> int:
    """Publish a lot, let a bidder in, sell it for five times its opening price, and settle it."""
    lot: int = (await host.post("/lots", LOT | {"deposit": 0} | form))["lot"]
    bidder = await floor.program(f"anna-{lot}", Role.BIDDER)
    await bidder.post(f"/lots/{lot}/sign-up")
    assert bidder.account is not None and host.account is not None
    await floor.give(OpenLot(lot, host.account.id))
    await floor.give(PlaceBid(lot, bidder.account.id, 500_00))
    await floor.give(HammerLot(lot, host.account.id))
    await floor.settle()
    return lot


async def test_every_page_is_sound_in_both_languages_and_hostile_words_stay_words(
    floor: Served, host: Person, reader: Reader
) -> None:
    words = {
        "title_zh": HOSTILE, "title_en": HOSTILE, "description_zh": HOSTILE, "description_en": HOSTILE,
        "region": HOSTILE, "seller_zh": HOSTILE, "seller_en": HOSTILE,
    }  # fmt: skip
    lot = (await host.post("/lots", LOT | words))["lot"]
    both = BothLanguages(HOSTILE, HOSTILE)
    assert host.account is not None
    notice = await floor.exchange.notices.publish(
        NewNotice(NoticeKind.CLARIFICATION, both, both), by=host.account.id, lot=lot
    )
    assert not isinstance(notice, str)
    for headers, tag, other in ((ZH, "zh-Hans", "English"), (EN, "en", "中文")):
        for path in (*PAGES, f"/lots/{lot}", f"/notices/{notice.id}", f"/lots?q={'%3Cscript%3E'}"):
            page = await reader.read(path, headers)
            assert page.get("lang") == tag
            assert page.xpath("string(//a[@id='language'])") == other
            assert not page.xpath("//script[contains(text(), 'alert')]") and "49" not in text_of(page, "//h1")
            (canonical,) = page.xpath("//link[@rel='canonical']/@href")
            assert canonical == str(floor.server.make_url(path)), "one address a page"
            assert {"zh-Hans", "en", "x-default"} == set(page.xpath("//link[@rel='alternate']/@hreflang"))
            assert page.xpath("string(//meta[@property='og:title']/@content)")
        shown = await reader.read(f"/lots/{lot}", headers)
        assert shown.xpath("string(//h1)") == HOSTILE
        assert HOSTILE in text_of(shown, "//*[@id='description']")


async def test_lots_are_found_by_the_form_and_what_makes_no_sense_is_said(
    floor: Served, host: Person, reader: Reader
) -> None:
    for number in range(26):
        terms = LOT["terms"] | {"opening_price": (number + 1) * 1_000_00, "reserve_price": 0}
        await host.post("/lots", LOT | {"title_en": f"Plot {number}", "terms": terms})
    await host.post("/lots", LOT | {"title_en": "Car", "category": "vehicle", "region": "昆明市 / Kunming"})

    async def found(query: str) -> list[str]:
        page = await reader.read(f"/lots?{query}")
        return [str(title) for title in page.xpath("//ul[@id='cards']//h3/a/text()")]

    assert await found("category=vehicle") == await found("q=car") == ["Car"]
    assert await found("region=昆明市 / Kunming") == ["Car"]
    assert await found("price_from=2.5万&price_to=26,000&order=dearest") == ["Plot 25", "Plot 24"]
    first, second = (
        await reader.read("/lots?order=cheapest"),
        await reader.read("/lots?order=cheapest&page=2"),
    )
    assert "27 lots" in text_of(first, "//*[@id='summary']")
    assert len(first.xpath("//li[@data-lot]")) == 24 and len(second.xpath("//li[@data-lot]")) == 3
    (following,) = first.xpath("//a[@rel='next']/@href")
    assert following == "/lots?order=cheapest&page=2"
    assert second.xpath("//a[@rel='prev']/@href") == ["/lots?order=cheapest"]
    bad = await reader.read("/lots?state=nonsense&price_from=a lot&page=0&order=%00&q=car")
    assert text_of(bad, "//*[@id='ignored']").endswith("left out: page, State, Price from (yuan)."), text_of(
        bad, "//*[@id='ignored']"
    )
    assert bad.xpath("//li[@data-lot]") and bad.xpath("//input[@name='q']/@value") == ["car"]
    nothing = await reader.read("/lots?q=nothing+of+the+kind")
    assert nothing.xpath("//*[@id='empty']")


async def test_a_lot_is_told_whole_without_a_script_and_its_notice_by_itself(
    floor: Served, host: Person, reader: Reader
) -> None:
    place = {
        "latitude_e6": 25_600_001, "longitude_e6": -100_000_020, "address": {"zh": "某路 1 号", "en": "1 Some Road"}
    }  # fmt: skip
    assert host.account is not None
    late = {"by": host.account.id, "opens_before_us": 60_000_000}
    terms = LOT["terms"] | {"reserve_price": 0, "late_reserve": late}
    lot = (await host.post("/lots", LOT | {"terms": terms, "place": place, "contact_en": "Ask at the desk"}))[
        "lot"
    ]
    page = await reader.read(f"/lots/{lot}")
    notice = text_of(page, "//*[@id='page']//*[@id='notice']")
    for words in (
        "A plot.", "1 Some Road", "25.600001,-100.000020", "Ask at the desk", "Opening price ¥100", "English bidding",
        "Reserve Entered in secret while bidding runs",
        "Increment ¥10", "Rules in force: the lot's own terms", "Announcement", "History of notices",
    ):  # fmt: skip
        assert words in notice, words
    assert page.xpath("//a[@href='geo:25.600001,-100.000020']")
    fragment = await reader.ask(f"/lots/{lot}/notice?lang=zh")
    assert fragment.status == 200 and "Set-Cookie" not in fragment.headers
    chinese = text_of(lxml.html.fromstring(f"<main>{await fragment.text()}</main>"), "//main")
    assert "起始价 ¥100" in chinese and "增价竞价" in chinese
    english = lxml.html.fromstring(
        f"<main>{await (await reader.ask(f'/lots/{lot}/notice?lang=en')).text()}</main>"
    )
    assert text_of(english, "//main") == notice, "the notice is written once"
    entry = page.xpath("//script[@type='module']/@src")
    assert len(entry) == 1 and entry[0].startswith("/assets/lot-")


async def test_results_and_statistics_tell_of_what_was_sold(
    floor: Served, host: Person, reader: Reader
) -> None:
    lot = await sold_lot(
        floor,
        host,
        terms=LOT["terms"]
        | {
            "reserve_price": 0,
            "programme": [
                {
                    "phase": "english",
                    "increments": [[0, 10_00]],
                    "host_may_hammer": True,
                    "fair_warnings_min": 0,
                }
            ],
        },
    )
    page = await reader.read("/results?state=sold")
    row = text_of(page, "//table[@id='results']/tbody/tr")
    for words in ("Plot one", "Sold", "¥100", "¥500", "400 %", "1"):
        assert words in row
    assert page.xpath(f"//table[@id='results']//a[@href='/lots/{lot}']")
    assert (await reader.read("/results?state=passed")).xpath("//*[@id='empty']")
    sums = await reader.read("/statistics")
    months = sums.xpath("//table[@id='by-month']/tbody/tr")
    assert len(months) == 12 and sum(int(month.get("data-turnover")) for month in months) == 50000
    assert "¥500" in text_of(sums, "//table[@id='by-category']")
    told = await reader.read(f"/lots/{lot}")
    assert "Paddle 1" in text_of(told) and "Result" in text_of(told, "//*[@id='history']")
    ignored = await reader.read("/statistics?currency=XXXX")
    assert ignored.xpath("//*[@id='ignored']")


async def test_what_takes_no_bids_says_why_and_what_comes_next(
    floor: Served, host: Person, reader: Reader
) -> None:
    terms = LOT["terms"] | {"reserve_price": 0, "opens_at_us": 1_893_456_000_000_000}
    awaited = (await host.post("/lots", LOT | {"terms": terms, "title_en": "Orchard"}))["lot"]
    for path in ("/results", "/statistics"):
        assert f"/lots/{awaited}" in (await reader.read(path)).xpath("//*[@id='empty']//a/@href"), path
    assert not (await reader.read("/results?q=x")).xpath("//*[@id='empty']//a")

    programme = [LOT["terms"]["programme"][0] | {"fair_warnings_min": 0}]
    hammered = LOT["terms"] | {"reserve_price": 0, "programme": programme}
    lot = (await host.post("/lots", LOT | {"deposit": 0, "terms": hammered}))["lot"]
    assert host.account is not None
    by = host.account.id
    await floor.give(OpenLot(lot, by))
    await floor.give(PauseLot(lot, by, "the bell is broken"))
    standing = text_of(await reader.read(f"/lots/{lot}"), "//*[@id='standing']")
    assert "the bell is broken" in standing and "A notice tells when the host goes on" in standing
    await floor.give(ResumeLot(lot, by))
    await floor.give(HammerLot(lot, by))
    await floor.settle()
    alone = await reader.read(f"/lots/{lot}?ended")
    assert "a link appears here" in text_of(alone, "//*[@id='result']") and not alone.xpath(
        "//*[@id='standing']"
    )
    again = (await host.post(f"/lots/{lot}/relisting", {}))["lot"]
    earlier = await reader.read(f"/lots/{lot}?relisted")
    assert earlier.xpath("//*[@id='relisted-as']//a/@href") == [f"/lots/{again}"]
    later = await reader.read(f"/lots/{again}")
    assert later.xpath("//*[@id='relisted-from']//a/@href") == [f"/lots/{lot}"]
    await floor.give(WithdrawLot(again, by, "the title is disputed"))
    await floor.settle()
    withdrawn = await reader.read(f"/lots/{again}?withdrawn")
    assert "the title is disputed" in text_of(withdrawn, "//*[@id='result']")
    assert not (await reader.read(f"/lots/{lot}?withdrawn")).xpath("//*[@id='relisted-as']"), (
        "it may be tried again"
    )


async def test_what_was_corrected_or_removed_says_so(floor: Served, host: Person, reader: Reader) -> None:
    lot = (await host.post("/lots", LOT))["lot"]
    wrong = await host.post(f"/lots/{lot}/notices", NOTICE | {"title_en": "Wrong day"})
    right = await host.post(
        f"/lots/{lot}/notices", NOTICE | {"title_en": "Right day", "corrects": wrong["id"]}
    )
    page = await reader.read(f"/notices/{wrong['id']}")
    assert page.xpath("//*[@id='corrected-by']//a/@href") == [f"/notices/{right['id']}"]
    assert not (await reader.read(f"/notices/{right['id']}")).xpath("//*[@id='corrected-by']")
    centre_wrong = await host.post("/notices", NOTICE)
    centre_right = await host.post("/notices", NOTICE | {"corrects": centre_wrong["id"]})
    page = await reader.read(f"/notices/{centre_wrong['id']}")
    assert page.xpath("//*[@id='corrected-by']//a/@href") == [f"/notices/{centre_right['id']}"]
    feed = ElementTree.fromstring(await (await reader.ask("/feed.xml")).text())
    titles = [item.findtext("title") for item in feed.iter("item")]
    assert "Clarification: Wrong day · Plot one" in titles and "Notice of sale: Plot one" in titles
    file = await host.post(
        f"/lots/{lot}/files?caption_en=Survey", data=b"an old survey", headers={"X-File-Name": "survey.txt"}
    )
    status, _ = await host.ask("DELETE", f"/files/{file['id']}", {"reason": "an older edition"})
    assert status == 200
    told = await reader.read(f"/lots/{lot}")
    removed = text_of(told, "//*[@id='removed-files']")
    assert "Survey" in removed and "an older edition" in removed and not told.xpath("//*[@id='documents']")
    assert "Corrected" in text_of(told, "//*[@id='history']")


async def test_the_calendar_has_a_page_and_a_file(floor: Served, host: Person, reader: Reader) -> None:
    opens_at_us = 1_893_456_000_000_000  # 2030-01-01 08:00 at the centre
    terms = LOT["terms"] | {"opens_at_us": opens_at_us}
    title = "Plot, with a semicolon; and a name of a length that no line of a calendar file may have " * 2
    lot = (await host.post("/lots", LOT | {"terms": terms, "title_en": title.strip()}))["lot"]
    page = await reader.read("/calendar?month=2030-01")
    (day,) = page.xpath("//td[span/time[@datetime='2030-01-01']]")
    assert f"/lots/{lot}" in day.xpath(".//a/@href") and "08:00 Opens" in " ".join(day.text_content().split())
    assert len(page.xpath("//table[@id='month']/thead//th")) == 7
    assert page.xpath("//a[@rel='next']/@href") == ["/calendar?month=2030-02"]
    file = await (await reader.ask("/calendar.ics?month=2030-01")).text()
    lines = file.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""]
    assert max(len(line.encode()) for line in lines) <= 75
    unfolded = file.replace("\r\n ", "").split("\r\n")
    assert "DTSTART:20300101T000000Z" in unfolded
    assert any("Plot\\, with a semicolon\\; and" in line for line in unfolded)
    for month in ("2030-13", "0001-01", "9999-12", "x"):
        assert (await reader.read(f"/calendar?month={month}")).xpath("//*[@id='ignored']")


async def test_feeds_are_sound_and_lead_to_pages(floor: Served, host: Person, reader: Reader) -> None:
    lot = (await host.post("/lots", LOT | {"title_en": "Plot \x07 <one>", "title_zh": "地块"}))["lot"]
    answer = await reader.ask("/feed.xml")
    assert answer.content_type == "application/rss+xml"
    feed = ElementTree.fromstring(await answer.text())
    links = [item.findtext("link") for item in feed.iter("item")]
    assert len(links) == 2 and all(link and link.startswith("http") for link in links)
    assert any(str(link).endswith(f"/lots/{lot}") for link in links)
    for link in links:
        await reader.read("/" + str(link).split("/", 3)[3])
    assert "Plot  <one>" in [item.findtext("title") for item in feed.iter("item")]
    none = ElementTree.fromstring(await (await reader.ask("/feed.xml?category=vehicle")).text())
    assert not list(none.iter("item"))

    async def addresses(path: str) -> set[str]:
        listed = ElementTree.fromstring(await (await reader.ask(path)).text())
        return {"/" + str(place.text).split("/", 3)[3] for place in listed.iter(f"{{{SPACE}}}loc")}

    parts = await addresses("/sitemap.xml")
    assert parts == {"/sitemap/pages.xml", "/sitemap/lots-0.xml"}
    paths = set().union(*[await addresses(part) for part in parts])
    await reader.ask("/sitemap/lots-7.xml", status=404)
    assert {*PAGES, f"/lots/{lot}"} <= paths
    moments = (await reader.read("/notices")).xpath("//time/@datetime")
    assert moments and all(datetime.fromisoformat(moment).utcoffset() is not None for moment in moments)
    robots = await (await reader.ask("/robots.txt")).text()
    assert "Disallow: /api/" in robots and "/sitemap.xml" in robots


async def test_the_language_is_switched_and_what_is_not_there_is_said_in_it(
    floor: Served, reader: Reader
) -> None:
    page = await reader.read("/lots?q=a&order=newest", EN)
    (switch,) = page.xpath("//a[@id='language']/@href")
    assert switch == "/lots?q=a&order=newest&lang=zh"
    from_here = EN | {"Referer": str(floor.server.make_url("/"))}
    answer = await reader.ask(switch, from_here, status=303)
    assert answer.headers["Location"] == "/lots?q=a&order=newest"
    assert answer.cookies["luochui_language"].value == "zh"
    assert (await reader.read("/lots?q=a&order=newest", EN)).get("lang") == "zh-Hans", "the cookie is kept"
    found = await reader.ask("/lots?lang=en", ZH)
    assert 'lang="en"' in await found.text(), "who comes from elsewhere reads what the address says"
    answers = await asyncio.gather(*(reader.ask("/lots") for _ in range(20)))
    assert len({answer.headers["ETag"] for answer in answers}) == 1, "many at once read the same"
    reader.http.cookie_jar.clear()
    for path in ("/lots/999", "/lots/999/notice", "/notices/999", "/nowhere", "/lots/123456789012345678"):
        assert (await reader.read(path, ZH, 404)).xpath("string(//h1)") == "没有此页"
        assert (await reader.read(path, EN, 404)).xpath("string(//h1)") == "There is no such page"
    async with reader.http.get("/nowhere", headers={"Accept": "application/json"}) as answer:
        assert answer.status == 404 and answer.content_type != "text/html"


async def test_pages_are_kept_by_their_content(floor: Served, host: Person, reader: Reader) -> None:
    for path in ("/", "/lots", "/feed.xml"):
        first = await reader.ask(path)
        assert first.headers["Cache-Control"] == "no-cache"
        assert first.headers["Vary"] == "Cookie, Accept-Language, Accept-Encoding"
        tag = first.headers["ETag"]
        async with reader.http.get(path, headers=EN | {"If-None-Match": tag}) as again:
            assert again.status in (200, 304) and (again.status == 304) == (again.headers["ETag"] == tag)
        other = await reader.ask(path, ZH)
        assert other.headers["ETag"] != tag
    assert host.account is not None
    mine = await Reader(host.http).ask("/")
    assert host.account.name not in await mine.text(), "a page is the same for everybody"
    page = await reader.read("/")
    for path in ("/", "/api/v1/messages", page.xpath("//script/@src")[0]):
        small, whole = [await reader.ask(path, {"Accept-Encoding": one}) for one in ("gzip", "identity")]
        assert small.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in whole.headers, path
        assert "Accept-Encoding" in small.headers["Vary"], path


async def test_without_the_database_a_page_says_so_and_comes_back(
    floor: Served, reader: Reader, database_url: str
) -> None:
    database = await asyncpg.connect(database_url)
    try:
        await database.execute("ALTER TABLE exchange.notice RENAME TO notice_away")
        page = await reader.read("/notices", ZH, 503)
        assert page.xpath("//*[@id='unavailable']") and page.xpath("string(//h1)") == "暂时无法显示"
        answer = await reader.ask("/notices", EN, 503)
        assert int(answer.headers["Retry-After"]) > 0 and answer.headers["Cache-Control"] == "no-store"
        await database.execute("ALTER TABLE exchange.notice_away RENAME TO notice")
    finally:
        await database.close()
    assert (await reader.read("/notices", ZH)).xpath("string(//h1)") == "公告"
