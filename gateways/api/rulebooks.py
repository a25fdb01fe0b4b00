"""The rulebooks that lots are published under: which there are, and what each asks for on which article."""

from __future__ import annotations

from msgspec import Struct

from exchange.rulebooks.explanation import Explanation, RulebookSummary, explanation, summary
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import ANYONE, NAME, Asked, Operation


class RulebookList(Struct, frozen=True):
    """Every rulebook of the exchange: those that ship with it, then the centre's own."""

    rulebooks: list[RulebookSummary]


async def list_rulebooks(asked: Asked) -> RulebookList:
    """List the rulebooks that a lot can be published under."""
    return RulebookList([summary(rulebook) for rulebook in asked.services.catalogue.rulebooks.all()])


async def show_rulebook(asked: Asked) -> Explanation:
    """Show what one rulebook asks for, with the article of each figure and how sure we are of it."""
    rulebook = asked.services.catalogue.rulebooks.get(asked.names[NAME])
    if rulebook is None:
        raise ApiError(ApiCode.RULEBOOK_UNKNOWN, asked.names[NAME])
    return explanation(rulebook)


OPERATIONS = (
    Operation("GET", "/rulebooks", list_rulebooks, ANYONE, answer=RulebookList),
    Operation(
        "GET",
        "/rulebooks/{name}",
        show_rulebook,
        ANYONE,
        answer=Explanation,
        codes=(ApiCode.RULEBOOK_UNKNOWN,),
    ),
)
