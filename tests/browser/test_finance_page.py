"""The finance page in a real browser: two people lead a deposit from the statement to the refund that is paid."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.async_api import FilePayload, expect

from ledger.payouts.records import end_to_end_id
from tests.bank_files import Entry, statement
from tests.browser.people import Building, Person, open_building
from tests.browser.test_pages import DEPOSIT, act, publish_lot
from tests.exchange_process import ExchangeProcess
from tests.payouts import NUMBER

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CENTRE = "0200004509014430001"
PAYER = "演示竞买人 4 / Demo bidder 4"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    """Run a whole exchange with its demo accounts and one bank account."""
    process = ExchangeProcess(tmp_path_factory.mktemp("exchange"), "--demo")
    process.start()
    ask(
        process, "/bank/accounts", {"slug": "main", "number": CENTRE, "holder": "某交易中心", "is_main": True}
    )
    paying = {
        "name": "main",
        "account": "assets:bank:cny",
        "currency": "CNY",
        "holder": "某交易中心",
        "number": CENTRE,
    }
    ask(process, "/payouts/paying-accounts", paying)
    yield process
    process.stop()


@pytest.fixture
async def building(exchange: ExchangeProcess) -> AsyncIterator[Building]:
    """Open one Chromium; at the end no console may have complained but of what was refused on purpose."""
    async with open_building(exchange.url) as building:
        yield building
        assert [one for one in building.complaints if "status of 4" not in one] == []


def ask(exchange: ExchangeProcess, path: str, body: dict[str, Any]) -> Any:
    """Call the exchange as its operator."""
    request = urllib.request.Request(
        f"{exchange.url}/api/v1{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {exchange.operator_token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


async def test_two_people_lead_a_deposit_in_and_out_again(
    exchange: ExchangeProcess, building: Building
) -> None:
    lot = publish_lot(exchange)
    bidder, host = await building.person(), await building.person()
    maker, checker = await building.person(), await building.person()
    await bidder.sign_in("bidder4", f"/lots/{lot}")
    await bidder.page.click("#sign-up-button")
    await expect(bidder.at("#reference")).not_to_be_empty()
    reference = (await bidder.at("#reference").inner_text()).replace(" ", "")

    await maker.sign_in("finance1", "/finance")
    await take_statement(maker, reference)
    await expect(bidder.at("#bidding")).to_be_visible()
    await host.sign_in("host1", f"/host?lot={lot}")
    await act(host, "withdraw", confirmed=True, reason="the seller asked for it")

    await checker.sign_in("finance2", "/finance")
    payout = checker.at("#payouts [data-payout]").filter(has_text="Demo bidder 4")
    await expect(payout).to_have_count(1, timeout=30_000)
    number = int(await payout.get_attribute("data-payout") or 0)
    await checker.sees("#clocks", "Demo bidder 4")
    await four_eyes(maker, checker, number)
    await pay(maker, number)
    await expect(maker.at(f"#payouts [data-payout='{number}'][data-state=paid]")).to_be_visible()
    await maker.page.select_option("#lot", str(lot))
    await expect(maker.at(f"#register tr[data-lot='{lot}'][data-state=refunded]")).to_have_count(1)
    await maker.page.click("#verify")
    await maker.sees("#verdict", "sound")


async def take_statement(maker: Person, reference: str) -> None:
    """Look at a statement first, then take it, then find it taken; a broken one is refused with the line."""
    amount = f"{DEPOSIT / 100:.2f}"
    entry = Entry(amount=amount, reference="page-1", name=PAYER, number=NUMBER, remittance=reference)
    stray = Entry(amount="8.00", reference="page-2", name="某人", number=NUMBER, remittance="?")
    closing = f"{DEPOSIT / 100 + 8:.2f}"
    file: FilePayload = {
        "name": "三月.xml",
        "mimeType": "application/xml",
        "buffer": statement([entry, stray], closing=closing, account=CENTRE),
    }
    broken: FilePayload = {**file, "buffer": statement([entry], closing="1.00", account=CENTRE)}
    await maker.page.set_input_files("#statement-file", [broken])
    await maker.sees("#statement-report", "does not balance")
    await maker.page.check("#preview-only")
    await maker.page.set_input_files("#statement-file", [file])
    await maker.sees("#statement-report", "nothing booked")
    await maker.page.uncheck("#preview-only")
    await maker.page.set_input_files("#statement-file", [file])
    await maker.sees("#statement-report", "三月.xml: 2 movements")
    await maker.page.set_input_files("#statement-file", [file])
    await maker.sees("#statement-report", "was taken before")
    stray_item = maker.at("#suspense [data-receipt]").filter(has_text="¥8.00")
    await stray_item.locator("[data-act=give_back]").click()
    await expect(stray_item).to_have_count(0)


async def four_eyes(maker: Person, checker: Person, number: int) -> None:
    """Who says where the money goes does not approve it; the other one does."""
    await maker.page.click("#refresh")
    mine = maker.at(f"#payouts [data-payout='{number}']")
    await mine.locator("[data-act=account]").click()
    await maker.page.fill("#payee-account", NUMBER)
    await maker.page.fill("#payee-bank", "102100099996")
    await maker.page.click("#payee-save")
    await expect(mine).to_contain_text("102100099996")
    await mine.locator("[data-act=approve]").click()
    await maker.sees("#payouts-outcome", "Nobody confirms what he made himself.")
    await checker.page.click("#refresh")
    theirs = checker.at(f"#payouts [data-payout='{number}']")
    await expect(theirs).to_contain_text("102100099996")
    await theirs.locator("[data-act=approve]").click()
    await expect(theirs).to_have_attribute("data-state", "approved")


async def pay(maker: Person, number: int) -> None:
    """Make the file, download it, say that it is sent, and hand in the bank's answer."""
    await maker.page.click("#refresh")
    await expect(maker.at("#make-batch")).to_be_enabled()
    await maker.page.click("#make-batch")
    link = maker.at("#batches a").first
    await expect(link).to_be_visible()
    async with maker.page.expect_download() as waiting:
        await link.click()
    document = ElementTree.fromstring(Path(await (await waiting.value).path()).read_bytes())
    texts = {node.text for node in document.iter()}
    assert {end_to_end_id(number), NUMBER} <= texts
    await maker.at("#batches [data-act=sent]").first.click()
    await expect(maker.at("#batches")).to_contain_text("Sent ")
    message = str(document.findtext(".//{*}GrpHdr/{*}MsgId"))
    told: FilePayload = {
        "name": "answer.xml",
        "mimeType": "application/xml",
        "buffer": answer(message, number),
    }
    await maker.page.set_input_files("#results-file", [told])
    await maker.sees("#results-report", "1 paid, 0 rejected")


def answer(message: str, number: int) -> bytes:
    """Write the pain.002 with which the bank says that a payout is paid."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.11">'
        "<CstmrPmtStsRpt><GrpHdr><MsgId>page-answer</MsgId><CreDtTm>2026-03-02T10:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}-1</OrgnlPmtInfId><TxInfAndSts>"
        f"<OrgnlEndToEndId>{end_to_end_id(number)}</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


async def test_an_auditor_sees_the_books_and_nothing_to_press(building: Building) -> None:
    auditor = await building.person("zh-CN", 360)
    await auditor.sign_in("auditor1", "/finance")
    await auditor.sees("#books", "银行对账")
    for selector in (
        "#statement-panel",
        "#results-panel",
        "#batch-form",
        "#propose-due",
        "#reconcile",
        "#receipt-panel",
    ):
        await expect(auditor.at(selector)).to_be_hidden()
    await expect(auditor.at("#payouts button")).to_have_count(0)
    width = await auditor.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360
