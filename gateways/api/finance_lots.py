"""What a sale brought: the rule of its money, the centre's fees, and payouts to its seller and to the treasury."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_answers import refused
from gateways.api.finance_payouts import ACT, Currency, Money, Number, PayoutActed
from gateways.api.finance_roles import CASHIERS, MAKERS, READERS
from gateways.api.operation import Asked, Operation
from ledger.accounts import price_payable
from ledger.fees import FeeKind
from ledger.money_rule import LotRule
from ledger.payouts import Acted, Payout, PayoutKind, PayoutRefusal
from ledger.proceeds import Payee, ProceedsRefusal
from ledger.receipts import TEXT_LENGTH_MAX
from matching.units import LotId

PAYOUTS_MAX = 500


class Fee(Struct, frozen=True):
    """What the seller of a lot owes of one kind, in minor units: in all, taken out of the price, and still due."""

    kind: FeeKind
    amount: int
    booked: int
    left: int
    currency: str


class LotMoney(Struct, frozen=True):
    """The money of a lot: its rule, fees, what of the price can go to the seller now, and his payouts."""

    lot: int
    currency: str
    rule: LotRule
    refund_clock: str
    fees: list[Fee]
    payable: int
    payouts: list[Payout]


class FeesTaken(Struct, frozen=True):
    """How much of the fees was taken out of the price now, in minor units; 0 when there is nothing more to take."""

    lot: int
    taken: int


class ProceedsForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be paid, and how much; without an amount all that is payable. The account may be entered later."""

    payee_name: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
    payee_account: Number = ""
    payee_bank: Number = ""
    amount: Money | None = None
    currency: Currency | None = None
    """None for that of the lot, and for the treasury CNY."""


async def show_lot_money(asked: Asked) -> LotMoney:
    """Show the rule of a lot's money, its fees, and what can go to its seller."""
    lot = asked.ids["lot"]
    currency = await _currency(asked, lot)
    finance = asked.services.finance
    rule = await finance.lot_rules.of(lot)
    standings = await finance.lot_settlements.fees(lot)
    payouts = await finance.payouts.payouts(lot_id=lot, limit=PAYOUTS_MAX)
    async with asked.services.ledger.reading() as reader:
        price = await reader.account(price_payable(lot, currency).code)
    return LotMoney(
        lot=lot,
        currency=currency,
        rule=rule,
        refund_clock=rule.refund_clock.text,
        fees=[Fee(one.fee.kind, one.fee.amount, one.booked, one.left, one.fee.currency) for one in standings],
        payable=0 if price is None else price.available_credit,
        payouts=[payout for payout in payouts if payout.kind is PayoutKind.SELLER],
    )


async def take_fees(asked: Asked) -> FeesTaken:
    """Take what is left of a lot's fees out of the price, as far as the price was paid; nothing is taken twice."""
    lot = asked.ids["lot"]
    await _currency(asked, lot)
    return FeesTaken(lot, await asked.services.finance.lot_settlements.book_fees(lot, asked.caller.id))


async def propose_seller(asked: Asked) -> PayoutActed:
    """Propose to pay a lot's seller what is owed to him; another person approves it among the payouts."""
    form: ProceedsForm = asked.body
    lot = asked.ids["lot"]
    currency = form.currency or await _currency(asked, lot)
    answer = await asked.services.finance.proceeds.propose_seller(
        lot, _payee(form), asked.caller.id, form.amount, currency
    )
    return _acted(answer)


async def propose_treasury(asked: Asked) -> PayoutActed:
    """Propose to hand over to the treasury what is its; another person approves it among the payouts."""
    form: ProceedsForm = asked.body
    answer = await asked.services.finance.proceeds.propose_treasury(
        _payee(form), asked.caller.id, form.amount, form.currency or "CNY"
    )
    return _acted(answer)


async def _currency(asked: Asked, lot: LotId) -> str:
    sheet = await asked.services.catalogue.get(lot)
    if sheet is None:
        raise ApiError(ApiCode.LOT_UNKNOWN)
    return sheet.card.currency


def _payee(form: ProceedsForm) -> Payee:
    return Payee(name=form.payee_name, account=form.payee_account, bank=form.payee_bank)


def _acted(answer: Acted | PayoutRefusal | ProceedsRefusal) -> PayoutActed:
    if isinstance(answer, Acted):
        return PayoutActed(answer.payout, answer.is_new)
    raise refused(answer)


LOT = (ApiCode.LOT_UNKNOWN,)
OPERATIONS = (
    Operation("GET", "/lots/{lot}/money", show_lot_money, READERS, answer=LotMoney, codes=LOT),
    Operation("POST", "/lots/{lot}/fees", take_fees, MAKERS, answer=FeesTaken, codes=LOT),
    Operation(
        "POST", "/lots/{lot}/seller-payouts", propose_seller, CASHIERS, body=ProceedsForm, answer=PayoutActed,
        codes=(*LOT, *ACT),
    ),
    Operation(
        "POST", "/treasury/payouts", propose_treasury, CASHIERS, body=ProceedsForm, answer=PayoutActed, codes=ACT
    ),
)  # fmt: skip
