"""What the bank answers: ISO 20022 pain.002 and the debit movements of camt.054 (and camt.053).

Here belongs the reading of these messages, of every version and national variant by the local names of their
elements, and what an answer means for each payout. Pure. Not here: what is then done in the ledger.

A pain.002 speaks on three levels: of the whole message, of a payment and of single transfers. What is said of a
transfer stands; what is said of the whole holds for every transfer of which nothing is said. A file that says both
yes and no of one payout is not believed in either.

| word | meaning | what happens |
|---|---|---|
| ACSC, ACCC | settled; credited to the payee | paid |
| RJCT, CANC | rejected; cancelled | rejected, the money is owed again |
| RJCT for a duplicate | the bank has had it before | nothing: the first copy may be paid |
| PART | some were accepted, others not | each by what is said of it; the others wait |
| RCVD, ACTC, ACCP, ACFC, ACSP, ACWC, ACWP, ACPD, PATC, PDNG, BLCK | on its way, or held up | nothing yet |
| BOOK (camt, debit) | booked on the account | paid |
| BOOK (camt, credit) | the money came back | nothing: it lies in suspense until a person takes it back |
| anything else | | reported |

Source: ISO 20022 external code set, payment transaction status.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from io import BytesIO
from typing import Final

import msgspec

from ledger.bank import statements as bank_files
from ledger.bank.documents import Element, Opened, elements
from ledger.bank.values import When, when
from ledger.payouts.records import (
    Batch,
    FileRefusal,
    FileRefused,
    LineOutcome,
    Payout,
    PayoutState,
    ResultLine,
    Verdict,
)
from ledger.units import MINOR_DIGITS, Amount, Currency, decimal_text

BODIES: Final = {
    "CstmrPmtStsRpt": "pain.002",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
    "BkToCstmrStmt": "camt.053",
}
PARTS: Final = frozenset({"GrpHdr", "OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts", "Ntry"})

VERDICTS: Final[Mapping[str, Verdict]] = {
    "ACSC": Verdict.PAID,
    "ACCC": Verdict.PAID,
    "RJCT": Verdict.REJECTED,
    "CANC": Verdict.REJECTED,
    **dict.fromkeys(
        ("RCVD", "ACTC", "ACCP", "ACFC", "ACSP", "ACWC", "ACWP", "ACPD", "PATC", "PDNG", "BLCK"),
        Verdict.UNDERWAY,
    ),
}
PARTLY: Final = "PART"
DUPLICATE_REASONS: Final = frozenset({"AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"})
"""Reasons that say: we have this one already. Then the copy is rejected and the first may well be paid."""

BOOKED: Final = "BOOK"
PENDING_ENTRY: Final = "PDNG"

OWN_PAYOUT: Final = re.compile(r"LCP([0-9]{12,18})")
OWN_BATCH: Final = re.compile(r"(LCB[0-9]{12,18})(?:-1)?")
DECIMAL: Final = re.compile(r"\+?([0-9]{1,15})(?:\.([0-9]{0,17}))?")
REASON_LENGTH_MAX: Final = 200
ID_LENGTH_MAX: Final = 35


class Level(IntEnum):
    """Of what a statement speaks, the narrowest first."""

    TRANSFER = 1
    PAYMENT = 2
    MESSAGE = 3


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of an answer.

    Args:
        level: of what it speaks.
        subject: an end-to-end id for TRANSFER, else the message id of a batch.
        of_message: the batch's message id beside a TRANSFER; empty when the answer does not name it.
        verdict: None for PART and for words that nobody knows.
        amount: decimal text as it stands, with `currency`; None when the answer does not say.
        booked: when the bank booked it; None when the answer does not say.
    """

    level: Level
    subject: str
    of_message: str
    status: str
    verdict: Verdict | None
    reason_code: str = ""
    reason: str = ""
    amount: str | None = None
    currency: Currency = ""
    line: int = 0
    booked: When | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the bank; `name` is its own, e.g. `pain.002.001.11`, and everything that it says."""

    name: str
    message_id: str
    said: tuple[Said, ...]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer means: the line for the report, and the payout and verdict where something is to be done.

    `booked` is when the bank says that it was done.
    """

    line: ResultLine
    payout: Payout | None = None
    verdict: Verdict | None = None
    booked: When | None = None


