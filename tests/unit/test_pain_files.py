"""The messages between the centre and its bank: pain.001 written, pain.002 and camt.054 read."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ledger.bank.statements import FILE_BYTES_MAX
from ledger.payouts import PayoutKind, PayoutState
from ledger.payouts.initiation import VERSIONS, Instruction, initiation, remittance
from ledger.payouts.records import FileRefusal, PayingAccount, Payout, Verdict
from ledger.payouts.results import DocumentRefused, Level, answer
from ledger.payouts.rules import is_account_number, is_bank, is_iban, only_account
from tests.payouts import PAYING, movement, notification, status_report, transfer_said

CREATED_AT, EXECUTE_ON = "2026-03-01T08:00:00+08:00", "2026-03-01"


def payout(payout_id: int = 1, **changes: Any) -> Payout:
    fields: dict[str, Any] = {
        "payout_id": payout_id,
        "kind": PayoutKind.REFUND,
        "state": PayoutState.APPROVED,
        "step": 3,
        "source_account": f"liabilities:refund-payable:lot-1:bidder-{payout_id}",
        "amount": 100_00 + payout_id,
        "currency": "CNY",
        "payee_name": '王小明 & <Söhne> "股份"有限公司',
        "payee_account": "6222020200011223344",
        "payee_bank": "102100099996",
        "lot_id": 1,
        "bidder_id": payout_id,
        "receipt_id": None,
        "cause": "",
        "due_at_us": None,
        "previous_id": None,
        "proposed_by": 0,
        "proposed_at_us": 1,
        "account_entered_by": 0,
        "approved_by": 2,
        "batch_id": None,
        "reason_code": "",
        "reason": "",
        "changed_at_us": 1,
    }
    return Payout(**{**fields, **changes})


def paying(**changes: Any) -> PayingAccount:
    return PayingAccount(**{**{name: getattr(PAYING, name) for name in PAYING.__struct_fields__}, **changes})


def file_of(version: str, *payouts: Payout, account: PayingAccount = PAYING, batch_id: int = 1) -> bytes:
    return initiation(
        Instruction(
            batch_id=batch_id,
            version=version,
            paying=account,
            payouts=payouts,
            created_at=CREATED_AT,
            execute_on=EXECUTE_ON,
        )
    )


def texts(content: bytes, path: str) -> list[str]:
    root = etree.fromstring(content)
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    return [str(element.text) for element in root.xpath(f"//{steps}")]


# Written

VARIETY = (
    payout(1),
    payout(2, payee_account="DE89370400440532013000", payee_bank="DEUTDEFF", payee_name="x" * 200),
    payout(3, payee_bank="", lot_id=None, kind=PayoutKind.SUSPENSE_RETURN, amount=1),
    payout(999_999_999_999, amount=10**15, kind=PayoutKind.SELLER),
)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("bank", ["102100099996", "ICBKCNBJ", ""])
def test_files_are_valid_against_the_schema(data_folder: Path, version: str, bank: str) -> None:
    schema = etree.XMLSchema(file=str(data_folder / "iso20022" / "pain" / "xsd" / f"pain.{version}.xsd"))
    content = file_of(version, *VARIETY, account=paying(bank=bank), batch_id=10**12 - 1)
    schema.assertValid(etree.fromstring(content))


@pytest.mark.parametrize("version", VERSIONS)
def test_another_currency_keeps_its_digits(data_folder: Path, version: str) -> None:
    schema = etree.XMLSchema(file=str(data_folder / "iso20022" / "pain" / "xsd" / f"pain.{version}.xsd"))
    for currency, amount, text in (("JPY", 500, "500"), ("KWD", 1_500, "1.500"), ("EUR", 7, "0.07")):
        content = file_of(
            version, payout(amount=amount, currency=currency), account=paying(currency=currency)
        )
        schema.assertValid(etree.fromstring(content))
        assert texts(content, "InstdAmt") == [text]
        assert texts(content, "GrpHdr/CtrlSum") == [text]


@pytest.mark.parametrize("version", VERSIONS)
def test_numbers_and_sums_are_those_of_the_transfers(version: str) -> None:
    content = file_of(version, *VARIETY)
    amounts = texts(content, "InstdAmt")
    assert all(len(amount.partition(".")[2]) == 2 for amount in amounts)
    for level in ("GrpHdr", "PmtInf"):
        assert texts(content, f"{level}/NbOfTxs") == [str(len(VARIETY))]
        assert Decimal(texts(content, f"{level}/CtrlSum")[0]) == sum(map(Decimal, amounts))


def test_names_are_unique_and_derived_from_the_numbers() -> None:
    content = file_of(VERSIONS[1], payout(1), payout(2), batch_id=42)
    assert texts(content, "GrpHdr/MsgId") == ["LCB000000000042"]
    assert texts(content, "PmtInfId") == ["LCB000000000042-1"]
    assert texts(content, "EndToEndId") == ["LCP000000000001", "LCP000000000002"]


def test_chinese_names_stand_as_they_are_in_utf_8() -> None:
    content = file_of(VERSIONS[0], payout())
    assert content.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n")
    assert "王小明 &amp; &lt;Söhne&gt;".encode() in content
    assert texts(content, "Cdtr/Nm") == [payout().payee_name]
    assert texts(content, "Dbtr/Nm") == ["某市公共资源交易中心"]
    assert texts(content, "Ustrd") == ["保证金退还 标的1 LCP000000000001"]


def test_banks_are_named_by_what_they_are() -> None:
    content = file_of(VERSIONS[1], *VARIETY[:3], account=paying(bank=""))
    assert texts(content, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") == ["102100099996"]
    assert texts(content, "CdtrAgt/FinInstnId/BICFI") == ["DEUTDEFF"]
    assert texts(content, "DbtrAgt/FinInstnId/Othr/Id") == ["NOTPROVIDED"]
    assert texts(content, "CdtrAcct/Id/IBAN") == ["DE89370400440532013000"]
    assert len(texts(content, "CdtrAgt")) == 2


def test_the_same_payouts_give_the_same_bytes() -> None:
    assert file_of(VERSIONS[1], *VARIETY) == file_of(VERSIONS[1], *VARIETY)


def test_every_kind_has_a_word_for_the_payee() -> None:
    assert {remittance(payout(kind=kind)).split()[0] for kind in PayoutKind} == {
        "保证金退还",
        "来款退回",
        "成交价款",
        "上缴款项",
        "费用划转",
    }


# Accounts


@pytest.mark.parametrize(
    ("number", "is_right"),
    [
        ("6222020200011223344", True),
        ("1234-5678", True),
        ("DE89370400440532013000", True),
        ("DE89370400440532013001", False),
        ("", False),
        ("-1", False),
        ("1" * 35, False),
        ("账号", False),
        ("=SUM(A1)", False),
    ],
)
def test_account_numbers(number: str, is_right: bool) -> None:
    assert is_account_number(number) is is_right
    assert not is_iban("6222020200011223344")


@pytest.mark.parametrize(
    ("bank", "is_right"), [("ICBKCNBJ", True), ("ICBKCNBJXXX", True), ("102100099996", True), ("1021", False)]
)
def test_bank_names(bank: str, is_right: bool) -> None:
    assert is_bank(bank) is is_right


def test_money_goes_back_only_to_the_one_account_it_came_from() -> None:
    assert only_account([("6222 02", "ICBKCNBJ")]) == ("622202", "ICBKCNBJ")
    assert only_account([("622202", "工商银行")]) == ("622202", "")
    assert only_account([("622202", "ICBKCNBJ"), ("6222 02", "ICBKCNBJ")]) == ("622202", "ICBKCNBJ")
    assert only_account([("622202", "ICBKCNBJ"), ("622202", "")]) == ("622202", "")
    assert only_account([("622202", ""), ("622203", "")]) == ("", "")
    assert only_account([("622202", ""), ("", "")]) == ("", "")
    assert only_account([]) == ("", "")


# Read


def test_the_swiss_variant_without_a_status_of_transfers(data_folder: Path) -> None:
    folder = data_folder / "iso20022" / "moov" / "testdata"
    message = answer((folder / "pain002-epo_p_0_0_0_2018031510491259.xml").read_bytes())
    assert message.name == "pain.002.001.03.ch.02"
    (said,) = message.said
    assert (said.level, said.subject, said.status, said.verdict) == (
        Level.MESSAGE,
        "MsgId-001",
        "ACTC",
        Verdict.UNDERWAY,
    )


def test_the_swiss_variant_with_a_rejected_transfer(data_folder: Path) -> None:
    folder = data_folder / "iso20022" / "moov" / "testdata"
    message = answer(
        (folder / "pain002-epo_p_ch2909000000250094239_1109800799_0_2018032612092784.xml").read_bytes()
    )
    transfer, payment = message.said
    assert (payment.level, payment.verdict, payment.reason_code) == (Level.PAYMENT, Verdict.REJECTED, "NARR")
    assert payment.reason.endswith("Sammelauftrag ohne ausführbaren Einzelauftrag")
    assert (transfer.subject, transfer.of_message) == ("EndToEndId-006-01-01", "MsgId-006")
    assert (transfer.verdict, transfer.reason_code) == (Verdict.REJECTED, "AC01")
    assert transfer.reason == "1301813;Konto ungültig"


def test_a_report_without_namespace_and_statuses_says_nothing(data_folder: Path) -> None:
    content = (data_folder / "iso20022" / "moov" / "testdata" / "invalid_pain_v11.xml").read_bytes()
    assert answer(content).said == ()


@pytest.mark.parametrize(
    "namespace",
    [f"urn:iso:std:iso:20022:tech:xsd:pain.002.001.{number:02d}" for number in range(3, 12)]
    + ["http://www.six-interbank-clearing.com/de/pain.002.001.03.ch.02.xsd"],
)
def test_every_version_of_a_report_is_read_alike(namespace: str) -> None:
    said = [transfer_said(payout(), "RJCT", "AC01", "账号不存在", amount="100.01")]
    message = answer(status_report("LCB000000000001", said, group="PART", namespace=namespace))
    whole, transfer = message.said
    assert message.name == namespace.rpartition(":")[2].rpartition("/")[2].removesuffix(".xsd")
    assert (whole.level, whole.status, whole.verdict) == (Level.MESSAGE, "PART", None)
    assert (transfer.subject, transfer.verdict, transfer.amount, transfer.currency) == (
        "LCP000000000001",
        Verdict.REJECTED,
        "100.01",
        "CNY",
    )
    assert (transfer.reason_code, transfer.reason) == ("AC01", "账号不存在")


def test_our_report_is_valid_against_the_schema(data_folder: Path) -> None:
    schema = etree.XMLSchema(file=str(data_folder / "iso20022" / "moov" / "xsd" / "pain.002.001.11.xsd"))
    said = [transfer_said(payout(), "RJCT", "AC01", "x", amount="100.01")]
    schema.assertValid(etree.fromstring(status_report("LCB000000000001", said, group="PART", payment="PART")))


def test_prefixed_names_are_read_as_well() -> None:
    content = status_report("LCB000000000001", [transfer_said(payout(), "ACSC")]).decode()
    prefixed = content.replace("<Document xmlns=", "<Document xmlns:p=")
    prefixed = prefixed.replace("<", "<p:").replace("<p:/", "</p:").replace("<p:?", "<?")
    (said,) = answer(prefixed.encode()).said
    assert said.verdict is Verdict.PAID


@pytest.mark.parametrize("encoding", ["gb18030", "GBK", "utf-16", "utf-8"])
def test_a_report_in_the_banks_encoding(encoding: str) -> None:
    content = status_report("LCB000000000001", [transfer_said(payout(), "RJCT", "AC01", "账号不存在")])
    content = content.decode().replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)
    assert answer(content).said[0].reason == "账号不存在"


def test_returns_are_read_as_returns(data_folder: Path) -> None:
    name = "camt054-returns_p_ch5109000000250092291_1110097606_0_2020112500512470.xml"
    content = (data_folder / "iso20022" / "moov" / "testdata" / name).read_bytes()
    assert answer(content).said == ()
    ours = content.replace(b"EndToEndId-001-03-04</EndToEndId>", b"LCP000000000009</EndToEndId>")
    (said,) = answer(ours).said
    assert (said.subject, said.verdict, said.reason_code, said.reason) == (
        "LCP000000000009",
        Verdict.RETURNED,
        "AC01",
        "Kontonummer falsch",
    )
    assert (said.amount, said.currency) == ("500.00", "CHF")


def test_every_sample_of_camt_is_read_and_none_is_taken_for_ours(data_folder: Path) -> None:
    folder = data_folder / "iso20022"
    samples = [*folder.glob("camt/samples/camt054*.xml"), *folder.glob("moov/testdata/*camt*.xml")]
    assert len(samples) >= 6
    for sample in samples:
        message = answer(sample.read_bytes())
        assert message.name.startswith("camt.05")
        assert message.said == ()


def test_movements_speak_by_direction_and_status() -> None:
    one = "LCP000000000001"
    reversal = movement(one, "1").replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")
    message = answer(
        notification(
            movement(one, "1.00"),
            movement(one, "1.00", direction="CRDT"),
            movement(one, "1.00", status="PDNG"),
            movement(one, "1.00", status="INFO"),
            reversal,
        )
    )
    verdicts = [said.verdict for said in message.said]
    assert verdicts == [Verdict.PAID, Verdict.RETURNED, Verdict.UNDERWAY, None, None]


# Bad input

BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><Document>&c;</Document>"""
EXTERNAL = b"""<?xml version="1.0"?>
<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>"""
EXTERNAL_SUBSET = b'<!DOCTYPE d SYSTEM "http://127.0.0.1:1/d.dtd"><Document/>'


