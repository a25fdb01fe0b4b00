"""The finance page in a real browser: two people lead a deposit from the statement to the refund that is paid."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.async_api import FilePayload, expect

from exchange.demo.books import NUMBER as CENTRE
from exchange.rulebooks.working_days import CENTRE_TIME
from ledger.payouts.records import end_to_end_id
from tests.bank_files import Entry, statement
from tests.browser.people import REFUSED, Building, Person
from tests.browser.test_pages import DEPOSIT, act, publish_lot
from tests.exchange_process import ExchangeProcess
from tests.payouts import NUMBER

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OFFICE = "0200004509014439999"
PAYER = "演示竞买人 4 / Demo bidder 4"
FORGIVEN = REFUSED


async def test_two_people_lead_a_deposit_in_and_out_again(
    exchange: ExchangeProcess, building: Building
) -> None:
    lot = publish_lot(exchange)
    bidder, host = await building.person(), await building.person()
    maker, checker = await building.person(), await building.person()
    await bidder.sign_in("bidder4", f"/lots/{lot}")
    await bidder.sign_up()
    await expect(bidder.at("#reference")).not_to_be_empty()
    reference = (await bidder.at("#reference").inner_text()).replace(" ", "")

    await maker.sign_in("finance1", "/finance")
    await take_statement(maker, reference)
    await maker.page.emulate_media(media="print")
    await expect(maker.at(".desk-parts")).to_be_hidden()
    await expect(maker.at("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    await maker.page.emulate_media(media="screen")
    await expect(bidder.at("#bidding")).to_be_visible()
    await host.sign_in("host1", f"/host?lot={lot}")
    await act(host, "withdraw", confirmed=True, reason="the seller asked for it")

    await checker.sign_in("finance2", "/finance")
    await turn_to(checker, "out")
    await checker.page.fill("#payout-search", "Demo bidder 4")
    payout = checker.at("#payouts [data-payout]").filter(has_text="Demo bidder 4")
    await expect(payout).to_have_count(1)
    number = int(await payout.get_attribute("data-payout") or 0)
    await expect(checker.at("#clocks li[data-level]")).not_to_have_count(0)
    await four_eyes(maker, checker, number)
    await pay(maker, checker, number)
    await expect(maker.at(f"#payouts [data-payout='{number}'][data-state=paid]")).to_be_visible()
    await turn_to(maker, "register")
    await maker.page.select_option("#lot", str(lot))
    await expect(maker.at(f"#register tr[data-lot='{lot}'][data-state=refunded]")).to_have_count(1)
    await turn_to(maker, "sales")
    await maker.page.select_option("#proceeds-lot", str(lot))
    await maker.sees("#proceeds", "Payable to the seller")
    await maker.page.fill("#proceeds-form [name=payee_name]", "某公司")
    await maker.page.click("#propose-proceeds")
    await maker.confirm()
    await maker.sees("#proceeds-outcome", "Nothing is payable from there.")
    await turn_to(maker, "close")
    await maker.page.click("#verify")
    await maker.sees("#verdict", "sound")


async def turn_to(person: Person, part: str) -> None:
    """Open a part of the desk."""
    await person.page.click(f".desk-parts a[href='#{part}']")
    await expect(person.at(f"#part-{part}")).to_be_visible()


async def take_statement(maker: Person, reference: str) -> None:
    """Look at a statement first, then take it, then find it taken; a broken one is refused with the line."""
    await turn_to(maker, "in")
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
    sheet = "account,currency,bank_reference,booked_at,direction,amount\n"
    sheet += f"{CENTRE},CNY,X1,2026-03-01,C,5.00\n{CENTRE},CNY,X2,2026-03-01,C,12x.00\n"
    wrong: FilePayload = {"name": "三月.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    await maker.page.set_input_files("#statement-file", [wrong])
    await maker.sees("#statement-report", "Line 3: amount: 12x.00 CNY")
    await maker.page.check("#preview-only")
    await maker.page.set_input_files("#statement-file", [file])
    await maker.sees("#statement-report", "nothing booked")
    await maker.page.uncheck("#preview-only")
    await maker.page.set_input_files("#statement-file", [file])
    await expect(maker.at("#statement-report strong")).to_have_text("三月.xml: 2 movements")
    await maker.page.set_input_files("#statement-file", [file])
    await maker.sees("#statement-report", "was taken before")
    await maker.page.check("#preview-only")
    for given, said in ((broken, "does not balance"), (file, "was taken before")):
        await maker.page.set_input_files("#statement-file", [given])
        await maker.sees("#statement-report", said)
    await maker.page.uncheck("#preview-only")
    stray_item = maker.at("#suspense [data-receipt]").filter(has_text="¥8.00")
    await stray_item.locator("[data-act=give_back]").click()
    await maker.sees("dialog", "¥8.00 · 捌元整")
    await maker.confirm()
    await expect(stray_item).to_have_count(0)


async def four_eyes(maker: Person, checker: Person, number: int) -> None:
    """Who says where the money goes does not approve it; the other one does."""
    for person in (maker, checker):
        await turn_to(person, "out")
        await person.page.fill("#payout-search", str(number))
    await maker.page.click("#refresh")
    mine = maker.at(f"#payouts [data-payout='{number}']")
    await mine.locator("[data-act=account]").click()
    await maker.page.fill("#payee-account", NUMBER)
    await maker.page.fill("#payee-bank", "102100099996")
    await maker.page.click("#payee-save")
    await expect(mine).to_contain_text("102100099996")
    await mine.locator("[data-act=approve]").click()
    await maker.sees("dialog", "元整")
    await maker.confirm()
    await maker.sees("#payouts-outcome", "Nobody confirms what he made himself.")
    await checker.page.click("#refresh")
    theirs = checker.at(f"#payouts [data-payout='{number}']")
    await expect(theirs).to_contain_text("102100099996")
    await theirs.locator("[data-act=approve]").click()
    await checker.confirm()
    await expect(theirs).to_have_attribute("data-state", "approved")


async def pay(maker: Person, checker: Person, number: int) -> None:
    """Make the file, nearly withdraw it, download it, say that it is sent, and hand in the bank's answer."""
    await maker.page.click("#refresh")
    await expect(maker.at("#make-batch")).to_be_enabled()
    await maker.page.click("#make-batch")
    await maker.at("#batches [data-act=withdraw]").first.click()
    await maker.page.fill("#confirm-reason", "the wrong account")
    await maker.page.click("#confirm-yes")
    await maker.sees("#batches", "A second person decides whether it is withdrawn: the wrong account")
    await checker.page.click("#refresh")
    await checker.at("#batches [data-act=withdraw-decline]").first.click()
    await checker.page.fill("#confirm-reason", "it is the right one")
    await checker.page.click("#confirm-yes")
    await expect(checker.at("#batches [data-act=sent]")).to_have_count(1)
    await maker.page.click("#refresh")
    link = maker.at("#batches a").first
    await expect(link).to_be_visible()
    async with maker.page.expect_download() as waiting:
        await link.click()
    document = ElementTree.fromstring(Path(await (await waiting.value).path()).read_bytes())
    texts = {node.text for node in document.iter()}
    assert {end_to_end_id(number), NUMBER} <= texts
    await maker.at("#batches [data-act=sent]").first.click()
    await maker.confirm()
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


