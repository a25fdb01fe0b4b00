"""ISO 20022 statements (camt.053) and debit and credit notifications (camt.054), of every version.

Here belongs the reading of these messages, by the local names of their elements and the version in their namespace,
as a stream. Pure. Not here: which account of ours it is, what becomes of the money.

A booking with several details is read as its parts when these have its currency and add up to it; else as one.
Only what is booked (BOOK) moves money; other states are announced.

Source: ISO 20022 BankToCustomerStatement and BankToCustomerDebitCreditNotification.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, TypeVar

import msgspec

from ledger.bank.documents import Element, Opened, elements
from ledger.bank.statements import (
    Balance,
    Fault,
    FileRead,
    FileRefused,
    Movement,
    Part,
    Problem,
    Statement,
    StatementEnd,
    StatementKind,
)
from ledger.bank.values import (
    BALANCE_MAX,
    MOVEMENT_AMOUNT_MAX,
    AmountFault,
    When,
    minor_units,
    plain_text,
    when,
)
from ledger.units import Amount, Currency, is_currency

BODIES: Final = {
    "BkToCstmrStmt": ("camt.053", "Stmt", StatementKind.STATEMENT),
    "BkToCstmrDbtCdtNtfctn": ("camt.054", "Ntfctn", StatementKind.NOTIFICATION),
}
OPENED: Final = frozenset({*BODIES, "Stmt", "Ntfctn", "Ntry"})
CUT: Final = frozenset({"GrpHdr", "Stmt", "Ntfctn", "Ntry", "TxDtls"})
VERSION: Final = re.compile(r"camt\.05[34]\.001\.\d{2}")
ID_LENGTH_MAX: Final = 100
PARTS_MAX: Final = 100_000
REMITTANCE_LENGTH_MAX: Final = 500
OPENING_CODES: Final = ("OPBD", "PRCD")
CLOSING_CODES: Final = ("CLBD",)
INTERIM: Final = "ITBD"
"""Stands on a page that does not begin or end the statement: first as its opening, last as its closing."""

PROBLEM_OF: Final = {
    AmountFault.MALFORMED: Problem.AMOUNT_MALFORMED,
    AmountFault.NEGATIVE: Problem.AMOUNT_NEGATIVE,
    AmountFault.TOO_PRECISE: Problem.AMOUNT_TOO_PRECISE,
    AmountFault.TOO_LARGE: Problem.AMOUNT_TOO_LARGE,
}
RETURN_FAMILIES: Final = frozenset({"RRTN", "RPCR", "ARET"})
"""Bank transaction sub-families of returned and reversed credit transfers."""

Found = TypeVar("Found")


class _Unreadable(Exception):
    """An element that a movement cannot do without is missing or wrong."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class _Money(msgspec.Struct, frozen=True):
    amount: Amount
    currency: Currency


class _Detail(msgspec.Struct, frozen=True, kw_only=True):
    """What a booking says of one of its payments; `money` is None where it gives no sum of its own."""

    line: int
    reference: str
    money: _Money | None
    is_credit: bool | None
    debtor: tuple[str, str, str]
    creditor: tuple[str, str, str]
    remittance: str
    end_to_end_id: str
    accepted: When | None
    is_returned: bool


def camt(source: BinaryIO) -> Iterator[Part]:
    """Read a message; what is wrong in a single value is a Fault among the parts, and reading goes on.

    Raises: FileRefused.
    """
    return _Message().parts(elements(source, OPENED, CUT))


