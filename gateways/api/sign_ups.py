"""Signing up for a lot, following one's deposit, and being admitted."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from exchange.capacities import PARTNERS_MAX, Capacity, CapacityRefusal
from exchange.commitments import Commitment, commitment
from exchange.lot_sheets import LotTitle
from exchange.people import Role
from exchange.sign_up import Admission, SignUpRefusal, SignUpState
from exchange.texts import BothLanguages
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import ANYONE, Asked, Operation, only
from matching.units import Digest, Partner, Rank

ADMISSIONS_MAX = 1_000


class TitledSignUp(SignUpState, frozen=True, kw_only=True):
    """A sign-up with the lot's code and name."""

    code: str
    title: BothLanguages


class MySignUps(Struct, frozen=True):
    """Somebody's sign-ups, the newest first."""

    sign_ups: list[TitledSignUp]


class SignUpForm(Struct, frozen=True, forbid_unknown_fields=True):
    """What comes with a sign-up: `commitment` is the SHA-256 of the text that the bidder has read and agreed to."""

    commitment: Digest | None = None


class Admissions(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be admitted without a deposit."""

    bidders: Annotated[
        list[Annotated[int, Meta(gt=0, lt=2**53)]], Meta(min_length=1, max_length=ADMISSIONS_MAX)
    ]


class CapacityGiven(Struct, frozen=True, forbid_unknown_fields=True):
    """A rank among priority purchasers, 0 for none; and joint bidders as [account, share in basis points]."""

    rank: Rank = 0
    partners: Annotated[tuple[Partner, ...], Meta(max_length=PARTNERS_MAX)] = ()


async def enter_capacity(asked: Asked) -> Capacity:
    """Enter in what capacity a bidder takes part, before he is admitted: his priority, and who buys with him."""
    body: CapacityGiven = asked.body
    services, lot, bidder = asked.services, asked.ids["lot"], asked.ids["account"]
    if await services.catalogue.get(lot) is None:
        raise ApiError(ApiCode.LOT_UNKNOWN)
    named = [bidder, *(partner.bidder for partner in body.partners)]
    known = await services.people.with_role(named, Role.BIDDER)
    unknown = [str(each) for each in named if each not in known]
    if unknown:
        raise ApiError(ApiCode.ACCOUNT_UNKNOWN, "no bidders", unknown)
    entered = await services.capacities.enter(
        lot, bidder, Capacity(body.rank, body.partners), asked.caller.id
    )
    if isinstance(entered, CapacityRefusal):
        raise ApiError(ApiCode[entered.name])
    return entered


async def sign_up(asked: Asked) -> SignUpState:
    """Sign up for a lot: the answer names the reference to pay the deposit under, or the paddle."""
    form: SignUpForm = asked.body
    state = await asked.services.sign_ups.sign_up(asked.ids["lot"], asked.caller, form.commitment or "")
    if isinstance(state, SignUpRefusal):
        raise ApiError(ApiCode[state.name])
    return state


async def show_commitment(asked: Asked) -> Commitment:
    """Show what somebody commits himself to who signs up for a lot, with the digest to send along."""
    sheet = await asked.services.catalogue.get(asked.ids["lot"])
    if sheet is None:
        raise ApiError(ApiCode.LOT_UNKNOWN)
    return commitment(sheet)


async def show_sign_up(asked: Asked) -> SignUpState:
    """Show one's own sign-up for a lot."""
    state = await asked.services.sign_ups.state(asked.ids["lot"], asked.caller.id)
    if state is None:
        raise ApiError(ApiCode.NOT_SIGNED_UP)
    return state


async def list_mine(asked: Asked) -> MySignUps:
    """List one's own sign-ups."""
    states = await asked.services.sign_ups.of_account(asked.caller.id)
    titles = await asked.services.catalogue.titles(state.lot for state in states)
    return MySignUps([_titled(state, titles[state.lot]) for state in states])


async def admit(asked: Asked) -> list[Admission]:
    """Admit bidders to a lot that asks for no deposit."""
    body: Admissions = asked.body
    bidders = list(dict.fromkeys(body.bidders))
    known = await asked.services.people.with_role(bidders, Role.BIDDER)
    unknown = [bidder for bidder in bidders if bidder not in known]
    if unknown:
        raise ApiError(ApiCode.ACCOUNT_UNKNOWN, "no bidders", [str(bidder) for bidder in unknown])
    admitted = await asked.services.sign_ups.admit_free(asked.ids["lot"], bidders)
    if isinstance(admitted, SignUpRefusal):
        raise ApiError(ApiCode[admitted.name])
    return admitted


def _titled(state: SignUpState, title: LotTitle) -> TitledSignUp:
    return TitledSignUp(**msgspec.structs.asdict(state), code=title.code, title=title.title)


OPERATIONS = (
    Operation(
        "POST", "/lots/{lot}/sign-up", sign_up, only(Role.BIDDER), body=SignUpForm, answer=SignUpState,
        codes=(
            ApiCode.LOT_UNKNOWN, ApiCode.LOT_CLOSED, ApiCode.DEPOSIT_DEADLINE_PASSED, ApiCode.DEFAULTED_BEFORE,
            ApiCode.BIDS_JOINTLY,
            ApiCode.IDENTITY_NEEDED, ApiCode.IDENTITY_RETURNED, ApiCode.IDENTITY_UNDER_REVIEW,
            ApiCode.IDENTITY_NOT_CONFIRMED, ApiCode.COMMITMENT_DIFFERS,
        ),
        is_body_optional=True,
    ),
    Operation(
        "GET", "/lots/{lot}/commitment", show_commitment, ANYONE, answer=Commitment, codes=(ApiCode.LOT_UNKNOWN,)
    ),
    Operation(
        "PUT", "/lots/{lot}/bidders/{account}/capacity", enter_capacity, only(Role.ADMIN, Role.HOST),
        body=CapacityGiven, answer=Capacity,
        codes=(
            ApiCode.LOT_UNKNOWN, ApiCode.ACCOUNT_UNKNOWN, ApiCode.ALREADY_ADMITTED, ApiCode.SHARES_INVALID,
            ApiCode.BIDS_JOINTLY,
        ),
        in_one=True,
    ),
    Operation(
        "GET", "/lots/{lot}/sign-up", show_sign_up, only(Role.BIDDER), answer=SignUpState,
        codes=(ApiCode.NOT_SIGNED_UP,),
    ),
    Operation("GET", "/me/sign-ups", list_mine, only(Role.BIDDER), answer=MySignUps),
    Operation(
        "POST", "/lots/{lot}/admissions", admit, only(Role.ADMIN), body=Admissions, answer=list[Admission],
        codes=(
            ApiCode.LOT_UNKNOWN, ApiCode.LOT_CLOSED, ApiCode.DEPOSIT_REQUIRED, ApiCode.DEFAULTED_BEFORE,
            ApiCode.ACCOUNT_UNKNOWN,
        ),
    ),
)  # fmt: skip
