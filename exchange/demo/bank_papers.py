"""What the demo bank puts on paper: statements (camt.053) and answers to payments (pain.002), as real banks send them.

Belongs here: writing what is known into the bank's format; pure.
Does not belong here: what there is to say (`exchange.demo.office`), reading such files (`ledger.bank`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from xml.etree import ElementTree

from msgspec import Struct

from ledger.units import Amount, Currency, decimal_text

ANSWER: Final = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
STATEMENT: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


class Line(Struct, frozen=True, kw_only=True):
    """A movement on the account: money in above zero, money out below, in minor units.

    Args:
        amount: minor units.
        reference: the bank's own name for it.
        name: of the other side.
        number: of the other side's account, empty where there is none.
        remittance: what the payer wrote.
        end_to_end_id: what the centre named a payment of its own.
    """

    amount: Amount
    reference: str
    name: str
    number: str = ""
    remittance: str = ""
    end_to_end_id: str = ""


class Settled(Struct, frozen=True):
    """What became of a payment: paid, or sent back for a reason, by its code (ISO 20022, e.g. `AC01`)."""

    end_to_end_id: str
    refused_for: str = ""


def statement_file(
    *, name: str, account: str, currency: Currency, day: date, opening: Amount, lines: Sequence[Line]
) -> bytes:
    """Return the statement of one account and day.

    Args:
        name: of the statement, no other has it.
        account: number of the account.
        currency: of it all.
        day: of booking.
        opening: balance before, in minor units.
        lines: what moved, in order.
    """
    document = ElementTree.Element("Document", xmlns=STATEMENT)
    message = _sub(document, "BkToCstmrStmt")
    header = _sub(message, "GrpHdr")
    _sub(header, "MsgId", name)
    _sub(header, "CreDtTm", f"{day}T23:59:00+08:00")
    statement = _sub(message, "Stmt")
    _sub(statement, "Id", name)
    own = _sub(statement, "Acct")
    _sub(_sub(_sub(own, "Id"), "Othr"), "Id", account)
    _sub(own, "Ccy", currency)
    closing = opening + sum(line.amount for line in lines)
    for code, balance in (("OPBD", opening), ("CLBD", closing)):
        _balance(statement, code, balance, currency, day)
    for line in lines:
        _entry(statement, line, currency, day)
    return bytes(ElementTree.tostring(document, encoding="utf-8", xml_declaration=True))


def answer_file(*, name: str, original: str, day: date, settled: Sequence[Settled]) -> bytes:
    """Return what became of the payments of a file.

    Args:
        name: of the answer, no other has it.
        original: name of the file of payments.
        day: of the answer.
        settled: each payment.
    """
    document = ElementTree.Element("Document", xmlns=ANSWER)
    report = _sub(document, "CstmrPmtStsRpt")
    header = _sub(report, "GrpHdr")
    _sub(header, "MsgId", name)
    _sub(header, "CreDtTm", f"{day}T12:00:00+08:00")
    group = _sub(report, "OrgnlGrpInfAndSts")
    _sub(group, "OrgnlMsgId", original)
    _sub(group, "OrgnlMsgNmId", "pain.001")
    payment = _sub(report, "OrgnlPmtInfAndSts")
    _sub(payment, "OrgnlPmtInfId", f"{original}-1")
    for one in settled:
        transfer = _sub(payment, "TxInfAndSts")
        _sub(transfer, "OrgnlEndToEndId", one.end_to_end_id)
        _sub(transfer, "TxSts", "RJCT" if one.refused_for else "ACSC")
        if one.refused_for:
            _sub(_sub(_sub(transfer, "StsRsnInf"), "Rsn"), "Cd", one.refused_for)
    return bytes(ElementTree.tostring(document, encoding="utf-8", xml_declaration=True))


def _balance(
    statement: ElementTree.Element, code: str, amount: Amount, currency: Currency, day: date
) -> None:
    balance = _sub(statement, "Bal")
    _sub(_sub(_sub(balance, "Tp"), "CdOrPrtry"), "Cd", code)
    _amount(balance, amount, currency)
    _sub(_sub(balance, "Dt"), "Dt", str(day))


def _entry(statement: ElementTree.Element, line: Line, currency: Currency, day: date) -> None:
    entry = _sub(statement, "Ntry")
    _amount(entry, line.amount, currency)
    _sub(_sub(entry, "Sts"), "Cd", "BOOK")
    _sub(_sub(entry, "BookgDt"), "Dt", str(day))
    _sub(_sub(entry, "ValDt"), "Dt", str(day))
    _sub(entry, "AcctSvcrRef", line.reference)
    _sub(_sub(_sub(entry, "BkTxCd"), "Prtry"), "Cd", "DEMO")
    details = _sub(_sub(entry, "NtryDtls"), "TxDtls")
    if line.end_to_end_id:
        _sub(_sub(details, "Refs"), "EndToEndId", line.end_to_end_id)
    side = "Dbtr" if line.amount > 0 else "Cdtr"
    parties = _sub(details, "RltdPties")
    _sub(_sub(_sub(parties, side), "Pty"), "Nm", line.name)
    if line.number:
        _sub(_sub(_sub(_sub(parties, f"{side}Acct"), "Id"), "Othr"), "Id", line.number)
    if line.remittance:
        _sub(_sub(details, "RmtInf"), "Ustrd", line.remittance)


def _amount(parent: ElementTree.Element, amount: Amount, currency: Currency) -> None:
    _sub(parent, "Amt", decimal_text(abs(amount), currency)).set("Ccy", currency)
    _sub(parent, "CdtDbtInd", "DBIT" if amount < 0 else "CRDT")


def _sub(parent: ElementTree.Element, name: str, text: str = "") -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name)
    child.text = text or None
    return child