class _Message:
    """One message while it is read."""

    def __init__(self) -> None:
        self._family = ""
        self._format = ""
        self._kind = StatementKind.NOTIFICATION
        self._record = ""
        self._body: Element | None = None
        self._statement: Element | None = None
        self._head: Statement | None = None
        self._statements = 0
        self._entries = 0
        self._entry_line = 0
        self._details: list[_Detail] = []
        self._faults: list[Fault] = []
        self._has_header = False

    def parts(self, stream: Iterator[Opened | Element]) -> Iterator[Part]:
        root: Element | None = None
        for piece in stream:
            if isinstance(piece, Opened):
                root = self._opened(root, piece.element)
            else:
                yield from self._closed(piece)
        if not self._has_header:
            self._refuse(Problem.ELEMENT_MISSING, root, "GrpHdr")
        if not self._statements:
            self._refuse(Problem.ELEMENT_MISSING, self._body or root, self._record)

    # Structure

    def _opened(self, root: Element | None, element: Element) -> Element:
        if root is None:
            if element.name != "Document":
                self._refuse(Problem.MESSAGE_UNKNOWN, element, element.name[:80])
            return element
        if element.name in BODIES and self._body is None:
            self._begin_body(root, element)
        elif self._body is None:
            self._refuse(Problem.MESSAGE_UNKNOWN, element, element.name[:80])
        elif element.name == self._record:
            self._begin_statement(element)
        elif element.name == "Ntry":
            self._entries += 1
            self._entry_line = element.line
            self._details = []
        return root

    def _begin_body(self, root: Element, body: Element) -> None:
        self._family, self._record, self._kind = BODIES[body.name]
        found = VERSION.search(body.namespace or root.namespace)
        if found is None or not found[0].startswith(self._family):
            self._refuse(Problem.MESSAGE_UNKNOWN, body, (body.namespace or "no namespace")[:100])
        assert found is not None
        self._format = found[0]
        self._body = body

    def _begin_statement(self, element: Element) -> None:
        if not self._has_header:
            self._refuse(Problem.ELEMENT_MISSING, element, "GrpHdr")
        self._statements += 1
        self._entries = 0
        self._statement = element
        self._head = None

    def _closed(self, element: Element) -> Iterator[Part]:
        if self._body is None:
            self._refuse(Problem.MESSAGE_UNKNOWN, element, element.namespace[:100] or element.name[:80])
        if element.name == "GrpHdr":
            yield self._header(element)
        elif self._statement is None:
            self._refuse(Problem.ELEMENT_MISSING, element, self._record)
        elif element.name == "TxDtls":
            self._add_detail(element)
        elif element.name == "Ntry":
            yield from self._begun(element)
            yield from self._entry(element)
        else:
            yield from self._begun()
            yield StatementEnd(self._statement_head(self._statement))
            self._statement = None
        yield from self._taken_faults()

    def _header(self, element: Element) -> FileRead:
        name = element.text_at("MsgId")
        if not name:
            self._refuse(Problem.ELEMENT_MISSING, element, "GrpHdr/MsgId")
        if len(name) > ID_LENGTH_MAX:
            self._refuse(Problem.VALUE_TOO_LONG, element, "GrpHdr/MsgId")
        if not self._has_header and when(element.text_at("CreDtTm")) is None:
            self._note(Problem.DATE_MALFORMED, element, "GrpHdr/CreDtTm", element.text_at("CreDtTm"))
        self._has_header = True
        return FileRead(format=self._format, message_id=plain_text(name), page=_page(element, "MsgPgntn"))

    def _begun(self, entry: Element | None = None) -> Iterator[Part]:
        """Yield the head of the statement, once; where it names no currency, its first booking does."""
        if self._head is None:
            assert self._statement is not None
            head = self._statement_head(self._statement)
            if not head.currency and entry is not None and (amount := entry.find("Amt")) is not None:
                head = msgspec.structs.replace(head, currency=amount.attributes.get("Ccy", ""))
            self._head = head
            yield head
            self._faults.clear()  # the same are found again at the statement's end

    def _statement_head(self, element: Element) -> Statement:
        account = element.find("Acct", "Id")
        number = "" if account is None else _account_number(account)
        name = element.text_at("Id")
        if not name:
            self._note(Problem.ELEMENT_MISSING, element, "Id")
        if not number:
            self._note(Problem.ELEMENT_MISSING, element, "Acct/Id")
        balances = self._balances(element)
        opening = _first(balances, OPENING_CODES) or _first(balances, (INTERIM,))
        interim = [balance for code, balance in balances if code == INTERIM and balance is not opening]
        closing = _first(balances, CLOSING_CODES) or (interim[-1] if interim else None)
        if self._kind is StatementKind.STATEMENT and element.find("Bal") is None:
            self._note(Problem.ELEMENT_MISSING, element, "Bal")
        return Statement(
            kind=self._kind,
            name=plain_text(name, ID_LENGTH_MAX),
            account=number,
            currency=element.text_at("Acct", "Ccy") or ("" if opening is None else opening.currency),
            page=_page(element, "StmtPgntn", "NtfctnPgntn"),
            created=when(element.text_at("CreDtTm")),
            opening=opening,
            closing=closing,
            line=element.line,
            place=self._place(),
        )

    def _balances(self, element: Element) -> list[tuple[str, Balance]]:
        found = []
        for number, balance in enumerate(element.all("Bal"), start=1):
            code = balance.text_at("Tp", "CdOrPrtry", "Cd")
            place = f"{self._place()}/Bal[{number}]"
            try:
                money = self._money(balance, place, BALANCE_MAX)
                is_credit = self._is_credit(balance, place)
            except _Unreadable as unreadable:
                self._faults.append(unreadable.fault)
                continue
            day = when(balance.text_at("Dt", "Dt") or balance.text_at("Dt", "DtTm"))
            signed = money.amount if is_credit else -money.amount
            found.append((code, Balance(signed, money.currency, day)))
        return found

    # Bookings

    def _add_detail(self, element: Element) -> None:
        if len(self._details) == PARTS_MAX:
            self._refuse(Problem.TOO_COMPLEX, element, f"more than {PARTS_MAX} details in one booking")
        place = f"{self._entry_place()}/NtryDtls/TxDtls[{len(self._details) + 1}]"
        money = None
        try:
            if (amount := _detail_amount(element)) is not None:
                money = self._money(amount, place, MOVEMENT_AMOUNT_MAX)
        except _Unreadable as unreadable:
            self._faults.append(unreadable.fault)
        self._details.append(_detail(element, money))

    def _entry(self, entry: Element) -> Iterator[Movement]:
        try:
            yield from self._movements(entry)
        except _Unreadable as unreadable:
            self._faults.append(unreadable.fault)

    def _movements(self, entry: Element) -> Sequence[Movement]:
        place = self._entry_place()
        money = self._money(entry, place, MOVEMENT_AMOUNT_MAX)
        is_credit = self._is_credit(entry, place)
        whole = self._whole(entry, money, is_credit, place)
        details = self._details
        if len(details) <= 1:
            return [_with_detail(whole, details[0])] if details else [whole]
        if _add_up(details, money, is_credit):
            return list(_split(whole, details, is_credit))
        known = {detail.remittance for detail in details if detail.remittance}
        remittance = plain_text(" ".join(sorted(known)), REMITTANCE_LENGTH_MAX)
        return [msgspec.structs.replace(whole, remittance=remittance, are_parts_unknown=True)]

    def _whole(self, entry: Element, money: _Money, is_credit: bool, place: str) -> Movement:
        booked = self._when(entry, "BookgDt", place)
        valued = self._when(entry, "ValDt", place)
        head = self._head
        day = booked or valued or (None if head is None else head.created)
        if day is None:
            raise _Unreadable(_fault(Problem.ELEMENT_MISSING, entry, f"{place}/BookgDt"))
        status = entry.text_at("Sts", "Cd") or entry.text_at("Sts")
        if not status:
            raise _Unreadable(_fault(Problem.ELEMENT_MISSING, entry, f"{place}/Sts"))
        family = entry.text_at("BkTxCd", "Domn", "Fmly", "SubFmlyCd")
        is_reversal = entry.text_at("RvslInd") in ("true", "1")
        return Movement(
            line=entry.line,
            place=place,
            bank_reference=_plain_id(entry.text_at("AcctSvcrRef")),
            amount=money.amount if is_credit else -money.amount,
            currency=money.currency,
            booked=day,
            valued=valued,
            remittance=plain_text(entry.text_at("AddtlNtryInf"), REMITTANCE_LENGTH_MAX),
            is_booked=status == "BOOK",
            is_reversal=is_reversal,
            is_returned_payment=is_credit and (is_reversal or family in RETURN_FAMILIES),
        )

    # Values

    def _money(self, parent: Element, place: str, maximum: Amount) -> _Money:
        amount = parent.find("Amt")
        if amount is None:
            raise _Unreadable(_fault(Problem.ELEMENT_MISSING, parent, f"{place}/Amt"))
        place = f"{place}/Amt"
        currency = amount.attributes.get("Ccy", "")
        if not currency:
            raise _Unreadable(_fault(Problem.CURRENCY_MISSING, amount, f"{place}/@Ccy"))
        if not is_currency(currency):
            raise _Unreadable(_fault(Problem.CURRENCY_UNKNOWN, amount, f"{place}/@Ccy", currency))
        units = minor_units(amount.text, currency, maximum)
        if isinstance(units, AmountFault):
            raise _Unreadable(_fault(PROBLEM_OF[units], amount, place, f"{amount.text} {currency}"))
        return _Money(units, currency)

    def _is_credit(self, parent: Element, place: str) -> bool:
        word = parent.text_at("CdtDbtInd")
        if word not in ("CRDT", "DBIT"):
            problem = Problem.VALUE_MALFORMED if word else Problem.ELEMENT_MISSING
            raise _Unreadable(_fault(problem, parent, f"{place}/CdtDbtInd", word))
        return word == "CRDT"

    def _when(self, entry: Element, name: str, place: str) -> When | None:
        text = entry.text_at(name, "DtTm") or entry.text_at(name, "Dt")
        if not text:
            return None
        found = when(text)
        if found is None:
            raise _Unreadable(_fault(Problem.DATE_MALFORMED, entry, f"{place}/{name}", text))
        return found

    # Faults

    def _place(self) -> str:
        body = "" if self._body is None else self._body.name
        return f"/Document/{body}/{self._record}[{self._statements}]"

    def _entry_place(self) -> str:
        return f"{self._place()}/Ntry[{self._entries}]"

    def _note(self, problem: Problem, element: Element, name: str, detail: str = "") -> None:
        place = f"{self._place()}/{name}" if self._statement is not None else name
        self._faults.append(_fault(problem, element, place, detail))

    def _taken_faults(self) -> Iterator[Fault]:
        faults, self._faults = self._faults, []
        return iter(faults)

    def _refuse(self, problem: Problem, element: Element | None, detail: str) -> None:
        line = 0 if element is None else element.line
        place = "/Document" if self._body is None else f"/Document/{self._body.name}"
        raise FileRefused(Fault(problem=problem, line=line, place=place, detail=detail))


