"""Origins, bearer tokens and the rate of sign-in attempts."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from aiohttp import test_utils
from multidict import CIMultiDict

from exchange.people import Account, Role
from gateways.identity import SignInLimit, address_of, bearer_of, has_role, is_foreign, may_change

START_US = 1_800_000_000_000_000
SECOND_US = 1_000_000
OURS = {"Host": "auction.example"}
ELSEWHERE = ("https://office.example",)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"Origin": "https://auction.example"}, False),
        ({"Origin": "http://auction.example"}, False),
        ({"Origin": "https://office.example"}, False),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "https://auction.example.evil.example"}, True),
        ({"Origin": "https://auction.example:8443"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": ""}, True),
        ({"Origin": "ftp://auction.example"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://office.example"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, True),
    ],
)
def test_a_request_of_another_sites_page_is_told_apart(headers: dict[str, str], expected: bool) -> None:
    request = test_utils.make_mocked_request("POST", "/api/v1/session", headers=OURS | headers)
    assert is_foreign(request, ELSEWHERE) is expected
    assert may_change(request, ELSEWHERE) is not expected


def test_reading_and_bearer_tokens_need_no_origin() -> None:
    evil = OURS | {"Origin": "https://evil.example"}
    assert may_change(test_utils.make_mocked_request("GET", "/", headers=evil), ())
    assert may_change(
        test_utils.make_mocked_request("POST", "/", headers=evil | {"Authorization": "Bearer lc_x"}), ()
    )
    assert not may_change(
        test_utils.make_mocked_request("POST", "/", headers=evil | {"Authorization": "Basic x"}), ()
    )


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ([], "127.0.0.1"),
        ([""], "127.0.0.1"),
        (["192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7, 10.0.0.1"], "192.0.2.7"),
        (["192.0.2.7", "10.0.0.1"], "192.0.2.7"),
        (["10.0.0.1"], "10.0.0.1"),
        (["198.51.100.66, 192.0.2.7"], "192.0.2.7"),
        (["198.51.100.66, 192.0.2.7, 10.0.0.1"], "192.0.2.7"),
        (["192.0.2.7, 10.0.0.1, 10.0.0.255"], "192.0.2.7"),
        (["198.51.100.66, invented"], "invented"),
        (["2001:db8::7"], "2001:db8::7"),
    ],
)
def test_behind_proxies_of_ours_the_address_is_the_last_that_is_none_of_them(
    forwarded: list[str], expected: str
) -> None:
    headers = [("X-Forwarded-For", line) for line in forwarded]
    request = test_utils.make_mocked_request("GET", "/", headers=CIMultiDict(headers))
    ours = request.clone(remote="127.0.0.1")
    proxies = (ip_network("127.0.0.1"), ip_network("10.0.0.0/24"))
    assert address_of(ours, proxies) == expected
    stranger = request.clone(remote="203.0.113.5")
    assert address_of(stranger, proxies) == "203.0.113.5"


def test_a_bearer_token_is_what_follows_the_word() -> None:
    request = test_utils.make_mocked_request("GET", "/", headers={"Authorization": "Bearer  lc_abc "})
    assert bearer_of(request) == "lc_abc"
    assert bearer_of(test_utils.make_mocked_request("GET", "/")) is None


def test_one_of_the_roles_is_enough() -> None:
    account = Account(1, "anna", "Anna", (Role.HOST, Role.BIDDER))
    assert has_role(account, {Role.HOST, Role.ADMIN})
    assert not has_role(account, {Role.FINANCE})
    assert has_role(account, ())


def test_failed_attempts_are_bounded_for_an_address_and_for_a_login() -> None:
    limit = SignInLimit(3)
    assert all(limit.begin("10.0.0.1", f"login{n}", START_US) for n in range(3))
    assert limit.begin("10.0.0.1", "fresh", START_US) is None
    assert all(limit.begin(f"10.0.1.{n}", "anna", START_US) for n in range(3))
    assert limit.begin("10.0.2.1", " ANNA ", START_US) is None
    assert limit.begin("10.0.2.1", "ben", START_US)


def test_attempts_are_forgotten_after_a_minute() -> None:
    limit = SignInLimit(2)
    for second in (0, 30):
        assert limit.begin("10.0.0.1", "anna", START_US + second * SECOND_US)
    assert limit.begin("10.0.0.1", "anna", START_US + 60 * SECOND_US - 1) is None
    assert limit.begin("10.0.0.1", "anna", START_US + 60 * SECOND_US)
    assert limit.begin("10.0.0.1", "anna", START_US + 60 * SECOND_US) is None


def test_right_passwords_do_not_use_attempts_up() -> None:
    limit = SignInLimit(2)
    for number in range(10):
        attempt = limit.begin("10.0.0.1", f"login{number}", START_US)
        assert attempt is not None
        limit.give_back(attempt)
    assert limit.begin("10.0.0.1", "anna", START_US)


def test_refused_attempts_do_not_prolong_the_wait() -> None:
    limit = SignInLimit(1)
    assert limit.begin("10.0.0.1", "anna", START_US)
    assert limit.begin("10.0.0.1", "anna", START_US + 59 * SECOND_US) is None
    assert limit.begin("10.0.0.1", "anna", START_US + 60 * SECOND_US)
