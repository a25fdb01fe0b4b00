"""Bank files for the tests: statements and notifications as a bank would write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

ACCOUNT = "6222020200012345678"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A booking. Amounts are decimal texts; `parts` are (reference, amount, payer, remittance)."""

    amount: str
    reference: str = ""
    is_credit: bool = True
    currency: str = "CNY"
    status: str = "BOOK"
    day: str = "2026-03-02"
    name: str = "甲公司"
    number: str = "6217000010012345678"
    bank: str = ""
    remittance: str = ""
    end_to_end_id: str = ""
    sub_account: str = ""
    is_reversal: bool = False
    parts: Sequence[tuple[str, str, str, str]] = field(default_factory=tuple)


def statement(
    entries: Sequence[Entry],
    *,
    opening: str = "0.00",
    closing: str = "0.00",
    message_id: str = "M-1",
    name: str = "S-1",
    account: str = ACCOUNT,
    currency: str = "CNY",
    opens_on: str = "2026-03-01",
    closes_on: str = "2026-03-02",
    version: str = "08",
) -> bytes:
    """Write a camt.053 with one statement."""
    balances = _balance("OPBD", opening, currency, opens_on) + _balance("CLBD", closing, currency, closes_on)
    account_text = f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>{currency}</Ccy></Acct>"
    body = "".join(_entry(entry, version) for entry in entries)
    inner = f"<Stmt><Id>{name}</Id>{account_text}{balances}{body}</Stmt>"
    return _document("camt.053", "BkToCstmrStmt", message_id, inner, version)


def notification(
    entries: Sequence[Entry], *, message_id: str = "N-1", account: str = ACCOUNT, version: str = "08"
) -> bytes:
    """Write a camt.054 with one notification, which names no currency and no balances."""
    account_text = f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>"
    body = "".join(_entry(entry, version) for entry in entries)
    inner = f"<Ntfctn><Id>{message_id}</Id>{account_text}{body}</Ntfctn>"
    return _document("camt.054", "BkToCstmrDbtCdtNtfctn", message_id, inner, version)


def _document(family: str, body: str, message_id: str, inner: str, version: str) -> bytes:
    header = f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-03-02T20:00:00+08:00</CreDtTm></GrpHdr>"
    namespace = f"urn:iso:std:iso:20022:tech:xsd:{family}.001.{version}"
    text = f'<Document xmlns="{namespace}"><{body}>{header}{inner}</{body}></Document>'
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.replace("><", ">\n<").encode()


def _balance(code: str, amount: str, currency: str, day: str) -> str:
    word, plain = ("DBIT", amount[1:]) if amount.startswith("-") else ("CRDT", amount)
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    amount_text = f'<Amt Ccy="{currency}">{plain}</Amt>'
    return f"<Bal>{kind}{amount_text}<CdtDbtInd>{word}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"


def _entry(entry: Entry, version: str) -> str:
    word = "CRDT" if entry.is_credit else "DBIT"
    status = entry.status if version in ("02", "04") else f"<Cd>{entry.status}</Cd>"
    reference = f"<AcctSvcrRef>{entry.reference}</AcctSvcrRef>" if entry.reference else ""
    reversal = "<RvslInd>true</RvslInd>" if entry.is_reversal else ""
    if entry.parts:
        details = "".join(
            _detail(entry, version, reference=part, amount=amount, name=name, remittance=remittance)
            for part, amount, name, remittance in entry.parts
        )
    else:
        details = _detail(entry, version, name=entry.name, remittance=entry.remittance)
    return (
        f'<Ntry><Amt Ccy="{entry.currency}">{entry.amount}</Amt><CdtDbtInd>{word}</CdtDbtInd>{reversal}'
        f"<Sts>{status}</Sts><BookgDt><Dt>{entry.day}</Dt></BookgDt><ValDt><Dt>{entry.day}</Dt></ValDt>{reference}"
        f"<BkTxCd><Prtry><Cd>1</Cd></Prtry></BkTxCd><NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _detail(
    entry: Entry, version: str, *, name: str, remittance: str, reference: str = "", amount: str = ""
) -> str:
    role = "Dbtr" if entry.is_credit else "Cdtr"
    own = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    end_to_end = f"<EndToEndId>{entry.end_to_end_id}</EndToEndId>" if entry.end_to_end_id else ""
    amount_text = f'<Amt Ccy="{entry.currency}">{amount}</Amt>' if amount else ""
    named = f"<Nm>{escape(name)}</Nm>"
    party = named if version in ("02", "04") else f"<Pty>{named}</Pty>"
    number = f"<{role}Acct><Id><Othr><Id>{entry.number}</Id></Othr></Id></{role}Acct>" if entry.number else ""
    paid_to = (
        f"<CdtrAcct><Id><Othr><Id>{entry.sub_account}</Id></Othr></Id></CdtrAcct>"
        if entry.sub_account
        else ""
    )
    bank = (
        f"<RltdAgts><{role}Agt><FinInstnId><BICFI>{entry.bank}</BICFI></FinInstnId></{role}Agt></RltdAgts>"
        if entry.bank
        else ""
    )
    text = f"<RmtInf><Ustrd>{escape(remittance)}</Ustrd></RmtInf>" if remittance else ""
    return (
        f"<TxDtls><Refs>{own}{end_to_end}</Refs>{amount_text}"
        f"<RltdPties><{role}>{party}</{role}>{number}{paid_to}</RltdPties>{bank}{text}</TxDtls>"
    )
