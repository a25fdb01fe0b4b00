"""`luochui lot`: publishing from a file, adding files and notices, and being told what keeps a lot back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from exchange.people import Role
from gateways.cli import app
from gateways.cli.outcomes import ExitCode
from tests.e2e.test_api_rulebooks import court_lot
from tests.served import Person, Served

NOTICE = (
    'kind = "change"\ntitle_zh = "变更"\ntitle_en = "Change"\nbody_zh = "改期"\nbody_en = "Another day"\n'
)

BY_HAND = """
category = "property"
title_zh = "厂房"
title_en = "A hall"
rulebook = "judicial-first"
valuation = "10,000,000 yuan"
[terms]
currency = "CNY"
opening_price = {price}
[terms.english]
duration_us = "48 h"
"""


@pytest.fixture
async def host(floor: Served) -> Person:
    return await floor.program("host", Role.HOST)


async def test_a_lot_is_published_from_files(floor: Served, host: Person, tmp_path: Path) -> None:
    assert host.account is not None
    token = await floor.exchange.people.issue_token(host.account.id, "command line")
    (tmp_path / "operator.token").write_text(token + "\n")
    where = ["--url", str(floor.server.make_url("/")), "--data-dir", str(tmp_path), "--language", "en"]

    async def luochui(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, app, ["lot", arguments[0], *where, *arguments[1:]])

    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    bad.write_bytes(msgspec.json.encode(court_lot(floor, deposit=175_000_00)))
    good.write_bytes(msgspec.json.encode(court_lot(floor)))
    checked = await luochui("publish", str(bad), "--check")
    assert checked.exit_code == ExitCode.REFUSED and "art. 17" in checked.stderr
    refused = await luochui("publish", str(bad))
    assert refused.exit_code == ExitCode.REFUSED and "AGAINST_RULEBOOK" in refused.stderr
    wrong = msgspec.json.decode(msgspec.json.encode(court_lot(floor)))
    wrong["terms"]["reserve_price"] = 1
    bad.write_bytes(msgspec.json.encode(wrong))
    chinese = await luochui("publish", str(bad), "--check", "--language", "zh")
    assert chinese.exit_code == ExitCode.REFUSED and "保留价低于起始价；应为：不低于" in chinese.stderr
    wrong["title_zh"] = 5
    bad.write_bytes(msgspec.json.encode(wrong))
    chinese = await luochui("publish", str(bad), "--language", "zh")
    assert "title_zh：这里填的是整数；应为：文字" in chinese.stderr
    assert "can be published" in (await luochui("publish", str(good), "--check")).stdout
    assert (await host.get("/lots"))["total"] == 0
    for price in ("7000000 yuan", "700 万元", 700_000_000):
        by_hand = tmp_path / "by-hand.toml"
        by_hand.write_text(BY_HAND.format(price=json.dumps(price)), encoding="utf-8")
        checked = await luochui("publish", str(by_hand), "--check")
        assert checked.exit_code == ExitCode.OK and "¥7,000,000.00" in checked.stdout, checked.stderr
    for unsaid in ('"7000000"', "7000000.5", '"7 dollars"'):
        by_hand.write_text(BY_HAND.format(price=unsaid), encoding="utf-8")
        wrong_unit = await luochui("publish", str(by_hand), "--check")
        assert wrong_unit.exit_code == ExitCode.USAGE
        assert "fen" in wrong_unit.stderr and "yuan" in wrong_unit.stderr
    published = await luochui("publish", str(good))
    assert published.exit_code == ExitCode.OK and "Lot 1 is published." in published.stdout

    drafted = await luochui(
        "draft", "judicial-first", "--category", "property", "--price", "70万", "--valuation", "100万"
    )
    (tmp_path / "hall.json").write_text(drafted.stdout)
    unnamed = await luochui("publish", str(tmp_path / "hall.json"), "--check")
    assert unnamed.exit_code == ExitCode.REFUSED and "title_zh" in unnamed.stderr
    lot = msgspec.json.decode(drafted.stdout) | {"title_zh": "住宅", "title_en": "Flat"}
    (tmp_path / "hall.json").write_bytes(msgspec.json.encode(lot))
    assert "can be published" in (await luochui("publish", str(tmp_path / "hall.json"), "--check")).stdout

    paper, notice = tmp_path / "terms.txt", tmp_path / "change.toml"
    paper.write_text("the terms")
    notice.write_text(NOTICE, encoding="utf-8")
    attached = await luochui("attach", "1", str(paper), "--caption-en", "Terms")
    assert attached.exit_code == ExitCode.OK and "text/plain" in attached.stdout
    assert (await host.get("/lots/1/files"))["files"][0]["caption"]["en"] == "Terms"
    assert (await luochui("notice", "1", str(notice))).exit_code == ExitCode.OK
    assert [one["kind"] for one in (await host.get("/notices?lot=1"))["notices"]] == [
        "announcement",
        "change",
    ]
    for arguments in (
        ("publish", str(notice.with_name("operator.token"))),
        ("notice", "1", str(_listed(tmp_path))),
    ):
        assert (await luochui(*arguments)).exit_code == ExitCode.USAGE


def _listed(folder: Path) -> Path:
    file = folder / "list.json"
    file.write_text("[]")
    return file
