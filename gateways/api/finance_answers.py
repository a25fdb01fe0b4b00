"""Answers that the finance operations share: a refusal of the ledger as an error, persons by their names."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gateways.api.errors import ApiCode, ApiError
from gateways.api.services import Services

SYSTEM = 0


def refused(refusal: StrEnum, detail: str = "") -> ApiError:
    """Return the error for an act that the ledger refuses: its code is the detail, what it concerns a problem."""
    return ApiError(ApiCode.REFUSED_BY_LEDGER, refusal.value, (detail,) if detail else ())


async def names_of(services: Services, persons: Iterable[int | None]) -> dict[int, str]:
    """Return the names of persons by account id; the system, 0, has none."""
    return await services.people.names({person for person in persons if person})
