"""What a bidder declares of himself, and whether it can be so: kinds of bidders, documents, numbers, masks.

Numbers that carry a check digit are checked by it. Documents of people from elsewhere are checked for their shape only,
so that nobody is kept out for where he comes from.

Belongs here: pure rules about one declaration.
Does not belong here: who declared what and when (`exchange.identities`).
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import replace
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from exchange.people import NAME_CHARACTERS_MAX, NAME_PATTERN
from exchange.texts import BothLanguages

NUMBER_CHARACTERS_MAX: Final = 40
TELEPHONE_CHARACTERS_MAX: Final = 30
CREDIT_CODE: Final = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}")
"""Unified social credit codes of village collectives begin with a letter."""

RESIDENT_ID: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
TELEPHONE: Final = re.compile(r"\+?[0-9]{5,18}(x[0-9]{1,6})?")
SHOWN_OF_NUMBER: Final = 2
"""Characters at each end of a number that everybody who may see it masked sees."""


STARS_MAX: Final = 8


class BidderKind(StrEnum):
    """Who bids: a natural person, a legal person, or an organisation that is none."""

    PERSON = "person"
    LEGAL_PERSON = "legal_person"
    ORGANISATION = "organisation"


class Document(StrEnum):
    """What proves who somebody is."""

    RESIDENT_ID = "resident_id"
    RESIDENCE_PERMIT = "residence_permit"
    HK_MACAO_PERMIT = "hk_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    PERMANENT_RESIDENT = "permanent_resident"
    PASSPORT = "passport"
    OTHER_PERSONAL = "other_personal"
    CREDIT_CODE = "credit_code"
    OTHER_REGISTRATION = "other_registration"


OF_ORGANISATIONS: Final = frozenset({Document.CREDIT_CODE, Document.OTHER_REGISTRATION})
OF_ONE_ISSUER: Final = frozenset(Document) - {
    Document.PASSPORT,
    Document.OTHER_PERSONAL,
    Document.OTHER_REGISTRATION,
}
"""Documents whose numbers are given once in the world; of the others two people may have the same."""

SHAPES: Final = {
    Document.HK_MACAO_PERMIT: re.compile(r"[HM][0-9]{8}([0-9]{2})?"),
    Document.TAIWAN_PERMIT: re.compile(r"[0-9]{8}([0-9]{2})?([A-Z0-9])?"),
    Document.PERMANENT_RESIDENT: re.compile(r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]"),
    Document.PASSPORT: re.compile(r"[A-Z0-9]{5,20}"),
    Document.OTHER_PERSONAL: re.compile(r"[A-Z0-9./()-]{3,40}"),
    Document.OTHER_REGISTRATION: re.compile(r"[A-Z0-9./()-]{3,40}"),
}

REGIONS: Final = {
    code: BothLanguages(zh, en)
    for code, zh, en in (
        ("110000", "北京市", "Beijing"), ("120000", "天津市", "Tianjin"), ("130000", "河北省", "Hebei"),
        ("140000", "山西省", "Shanxi"), ("150000", "内蒙古自治区", "Inner Mongolia"), ("210000", "辽宁省", "Liaoning"),
        ("220000", "吉林省", "Jilin"), ("230000", "黑龙江省", "Heilongjiang"), ("310000", "上海市", "Shanghai"),
        ("320000", "江苏省", "Jiangsu"), ("330000", "浙江省", "Zhejiang"), ("340000", "安徽省", "Anhui"),
        ("350000", "福建省", "Fujian"), ("360000", "江西省", "Jiangxi"), ("370000", "山东省", "Shandong"),
        ("410000", "河南省", "Henan"), ("420000", "湖北省", "Hubei"), ("430000", "湖南省", "Hunan"),
        ("440000", "广东省", "Guangdong"), ("450000", "广西壮族自治区", "Guangxi"), ("460000", "海南省", "Hainan"),
        ("500000", "重庆市", "Chongqing"), ("510000", "四川省", "Sichuan"), ("520000", "贵州省", "Guizhou"),
        ("530000", "云南省", "Yunnan"), ("540000", "西藏自治区", "Tibet"), ("610000", "陕西省", "Shaanxi"),
        ("620000", "甘肃省", "Gansu"), ("630000", "青海省", "Qinghai"), ("640000", "宁夏回族自治区", "Ningxia"),
        ("650000", "新疆维吾尔自治区", "Xinjiang"), ("710000", "台湾省", "Taiwan"),
        ("810000", "香港特别行政区", "Hong Kong"), ("820000", "澳门特别行政区", "Macao"), ("990000", "境外", "Abroad"),
    )
}  # fmt: skip
"""Where somebody lives or is registered, by the first two digits of the code of GB/T 2260; 99 for abroad."""


class IdentityRefusal(StrEnum):
    """Why a declaration cannot be so, in order of precedence."""

    NAME_WRONG = "NAME_WRONG"
    DOCUMENT_NOT_OF_KIND = "DOCUMENT_NOT_OF_KIND"
    RESIDENT_ID_WRONG = "RESIDENT_ID_WRONG"
    CREDIT_CODE_WRONG = "CREDIT_CODE_WRONG"
    DOCUMENT_NUMBER_WRONG = "DOCUMENT_NUMBER_WRONG"
    REPRESENTATIVE_MISSING = "REPRESENTATIVE_MISSING"
    AGENT_MISSING = "AGENT_MISSING"
    TELEPHONE_WRONG = "TELEPHONE_WRONG"
    REGION_UNKNOWN = "REGION_UNKNOWN"
    TOO_MANY_DECLARATIONS = "TOO_MANY_DECLARATIONS"


Line: TypeAlias = Annotated[str, Meta(max_length=NAME_CHARACTERS_MAX)]


class Declaration(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody declares of himself, or a program of the one for whom it bids.

    Args:
        kind: person, legal person or other organisation.
        name: in full, as in the document; deposits come from a bank account of this name.
        document: what proves it.
        number: of the document; none: the one that was declared before.
        telephone: of the person, or of the one who acts for the organisation; none: the one declared before.
        representative: of an organisation, its legal representative or whoever heads it.
        agent: of an organisation, the person who acts for it here (经办人).
        region: code of the province, 990000 for abroad; empty: not said.
    """

    kind: BidderKind
    name: Line
    document: Document
    number: Annotated[str, Meta(max_length=NUMBER_CHARACTERS_MAX)] | None = None
    telephone: Annotated[str, Meta(max_length=TELEPHONE_CHARACTERS_MAX)] | None = None
    representative: Line = ""
    agent: Line = ""
    region: Annotated[str, Meta(max_length=6)] = ""

    @property
    def is_organisation(self) -> bool:
        """Tell whether somebody else acts for this bidder."""
        return self.kind is not BidderKind.PERSON


