"""The accounts of the demo centre: those that visitors sign in with, and those of the robots.

Belongs here: who there is, and making them once.
Does not belong here: what they do.
"""

from __future__ import annotations

from msgspec import Struct

from exchange.people import Account, LoginTaken, People, Role

DEMO_PASSWORD = "luochui-demo"
"""Of every account that a visitor may sign in with. Robots have none: nobody signs in as a robot."""


class DemoAccount(Struct, frozen=True):
    """An account to be made, with a name in both languages."""

    login: str
    name: str
    roles: tuple[Role, ...]


VISITORS = (
    *(
        DemoAccount(f"bidder{number}", f"演示竞买人 {number} / Demo bidder {number}", (Role.BIDDER,))
        for number in range(1, 6)
    ),
    DemoAccount("host1", "演示主持人 / Demo host", (Role.HOST,)),
    DemoAccount("finance1", "演示财务 1 / Demo finance 1", (Role.FINANCE,)),
    DemoAccount("finance2", "演示财务 2 / Demo finance 2", (Role.FINANCE,)),
    DemoAccount("cashier1", "演示出纳 / Demo cashier", (Role.CASHIER,)),
    DemoAccount("checker1", "演示复核 / Demo checker", (Role.CHECKER,)),
    DemoAccount("accountant1", "演示会计 / Demo accountant", (Role.ACCOUNTANT,)),
    DemoAccount("auditor1", "演示审计 / Demo auditor", (Role.AUDITOR,)),
    DemoAccount("admin1", "演示管理员 / Demo administrator", (Role.ADMIN,)),
)
ROBOTS = tuple(
    DemoAccount(f"demo-robot-{letter.lower()}", f"演示机器人 {sign} / Demo robot {letter}", (Role.BIDDER,))
    for sign, letter in zip("甲乙丙丁戊己", "ABCDEF", strict=True)
)
ROBOT_HOST = DemoAccount("demo-robot-host", "演示机器人 主持 / Demo robot host", (Role.HOST,))

ROBOT_CASHIER = DemoAccount("demo-robot-cashier", "演示机器人 出纳 / Demo robot cashier", (Role.CASHIER,))
ROBOT_CHECKER = DemoAccount("demo-robot-checker", "演示机器人 复核 / Demo robot checker", (Role.CHECKER,))


def bank_number(account_id: int) -> str:
    """Return the number of an account holder's account at the demo bank, where his refunds go."""
    return f"62170000{account_id:011d}"


async def made(people: People, wanted: DemoAccount, password: str | None) -> Account:
    """Return the account with this login, made now unless it is there.

    Raises: StoreUnavailable.
    """
    known = await people.by_login(wanted.login)
    if known is not None:
        return known
    try:
        return await people.create(wanted.login, wanted.name, wanted.roles, password, is_demo=True)
    except LoginTaken:
        taken = await people.by_login(wanted.login)
        assert taken is not None, "accounts are never deleted"
        return taken
