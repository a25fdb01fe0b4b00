"""The legal clocks of refunds: what is due, what is late, the alarms, and the contract that starts some of them."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from gateways.api.errors import ApiCode
from gateways.api.finance_answers import refused
from gateways.api.finance_payouts import Id
from gateways.api.finance_roles import MAKERS, READERS
from gateways.api.operation import Asked, Operation
from ledger.clocks import ClockRefusal, ContractSigned, DueRefund, RefundAlert
from ledger.refund_clock import Level
from matching.units import TIME_US_MAX

ALERTS_MAX: Final = 200
WITHIN_US_MAX: Final = 366 * 24 * 3_600_000_000


class ClockQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which refunds: of a level, of a lot, due within so many microseconds or late."""

    level: Level | None = None
    lot: Id | None = None
    within_us: Annotated[int, Meta(ge=0, le=WITHIN_US_MAX)] | None = None


class RefundClocks(Struct, frozen=True):
    """Refunds that have not left, the most urgent first, as of `now_us`."""

    now_us: int
    refunds: list[DueRefund]


class AlertQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The alarms behind a number."""

    after: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=ALERTS_MAX)] = ALERTS_MAX


class RefundAlerts(Struct, frozen=True):
    """Alarms in the order in which they went off."""

    alerts: list[RefundAlert]


class ContractForm(Struct, frozen=True, forbid_unknown_fields=True):
    """When the contract of a sold lot was signed."""

    signed_at_us: Annotated[int, Meta(ge=0, le=TIME_US_MAX)]


async def list_refund_clocks(asked: Asked) -> RefundClocks:
    """List the refunds that have not left the centre, with until when they are due."""
    query: ClockQuery = asked.query
    now_us = asked.services.clock.now_us()
    refunds = await asked.services.finance.clocks.due(now_us, query.within_us, query.lot)
    return RefundClocks(now_us, [one for one in refunds if query.level in (None, one.level)])


async def list_refund_alerts(asked: Asked) -> RefundAlerts:
    """List the alarms of refunds that pressed or were late."""
    query: AlertQuery = asked.query
    return RefundAlerts(await asked.services.finance.clocks.alerts(query.after, query.limit))


async def sign_contract(asked: Asked) -> ContractSigned:
    """Write down when the contract of a sold lot was signed; some clocks begin with it."""
    clocks = asked.services.finance.clocks
    answer = await clocks.sign_contract(asked.ids["lot"], asked.body.signed_at_us, asked.caller.id)
    if isinstance(answer, ClockRefusal):
        raise refused(answer)
    return answer


OPERATIONS = (
    Operation("GET", "/refund-clocks", list_refund_clocks, READERS, query=ClockQuery, answer=RefundClocks),
    Operation("GET", "/refund-clocks/alerts", list_refund_alerts, READERS, query=AlertQuery, answer=RefundAlerts),
    Operation(
        "POST", "/lots/{lot}/contract", sign_contract, MAKERS, body=ContractForm, answer=ContractSigned,
        codes=(ApiCode.REFUSED_BY_LEDGER,),
    ),
)  # fmt: skip
