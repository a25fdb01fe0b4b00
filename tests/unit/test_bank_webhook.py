"""Signed notices: who is believed, for how long, and what a notice must say."""

from __future__ import annotations

import json
from io import BytesIO

import pytest

from ledger.bank.reading import parts
from ledger.bank.statements import Fault, Movement, Problem, examined
from ledger.bank.webhook import WINDOW_US, WebhookRefusal, signature, webhook_refusal

KEY = bytes(range(32))
OTHER = bytes(32)
NOW_S = 1_772_328_600
BODY = b'{"a": 1}'
GOOD = signature(KEY, str(NOW_S), BODY)


def refusal(
    *,
    secrets: tuple[bytes, ...] = (KEY,),
    timestamp: str = str(NOW_S),
    signatures: str = GOOD,
    body: bytes = BODY,
    now_us: int = NOW_S * 10**6,
) -> WebhookRefusal | None:
    return webhook_refusal(
        secrets=secrets, timestamp=timestamp, signatures=signatures, body=body, now_us=now_us
    )


def test_what_the_bank_signed_is_believed() -> None:
    assert refusal() is None


def test_the_signature_is_that_of_other_implementations() -> None:
    # printf '1.body' | openssl dgst -sha256 -hmac key
    expected = "91b5374b153842ad05b2c4eab9349b8321b14703165bd3fb8b034dfb8be98ae5"
    assert signature(b"key", "1", b"body") == f"v1={expected}"


def test_a_key_may_be_changed_while_messages_come() -> None:
    assert refusal(secrets=(OTHER, KEY)) is None
    assert refusal(signatures=f"{signature(OTHER, str(NOW_S), BODY)}, {GOOD}") is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"signatures": ""}, WebhookRefusal.SIGNATURE_MISSING),
        ({"signatures": " , "}, WebhookRefusal.SIGNATURE_MISSING),
        ({"timestamp": ""}, WebhookRefusal.TIMESTAMP_MALFORMED),
        ({"timestamp": "17.5"}, WebhookRefusal.TIMESTAMP_MALFORMED),
        ({"timestamp": "-1"}, WebhookRefusal.TIMESTAMP_MALFORMED),
        ({"timestamp": "1" * 4000}, WebhookRefusal.TIMESTAMP_MALFORMED),
        ({"timestamp": "١٢"}, WebhookRefusal.TIMESTAMP_MALFORMED),
        ({"secrets": ()}, WebhookRefusal.KEY_UNKNOWN),
        ({"secrets": (OTHER,)}, WebhookRefusal.SIGNATURE_WRONG),
        ({"body": BODY + b" "}, WebhookRefusal.SIGNATURE_WRONG),
        ({"timestamp": str(NOW_S + 1)}, WebhookRefusal.SIGNATURE_WRONG),
        ({"signatures": GOOD[:-1]}, WebhookRefusal.SIGNATURE_WRONG),
        ({"signatures": GOOD.removeprefix("v1=")}, WebhookRefusal.SIGNATURE_WRONG),
        ({"signatures": "é\udcff"}, WebhookRefusal.SIGNATURE_WRONG),
        ({"now_us": NOW_S * 10**6 + WINDOW_US + 1}, WebhookRefusal.TIMESTAMP_TOO_OLD),
        ({"now_us": NOW_S * 10**6 - WINDOW_US - 1}, WebhookRefusal.TIMESTAMP_IN_FUTURE),
    ],
)
def test_what_is_not_believed(change: dict[str, object], expected: WebhookRefusal) -> None:
    assert refusal(**change) is expected  # type: ignore[arg-type]


def test_the_window_includes_its_ends() -> None:
    assert refusal(now_us=NOW_S * 10**6 + WINDOW_US) is None
    assert refusal(now_us=NOW_S * 10**6 - WINDOW_US) is None


# What a notice says

NOTICE = {
    "message_id": "20260301-000017",
    "account": "6222 0202",
    "currency": "CNY",
    "movements": [
        {
            "bank_reference": "B1",
            "booked_at": "2026-03-01T09:30:00+08:00",
            "direction": "credit",
            "amount": "20000.00",
            "counterparty_name": "甲公司",
            "remittance": "保证金",
        }
    ],
}


def read(notice: object) -> list[object]:
    return list(parts(BytesIO(json.dumps(notice).encode())))


def changed(**change: object) -> dict[str, object]:
    (movement,) = NOTICE["movements"]
    assert isinstance(movement, dict)
    return {**NOTICE, "movements": [{**movement, **change}]}


def test_a_notice_is_read() -> None:
    (movement,) = [part for part in read(NOTICE) if isinstance(part, Movement)]
    assert (movement.amount, movement.currency, movement.bank_reference) == (2_000_000, "CNY", "B1")
    assert movement.booked.at_us(0) == 1_772_328_600_000_000


@pytest.mark.parametrize(
    ("notice", "problem", "place"),
    [
        (changed(amount="1.001"), Problem.AMOUNT_TOO_PRECISE, "$.movements[0].amount"),
        (changed(amount="-1"), Problem.AMOUNT_NEGATIVE, "$.movements[0].amount"),
        (changed(amount=1), Problem.VALUE_MALFORMED, "$.movements[0].amount"),
        (changed(direction="in"), Problem.VALUE_MALFORMED, "$.movements[0].direction"),
        (changed(bank_reference=""), Problem.VALUE_MALFORMED, "$.movements[0].bank_reference"),
        (changed(booked_at="yesterday"), Problem.DATE_MALFORMED, "$.movements[0].booked_at"),
        (changed(colour="red"), Problem.VALUE_MALFORMED, "$.movements[0]"),
        ({**NOTICE, "currency": "XXX"}, Problem.CURRENCY_UNKNOWN, "$.currency"),
        ({**NOTICE, "movements": []}, Problem.VALUE_MALFORMED, "$.movements"),
        ({}, Problem.VALUE_MALFORMED, ""),
    ],
)
def test_a_bad_notice_is_refused_with_the_place(notice: object, problem: Problem, place: str) -> None:
    (fault,) = examined(parts(BytesIO(json.dumps(notice).encode()))).faults
    assert isinstance(fault, Fault)
    assert (fault.problem, fault.place) == (problem, place)


@pytest.mark.parametrize("content", [b"{", b'{"account": "1', b"{\xff}", b"{" * 100_000])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    (fault,) = examined(parts(BytesIO(content))).faults
    assert fault.problem is Problem.NOT_JSON
