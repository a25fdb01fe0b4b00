"""What somebody has to have said of himself before he signs up for a lot.

Belongs here: the choice that a centre has, and what is missing under it. Does not belong here: declarations
(`identities`), the rest of a sign-up (`sign_up`).
"""

from __future__ import annotations

from enum import StrEnum

from exchange.identities import IdentityState, Standing


class IdentityRequired(StrEnum):
    """What a centre asks for, as the setting `identity_required` says it."""

    NONE = "none"
    DECLARED = "declared"
    CONFIRMED = "confirmed"


class IdentityMissing(StrEnum):
    """What keeps somebody from signing up, in order of precedence."""

    IDENTITY_NEEDED = "IDENTITY_NEEDED"
    IDENTITY_RETURNED = "IDENTITY_RETURNED"
    IDENTITY_UNDER_REVIEW = "IDENTITY_UNDER_REVIEW"
    IDENTITY_NOT_CONFIRMED = "IDENTITY_NOT_CONFIRMED"


def missing_identity(required: IdentityRequired, standing: Standing | None) -> IdentityMissing | None:
    """Return what keeps somebody with this declaration from signing up; None when nothing does.

    That another account stands for the same number is told as what it is for the bidder, a review by the centre: nobody
    is to learn from us whether somebody else is registered here.
    """
    if required is IdentityRequired.NONE:
        return None
    if standing is None:
        return IdentityMissing.IDENTITY_NEEDED
    if standing.state is IdentityState.RETURNED:
        return IdentityMissing.IDENTITY_RETURNED
    if standing.is_contested:
        return IdentityMissing.IDENTITY_UNDER_REVIEW
    if required is IdentityRequired.CONFIRMED and standing.state is not IdentityState.CONFIRMED:
        return IdentityMissing.IDENTITY_NOT_CONFIRMED
    return None