# Reading


class DocumentRefused(Exception):
    """A document cannot be read; carries why and where."""

    def __init__(self, refusal: FileRefusal, line: int = 0, detail: str = "") -> None:
        super().__init__(f"{refusal}, line {line}: {detail}")
        self.refused = FileRefused(refusal=refusal, line=line, detail=detail)


def answer(content: bytes) -> Answer:
    """Read a message of the bank.

    Raises: DocumentRefused.
    """
    try:
        return _Reading().read(elements(BytesIO(content), BODIES, PARTS))
    except bank_files.FileRefused as refused:
        fault = refused.fault
        raise DocumentRefused(FileRefusal(fault.problem.value), fault.line, fault.detail) from refused


class _Reading:
    """One pass over one message, part by part; a part that has been heard is forgotten."""

    def __init__(self) -> None:
        self._name = ""
        self._root: Element | None = None
        self._body: Element | None = None
        self._message_id = ""
        self._of_message = ""
        self._said: list[Said] = []

    def read(self, parts: Iterable[Opened | Element]) -> Answer:
        for part in parts:
            if isinstance(part, Opened):
                self._begin(part.element)
            elif self._body is not None:
                self._said += self._hear(part)
        if self._body is None:
            unknown = self._root
            line, name = (0, "") if unknown is None else (unknown.line, unknown.name)
            raise DocumentRefused(FileRefusal.MESSAGE_UNKNOWN, line, name[:80])
        if not self._message_id:
            raise DocumentRefused(FileRefusal.ELEMENT_MISSING, self._body.line, "GrpHdr/MsgId")
        return Answer(
            name=self._name or BODIES[self._body.name],
            message_id=self._message_id[:ID_LENGTH_MAX],
            said=tuple(self._said),
        )

    def _begin(self, element: Element) -> None:
        if self._root is None:
            self._root = element
            self._name = _message_name(element.namespace)
        if self._body is None and element.name in BODIES:
            self._body = element

    def _hear(self, part: Element) -> Iterator[Said]:
        """Yield what a part says; transfers come before the payment that they are in has ended."""
        if part.name == "GrpHdr":
            self._message_id = part.text_at("MsgId")
        elif part.name == "OrgnlGrpInfAndSts":
            self._of_message = part.text_at("OrgnlMsgId")
            yield from _said_of_whole(Level.MESSAGE, self._of_message, part, "GrpSts")
        elif part.name == "OrgnlPmtInfAndSts":
            own = OWN_BATCH.fullmatch(part.text_at("OrgnlPmtInfId"))
            subject = own[1] if own else part.text_at("OrgnlPmtInfId") or self._of_message
            yield from _said_of_whole(Level.PAYMENT, subject, part, "PmtInfSts")
        elif part.name == "TxInfAndSts":
            yield _said_of_transfer(self._of_message, part)
        elif part.name == "Ntry":
            yield from _said_of_entry(part)


def _message_name(namespace: str) -> str:
    return namespace.rpartition(":")[2].rpartition("/")[2].removesuffix(".xsd")[:ID_LENGTH_MAX]


def _said_of_whole(level: Level, subject: str, element: Element, tag: str) -> Iterator[Said]:
    status = element.find(tag)
    if status is None:
        return
    code, text = _reason(element.all("StsRsnInf"), "Rsn")
    yield Said(
        level=level,
        subject=subject,
        of_message=subject,
        status=status.text,
        verdict=VERDICTS.get(status.text),
        reason_code=code,
        reason=text,
        line=status.line,
    )


