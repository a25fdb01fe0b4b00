"""Publishing in a real browser: a host puts up a lot, is held to the rulebook first, and keeps its papers."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.async_api import FilePayload, expect

from tests.browser.people import Building, Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ARTICLE = "法释〔2016〕18号第10条"


def photo() -> FilePayload:
    written = BytesIO()
    Image.new("RGB", (640, 480), (60, 120, 80)).save(written, "PNG")
    return {"name": "东侧.png", "mimeType": "image/png", "buffer": written.getvalue()}


def paper() -> FilePayload:
    return {"name": "须知.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF\n"}


def program() -> FilePayload:
    return {"name": "setup.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}


async def looked_at_other_rulebooks(host: Person) -> None:
    """See that the thing's own figures can be told, each with what is wrong beside it, and who can bid at all."""
    page = host.page
    await page.select_option("#lot-rulebook", "tender-scored")
    await page.click("#step-next")
    await page.fill("#lot-valuation", "16.09")
    await page.fill("#lot-opening-price", "16.09")
    await host.sees("#sealed-warning", "程序")
    await page.click("#step-back")
    await page.select_option("#lot-rulebook", "emission-uniform-gd")
    await page.click("#step-next")
    await page.fill("#lot-figure-multi_unit-supply", "1,200")
    await host.sees("#lot-figure-multi_unit-bidder_max-problem", "50%")
    await page.fill("#lot-reserve-price", "1")
    await told_in_both_languages(host, "reserve-price", "保留价低于起始价", "below the opening price")
    await page.fill("#lot-reserve-price", "")
    await page.fill("#lot-figure-multi_unit-bidder_max", "1.5")
    await host.sees("#lot-figure-multi_unit-bidder_max-problem", "整数")
    await page.click("#violations button:has-text('标的自身的数额')")
    await expect(host.at("#lot-figure-multi_unit-bidder_max")).to_be_focused()
    await page.click("#step-back")


async def told_in_both_languages(host: Person, field: str, zh: str, en: str) -> None:
    """See that what is wrong stands beside its field and is tied to it, in the language of the page."""
    problem = f"#lot-{field}-problem"
    await host.sees(problem, zh)
    await expect(host.at(f"#lot-{field}")).to_have_attribute("aria-invalid", "true")
    await expect(host.at(f"#lot-{field}")).to_have_attribute("aria-describedby", re.compile(problem[1:]))
    await host.page.click("#language")
    await host.sees(problem, en)
    await host.page.click("#language")
    await host.sees(problem, zh)


async def filled(host: Person) -> None:
    """Fill in a lot that opens below what its rulebook allows."""
    page = host.page
    await page.select_option("#lot-rulebook", "judicial-first")
    await page.fill("#lot-title-zh", "司法拍卖：某厂房")
    await page.fill("#lot-title-en", "Judicial sale: a hall")
    await page.click("#step-next")
    await page.fill("#lot-valuation", "1000万")
    await page.fill("#lot-opening-price", "600万")
    await expect(host.at("#lot-opening-price-hint")).to_contain_text("陆佰万元整")
    await expect(host.at("#lot-opens-at")).to_have_attribute("aria-describedby", "lot-opens-at-hint")
    await page.click("#step-next")
    await page.fill("#lot-latitude", "25.694")
    await page.fill("#lot-longitude", "100.16")
    await page.click("#step-next")
    await page.set_input_files("#lot-files", [paper(), photo(), program()])
    await expect(host.at("#queued-files li")).to_have_count(2)
    await host.sees("#files-left-out", "setup.exe")


async def test_a_host_publishes_a_lot_and_keeps_its_papers(building: Building) -> None:
    host, visitor = await building.person("zh-CN"), await building.person("zh-CN", 360, 740)
    await host.sign_in("host1", "/admin/lots")
    page = host.page
    await looked_at_other_rulebooks(host)
    await filled(host)
    await expect(host.at("#violations [data-parameter=opening_price]")).to_contain_text(ARTICLE)
    await page.click("#publish")
    await expect(host.at("#publish-problem")).to_be_visible()
    await page.reload()
    await expect(host.at("#violations [data-parameter=opening_price]")).to_contain_text(ARTICLE)
    await page.click("#violations [data-parameter=opening_price] button")
    await expect(host.at("#lot-opening-price")).to_be_focused()
    await told_in_both_languages(host, "opening-price", ARTICLE, "art. 10")
    await page.fill("#lot-opening-price", "700万")
    await expect(host.at("#check-verdict")).to_contain_text("✓")
    await expect(host.at("#publish-problem")).to_have_count(0)
    await page.click(".put-up-steps button >> nth=3")
    await page.set_input_files("#lot-files", [paper(), photo()])
    await page.fill("#queued-files li:has-text('东侧') label:nth-of-type(2) input", "Seen from the east")
    await page.focus("#queued-files li:has-text('东侧') .forward")
    await page.keyboard.press("Enter")
    await expect(host.at("#queued-files li").first).to_contain_text("东侧.png")
    await expect(host.at("#notice-preview")).to_contain_text("柒佰万元整")
    await page.click("#publish")
    await host.confirm()
    await expect(host.at("#lot-papers h2")).to_contain_text("司法拍卖：某厂房")
    await expect(host.at("#lot-file-list img")).to_have_count(1)
    await expect(host.at("#lot-file-list li")).to_have_count(2)
    await expect(host.at("#lot-file-list li").first).to_contain_text("东侧.png")
    address = await host.at("#lot-papers p > a").get_attribute("href")
    assert address is not None

    await page.click("#lot-file-list li:has-text('须知.pdf') button")
    await expect(host.at("#confirm-reason")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(host.at("dialog")).to_have_count(0)
    await page.click("#lot-file-list li:has-text('须知.pdf') button")
    await host.confirm("上传有误")
    await expect(host.at("#lot-file-list li")).to_have_count(1)
    await expect(host.at("#papers-outcome")).to_be_focused()
    for field in ("title-zh", "title-en", "body-zh", "body-en"):
        await page.fill(f"#notice-{field}", f"答疑 {field}")
    await page.click("#publish-notice")
    await host.confirm()
    await expect(host.at("#lot-notices [data-kind=clarification]")).to_be_visible()
    await expect(host.at("#publish-notice")).to_be_focused()

    await visitor.visit(address)
    await expect(visitor.at("h1")).to_contain_text("司法拍卖：某厂房")
    files = await (await visitor.page.request.get(f"{visitor.url}/api/v1{address}/files")).json()
    assert [(one["name"], one["caption"]["en"]) for one in files["files"]] == [
        ("东侧.png", "Seen from the east")
    ]
    thumbnail = await visitor.page.request.get(
        f"{visitor.url}/api/v1/files/{files['files'][0]['id']}/thumbnail"
    )
    assert thumbnail.ok and thumbnail.headers["content-type"] == "image/jpeg"
