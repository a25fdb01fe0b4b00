"""The demo bank's papers for whoever tries the finance desk: today's statement, and answers to files of payments.

Belongs here: handing out what the bank writes. Does not belong here: writing it (`exchange.demo.bank_account`), paying
deposits at the demo bank (`gateways.api.bank`).
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from exchange.demo.bank_account import DemoBankAccount, Paper
from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_files import attachment
from gateways.api.finance_roles import CASHIERS
from gateways.api.operation import Asked, Operation
from ledger.accounting_days import TIME_ZONE, accounting_day

XML: Final = "application/xml"


async def show_demo_statement(asked: Asked) -> web.Response:
    """Download what the demo bank has to say of today and has not said yet, as camt.053."""
    bank = await _bank(asked)
    return _file(await bank.statement(accounting_day(asked.services.clock.now_us(), TIME_ZONE)))


async def show_demo_answer(asked: Asked) -> web.Response:
    """Download what the demo bank answers to a file of payments that was sent, as pain.002."""
    bank = await _bank(asked)
    batches = await asked.services.finance.payouts.batches(is_sent=True)
    batch = next((one for one in batches if one.batch_id == asked.ids["batch"]), None)
    if batch is None:
        raise ApiError(ApiCode.NOT_ON_FILE)
    return _file(await bank.answer(batch))


async def _bank(asked: Asked) -> DemoBankAccount:
    if not asked.services.is_demo:
        raise ApiError(ApiCode.DEMO_ONLY)
    bank = DemoBankAccount(asked.services.finance)
    if not await bank.is_open():
        raise ApiError(ApiCode.DEMO_ONLY)
    return bank


def _file(paper: Paper) -> web.Response:
    return attachment(paper.name, paper.content, XML)


OPERATIONS = (
    Operation("GET", "/demo-bank/statement", show_demo_statement, CASHIERS, media=XML, codes=(ApiCode.DEMO_ONLY,)),
    Operation(
        "GET", "/demo-bank/batches/{batch}/answer", show_demo_answer, CASHIERS, media=XML,
        codes=(ApiCode.DEMO_ONLY, ApiCode.NOT_ON_FILE),
    ),
)  # fmt: skip
