"""`luochui ledger` as cashier, checker and accountant use it, each with his own token, against a running exchange."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from gateways.cli import app
from gateways.client import ApiClient
from tests.bank_files import Entry, statement
from tests.e2e.conftest import House
from tests.payouts import NUMBER, status_report

CENTRE = "6200000000000000077"
Call = Callable[..., Result]


@pytest.fixture(scope="module")
def tokens(running_house: House) -> dict[str, str]:
    """Make an account for a program for each role of finance."""
    roles = ("cashier", "checker", "accountant", "auditor")
    return asyncio.run(_made(running_house, roles))


async def _made(house: House, roles: tuple[str, ...]) -> dict[str, str]:
    async with ApiClient(house.url, token=house.operator) as api:
        forms = [{"login": f"cli-{role}", "name": f"the {role}", "roles": [role]} for role in roles]
        made = await api.create_accounts(forms)
    return {role: str(account["token"]) for role, account in zip(roles, made, strict=True)}


@pytest.fixture
def call(running_house: House, tokens: dict[str, str]) -> Call:
    """Call `luochui ledger` as somebody."""

    def calling(who: str, *arguments: str) -> Result:
        command = [
            "ledger",
            *arguments,
            "--url",
            running_house.url,
            "--token",
            tokens[who],
            "--language",
            "en",
        ]
        return CliRunner().invoke(app, command, env={"COLUMNS": "240"})

    return calling


def done(result: Result) -> Any:
    """Return what a command printed for machines."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_money_nobody_knows_goes_in_and_back_by_command(call: Call, tmp_path: Path) -> None:
    done(call("accountant", "bank", "open", "cli", CENTRE, "--holder", "某中心", "--json"))
    refused = call("cashier", "bank", "open", "other", "62000000000000001", "--json")
    assert refused.exit_code == 1 and "NOT_ALLOWED" in refused.stderr
    receipt = taken(call, tmp_path)
    number = returned(call, receipt)
    paid(call, number, tmp_path)
    shown = call("auditor", "payouts", "show", str(number))
    assert shown.exit_code == 0 and "paid" in shown.stdout and "the checker" in shown.stdout
    books_agree(call)


def taken(call: Call, folder: Path) -> str:
    """Preview and take a statement; return the receipt that nobody could credit."""
    file = folder / "三月.xml"
    entry = Entry(amount="9.00", reference="cli-1", name="某人", number=NUMBER, remittance="?")
    file.write_bytes(statement([entry], closing="9.00", account=CENTRE, message_id="CLI-1"))
    assert "nothing booked" in call("cashier", "bank", "import", str(file), "--preview").stdout
    report = done(call("cashier", "bank", "import", str(file), "--json"))
    assert report["is_new"] and report["file"]["name"] == "三月.xml"
    again = call("cashier", "bank", "import", str(file))
    assert "nothing changed" in again.stdout
    broken = folder / "broken.xml"
    broken.write_bytes(statement([entry], closing="8.00", account=CENTRE, message_id="CLI-2"))
    refused = call("cashier", "bank", "import", str(broken))
    assert refused.exit_code == 1 and "does not balance" in refused.stderr and "difference" in refused.stderr
    assert "cli-1" in call("auditor", "bank", "report", str(report["file"]["file_id"]), "--json").stdout
    assert "三月.xml" in call("auditor", "bank", "files").stdout
    items = done(call("auditor", "bank", "suspense", "--json"))["items"]
    return str(next(item["receipt_id"] for item in items if "cli-1" in item["receipt_id"]))


def returned(call: Call, receipt: str) -> int:
    """Propose to pay it back, with one person, and approve it with another."""
    wrong = call("cashier", "bank", "assign", receipt, "99", "99", "--reason", "a guess")
    assert wrong.exit_code == 1 and "There is no such deposit." in wrong.stderr
    number = done(call("cashier", "bank", "return", receipt, "--json"))["payout_id"]
    done(call("cashier", "payouts", "account", str(number), NUMBER, "--bank", "102100099996", "--json"))
    alone = call("cashier", "payouts", "approve", str(number))
    assert alone.exit_code == 1
    assert done(call("checker", "payouts", "approve", str(number), "--json"))[0]["is_new"]
    assert "approved before" in call("checker", "payouts", "approve", str(number)).stdout
    return int(number)


def paid(call: Call, number: int, folder: Path) -> None:
    """Make the file, save it, mark it as sent and read the bank's answer."""
    done(call("cashier", "payouts", "pay-from", "cli", "--ledger-account", "assets:bank:cli",
              "--number", CENTRE, "--holder", "某中心", "--json"))  # fmt: skip
    batch = done(call("cashier", "payouts", "batch", "cli", str(number), "--json"))["batch"]
    file = folder / "pay.xml"
    assert call("cashier", "payouts", "download", str(batch["batch_id"]), "-o", str(file)).exit_code == 0
    assert ElementTree.parse(file).getroot().tag.endswith("Document")
    assert re.search(r"\d", call("cashier", "payouts", "sent", str(batch["batch_id"])).stdout)
    answer = folder / "answer.xml"
    answer.write_bytes(status_report(batch["message_id"], group="ACSC", message_id="cli-answer"))
    read = call("cashier", "payouts", "results", str(answer))
    assert read.exit_code == 0 and "1 paid" in read.stdout, read.output
    assert not done(call("auditor", "payouts", "list", "--state", "sent", "--json"))["payouts"]


