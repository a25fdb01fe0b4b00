"""Rulebooks over HTTP and on the command line: which there are, what is refused, and selling again what passed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from exchange.people import Role
from exchange.rulebooks.drafting import drafted, sample_subject
from exchange.rulebooks.library import shipped
from gateways.cli import app
from gateways.cli.outcomes import ExitCode
from tests.served import Person, Served
from tests.unit.test_rulebook_reading import GOOD

SHORT_LOT: dict[str, Any] = {
    "category": "other",
    "title_zh": "短",
    "title_en": "Short",
    "terms": {
        "currency": "CNY",
        "opening_price": 100_00,
        "opens_at_us": 1,
        "programme": [
            {"phase": "english", "increments": [[0, 100]], "duration_us": 200_000, "soft_close_window_us": 0}
        ],
    },
}
"""Opens at once and ends by itself."""


@pytest.fixture
async def host(floor: Served) -> Person:
    return await floor.program("host", Role.HOST, Role.ADMIN)


def court_lot(floor: Served, **changes: Any) -> dict[str, Any]:
    """Return a lot under judicial-first as a program sends it, with the rulebook's own figures."""
    rules = shipped().get("judicial-first")
    assert rules is not None
    now_us = floor.exchange.clock.now_us()
    draft = drafted(rules, msgspec.structs.replace(sample_subject(rules), now_us=now_us))
    lot = {
        "category": "property",
        "title_zh": "住宅",
        "title_en": "Flat",
        "terms": msgspec.to_builtins(draft.terms),
        "deposit": draft.deposit,
        "valuation": draft.valuation,
        "rulebook": "judicial-first",
    }
    return lot | changes


async def test_rulebooks_are_listed_and_explained(floor: Served) -> None:
    visitor = await floor.nobody()
    names = [one["name"] for one in (await visitor.get("/rulebooks"))["rulebooks"]]
    assert names == [one.name for one in shipped().all()]
    told = await visitor.get("/rulebooks/judicial-first")
    deposit = next(line for line in told["limits"] if line["parameter"] == "deposit")
    assert deposit["article"]["zh"] == "法释〔2016〕18号第17条" and deposit["sure"] == "verified"
    assert (
        deposit["allowed"]["en"] == "at least 5 % of the opening price and at most 20 % of the opening price"
    )
    for name in ("no-such-rulebook", "x"):
        status, answer = await visitor.ask("GET", f"/rulebooks/{name}")
        assert (status, answer["code"]) == (404, "RULEBOOK_UNKNOWN")


async def test_a_lot_shows_its_rulebook(floor: Served, host: Person) -> None:
    lot = (await host.post("/lots", court_lot(floor)))["lot"]
    rules = (await (await floor.nobody()).get(f"/lots/{lot}"))["rules"]
    assert rules["rulebook"] == "judicial-first" and len(rules["rulebook_digest"]) == 64
    assert rules["rulebook_title"]["zh"] == "网络司法拍卖（第一次）"
    assert rules["valuation"] == 1_000_000_00 and rules["notice_at_us"] > 0


async def test_a_lot_against_its_rulebook_is_refused_with_the_article(floor: Served, host: Person) -> None:
    status, answer = await host.ask("POST", "/lots", court_lot(floor, deposit=175_000_00))
    assert (status, answer["code"]) == (422, "AGAINST_RULEBOOK")
    (violation,) = answer["violations"]
    assert violation["parameter"] == "deposit"
    assert violation["given"]["zh"] == "起始价的 25%（175,000 元）"
    assert violation["article"]["en"] == "Fa Shi [2016] No. 18, art. 17" and violation["sure"] == "verified"
    assert len(answer["problems"]) == 1 and "art. 17" in answer["problems"][0]
    status, answer = await host.ask("POST", "/lots", court_lot(floor, rulebook="unheard-of"))
    assert (status, answer["code"]) == (404, "RULEBOOK_UNKNOWN")
    status, answer = await host.ask("POST", "/lots", court_lot(floor, rulebook="../etc"))
    assert (status, answer["code"]) == (422, "INVALID")
    status, answer = await host.ask("POST", "/lots", court_lot(floor, relisted_from=77))
    assert (status, answer["code"]) == (409, "LOT_NOT_PASSED")


