"""One answer to "where do I pay?": the deposit step, the lot's notice, the centre's page and its card say the same."""

from __future__ import annotations

from itertools import count
from typing import Any

from exchange.people import Role
from tests.e2e.test_own_money import published
from tests.served import Person, Served

VISITS = count()
"""Pages are kept for a second, each address for itself: no visit has the address of another."""

OFFICE = {
    "slug": "office",
    "number": "0200 1111 1111",
    "currency": "CNY",
    "bank_name": "北岸银行",
    "holder": "甲中心",
}
FIRST = OFFICE | {"slug": "first", "number": "0200 2222 2222", "is_main": True}
SECOND = OFFICE | {"slug": "second", "number": "0200 3333 3333", "is_main": True}


async def told(reader: Person, path: str) -> str:
    """Return a public page without its blanks, as numbers stand in groups there."""
    async with reader.http.get(f"{path}?n={next(VISITS)}", headers={"Accept-Language": "zh"}) as answer:
        assert answer.status == 200
        return "".join((await answer.text()).split())


async def everywhere(reader: Person, bidder: Person, lot: int) -> list[Any]:
    """Return the numbers that each place tells, and whether the pages say them and no other."""
    step = [one["number"] for one in (await bidder.get(f"/lots/{lot}/deposit"))["pay_to"]]
    card = [one["number"] for one in (await reader.get("/centre"))["pay_to"]]
    pages = [await told(reader, path) for path in (f"/lots/{lot}", f"/lots/{lot}/notice", "/centre")]
    known = ("020011111111", "020022222222", "020033333333")
    return [step, card, *([number for number in known if number in page] for page in pages)]


async def test_every_place_names_the_same_account(floor: Served) -> None:
    reader, bidder = await floor.nobody(), await floor.person("anna", Role.BIDDER)
    host, accountant = await floor.program("host", Role.HOST), await floor.person("books", Role.ACCOUNTANT)
    lot = await published(host)
    await bidder.post(f"/lots/{lot}/sign-up")
    assert await everywhere(reader, bidder, lot) == [[]] * 5
    assert "请勿付款" in await told(reader, "/centre")

    checker = await floor.program("check", Role.CHECKER)
    await accountant.post("/bank/accounts", OFFICE)
    assert await everywhere(reader, bidder, lot) == [["020011111111"]] * 5
    before = "020011111111"
    for account, number in ((FIRST, "020022222222"), (SECOND, "020033333333")):
        await accountant.post("/bank/accounts", account)
        wanted = {"slug": account["slug"], "reason": "the bank has changed"}
        change = (await accountant.post("/bank/deposit-accounts", wanted))["proposal_id"]
        assert await everywhere(reader, bidder, lot) == [[before]] * 5
        await checker.post(f"/bank/deposit-accounts/{change}/confirmation")
        assert await everywhere(reader, bidder, lot) == [[number]] * 5
        before = number
    [now] = (await bidder.get(f"/lots/{lot}/deposit"))["pay_to"]
    changes = (await accountant.get("/bank/deposit-accounts"))["changes"]
    assert (now["since_us"], now["replaces_another"]) == (changes[-1]["decided_at_us"], True)
    await accountant.post("/bank/accounts", OFFICE | {"slug": "petty", "number": "0200 4444"})
    await accountant.post(
        "/bank/accounts", SECOND | {"slug": "dollars", "number": "0200 5555", "currency": "USD"}
    )
    assert await everywhere(reader, bidder, lot) == [
        ["020033333333"], ["020033333333", "02005555"], *[["020033333333"]] * 3
    ]  # fmt: skip