def books_agree(call: Call) -> None:
    """Look at balances, clocks, days beside the bank and periods; nothing there is to be changed by an auditor."""
    rows = done(call("auditor", "trial-balance", "--json"))["accounts"]
    assert sum(row["debits_posted"] - row["credits_posted"] for row in rows) == 0
    assert "assets:bank:cli" in call("auditor", "account", "assets:bank:cli").stdout
    done(call("accountant", "reconcile", "run", "--json"))
    assert (
        "2026-03-02"
        in call("auditor", "reconcile", "days", "assets:bank:cli", "--since", "2026-03-02").stdout
    )
    assert call("auditor", "reconcile", "unmatched", "assets:bank:cli").exit_code == 0
    for command in (
        ("due",),
        ("defaults", "list"),
        ("periods", "show"),
        ("reverse", "list"),
        ("payouts", "owed"),
        ("payouts", "batches"),
        ("write-offs", "list"),
    ):
        assert call("auditor", *command).exit_code == 0, command
    refused = call("auditor", "periods", "close", "2026-03-02")
    assert refused.exit_code == 1 and "NOT_ALLOWED" in refused.stderr
    future = call("accountant", "periods", "close", "2126-03-02")
    assert future.exit_code == 1 and "The period is not over." in future.stderr
    unknown = call(
        "accountant", "reverse", "propose", "00000000-0000-0000-0000-000000000001", "--reason", "x"
    )
    assert unknown.exit_code == 1 and "There is no such posting." in unknown.stderr


def test_a_line_is_written_off_and_a_posting_stays_by_command(
    running_house: House, call: Call, tmp_path: Path
) -> None:
    """A bank charge is declined, proposed again and booked; a reversal is declined."""
    number = "6200000000000000085"
    done(call("accountant", "bank", "open", "charges", number, "--holder", "某中心", "--json"))
    charge = Entry(amount="3.00", reference="charge-1", name="bank", is_credit=False, remittance="charge")
    money = Entry(amount="9.00", reference="charge-2", name="某人", remittance="?")
    content = statement([money, charge], closing="6.00", account=number, message_id="CHARGE", name="CHARGE")
    file = tmp_path / "charges.xml"
    file.write_bytes(content)
    done(call("cashier", "bank", "import", str(file), "--json"))
    done(call("accountant", "reconcile", "run", "--json"))
    lines = done(call("auditor", "reconcile", "unmatched", "assets:bank:charges", "--json"))["differences"]
    (movement,) = [line["movement_id"] for line in lines]
    wanted = ("write-offs", "propose", "assets:bank:charges", "--against", "bank_charges",
              "--movement", str(movement), "--note", "monthly", "--json")  # fmt: skip
    first = str(done(call("accountant", *wanted))["proposal_id"])
    assert call("accountant", "write-offs", "confirm", first).exit_code == 1
    assert "Declined." in call("checker", "write-offs", "decline", first, "--reason", "which month?").stdout
    second = str(done(call("accountant", *wanted))["proposal_id"])
    assert "monthly" in call("auditor", "write-offs", "list", "--open").stdout
    assert done(call("checker", "write-offs", "confirm", second, "--json"))["is_confirmed"]
    entries = done(call("auditor", "account", "assets:bank:charges", "--json"))["entries"]
    assert [entry["posted_change"] for entry in entries] == [9_00, 3_00]
    transfer = next(
        one["transfer"] for one in journal(running_house) if one["reference"] == "charges:charge-2"
    )
    proposed = done(call("accountant", "reverse", "propose", transfer, "--reason", "not ours", "--json"))
    number = str(proposed["proposal_id"])
    declined = done(call("checker", "reverse", "decline", number, "--reason", "it is", "--json"))
    assert declined["is_confirmed"] is False


def journal(house: House) -> list[dict[str, Any]]:
    """Return every posting as the journal's export gives it."""
    wanted = urllib.request.Request(
        f"{house.url}/api/v1/exports/journal?format=jsonl",
        headers={"Authorization": f"Bearer {house.operator}"},
    )
    with urllib.request.urlopen(wanted, timeout=60) as answer:
        return [json.loads(line) for line in answer.read().splitlines()][:-1]


def test_the_money_of_a_lot_is_told_by_command(call: Call, running_house: House) -> None:
    lot = str(asyncio.run(running_house.open_lot()))
    told = call("auditor", "lot", "show", lot)
    assert told.exit_code == 0 and "Payable to the seller: " in told.stdout, told.output
    assert "Taken: " in call("cashier", "lot", "fees", lot).stdout
    refused = call("cashier", "lot", "seller", lot, "某公司", "--account", NUMBER)
    assert refused.exit_code == 1 and "Nothing is payable from there." in refused.stderr
    refused = call("cashier", "lot", "treasury", "某市财政局", "--amount", "1.00")
    assert refused.exit_code == 1 and "Nothing is payable from there." in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [("payouts", "list", "--state", "no-such-state"), ("defaults", "propose", "1", "2", "--claim", "costs")],
)
def test_what_is_not_understood_is_said(call: Call, arguments: tuple[str, ...]) -> None:
    refused = call("accountant", *arguments)
    assert refused.exit_code in (1, 2) and refused.stderr


def test_no_exchange_is_said_with_its_exit_code() -> None:
    command = ["ledger", "due", "--url", "http://127.0.0.1:1", "--token", "x"]
    unreachable = CliRunner().invoke(app, command)
    assert unreachable.exit_code == 3 and "http://127.0.0.1:1" in unreachable.stderr


def test_the_api_document_names_every_operation_that_the_commands_call(running_house: House) -> None:
    with urllib.request.urlopen(f"{running_house.url}/api/v1/openapi.json", timeout=60) as answer:
        paths = json.load(answer)["paths"]
    for path in ("/bank/files", "/payouts/results", "/refund-clocks", "/periods/days/proposal", "/reversals"):
        assert f"/api/v1{path}" in paths