async def test_a_lot_is_drafted_and_checked_before_anything_is_made(floor: Served, host: Person) -> None:
    path = "/rulebooks/judicial-first/draft"
    subject = {"category": "property", "opening_price": 700_000_00, "valuation": 1_000_000_00}
    figures = await host.post(path, subject)
    lot = court_lot(floor, terms=figures["terms"], deposit=figures["deposit"])
    check = await host.post("/lots/check", lot)
    assert (check["problems"], check["violations"]) == ([], [])
    assert check["notice_title"]["zh"] == "转让公告：住宅" and "700,000.00 元" in check["notice_body"]["zh"]
    check = await host.post("/lots/check", lot | {"deposit": 175_000_00, "deposit_by_us": 1})
    assert len(check["problems"]) == 1
    assert [one["parameter"] for one in check["violations"]] == ["deposit", "deposit_deadline"]
    assert check["violations"][0]["article"]["en"] == "Fa Shi [2016] No. 18, art. 17"
    status, answer = await host.ask("POST", "/lots/check", lot | {"rulebook": "unheard-of"})
    assert (status, answer["code"]) == (404, "RULEBOOK_UNKNOWN")
    assert (await host.ask("POST", "/rulebooks/unheard-of/draft", subject))[1]["code"] == "RULEBOOK_UNKNOWN"
    plain = {"category": "property", "opening_price": 1_00}
    for name in shown_names():
        status, answer = await host.ask("POST", f"/rulebooks/{name}/draft", plain)
        assert status == 200 or answer["code"] in ("PRICE_MISSING", "TERMS_INVALID"), (name, answer)
    assert (await host.get("/lots"))["total"] == 0
    bidder = await floor.program("anna", Role.BIDDER)
    assert (await bidder.ask("POST", "/lots/check", lot))[1]["code"] == "NOT_ALLOWED"
    assert (await bidder.ask("POST", path, subject))[1]["code"] == "NOT_ALLOWED"


async def test_only_what_passed_is_relisted_and_only_by_a_host(floor: Served, host: Person) -> None:
    lot = (await host.post("/lots", court_lot(floor)))["lot"]
    status, answer = await host.ask("POST", f"/lots/{lot}/relisting", {})
    assert (status, answer["code"]) == (409, "LOT_NOT_PASSED")
    bidder = await floor.program("anna", Role.BIDDER)
    status, answer = await bidder.ask("POST", f"/lots/{lot}/relisting", {})
    assert (status, answer["code"]) == (403, "NOT_ALLOWED")


async def test_the_command_line_relists_what_passed(floor: Served, host: Person, tmp_path: Path) -> None:
    lot = (await host.post("/lots", SHORT_LOT))["lot"]
    sent = {"data": b"the rules", "headers": {"X-File-Name": "rules.txt"}}
    assert (await host.ask("POST", f"/lots/{lot}/files", **sent))[0] == 201
    account = host.account
    assert account is not None
    token = await floor.exchange.people.issue_token(account.id, "command line")
    (tmp_path / "operator.token").write_text(token + "\n")
    arguments = ["relist", str(lot), "--url", str(floor.server.make_url("/")), "--data-dir", str(tmp_path)]
    for _ in range(400):
        refused = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--language", "en"])
        if refused.exit_code == ExitCode.OK:
            break
        assert refused.exit_code == ExitCode.REFUSED and "LOT_NOT_PASSED" in refused.stderr
        await asyncio.sleep(0.1)
    assert refused.exit_code == ExitCode.OK, refused.stderr
    assert "¥100.00" in refused.stdout and "when the host opens it" in refused.stdout
    again = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--price", "50"])
    assert again.exit_code == ExitCode.REFUSED and "ALREADY_RELISTED" in again.stderr
    assert [one["name"] for one in (await host.get(f"/lots/{lot + 1}/files"))["files"]] == ["rules.txt"]
    wrong = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--price", "much"])
    assert wrong.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("arguments", [["rulebook", "list"], ["rulebook", "explain", "judicial-first"]])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_line_tells_of_rulebooks(arguments: list[str], language: str) -> None:
    shown = CliRunner().invoke(app, [*arguments, "--language", language])
    assert shown.exit_code == ExitCode.OK
    assert ("网络司法拍卖" if language == "zh" else "Online judicial auction") in shown.stdout
    if arguments[1] == "explain":
        assert ("第17条" if language == "zh" else "art. 17") in shown.stdout
        assert ("已核对原文" if language == "zh" else "verified") in shown.stdout


