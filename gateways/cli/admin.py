"""`luochui admin`: accounts and tokens, from the machine on which the exchange's data lie."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from exchange.people import Account, LoginTaken, People, Role, TooManyTokens
from exchange.setting_sources import load_settings
from gateways.cli.identities import enter_declaration, read_declaration
from gateways.cli.on_record import note
from gateways.cli.outcomes import CommandFailed, ExitCode

app = typer.Typer(no_args_is_help=True, add_completion=False)

PAGE_ACCOUNTS = 500

Result = TypeVar("Result")

Login = Annotated[str, typer.Option("--login", help="What the person signs in with. 登录名")]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="PostgreSQL of the exchange, if not the embedded one. 交易所的 PostgreSQL")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the exchange's data. 交易所数据目录")]
Config = Annotated[Path | None, typer.Option(help="TOML file; see `luochui config doc`. 配置文件")]


@app.command("create-user")
def create_user(
    role: Annotated[list[Role], typer.Option(help="May be given several times. 角色，可重复")],
    login: Annotated[str, typer.Option(prompt="Login 登录名", help="What the person signs in with. 登录名")],
    name: Annotated[str | None, typer.Option(help="Name that others see. 显示名称")] = None,
    identity: Annotated[
        Path | None,
        typer.Option(
            "--identity", metavar="FILE", help="TOML file that tells who a bidder is. 竞买人身份（TOML 文件）"
        ),
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password from standard input. 从标准输入读取密码"),
    ] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Make an account with a password, whether the exchange runs or not. 创建账户"""
    declared = None if identity is None else read_declaration(identity)
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _asked_password()

    async def create(people: People, pool: Any) -> Account:
        shown = name or (login if declared is None else declared.name)
        account = await people.create(login, shown, list(dict.fromkeys(role)), password)
        made = list(account.roles)
        await note(pool, "make_account", account=account.id, login=account.login, roles=[*made])
        if declared is not None:
            await enter_declaration(pool, people, account, declared)
        return account

    account = _with_people(create, database_url, data_dir, config)
    typer.echo(f"Account {account.id} made: {account.login} ({', '.join(account.roles)}). 账户已创建")


@app.command("list-users")
def list_users(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs. 输出 JSON")] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """List all accounts. 列出全部账户"""
    accounts = _with_people(_all_accounts, database_url, data_dir, config)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(accounts)).decode())
        return
    for account in accounts:
        state = "" if account.is_active else "  inactive 停用"
        typer.echo(
            f"{account.id:>6}  {account.login:<24} {','.join(account.roles):<28} {account.name}{state}"
        )


@app.command("declare-identity")
def declare_identity(
    login: Login,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="TOML file, as told above. TOML 文件，格式见上")
    ],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Declare who the bidder of an account is. 填报账户的竞买人身份

    The file says kind (person, legal_person, organisation), name, document (resident_id, credit_code, passport, …),
    number and telephone; of an organisation representative and agent too. It may say the region (440000, 990000).
    """
    declared = read_declaration(file)

    async def declare(people: People, pool: Any) -> Account:
        account = await people.by_login(login)
        if account is None:
            raise CommandFailed(f"There is no account {login!r}. 没有此账户")
        await enter_declaration(pool, people, account, declared)
        return account

    account = _with_people(declare, database_url, data_dir, config)
    typer.echo(f"Declared for {account.login}: {declared.name}. 已填报")


@app.command("create-token")
def create_token(
    login: Login,
    label: Annotated[str, typer.Option(help="What the token is for. 令牌用途")] = "command line",
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Make an API token for an account and print it, this once. 创建并显示 API 令牌（仅显示一次）"""

    async def create(people: People, pool: Any) -> str:
        account = await people.by_login(login)
        if account is None:
            raise CommandFailed(f"There is no account {login!r}. 没有此账户")
        token = await people.issue_token(account.id, label)
        await note(pool, "issue_token", account=account.id, label=label)
        return token

    typer.echo(_with_people(create, database_url, data_dir, config))


async def _all_accounts(people: People, pool: Any) -> list[Account]:
    accounts: list[Account] = []
    while page := await people.accounts(accounts[-1].id if accounts else 0, PAGE_ACCOUNTS):
        accounts += page
    return accounts


def _asked_password() -> str:
    password: str = typer.prompt("Password 密码", hide_input=True, confirmation_prompt="Once more 再次输入")
    return password


def _with_people(
    work: Callable[[People, Any], Awaitable[Result]],
    database_url: str | None,
    data_dir: Path | None,
    config: Path | None,
) -> Result:
    """Do something with the accounts of the exchange that the settings describe."""
    from exchange.adapters.clock import SystemClock
    from exchange.database import Change, StoreUnavailable
    from exchange.registry import opened_pool

    settings = load_settings({"database_url": database_url, "data_dir": data_dir}, config=config)

    async def doing() -> Result:
        async with opened_pool(settings) as pool:
            people = People(pool, SystemClock(), session_hours=settings.session_hours)
            # What is done and its entry in the record of acts become durable together.
            async with Change(pool) as change:
                result = await work(people, pool)
                await change.commit()
            return result

    try:
        return asyncio.run(doing())
    except LoginTaken as error:
        raise CommandFailed(f"The login {error} is taken. 登录名已被使用") from error
    except TooManyTokens as error:
        raise CommandFailed(f"The account holds {error} tokens already. 令牌数量已达上限") from error
    except ValueError as error:
        raise CommandFailed(f"{error}. 输入有误", ExitCode.USAGE) from error
    except StoreUnavailable as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 无法使用数据库", ExitCode.UNREACHABLE
        ) from error
