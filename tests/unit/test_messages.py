"""Every code that a person can meet has its words, in both languages."""

from __future__ import annotations

import itertools
import re

import pytest

from gateways.api.errors import STATUS, ApiCode
from gateways.messages import MESSAGES, Message
from gateways.wire import ErrorCode
from ledger.bank.deposit_accounts import DepositAccountRefusal
from ledger.bank.records import BankAccountRefusal, Note, SuspenseRefusal, Why
from ledger.bank.statements import Caution, Problem
from ledger.bank.webhook import WebhookRefusal
from ledger.bank_matching import DifferenceReason
from ledger.clocks import ClockRefusal
from ledger.defaults import DefaultRefusal
from ledger.forfeits import ClaimRefusal
from ledger.payouts.records import FileRefusal, LineOutcome, PayoutRefusal
from ledger.periods import PeriodRefusal
from ledger.proceeds import ProceedsRefusal
from ledger.receipts import ReceiptRefusal
from ledger.reconciliation import ReconciliationRefusal
from ledger.records import SuspenseReason
from ledger.reversals import ReversalRefusal
from matching.refusals import Refusal

CODES = sorted(
    {refusal.name for refusal in Refusal}
    | {code.value for code in itertools.chain(ErrorCode, ApiCode, SuspenseReason, ReceiptRefusal)}
    | {code.value for code in itertools.chain(PayoutRefusal, FileRefusal, LineOutcome)}
    | {code.value for code in itertools.chain(ClockRefusal, DefaultRefusal, ClaimRefusal)}
    | {code.value for code in itertools.chain(Problem, Caution, BankAccountRefusal, SuspenseRefusal)}
    | {code.value for code in itertools.chain(PeriodRefusal, ReconciliationRefusal, ReversalRefusal)}
    | {code.value for code in itertools.chain(DifferenceReason, ProceedsRefusal)}
    | {code.value for code in itertools.chain(WebhookRefusal, Note, Why, DepositAccountRefusal)}
)
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_a_sentence_and_what_to_do_next_in_both_languages(code: str) -> None:
    message = MESSAGES[code]
    assert HAN.search(message.zh) and HAN.search(message.next_zh)
    assert not HAN.search(message.en + message.next_en)
    for text in (message.zh, message.next_zh):
        assert text.endswith("。")
    for text in (message.en, message.next_en):
        assert (text.endswith(".") and text[0].isupper()) or text.startswith("/")


def test_there_are_no_words_for_codes_that_do_not_exist() -> None:
    assert sorted(MESSAGES) == CODES


def test_no_two_codes_say_the_same() -> None:
    sentences = [message.en for message in MESSAGES.values()]
    assert len(set(sentences)) == len(sentences)
    assert all(isinstance(message, Message) for message in MESSAGES.values())


def test_every_code_of_the_api_has_a_status() -> None:
    assert set(STATUS) == set(ApiCode)
    assert all(400 <= status < 600 for status in STATUS.values())