def _fault(problem: Problem, element: Element, place: str, detail: str = "") -> Fault:
    return Fault(problem=problem, line=element.line, place=place, detail=plain_text(detail, 100))


def _page(element: Element, *names: str) -> int:
    text = next((found for name in names if (found := element.text_at(name, "PgNb"))), "1")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else 1


def _first(balances: Sequence[tuple[str, Balance]], codes: Sequence[str]) -> Balance | None:
    return next((balance for wanted in codes for code, balance in balances if code == wanted), None)


def _account_number(identity: Element) -> str:
    text = identity.text_at("IBAN") or identity.text_at("Othr", "Id") or identity.text_at("PrtryAcct", "Id")
    return "".join(text.split()).upper()[:ID_LENGTH_MAX]


def _plain_id(text: str) -> str:
    found = plain_text(text, ID_LENGTH_MAX)
    return "" if found.upper().replace(" ", "") == "NOTPROVIDED" else found


def _detail_amount(element: Element) -> Element | None:
    """Return what carries the detail's own sum: the element itself, or its transaction amount in old versions."""
    if element.find("Amt") is not None:
        return element
    return element.find("AmtDtls", "TxAmt")


def _detail(element: Element, money: _Money | None) -> _Detail:
    indicator = element.text_at("CdtDbtInd")
    family = element.text_at("BkTxCd", "Domn", "Fmly", "SubFmlyCd")
    return _Detail(
        line=element.line,
        reference=_plain_id(_own_reference(element)),
        money=money,
        is_credit=None if indicator not in ("CRDT", "DBIT") else indicator == "CRDT",
        debtor=_party(element, "Dbtr"),
        creditor=_party(element, "Cdtr"),
        remittance=_remittance(element),
        end_to_end_id=_plain_id(element.text_at("Refs", "EndToEndId")),
        accepted=when(element.text_at("RltdDts", "AccptncDtTm")),
        is_returned=element.find("RtrInf") is not None or family in RETURN_FAMILIES,
    )