def _said_of_transfer(of_message: str, transfer: Element) -> Said:
    code, text = _reason(transfer.all("StsRsnInf"), "Rsn")
    amount = transfer.find("OrgnlTxRef", "Amt", "InstdAmt") or transfer.find("OrgnlTxRef", "InstdAmt")
    status = transfer.text_at("TxSts")
    return Said(
        level=Level.TRANSFER,
        subject=transfer.text_at("OrgnlEndToEndId") or transfer.text_at("OrgnlInstrId"),
        of_message=of_message,
        status=status,
        verdict=VERDICTS.get(status),
        reason_code=code,
        reason=text,
        amount=None if amount is None else _checked(amount),
        currency="" if amount is None else amount.attributes.get("Ccy", ""),
        line=transfer.line,
        booked=_when(transfer.find("FctvIntrBkSttlmDt")),
    )


def _said_of_entry(entry: Element) -> Iterator[Said]:
    transfers = [transfer for part in entry.all("NtryDtls") for transfer in part.all("TxDtls")]
    if not transfers:
        yield from _said_of_collection(entry)
    for transfer in transfers:
        yield from _said_of_movement(entry, transfer, is_only=len(transfers) == 1)


def _said_of_collection(entry: Element) -> Iterator[Said]:
    """Read a debit without details: the bank has booked a whole batch as one."""
    batch = entry.find("NtryDtls", "Btch")
    if batch is None or entry.text_at("CdtDbtInd") != "DBIT":
        return
    named = (OWN_BATCH.fullmatch(batch.text_at(tag)) for tag in ("MsgId", "PmtInfId"))
    own = next((match[1] for match in named if match), None)
    if own is not None:
        yield _movement(entry, entry, Level.MESSAGE, own, own, entry.find("Amt"))


def _said_of_movement(entry: Element, transfer: Element, *, is_only: bool) -> Iterator[Said]:
    """Read a movement that is ours by its end-to-end id; an account has many others, and they are no answers."""
    subject = transfer.text_at("Refs", "EndToEndId")
    if OWN_PAYOUT.fullmatch(subject) is None:
        return
    named = (
        transfer.find("Amt"),
        transfer.find("AmtDtls", "TxAmt", "Amt"),
        transfer.find("AmtDtls", "InstdAmt", "Amt"),
        entry.find("Amt") if is_only else None,
    )
    amount = next((element for element in named if element is not None), None)
    own = OWN_BATCH.fullmatch(transfer.text_at("Refs", "MsgId") or transfer.text_at("Refs", "PmtInfId"))
    yield _movement(entry, transfer, Level.TRANSFER, subject, own[1] if own else "", amount)


def _movement(
    entry: Element, part: Element, level: Level, subject: str, of_message: str, amount: Element | None
) -> Said:
    status = entry.text_at("Sts", "Cd") or entry.text_at("Sts") or BOOKED
    code, text = _reason(part.all("RtrInf"), "Rsn")
    return Said(
        level=level,
        subject=subject,
        of_message=of_message,
        status=status,
        verdict=_movement_verdict(entry, part, status),
        reason_code=code,
        reason=text,
        amount=None if amount is None else _checked(amount),
        currency="" if amount is None else amount.attributes.get("Ccy", ""),
        line=part.line,
        booked=_when(entry.find("BookgDt")),
    )


def _movement_verdict(entry: Element, part: Element, status: str) -> Verdict | None:
    if status == PENDING_ENTRY:
        return Verdict.UNDERWAY
    if status != BOOKED:
        return None
    direction = part.text_at("CdtDbtInd") or entry.text_at("CdtDbtInd")
    is_reversal = entry.text_at("RvslInd") in ("true", "1")
    if direction == "DBIT" and not is_reversal:
        return Verdict.PAID
    return Verdict.RETURNED if direction == "CRDT" else None


