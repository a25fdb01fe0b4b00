"""The file that tells a bank to pay: ISO 20022 pain.001, versions 001.001.03 and 001.001.09.

Here belongs the message, byte for byte the same for the same payouts. Names stand in it in UTF-8 as they are
booked, cut to the 140 characters that the message has room for; amounts have exactly the digits of their currency.
Not here: which payouts go into a file, clocks, keeping the bytes.

Source: ISO 20022 CustomerCreditTransferInitiation; element order and lengths as in its schemas.
"""

from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

import msgspec

from ledger.payouts.records import PayingAccount, Payout, PayoutKind, end_to_end_id, message_id
from ledger.payouts.rules import CHINA_BANK, currency_total, is_iban
from ledger.units import Amount, decimal_text

VERSIONS: Final = ("001.001.03", "001.001.09")
NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain."
NAME_LENGTH_MAX: Final = 140
PAYOUTS_MAX: Final = 10_000
"""Most payouts of one file: some five megabytes, which every bank's portal takes."""
TOTAL_MAX: Final[Amount] = 10**17
"""Total, in minor units, that a file stays below; the message has room for 18 digits."""

NOT_PROVIDED: Final = "NOTPROVIDED"

REMITTANCE: Final = {
    PayoutKind.REFUND: "保证金退还",
    PayoutKind.SUSPENSE_RETURN: "来款退回",
    PayoutKind.SELLER: "成交价款",
    PayoutKind.TREASURY: "上缴款项",
    PayoutKind.FEE: "费用划转",
}
"""What the payee reads on his statement, before the lot and the payout's own name."""


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a file is made of.

    Args:
        batch_id: names the message.
        version: one of VERSIONS.
        paying: the account that pays.
        payouts: at least one, all in the account's currency.
        created_at: local date and time with its offset, `2026-03-01T09:30:00+08:00`.
        execute_on: the bank's day on which it shall pay, `2026-03-01`.
    """

    batch_id: int
    version: str
    paying: PayingAccount
    payouts: Sequence[Payout]
    created_at: str
    execute_on: str


def initiation(instruction: Instruction) -> bytes:
    """Return the bytes of the file."""
    document = ElementTree.Element("Document", xmlns=NAMESPACE + instruction.version)
    message = _child(document, "CstmrCdtTrfInitn")
    _header(message, instruction)
    _payment(message, instruction)
    ElementTree.indent(document)
    content: bytes = ElementTree.tostring(document, encoding="UTF-8", xml_declaration=True)
    return content + b"\n"


def _header(message: ElementTree.Element, instruction: Instruction) -> None:
    header = _child(message, "GrpHdr")
    _child(header, "MsgId", message_id(instruction.batch_id))
    _child(header, "CreDtTm", instruction.created_at)
    _totals(header, instruction.payouts)
    _party(header, "InitgPty", instruction.paying.holder)


def _payment(message: ElementTree.Element, instruction: Instruction) -> None:
    paying = instruction.paying
    payment = _child(message, "PmtInf")
    _child(payment, "PmtInfId", f"{message_id(instruction.batch_id)}-1")
    _child(payment, "PmtMtd", "TRF")
    _child(payment, "BtchBookg", "false")  # each payout its own booking, so that each can be told paid
    _totals(payment, instruction.payouts)
    day = _child(payment, "ReqdExctnDt")
    if instruction.version == VERSIONS[0]:
        day.text = instruction.execute_on
    else:
        _child(day, "Dt", instruction.execute_on)
    _party(payment, "Dbtr", paying.holder)
    _account(payment, "DbtrAcct", paying.number, paying.currency)
    _agent(payment, "DbtrAgt", paying.bank or NOT_PROVIDED, instruction.version)
    _child(payment, "ChrgBr", "DEBT")  # a refund arrives whole
    for payout in instruction.payouts:
        _transfer(payment, payout, instruction.version)


def _transfer(payment: ElementTree.Element, payout: Payout, version: str) -> None:
    transfer = _child(payment, "CdtTrfTxInf")
    ids = _child(transfer, "PmtId")
    _child(ids, "InstrId", end_to_end_id(payout.payout_id))
    _child(ids, "EndToEndId", end_to_end_id(payout.payout_id))
    amount = _child(_child(transfer, "Amt"), "InstdAmt", decimal_text(payout.amount, payout.currency))
    amount.set("Ccy", payout.currency)
    if payout.payee_bank:
        _agent(transfer, "CdtrAgt", payout.payee_bank, version)
    _party(transfer, "Cdtr", payout.payee_name)
    _account(transfer, "CdtrAcct", payout.payee_account)
    _child(_child(transfer, "RmtInf"), "Ustrd", remittance(payout))


def remittance(payout: Payout) -> str:
    """Return what the payee reads on his statement."""
    words = [REMITTANCE[payout.kind]]
    if payout.lot_id is not None:
        words.append(f"标的{payout.lot_id}")
    return " ".join([*words, end_to_end_id(payout.payout_id)])


def _totals(parent: ElementTree.Element, payouts: Sequence[Payout]) -> None:
    currency, total = currency_total(payouts)
    _child(parent, "NbOfTxs", str(len(payouts)))
    _child(parent, "CtrlSum", decimal_text(total, currency))


def _party(parent: ElementTree.Element, tag: str, name: str) -> None:
    _child(_child(parent, tag), "Nm", name[:NAME_LENGTH_MAX])


def _account(parent: ElementTree.Element, tag: str, number: str, currency: str = "") -> None:
    account = _child(parent, tag)
    identity = _child(account, "Id")
    if is_iban(number):
        _child(identity, "IBAN", number)
    else:
        _child(_child(identity, "Othr"), "Id", number)
    if currency:
        _child(account, "Ccy", currency)


def _agent(parent: ElementTree.Element, tag: str, bank: str, version: str) -> None:
    """Name a bank; the message must name the payer's, and NOTPROVIDED is the word for one it knows itself."""
    identity = _child(_child(parent, tag), "FinInstnId")
    if bank == NOT_PROVIDED:
        _child(_child(identity, "Othr"), "Id", NOT_PROVIDED)
    elif CHINA_BANK.fullmatch(bank):
        member = _child(identity, "ClrSysMmbId")
        _child(_child(member, "ClrSysId"), "Cd", "CNAPS")
        _child(member, "MmbId", bank)
    else:
        _child(identity, "BIC" if version == VERSIONS[0] else "BICFI", bank)


def _child(parent: ElementTree.Element, tag: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = text
    return child