def _own_reference(element: Element) -> str:
    references = element.find("Refs")
    if references is None:
        return ""
    return next((text for name in ("AcctSvcrRef", "TxId", "UETR") if (text := references.text_at(name))), "")


def _party(element: Element, role: str) -> tuple[str, str, str]:
    """Return name, account and bank of a party; the one on whose behalf it acts is not the payer."""
    party = element.find("RltdPties", role)
    name = "" if party is None else party.text_at("Nm") or party.text_at("Pty", "Nm")
    account = element.find("RltdPties", f"{role}Acct", "Id")
    number = "" if account is None else _account_number(account)
    agent = element.find("RltdAgts", f"{role}Agt", "FinInstnId")
    return plain_text(name), number, "" if agent is None else _bank(agent)


def _bank(agent: Element) -> str:
    text = agent.text_at("BICFI") or agent.text_at("BIC") or agent.text_at("ClrSysMmbId", "MmbId")
    return "".join(text.split()).upper()[:ID_LENGTH_MAX]


def _remittance(element: Element) -> str:
    information = element.find("RmtInf")
    if information is None:
        return ""
    texts = [line.text for line in information.all("Ustrd")]
    for structured in information.all("Strd"):
        texts.append(structured.text_at("CdtrRefInf", "Ref") or structured.text_at("CdtrRefInf", "CdtrRef"))
        texts.extend(line.text for line in structured.all("AddtlRmtInf"))
    return plain_text(" ".join(texts), REMITTANCE_LENGTH_MAX)