def _reason(parts: Iterable[Element], tag: str) -> tuple[str, str]:
    """Return the first code and all texts of reasons."""
    code, texts = "", []
    for part in parts:
        code = code or part.text_at(tag, "Cd") or part.text_at(tag, "Prtry")
        texts += [element.text for element in part.all("AddtlInf")]
    printable = "".join(letter for letter in " ".join(texts) if letter.isprintable())
    return code[:ID_LENGTH_MAX], printable[:REASON_LENGTH_MAX]


def _checked(amount: Element) -> str:
    if DECIMAL.fullmatch(amount.text) is None:
        raise DocumentRefused(FileRefusal.VALUE_MALFORMED, amount.line, f"{amount.name} {amount.text[:40]!r}")
    return amount.text


def _when(element: Element | None) -> When | None:
    """Read a day or moment, itself the text or a part of the element."""
    if element is None:
        return None
    text = element.text_at("DtTm") or element.text_at("Dt") or element.text
    found = when(text)
    if found is None:
        raise DocumentRefused(FileRefusal.VALUE_MALFORMED, element.line, f"{element.name} {text[:40]!r}")
    return found


# Judging


def payouts_named(message: Answer) -> set[int]:
    """Return the payouts that an answer speaks of one by one."""
    found = (OWN_PAYOUT.fullmatch(said.subject) for said in message.said if said.level is Level.TRANSFER)
    return {int(match[1]) for match in found if match}


def batches_named(message: Answer) -> set[str]:
    """Return the message ids that an answer speaks of as wholes."""
    return {said.subject for said in message.said if said.level is not Level.TRANSFER}


def judgements(
    message: Answer, payouts: Mapping[int, Payout], batches: Mapping[str, Batch]
) -> list[Judgement]:
    """Say what an answer means for each payout that it speaks of, in the order in which it does.

    Args:
        message: the answer.
        payouts: those named, and all of the batches named, by id.
        batches: those named and those of the payouts, by message id.
    """
    found: list[Judgement] = []
    about: dict[int, list[Said]] = {}
    for said in message.said:
        if said.level is Level.TRANSFER:
            payout = _named(said, payouts)
            if payout is None:
                found.append(_report(said, LineOutcome.PAYOUT_UNKNOWN))
            else:
                about.setdefault(payout.payout_id, []).append(said)
            continue
        batch = batches.get(said.subject)
        judged = _of_whole(said, batch)
        if judged is not None:
            found.append(judged)
        elif batch is not None:
            for payout in payouts.values():
                if payout.batch_id == batch.batch_id:
                    about.setdefault(payout.payout_id, []).append(said)
    message_ids = {batch.batch_id: batch.message_id for batch in batches.values()}
    found += [
        _of_payout(payouts[payout_id], said, message_ids.get(payouts[payout_id].batch_id or 0, ""))
        for payout_id, said in about.items()
    ]
    return sorted(found, key=lambda judgement: judgement.line.line)


def _named(said: Said, payouts: Mapping[int, Payout]) -> Payout | None:
    match = OWN_PAYOUT.fullmatch(said.subject)
    payout = payouts.get(int(match[1])) if match else None
    return payout if payout is not None and payout.end_to_end_id == said.subject else None


def _of_whole(said: Said, batch: Batch | None) -> Judgement | None:
    """Judge a statement of a whole that holds for none of its payouts; None when it holds for them."""
    if batch is None:
        return _report(said, LineOutcome.BATCH_UNKNOWN)
    if said.verdict is None and said.status != PARTLY:
        return _report(said, LineOutcome.STATUS_UNKNOWN)
    if said.amount is not None and not _is_amount(said, batch.total, batch.currency):
        return _report(said, LineOutcome.AMOUNT_DIFFERS)
    if said.verdict in (Verdict.PAID, Verdict.REJECTED):
        return None
    return _report(said, LineOutcome.UNDERWAY)