def checked(declared: Declaration, today: date) -> Declaration | IdentityRefusal:
    """Return a declaration as it is kept: numbers without blanks, nothing that its kind does not have.

    Refuses: all of IdentityRefusal but TOO_MANY_DECLARATIONS, the first that applies.
    """
    name, number = _line(declared.name), _compact(declared.number or "")
    representative, agent = _line(declared.representative), _line(declared.agent)
    telephone = re.sub(r"[\s()./-]", "", declared.telephone or "").lower()
    if not _is_name(name):
        return IdentityRefusal.NAME_WRONG
    if declared.is_organisation is not (declared.document in OF_ORGANISATIONS):
        return IdentityRefusal.DOCUMENT_NOT_OF_KIND
    if (wrong := _wrong_number(declared.document, number, today)) is not None:
        return wrong
    if declared.is_organisation and not _is_name(representative):
        return IdentityRefusal.REPRESENTATIVE_MISSING
    if declared.is_organisation and not _is_name(agent):
        return IdentityRefusal.AGENT_MISSING
    if TELEPHONE.fullmatch(telephone) is None:
        return IdentityRefusal.TELEPHONE_WRONG
    if declared.region and declared.region not in REGIONS:
        return IdentityRefusal.REGION_UNKNOWN
    if not declared.is_organisation:
        representative = agent = ""
    return replace(
        declared, name=name, number=number, telephone=telephone, representative=representative, agent=agent
    )


def holder_key(declared: Declaration) -> bytes:
    """Return by what two declarations are known to be of the same bidder: a digest, so that no log names him."""
    whose = "" if declared.document in OF_ONE_ISSUER else declared.name
    return hashlib.sha256(f"{declared.document}\n{declared.number}\n{whose}".encode()).digest()


def masked(number: str) -> str:
    """Return a number of which only the ends can be read; of a short one only the last characters."""
    begins = SHOWN_OF_NUMBER if len(number) > 4 * SHOWN_OF_NUMBER else 0
    ends = min(SHOWN_OF_NUMBER, len(number) // 2)
    hidden = min(len(number) - begins - ends, STARS_MAX)
    return number[:begins] + "*" * hidden + number[len(number) - ends :]


def _wrong_number(document: Document, number: str, today: date) -> IdentityRefusal | None:
    match document:
        case Document.RESIDENT_ID:
            return None if _is_resident_id(number, today) else IdentityRefusal.RESIDENT_ID_WRONG
        case Document.CREDIT_CODE:
            return None if _is_credit_code(number) else IdentityRefusal.CREDIT_CODE_WRONG
        case Document.RESIDENCE_PERMIT:
            is_right = number[:2] in ("81", "82", "83") and _is_resident_id(number, today)
        case _:
            is_right = SHAPES[document].fullmatch(number) is not None
    return None if is_right else IdentityRefusal.DOCUMENT_NUMBER_WRONG


def _is_resident_id(number: str, today: date) -> bool:
    """Tell whether a resident identity number can be one: eighteen signs, a day of birth, the check digit.

    Its first six digits are not looked up: tables of counties have gaps, and a person keeps the code of a county that
    is older or younger than he is.
    """
    if RESIDENT_ID.fullmatch(number) is None or ric.calc_check_digit(number) != number[-1]:
        return False
    try:
        return bool(ric.get_birth_date(number) <= today)
    except ValidationError:
        return False


def _is_credit_code(number: str) -> bool:
    return CREDIT_CODE.fullmatch(number) is not None and uscc.calc_check_digit(number) == number[-1]


def _compact(number: str) -> str:
    """Return a number as it is compared: capitals, no blanks, ASCII for what Chinese keyboards give."""
    plain = number.translate({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})
    return re.sub(r"\s", "", plain).upper()


def _line(text: str) -> str:
    return " ".join(text.split(" ")).strip()


def _is_name(text: str) -> bool:
    return re.fullmatch(NAME_PATTERN, text) is not None
