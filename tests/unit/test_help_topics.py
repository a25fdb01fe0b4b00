"""Help: every topic is there in both languages, leads where something is, and shows pictures that have been taken."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from gateways.messages import MESSAGES
from gateways.pages import PAGES
from gateways.portal import help as portal_help
from gateways.portal.help_words import FOUND_MAX, REFUSALS, TOPICS, find
from gateways.portal.routes import ADDRESSES
from gateways.portal.texts import Language

WEB = Path(str(files("gateways"))) / "web"
LINK = re.compile(r'(?:href|src)="([^"]+)"')
OF_THE_API = ("/api/v1/openapi.json", "/api/v1/asyncapi.json")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_is_written_and_leads_where_something_is(name: str, language: Language) -> None:
    topic = portal_help.topic(name, language)
    assert topic.title and topic.body
    for address in LINK.findall(topic.body):
        if address.startswith("/assets/"):
            assert (WEB / "public" / address.removeprefix("/assets/")).is_file(), address
        else:
            assert address.partition("#")[0] in {*ADDRESSES, *PAGES, *OF_THE_API}, address


@pytest.mark.parametrize("name", TOPICS)
def test_both_languages_tell_the_same_in_the_same_order(name: str) -> None:
    chinese, english = (
        re.findall(r"<(h2|li|tr|img)\b", portal_help.topic(name, one).body) for one in Language
    )
    assert chinese == english


def test_no_picture_is_kept_that_no_page_shows() -> None:
    bodies = [portal_help.topic(name, language).body for name in TOPICS for language in Language]
    shown = {
        Path(address).name
        for body in bodies
        for address in LINK.findall(body)
        if address.startswith("/assets/")
    }
    assert {path.name for path in (WEB / "public" / "help").iterdir()} == shown


def test_words_are_found_in_topics_and_in_refusals() -> None:
    deposit = find("保证金 退", Language.ZH)
    assert "sign-up" in {one.topic for one in deposit} and all(
        "保证金" in one.heading + one.text for one in deposit
    )
    assert [one.topic for one in find("lot_frozen", Language.EN)] == [REFUSALS]
    assert not find("   ", Language.EN) and not find("nothing of the kind whatever", Language.EN)
    assert len(find("e", Language.EN)) == FOUND_MAX
    assert not any(mark in one.text for one in find("e", Language.EN) for mark in ("**", "](", "|"))


@pytest.mark.parametrize("language", Language)
def test_every_code_is_explained(language: Language) -> None:
    body = portal_help.topic(REFUSALS, language).body
    assert [code for code in MESSAGES if f"<code>{code}</code>" not in body] == []
    assert body.count("<tr>") == len(MESSAGES) + 1