async def test_two_people_close_correct_and_write_off(exchange: ExchangeProcess, building: Building) -> None:
    """An account is entered, a charge written off, a posting undone, a day proposed and closed, by two persons."""
    maker, checker = await building.person(), await building.person()
    await maker.sign_in("finance1", "/finance")
    await checker.sign_in("finance2", "/finance")
    day = f"{datetime.now(CENTRE_TIME) - timedelta(days=2):%Y-%m-%d}"
    await enter_account(maker)
    await change_account(maker, checker)
    await take_charge(maker, day)
    await turn_to(checker, "bank")
    charge = maker.at(f"#reconciliation tr[data-day='{day}'] [data-act=write-off]")
    await charge.click()
    await maker.page.fill("#confirm-reason", "monthly charge")
    await maker.page.click("#confirm-yes")
    await maker.sees("#write-offs", "monthly charge")
    await maker.at("#write-offs [data-act=confirm]").click()
    await maker.confirm()
    await maker.sees("#reconciliation-outcome", "Nobody confirms what he made himself.")
    await checker.page.click("#refresh")
    await checker.at("#write-offs [data-act=confirm]").click()
    await checker.confirm()
    await expect(checker.at("#write-offs li")).to_have_count(0)

    await turn_to(maker, "close")
    await turn_to(checker, "close")
    await maker.page.click("#begin-reversal")
    await maker.page.fill("#posting-choice [name=words]", "9.00")
    await maker.at("[data-posting='office:office-1'] [data-act=choose]").click()
    await maker.sees("#reversal-form [data-account='assets:bank:office']", "balance ¥6.00 → −¥3.00")
    await maker.page.fill("#reversal-form [name=reason]", "not ours")
    await maker.page.click("#propose-reversal")
    await maker.sees("#reversals-outcome", "another person confirms it")
    await checker.page.click("#refresh")
    await checker.at("#reversals [data-act=confirm]").click()
    await checker.sees("dialog", "Received into suspense ¥9.00 · 玖元整")
    await checker.page.click("#confirm-no")
    await checker.at("#reversals [data-act=decline]").click()
    await checker.page.fill("#confirm-reason", "it is ours")
    await checker.page.click("#confirm-yes")
    await expect(checker.at("#reversals li[data-reversal]")).to_have_count(0)

    await close_a_month(maker, checker)