def test_the_command_line_speaks_to_machines_too(tmp_path: Path) -> None:
    listed = CliRunner().invoke(app, ["rulebook", "list", "--json"])
    assert len(msgspec.json.decode(listed.stdout)) == len(shown_names())
    told = msgspec.json.decode(CliRunner().invoke(app, ["rulebook", "explain", "gong", "--json"]).stdout)
    assert told["name"] == "gong" and told["limits"][0]["sure"] == "verified"
    file = tmp_path / "own.toml"
    file.write_text(GOOD.replace('default = "10 %', 'default = "25 %'), encoding="utf-8")
    checked = CliRunner().invoke(app, ["rulebook", "check", str(file), "--json"])
    assert checked.exit_code == ExitCode.REFUSED
    assert msgspec.json.decode(checked.stdout)["findings"][0]["line"] == 18


def shown_names() -> list[str]:
    return [one.name for one in shipped().all()]


def test_a_file_is_checked_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(GOOD, encoding="utf-8")
    good = CliRunner().invoke(app, ["rulebook", "check", str(file), "--language", "en"])
    assert good.exit_code == ExitCode.OK and "can be used" in good.stdout
    file.write_text(GOOD.replace('"deposit"', '"deposti"'), encoding="utf-8")
    bad = CliRunner().invoke(app, ["rulebook", "check", str(file), "--language", "zh"])
    assert bad.exit_code == ExitCode.REFUSED
    assert "第 15 行" in bad.stderr and "是否想写 deposit" in bad.stderr
    file.write_bytes(b"\xff")
    assert CliRunner().invoke(app, ["rulebook", "check", str(file)]).exit_code == ExitCode.REFUSED


def test_a_folder_of_own_rulebooks_is_used_and_its_mistakes_are_told(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GOOD, encoding="utf-8")
    folder = ["--rulebooks-dir", str(tmp_path)]
    assert "village-hall" in CliRunner().invoke(app, ["rulebook", "list", *folder]).stdout
    played = CliRunner().invoke(app, ["simulate", "village-hall", *folder, "--language", "en"])
    assert played.exit_code == ExitCode.OK and "ended after" in played.stdout
    (tmp_path / "bad.toml").write_text("name =", encoding="utf-8")
    unusable = CliRunner().invoke(app, ["rulebook", "list", *folder])
    assert unusable.exit_code == ExitCode.CONFIGURATION and "bad.toml" in unusable.stderr
    unknown = CliRunner().invoke(app, ["rulebook", "explain", "nothing"])
    assert unknown.exit_code == ExitCode.USAGE and "judicial-first" in unknown.stderr


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_simulation_is_told_with_a_table_and_a_chart(language: str) -> None:
    arguments = ["simulate", "judicial-first", "--bidders", "4", "--seed", "7", "--language", language]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == ExitCode.OK
    assert ("成交" if language == "zh" else "sold") in shown.stdout
    assert "█" in shown.stdout and "┤" in shown.stdout
    assert CliRunner().invoke(app, arguments).stdout == shown.stdout


def test_a_simulation_for_machines_holds_every_event() -> None:
    shown = CliRunner().invoke(app, ["simulate", "emission-uniform-gd", "--seed", "3", "--json"])
    story = msgspec.json.decode(shown.stdout)
    assert story["events"][0]["type"] == "LotAnnounced" and story["outcome"] in ("sold", "passed")
    assert story["bidders"] == 8
    whole = CliRunner().invoke(app, ["simulate", "turns-3", "--all"])
    assert whole.exit_code == ExitCode.OK and "--all" not in whole.stdout
