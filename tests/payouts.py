"""A centre that owes refunds and has a bank, for the tests of payouts; and the answers of that bank."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import asyncpg

from ledger.deposits import Deposits
from ledger.payouts import Acted, Payout, PayoutRefusal, Payouts, PayoutState
from ledger.payouts.records import Batch, Batched, FileRefused, PayingAccount, ResultReport
from ledger.postgres import PostgresLedgerStore
from ledger.receipts import ReceiptResult
from ledger.records import BankReceipt, Deposit
from ledger.settlement import LotOutcome, Settled
from ledger.verify import verify

START_US = 1_772_323_200_000_000
"""2026-03-01 00:00 UTC, eight in the morning in China."""

MAKER, CHECKER, OTHER_CHECKER, CASHIER = 11, 12, 13, 14
NUMBER = "6222020200011223344"
BANK = "102100099996"
PAYING = PayingAccount(
    name="settlement",
    account="assets:bank:cny",
    currency="CNY",
    holder="某市公共资源交易中心",
    number="0200004509014430001",
    bank="102100099996",
)


@dataclass
class Centre:
    """Everything a test of payouts talks to."""

    store: PostgresLedgerStore
    deposits: Deposits
    payouts: Payouts
    pool: Any

    async def owes(self, lot_id: int, bidder_ids: Sequence[int], amount: int = 100_00) -> None:
        """Take a deposit of each bidder and let the lot pass, so that all of them are owed back."""
        for bidder_id in bidder_ids:
            deposit = await self.deposits.open(lot_id, bidder_id, amount, "CNY", f"竞买人{bidder_id}")
            assert isinstance(deposit, Deposit)
            await self.receives(deposit.reference, f"bank-{lot_id}-{bidder_id}", amount, deposit.payer_name)
        outcome = LotOutcome(lot_id=lot_id, source_sequence=9, decided_at_us=START_US)
        assert isinstance(await self.deposits.settle(outcome), Settled)

    async def receives(self, reference: str, receipt_id: str, amount: int, payer_name: str) -> ReceiptResult:
        """Take money at the bank."""
        outcome = await self.deposits.receive(
            BankReceipt(
                receipt_id=receipt_id,
                reference=reference,
                amount=amount,
                currency="CNY",
                payer_name=payer_name,
                received_at_us=START_US,
            )
        )
        return outcome.result

    async def proposed(
        self, lot_id: int = 1, bidder_ids: Sequence[int] = (7,), amount: int = 100_00
    ) -> Payout:
        """Owe refunds and propose them with an account to pay to; return the first."""
        await self.owes(lot_id, bidder_ids, amount)
        run = await self.payouts.propose_refunds_due(lot_id=lot_id)
        for payout in run.proposed:
            done(await self.payouts.enter_account(payout.payout_id, NUMBER, MAKER, BANK))
        return await self.now(run.proposed[0].payout_id)

    async def approved(self, **wanted: Any) -> Payout:
        """Have all that is proposed for its lot approved; return the first."""
        first = await self.proposed(**wanted)
        for payout in await self.payouts.payouts(PayoutState.PROPOSED, lot_id=first.lot_id):
            done(await self.payouts.approve(payout.payout_id, CHECKER))
        return await self.now(first.payout_id)

    async def batched(self, **wanted: Any) -> Batch:
        """Have a batch that is not sent."""
        await self.approved(**wanted)
        return made(await self.payouts.make_batch("settlement", "001.001.09", CASHIER))

    async def sent(self, **wanted: Any) -> tuple[Batch, list[Payout]]:
        """Have a batch that is sent, with its payouts."""
        batch = await self.batched(**wanted)
        batch = made(await self.payouts.send_batch(batch.batch_id, CASHIER))
        return batch, await self.payouts.payouts(batch_id=batch.batch_id)

    async def now(self, payout_id: int) -> Payout:
        """Return a payout as it stands."""
        payout = await self.payouts.payout(payout_id)
        assert payout is not None
        return payout

    async def reads(self, content: bytes) -> ResultReport:
        """Hand in an answer of the bank that can be read."""
        report = await self.payouts.read_results(content, CASHIER)
        assert not isinstance(report, FileRefused), report
        return report

    async def balance(self, code: str) -> int:
        """Return what an account owes or holds and has not promised, in minor units."""
        async with self.store.reading() as reader:
            account = await reader.account(code)
        if account is None:
            return 0
        return account.available_debit if code.startswith("assets") else account.available_credit


@asynccontextmanager
async def running_centre(url: str, connection_class: Any = None) -> AsyncIterator[Centre]:
    """Open a centre on a database; when it closes, the whole ledger has to be sound."""
    options = {} if connection_class is None else {"connection_class": connection_class}
    async with asyncpg.create_pool(url, min_size=1, max_size=6, **options) as pool:
        centre = centre_on(pool)
        await centre.deposits.open(999, 999, 0, "CNY", "opens the bank account")
        registered = await centre.payouts.register_paying_account(PAYING, MAKER)
        assert registered == PAYING
        yield centre
        assert await centre.payouts.discrepancies() == []
        assert (await verify(centre.store)).discrepancies == ()


def centre_on(pool: Any, now_us: Callable[[], int] | None = None) -> Centre:
    """Return a centre on a pool."""
    ticks = count(START_US, 1_000_000)
    store = PostgresLedgerStore(pool)
    deposits = Deposits(store, now_us or (lambda: next(ticks)))
    return Centre(store, deposits, Payouts(store), pool)


def done(answer: Acted | PayoutRefusal) -> Payout:
    """Return the payout of an act that was done for the first time."""
    assert isinstance(answer, Acted), answer
    assert answer.is_new
    return answer.payout


def made(answer: Batched | PayoutRefusal) -> Batch:
    """Return the batch of an act that was done for the first time."""
    assert isinstance(answer, Batched), answer
    assert answer.is_new
    return answer.batch


# The bank's side


def transfer_said(payout: Payout, status: str, code: str = "", text: str = "", amount: str = "") -> str:
    """Say something of one transfer, as a pain.002 does."""
    reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn><AddtlInf>{text}</AddtlInf></StsRsnInf>" if code else ""
    original = (
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{amount}</InstdAmt></Amt></OrgnlTxRef>' if amount else ""
    )
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{payout.end_to_end_id}</OrgnlEndToEndId>"
        f"<TxSts>{status}</TxSts>{reason}{original}</TxInfAndSts>"
    )


def status_report(
    of_message: str,
    transfers: Sequence[str] = (),
    *,
    group: str = "",
    payment: str = "",
    code: str = "",
    message_id: str = "bank-1",
    namespace: str = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.11",
) -> bytes:
    """Write a pain.002 as a bank would."""
    reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    group_status = f"<GrpSts>{group}</GrpSts>{reason}" if group else ""
    payment_status = f"<PmtInfSts>{payment}</PmtInfSts>{reason}" if payment else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{namespace}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-03-02T10:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{of_message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"{group_status}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{of_message}-1</OrgnlPmtInfId>{payment_status}"
        f"{''.join(transfers)}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def movement(end_to_end_id: str, amount: str, *, direction: str = "DBIT", status: str = "BOOK") -> str:
    """Write an entry of one transfer, as a camt.054 has it."""
    return (
        f'<Ntry><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>"
        f'<Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd></TxDtls></NtryDtls></Ntry>'
    )


def notification(*entries: str, message_id: str = "camt-1") -> bytes:
    """Write a camt.054 as a bank would."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>'
        f"<GrpHdr><MsgId>{message_id}</MsgId></GrpHdr><Ntfctn><Id>1</Id>{''.join(entries)}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()