async def close_a_month(maker: Person, checker: Person) -> None:
    """Close the last day of the month before, which takes all before it along, then that month; both are read back."""
    day = datetime.now(CENTRE_TIME).date().replace(day=1) - timedelta(days=1)
    await maker.page.fill("#close-form [name=day]", str(day))
    await maker.page.fill("#close-form [name=reason]", "statements of other accounts follow")
    await maker.page.click("#propose-close")
    await maker.sees("#closing-outcome", "another person confirms it")
    await confirm_close(checker, str(day))
    await checker.sees("#closed-up-to", f"Closed up to {day}")
    await maker.page.click("#refresh")
    await maker.page.select_option("#close-form [name=period]", "months")
    await expect(maker.at("#close-form [name=month]")).to_have_value(f"{day:%Y-%m}")
    await maker.page.click("#propose-close")
    await confirm_close(checker, f"{day:%Y-%m}")
    await expect(checker.at("#closing-outcome")).to_be_focused()
    await checker.sees("#closed-up-to", f"Months closed up to {day:%Y-%m}")


async def confirm_close(checker: Person, name: str) -> None:
    """Confirm what is to be closed, which the dialog names."""
    await checker.page.click("#refresh")
    await checker.at("#close-proposals [data-act=confirm]").click()
    await checker.sees("dialog", name)
    await checker.confirm()


async def enter_account(maker: Person) -> None:
    """Enter a bank account, and one to pay from over the same books."""
    await turn_to(maker, "bank")
    await expect(maker.at("[data-bank=main]")).to_contain_text("takes deposits")
    await maker.page.fill("#bank-account-form [name=slug]", "office")
    await maker.page.fill("#bank-account-form [name=holder]", "某交易中心")
    await maker.page.fill("#bank-account-form [name=number]", OFFICE)
    await maker.page.click("#enter-bank-account")
    await maker.sees("#bank-accounts", OFFICE)
    await expect(maker.at("[data-bank=office]")).not_to_contain_text("takes deposits")
    await maker.page.click("#other-paying-account summary")
    await maker.page.select_option("#paying-ledger-account", "assets:bank:office")
    await maker.page.fill("#paying-account-form [name=name]", "office")
    await maker.page.fill("#paying-account-form [name=holder]", "某交易中心")
    await maker.page.fill("#paying-account-form [name=number]", OFFICE)
    await maker.page.click("#enter-paying-account")
    await expect(maker.at("#paying-accounts [data-paying=office]")).to_be_visible()


async def take_charge(maker: Person, day: str) -> None:
    """Take a statement with a receipt that nobody knows and a charge of the bank."""
    entries = [
        Entry(amount="9.00", reference="office-1", name="某人", remittance="?", day=day),
        Entry(amount="3.00", reference="office-2", name="bank", is_credit=False, day=day),
    ]
    content = statement(
        entries,
        closing="6.00",
        account=OFFICE,
        message_id="OFFICE",
        name="OFFICE",
        opens_on=day,
        closes_on=day,
    )
    file: FilePayload = {"name": "office.xml", "mimeType": "application/xml", "buffer": content}
    await turn_to(maker, "in")
    await maker.page.set_input_files("#statement-file", [file])
    await expect(maker.at("#statement-report strong")).to_have_text("office.xml: 2 movements")
    await turn_to(maker, "bank")
    await maker.page.click("#reconcile")


async def change_account(maker: Person, checker: Person) -> None:
    """Let another account take deposits: it waits for a second person, who reads both numbers, and may say no first."""
    await maker.at("[data-bank=office] [data-act=for-deposits]").click()
    await maker.sees("dialog", OFFICE)
    await maker.confirm("the bank has changed")
    await maker.sees("#deposit-account-changes", "the bank has changed")
    await expect(maker.at("[data-bank=main]")).to_contain_text("takes deposits")
    await maker.at("#deposit-account-changes [data-act=confirm]").click()
    await maker.confirm()
    await maker.sees("#accounts-outcome", "Nobody confirms what he made himself.")
    await checker.page.click("#refresh")
    await checker.sees("#work [data-work=deposit_account]", "A change of the account for deposits")
    await turn_to(checker, "bank")
    await checker.at("#deposit-account-changes [data-act=decline]").click()
    await checker.confirm("the bank knows nothing of it")
    await expect(checker.at("#deposit-account-changes")).to_have_count(0)
    await expect(checker.at("[data-bank=main]")).to_contain_text("takes deposits")


async def test_an_auditor_sees_the_books_and_nothing_to_press(building: Building) -> None:
    auditor = await building.person("zh-CN", 360)
    await auditor.sign_in("auditor1", "/finance")
    await auditor.sees("#books", "待查收款")
    for part in ("in", "out", "bank", "sales", "close", "register", "today"):
        await turn_to(auditor, part)
        width = await auditor.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, part
    for selector in (
        "#statement-panel",
        "#results-panel",
        "#batch-form",
        "#propose-due",
        "#reconcile",
        "#receipt-panel",
        "#opening-form",
        "#proceeds-form",
        "#default-form",
        "#close-form",
        "#begin-reversal",
        "#bank-account-form",
        "#paying-account-form",
    ):
        await expect(auditor.at(selector)).to_be_hidden()
    await expect(auditor.at("#payouts [data-act]")).to_have_count(0)
