"""What `luochui bid` reads and says: amounts, language, and orders that contradict themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateways.amounts import NotAnAmount, read_amount, write_amount
from gateways.cli import app
from gateways.cli.language import Language, language_of
from gateways.cli.outcomes import ExitCode
from gateways.cli.phase_words import ACTS, takes_no_amount
from matching.details import Act


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12300.50", 1_230_050),
        ("12,300.50", 1_230_050),
        ("12，300", 1_230_000),
        ("¥ 500", 50_000),
        ("500元", 50_000),
        ("1.2万", 1_200_000),
        ("3 亿", 30_000_000_000),
        ("0.01", 1),
        ("0.000001万", 1),
        ("CNY 7", 700),
        ("1,000万元", 1_000_000_000),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, minor: int) -> None:
    assert read_amount(text) == minor


@pytest.mark.parametrize(
    "text", ["", "abc", "-5", "1.234", "1,23", "12,30.00", "1..2", "1e5", "5万3", "５", "0x10", "1 000"]
)
def test_what_could_be_misread_is_no_amount(text: str) -> None:
    with pytest.raises(NotAnAmount):
        read_amount(text)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1_230_050, "CNY", "¥12,300.50"),
        (5, "USD", "$0.05"),
        (-100, "CNY", "-¥1.00"),
        (100, "CHF", "CHF 1.00"),
    ],
)
def test_amounts_are_written_with_their_currency(minor: int, currency: str, text: str) -> None:
    assert write_amount(minor, currency) == text


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, Language.EN),
        ({"LC_ALL": "", "LANG": "zh_TW"}, Language.ZH),
        ({"LANG": "C"}, Language.EN),
        ({}, Language.EN),
    ],
)
def test_the_language_is_that_of_the_environment(environment: dict[str, str], language: Language) -> None:
    assert language_of(environment) is language


@pytest.mark.parametrize(
    "arguments",
    [
        ["12"],
        ["12", "100", "--asking"],
        ["12", "--max", "5", "--steps", "2"],
        ["12", "1.234"],
        ["12", "5", "--take-back"],
        ["12", "--seal", "/nowhere/offer.enc"],
        ["12", "--seal", "/dev/null"],
    ],
)
def test_an_order_that_says_nothing_or_too_much_is_wrong_usage(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["bid", *arguments, "--token", "x"]).exit_code == ExitCode.USAGE


@pytest.mark.parametrize("command_id", ["", "zz", "0" * 31, "A" * 32])
def test_a_command_id_of_another_shape_is_wrong_usage(command_id: str) -> None:
    result = CliRunner().invoke(app, ["bid", "12", "100", "--token", "x", "--id", command_id])
    assert result.exit_code == ExitCode.USAGE
    assert "32" in result.output


def test_an_exchange_that_does_not_answer_is_unreachable() -> None:
    arguments = ["bid", "12", "--asking", "--token", "x", "--url", "http://127.0.0.1:9", "--language", "zh"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == ExitCode.UNREACHABLE
    assert "无法连接交易所" in result.output


def test_a_replay_without_a_token_says_where_it_looked(tmp_path: Path) -> None:
    file = tmp_path / "auctions.csv"
    file.write_text("auctionid,bid,bidtime,bidder,openbid,price\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["replay", str(file), "--data-dir", str(tmp_path)])
    assert result.exit_code == ExitCode.USAGE
    assert "operator.token" in result.output


@pytest.mark.parametrize(
    ("state", "accepts", "told"),
    [
        ("open", ["bid", "max_bid"], ""),
        ("open", ["bid", "take_back"], ""),
        ("announced", [], ""),
        ("open", ["offer"], "This phase (Many units) takes no bid of a single amount; it takes offers"),
        ("open", ["seal", "take_back"], "luochui bid 49 --seal FILE"),
        ("open", [], "takes nothing from bidders for the moment"),
    ],
)
def test_who_bids_where_no_amounts_are_taken_is_sent_to_the_page(
    state: str, accepts: list[str], told: str
) -> None:
    view = {"lot": 49, "state": state, "accepts": accepts, "format": "multi_unit"}
    said = takes_no_amount(view, "http://127.0.0.1:8080/lots/49", Language.EN)
    assert bool(said) == bool(told) and told in said
    assert not told or said.endswith("--seal FILE" if "seal" in accepts else "/lots/49")


@pytest.mark.parametrize("url", ["foo", "ftp://a", "http://", "http://[x", "127.0.0.1:8080"])
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    ended = CliRunner().invoke(app, ["bid", "12", "--watch", "--url", url])
    assert ended.exit_code == ExitCode.USAGE and "http://host:port" in ended.stderr


def test_all_that_bidders_can_do_has_words() -> None:
    assert set(ACTS) == set(Act)