@pytest.mark.parametrize(
    ("content", "refusal", "line"),
    [
        (BOMB, FileRefusal.DOCTYPE_NOT_ALLOWED, 1),
        (EXTERNAL, FileRefusal.DOCTYPE_NOT_ALLOWED, 2),
        (EXTERNAL_SUBSET, FileRefusal.DOCTYPE_NOT_ALLOWED, 1),
        (
            EXTERNAL.decode().replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16"),
            FileRefusal.DOCTYPE_NOT_ALLOWED,
            2,
        ),
        (b"<a>\n<b>\n</a>", FileRefusal.NOT_XML, 3),
        (b"<a>&undefined;</a>", FileRefusal.NOT_XML, 1),
        (b'<?xml version="1.0" encoding="ebcdic-x"?><a/>', FileRefusal.WRONG_ENCODING, 1),
        (b'<?xml version="1.0" encoding="gb18030"?><a>\xff\xff</a>', FileRefusal.WRONG_ENCODING, 1),
        (b"", FileRefusal.EMPTY, 0),
        (b"not xml", FileRefusal.NOT_XML, 1),
        (b"<a>" * 41 + b"</a>" * 41, FileRefusal.TOO_COMPLEX, 1),
        (b" " * (FILE_BYTES_MAX + 1), FileRefusal.TOO_LARGE, 0),
    ],
    ids=lambda value: value.name if isinstance(value, FileRefusal) else None,
)
def test_harmful_and_broken_documents_are_refused_with_their_line(
    content: bytes, refusal: FileRefusal, line: int
) -> None:
    with pytest.raises(DocumentRefused) as caught:
        answer(content)
    assert (caught.value.refused.refusal, caught.value.refused.line) == (refusal, line)


@pytest.mark.parametrize("amount", ["-1.00", "1,00", "1e3", "", "NaN", "１.00"])
def test_amounts_that_are_none_are_refused_with_line_and_element(amount: str) -> None:
    with pytest.raises(DocumentRefused) as caught:
        answer(notification(movement("LCP000000000001", amount)))
    refused = caught.value.refused
    assert refused.refusal is FileRefusal.VALUE_MALFORMED
    assert refused.line == 1
    assert refused.detail.startswith("Amt")


def test_texts_of_the_bank_are_made_fit_for_a_record() -> None:
    said = transfer_said(payout(), "RJCT", "AC01", "a\tb\n" + "c" * 300)
    (found,) = answer(status_report("LCB000000000001", [said])).said
    assert found.reason.startswith("ab")
    assert len(found.reason) == 200