def _with_detail(whole: Movement, detail: _Detail) -> Movement:
    """Return a booking with what its only detail says; its own sum and reference stand."""
    name, account, bank = detail.debtor if whole.amount > 0 else detail.creditor
    is_returned = whole.is_returned_payment or (detail.is_returned and whole.amount > 0)
    return msgspec.structs.replace(
        whole,
        bank_reference=whole.bank_reference or detail.reference,
        booked=_time_of(whole.booked, detail.accepted),
        counterparty_name=name,
        counterparty_account=account,
        counterparty_bank=bank,
        remittance=detail.remittance or whole.remittance,
        end_to_end_id=detail.end_to_end_id,
        sub_account=detail.creditor[1] if whole.amount > 0 else "",
        is_returned_payment=is_returned,
    )


def _time_of(booked: When, accepted: When | None) -> When:
    """Return the moment of acceptance where the booking gives only its day; never one after the booking."""
    if accepted is None or booked.time_us or accepted.day > booked.day:
        return booked
    return accepted if accepted.day == booked.day else booked


def _add_up(details: Sequence[_Detail], money: _Money, is_credit: bool) -> bool:
    total = 0
    for detail in details:
        if detail.money is None or detail.money.currency != money.currency:
            return False
        is_same_way = detail.is_credit is None or detail.is_credit == is_credit
        total += detail.money.amount if is_same_way else -detail.money.amount
    return total == money.amount


def _split(whole: Movement, details: Sequence[_Detail], is_credit: bool) -> Iterator[Movement]:
    seen = Counter(detail.reference for detail in details)
    for number, detail in enumerate(details, start=1):
        assert detail.money is not None
        is_in = is_credit if detail.is_credit is None else detail.is_credit
        amount = detail.money.amount if is_in else -detail.money.amount
        own = detail.reference if seen[detail.reference] == 1 else ""
        if not own and whole.bank_reference:
            own = f"{whole.bank_reference}#{number}"
        part = msgspec.structs.replace(
            whole,
            line=detail.line,
            place=f"{whole.place}/NtryDtls/TxDtls[{number}]",
            amount=amount,
            bank_reference="",
            entry_reference=whole.bank_reference,
            entry_amount=whole.amount,
            remittance="",
        )
        yield msgspec.structs.replace(_with_detail(part, detail), bank_reference=own)
