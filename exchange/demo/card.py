"""The card of the demo centre: who it is and how to reach it, so that a visitor sees a centre as it introduces itself.

Belongs here: what the card says, and its entry. Does not belong here: what a card is (`exchange.centre`).
"""

from typing import Final

from exchange.centre import NOTHING_ENTERED, Centre, CentreCard, Lines, VersionMoved
from exchange.demo.accounts import DEMO_PASSWORD, VISITORS, made
from exchange.people import People
from exchange.roles import Role

CARD: Final = CentreCard(
    name=Lines("落槌演示交易中心", "Luochui demo centre"),
    address=Lines(
        "澜川市政务服务大厅三楼（虚构地址）", "Third floor, Lanchuan citizens' hall (an invented address)"
    ),
    contact=Lines("交易服务窗口", "Service desk"),
    phone="000-00000000",
    complaint_line="000-00000001",
    opening_hours=Lines("工作日 9:00–17:00", "Working days, 9:00 to 17:00"),
)
"""All of it invented; no exchange has these telephone numbers."""


async def introduce(centre: Centre, people: People) -> None:
    """Let the centre say who it is, unless somebody has said it already.

    Raises: StoreUnavailable.
    """
    if await centre.current() != NOTHING_ENTERED:
        return
    clerk = await made(people, next(one for one in VISITORS if Role.ADMIN in one.roles), DEMO_PASSWORD)
    try:
        await centre.change(CARD, NOTHING_ENTERED.version, clerk.id, "演示 / Demo")
    except VersionMoved:
        return
