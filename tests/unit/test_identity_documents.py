"""What a bidder may declare of himself, number by number."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from exchange.demo.identities import credit_code, resident_id
from exchange.identity_documents import (
    BidderKind,
    Declaration,
    Document,
    IdentityRefusal,
    checked,
    holder_key,
    masked,
)
from tests.identities import of_company, of_person

TODAY = date(2026, 11, 21)


def told(declared: Declaration) -> Declaration | IdentityRefusal:
    return checked(declared, TODAY)


def person(**changes: object) -> Declaration | IdentityRefusal:
    return told(replace(of_person("王小明", 7), **changes))


def company(**changes: object) -> Declaration | IdentityRefusal:
    return told(replace(of_company("澜川农业公司", 7), **changes))


def test_what_is_kept_has_no_blanks_in_numbers_and_nothing_that_its_kind_does_not_have() -> None:
    number = resident_id(7)
    typed = f" {number[:6]} {number[6:14]}　{number[14:].lower()} "
    kept = person(name="  王小明 ", number=typed, telephone="+86 138-0000-0000", agent="李四")
    assert isinstance(kept, Declaration)
    assert (kept.name, kept.number, kept.telephone, kept.agent) == ("王小明", number, "+8613800000000", "")
    assert isinstance(company(), Declaration)


@pytest.mark.parametrize(
    "number",
    [
        resident_id(7)[:-1] + ("0" if resident_id(7)[-1] != "0" else "1"),
        resident_id(7)[:-1],
        "99000719001301007" + "0",
        "11010120991231001" + "0",
        "abc",
        "",
        None,
    ],
)
def test_a_resident_identity_number_has_its_digits_a_past_day_and_its_check_digit(number: str | None) -> None:
    assert person(number=number) is IdentityRefusal.RESIDENT_ID_WRONG


def test_people_whose_county_was_made_after_they_were_born_are_let_in() -> None:
    """Such numbers exist, though tables of counties by year of birth do not know them."""
    begins = "44030519600101001"
    for last in "0123456789X":
        if isinstance(person(number=begins + last), Declaration):
            return
    pytest.fail("no check digit is right")


def test_the_credit_code_of_a_village_collective_begins_with_a_letter() -> None:
    from stdnum.cn import uscc

    begins = "N2530102MF0000001"
    assert isinstance(company(number=begins + uscc.calc_check_digit(begins + "0")), Declaration)
    assert company(number="91530102MF0000001I") is IdentityRefusal.CREDIT_CODE_WRONG
    assert company(number=credit_code(7)[:-1]) is IdentityRefusal.CREDIT_CODE_WRONG


@pytest.mark.parametrize(
    ("document", "number", "is_right"),
    [
        (Document.PASSPORT, "e12345678", True),
        (Document.PASSPORT, "E1", False),
        (Document.HK_MACAO_PERMIT, "H01234567", True),
        (Document.HK_MACAO_PERMIT, "Z01234567", False),
        (Document.TAIWAN_PERMIT, "01234567", True),
        (Document.RESIDENCE_PERMIT, "110101199003070011", False),
        (Document.PERMANENT_RESIDENT, "AAA110078010107", True),
        (Document.OTHER_PERSONAL, "AB-12/3456", True),
        (Document.OTHER_PERSONAL, "<b>", False),
    ],
)
def test_documents_from_elsewhere_are_checked_for_their_shape(
    document: Document, number: str, is_right: bool
) -> None:
    told = person(document=document, number=number)
    assert isinstance(told, Declaration) if is_right else told is IdentityRefusal.DOCUMENT_NUMBER_WRONG


def test_each_field_has_a_refusal_of_its_own() -> None:
    assert person(name=" \t ") is IdentityRefusal.NAME_WRONG
    assert person(name="a\nb") is IdentityRefusal.NAME_WRONG
    assert person(document=Document.CREDIT_CODE) is IdentityRefusal.DOCUMENT_NOT_OF_KIND
    assert company(document=Document.PASSPORT) is IdentityRefusal.DOCUMENT_NOT_OF_KIND
    assert company(representative="") is IdentityRefusal.REPRESENTATIVE_MISSING
    assert company(agent=" ") is IdentityRefusal.AGENT_MISSING
    assert company(kind=BidderKind.ORGANISATION, telephone="12") is IdentityRefusal.TELEPHONE_WRONG
    assert person(telephone=None) is IdentityRefusal.TELEPHONE_WRONG
    assert person(region="000000") is IdentityRefusal.REGION_UNKNOWN
    assert isinstance(person(region=""), Declaration), "nobody has to say where he is from"


def test_masks_show_the_ends_only() -> None:
    assert masked("110101199003070011") == "11********11"
    assert masked("13800000000") == "13*******00"
    assert (masked("E1234567"), masked("12345"), masked("1"), masked("")) == ("******67", "***45", "*", "")


def test_passports_of_two_countries_may_have_the_same_number() -> None:
    one = Declaration(BidderKind.PERSON, "Ann Lee", Document.PASSPORT, "E1234567", "12345")
    assert holder_key(one) != holder_key(replace(one, name="Bo Chen"))
    mine = of_person("王小明", 7)
    assert holder_key(mine) == holder_key(replace(mine, name="王晓明")), (
        "a number of one issuer is one person"
    )