def _of_payout(payout: Payout, said: Sequence[Said], own_message: str) -> Judgement:
    """Judge everything that an answer says of one payout."""
    in_order = sorted(said, key=lambda statement: statement.level)
    narrowest = in_order[0]
    outcome = _fault(payout, in_order, own_message)
    if outcome is not None:
        return _report(narrowest, outcome, payout)
    assert narrowest.verdict is not None, "a word that nobody knows is a fault"
    outcome = _by_state(payout, narrowest.verdict)
    if outcome is not None:
        return _report(narrowest, outcome, payout)
    done = LineOutcome.PAID if narrowest.verdict is Verdict.PAID else LineOutcome.REJECTED
    line = _report(narrowest, done, payout).line
    return Judgement(line=line, payout=payout, verdict=narrowest.verdict, booked=narrowest.booked)


def _fault(payout: Payout, said: Sequence[Said], own_message: str) -> LineOutcome | None:
    of_transfer = [statement for statement in said if statement.level is Level.TRANSFER]
    faults = (
        (any(_is_of_other(statement, own_message) for statement in of_transfer), LineOutcome.OTHER_BATCH),
        (
            any(
                statement.amount is not None and not _is_amount(statement, payout.amount, payout.currency)
                for statement in of_transfer
            ),
            LineOutcome.AMOUNT_DIFFERS,
        ),
        (any(statement.verdict is None for statement in said), LineOutcome.STATUS_UNKNOWN),
        (len({statement.verdict for statement in said}) > 1, LineOutcome.FILE_CONTRADICTS_ITSELF),
        (any(_is_duplicate(statement) for statement in said), LineOutcome.BANK_SAW_DUPLICATE),
    )
    return next((outcome for is_fault, outcome in faults if is_fault), None)


def _is_of_other(said: Said, own_message: str) -> bool:
    return bool(said.of_message) and said.of_message != own_message


def _is_duplicate(said: Said) -> bool:
    return said.verdict is Verdict.REJECTED and said.reason_code in DUPLICATE_REASONS


def _by_state(payout: Payout, verdict: Verdict) -> LineOutcome | None:
    """Tell what a verdict is worth for a payout as it stands; None when it is to be carried out."""
    if verdict is Verdict.UNDERWAY:
        return LineOutcome.UNDERWAY
    if verdict is Verdict.RETURNED:
        return LineOutcome.REPEATED if payout.state is PayoutState.RETURNED else LineOutcome.RETURNED
    if payout.state is PayoutState.SENT:
        return None
    if payout.state in (PayoutState.PROPOSED, PayoutState.APPROVED, PayoutState.BATCHED):
        return LineOutcome.NOT_SENT
    is_known = payout.state.value == verdict.value
    is_known = is_known or (verdict is Verdict.PAID and payout.state is PayoutState.RETURNED)
    return LineOutcome.REPEATED if is_known else LineOutcome.CONTRADICTS_STATE


def _is_amount(said: Said, amount: Amount, currency: Currency) -> bool:
    """Compare an amount as written with minor units; zeros at the end do not count."""
    if said.currency != currency or said.amount is None or currency not in MINOR_DIGITS:
        return False
    return _plain_decimal(said.amount) == _plain_decimal(decimal_text(amount, currency))


def _plain_decimal(text: str) -> tuple[str, str]:
    match = DECIMAL.fullmatch(text)
    assert match is not None, "amounts are checked when they are read"
    return match[1].lstrip("0"), (match[2] or "").rstrip("0")


def _report(said: Said, outcome: LineOutcome, payout: Payout | None = None) -> Judgement:
    return Judgement(
        line=ResultLine(
            subject=(said.subject if payout is None else payout.end_to_end_id)[:ID_LENGTH_MAX],
            status=said.status[:ID_LENGTH_MAX],
            outcome=outcome,
            payout_id=None if payout is None else payout.payout_id,
            reason_code=said.reason_code,
            reason=said.reason,
            line=said.line,
        )
    )
