"""`luochui bid`: one bid, a max bid, a sealed offer, or just watching, over the same live connection as everybody's."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gateways.amounts import MINOR_UNITS, NotAnAmount, read_amount, write_amount
from gateways.cli.language import Language, language_of
from gateways.cli.outcomes import CommandFailed, ExitCode
from gateways.cli.phase_words import takes_no_amount
from gateways.cli.watching import Watching
from gateways.client import (
    DEFAULT_URL,
    Answer,
    ApiClient,
    ApiProblem,
    ClientProblem,
    ConnectionEnded,
    LiveClient,
    NoAnswer,
    NotTaken,
    Receipt,
    Refusal,
    Unreachable,
)
from gateways.wire import View
from matching.terms import PHASES_MAX

ADMISSION_TIMEOUT_S = 15.0
ADMISSION_POLL_S = 0.2

FALLING = "falling"
"""Direction of a lot in which the lower bid is the better one."""

COMMAND_ID_BYTES = 16
_COMMAND_ID = re.compile("[0-9a-f]{32}")


def command(
    lot: Annotated[str, typer.Argument(metavar="LOT", help="Number or code of the lot. 标的编号或代码")],
    amount: Annotated[
        str | None,
        typer.Argument(
            metavar="AMOUNT", help="Amount, as 12,300.50 or 1.2万. 报价金额，如 12,300.50 或 1.2万"
        ),
    ] = None,
    asking: Annotated[
        bool, typer.Option("--asking", help="Bid the asking price. 按最低有效报价出价")
    ] = False,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1, help="Bid so many steps up; 1 is the asking price. 加价若干幅度，1 即最低有效报价"
        ),
    ] = None,
    max_: Annotated[
        str | None, typer.Option("--max", metavar="AMOUNT", help="Leave a max bid. 设定代理报价上限")
    ] = None,
    seal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Seal an offer: sends the SHA-256 of this file, which you keep. 提交密封报价的摘要",
        ),
    ] = None,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Take your hidden or sealed offer back. 撤回未揭示的报价")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show the lot live until it closes. 实时观看直至结束")
    ] = False,
    sign_up: Annotated[bool, typer.Option("--sign-up", help="Sign up for the lot first. 先报名")] = False,
    pay_demo: Annotated[
        bool, typer.Option("--pay-demo", help="Pay the deposit at the demo bank. 通过演示银行缴纳保证金")
    ] = False,
    login: Annotated[str | None, typer.Option(envvar="LUOCHUI_LOGIN", help="Login. 登录名")] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="LUOCHUI_PASSWORD", help="Password; asked for when absent. 密码，缺省时询问"),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="LUOCHUI_TOKEN", help="API token instead of a login. 令牌")
    ] = None,
    url: Annotated[str, typer.Option(envvar="LUOCHUI_URL", help="The exchange. 交易所地址")] = DEFAULT_URL,
    language: Annotated[Language | None, typer.Option(help="zh or en; else by LANG. 语言")] = None,
    command_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="HEX", help="Ask again under the id of an earlier attempt. 以先前的命令号重试"
        ),
    ] = None,
    phase: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=PHASES_MAX - 1,
            help="The phase it is meant for, from 0; the present one unless given. 所针对的阶段，缺省为当前阶段",
        ),
    ] = None,
    ends_at_us: Annotated[
        int | None,
        typer.Option(
            "--round-ends",
            min=0,
            help="The round --take-back is meant for, by its ends_at_us; the present one unless given. "
            "撤回所针对的轮次（以其截止时间 ends_at_us 表示），缺省为当前轮",
        ),
    ] = None,
) -> None:
    """Without an amount and with --watch it only watches, which needs no sign-in. 只用 --watch 观看时无需登录。

    luochui bid 12 12,300.50

    luochui bid 12 --asking --sign-up --pay-demo --login bidder1

    luochui bid 12 --max 2万 --watch

    luochui bid 12 --seal offer.enc
    """
    words = language or language_of()
    _check_command_id(words, command_id)
    order = _order(words, amount, max_, steps or (1 if asking else None), seal, take_back)
    if order is not None and phase is not None:
        order = replace(order, phase=phase)
    if order is not None and ends_at_us is not None:
        order = replace(order, ends_at_us=ends_at_us)
    if order is None and not (watch or sign_up or pay_demo):
        raise CommandFailed(
            words.say(
                "What to bid? Give an AMOUNT, --asking, --steps, --max or --seal; or --watch.",
                "报多少？请给出金额、--asking、--steps、--max 或 --seal；或用 --watch 观看。",
            ),
            ExitCode.USAGE,
        )
    needs_account = order is not None or sign_up or pay_demo
    if needs_account and not token:
        login = login or typer.prompt(words.say("Login", "登录名"))
        password = password or typer.prompt(words.say("Password", "密码"), hide_input=True)
    errand = _Errand(url, lot, order, watch, sign_up, pay_demo, command_id, words)
    code = _run(_carry_out(errand, token, login if needs_account else None, password), words)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _check_command_id(words: Language, command_id: str | None) -> None:
    if command_id is not None and _COMMAND_ID.fullmatch(command_id) is None:
        raise CommandFailed(
            words.say(
                "--id takes the 32 hexadecimal digits of an earlier attempt.",
                "--id 须为先前命令号的 32 位十六进制数字。",
            ),
            ExitCode.USAGE,
        )


@dataclass(frozen=True, slots=True)
class _Order:
    """What to bid: an amount, a limit, steps, or a sealed file; or what to take back. And the phase it is meant for."""

    amount: int = 0
    limit: int = 0
    steps: int = 0
    sealed: Path | None = None
    handle: str = ""
    """The digest of the sealed file."""
    takes_back: bool = False
    phase: int | None = None
    ends_at_us: int | None = None
    """When the round ends that a taking back is meant for."""

    @property
    def is_bid(self) -> bool:
        """Whether an amount is sent."""
        return not (self.handle or self.takes_back)


@dataclass(frozen=True, slots=True)
class _Errand:
    url: str
    lot: str
    order: _Order | None
    watch: bool
    sign_up: bool
    pay_demo: bool
    command_id: str | None
    language: Language


def _order(
    words: Language,
    amount: str | None,
    limit: str | None,
    steps: int | None,
    sealed: Path | None,
    takes_back: bool,
) -> _Order | None:
    given = [value for value in (amount, limit, steps, sealed, takes_back or None) if value is not None]
    if len(given) > 1:
        raise CommandFailed(
            words.say(
                "Only one of AMOUNT, --max, --asking, --steps, --seal, --take-back.",
                "金额、--max、--asking、--steps、--seal、--take-back 只能选一。",
            ),
            ExitCode.USAGE,
        )
    if not given:
        return None
    try:
        return _Order(
            amount=read_amount(amount) if amount else 0,
            limit=read_amount(limit) if limit else 0,
            steps=steps or 0,
            sealed=sealed,
            handle="" if sealed is None else _handle_of(sealed, words),
            takes_back=takes_back,
        )
    except NotAnAmount as error:
        raise CommandFailed(
            words.say(
                f"{error} is not an amount; write 12300.50 or 1.2万.",
                f"{error} 不是金额；请写成 12300.50 或 1.2万。",
            ),
            ExitCode.USAGE,
        ) from error


def _handle_of(sealed: Path, words: Language) -> str:
    """Return the SHA-256 of a file.  Raises: CommandFailed."""
    try:
        with sealed.open("rb") as content:
            if not content.read(1):
                raise CommandFailed(words.say(f"{sealed} is empty.", f"{sealed} 是空文件。"), ExitCode.USAGE)
            content.seek(0)
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise CommandFailed(
            words.say(f"{sealed} cannot be read: {error}", f"无法读取 {sealed}：{error}"), ExitCode.USAGE
        ) from error


def _run(work: Any, words: Language) -> ExitCode:
    """Run the errand and put every problem into words."""
    try:
        return ExitCode(asyncio.run(work))
    except (Unreachable, NoAnswer) as problem:
        text = words.say("The exchange cannot be reached", "无法连接交易所")
        raise CommandFailed(f"{text}: {problem}", ExitCode.UNREACHABLE) from problem
    except ConnectionEnded as problem:
        text = words.say("The exchange ended the connection", "交易所结束了连接")
        raise CommandFailed(f"{text}: {problem.code} {problem.reason}") from problem
    except ApiProblem as problem:
        raise CommandFailed(f"{problem.code} {problem.detail}".rstrip()) from problem
    except ClientProblem as problem:
        raise CommandFailed(str(problem)) from problem


def _unanswered(lot: int, order: _Order, command_id: str, words: Language) -> str:
    """Return how to ask again: under the same id, for the same amount, for an asking price may have moved."""
    whole, part = divmod(order.limit or order.amount, MINOR_UNITS)
    what = f"{'--max ' if order.limit else ''}{whole}.{part:02d}"
    if not order.is_bid:
        what = (
            f"--take-back --round-ends {order.ends_at_us}" if order.takes_back else f"--seal {order.sealed}"
        )
    again = f"luochui bid {lot} {what} --phase {order.phase} --id {command_id}"
    return words.say(
        f"No answer; whether it counts is not known. Ask again: {again}",
        f"未获答复，结果未知。请重试：{again}",
    )


async def _carry_out(errand: _Errand, token: str | None, login: str | None, password: str | None) -> ExitCode:
    console = Console(highlight=False)
    async with ApiClient(errand.url, token=token) as api:
        try:
            if token is None and login is not None:
                await api.sign_in(login, password or "")
            card = await _card(api, errand.lot)
            if errand.order is not None and errand.order.is_bid:
                # Told before anybody signs up or pays for what cannot be done from here.
                page = f"{errand.url.rstrip('/')}/lots/{card['lot']}"
                if told := takes_no_amount(card["view"], page, errand.language):
                    raise CommandFailed(told)
            if errand.sign_up or errand.pay_demo:
                await _sign_up(api, card, errand, console)
            return await _bid_and_watch(api, card, errand, token, console)
        except (ApiProblem, NotTaken) as problem:
            sentence = await _sentence(api, problem.code, errand.language)
            raise CommandFailed(f"{sentence} {problem.detail}".rstrip()) from problem


async def _card(api: ApiClient, lot: str) -> dict[str, Any]:
    """Return the lot of this number or code."""
    if lot.isdecimal():
        return await api.lot(int(lot))
    found = (await api.lots(q=lot, limit=50))["lots"]
    numbers: list[int] = [card["lot"] for card in found if card["code"].lower() == lot.lower()]
    if not numbers:
        raise ApiProblem(404, "LOT_UNKNOWN", lot)
    return await api.lot(numbers[0])


async def _sign_up(api: ApiClient, card: dict[str, Any], errand: _Errand, console: Console) -> None:
    """Sign up, pay at the demo bank where that was asked for, and wait for the paddle."""
    say, lot = errand.language.say, card["lot"]
    state = await (api.sign_up(lot) if errand.sign_up else api.my_sign_up(lot))
    missing = state["required"] - state["received"]
    if missing > 0:
        money = write_amount(missing, state["currency"])
        console.print(
            say(
                f"deposit {money}, reference {state['reference']}",
                f"保证金 {money}，子账号 {state['reference']}",
            )
        )
        if not errand.pay_demo:
            return
        await api.pay_demo(state["reference"])
    until_s = time.monotonic() + ADMISSION_TIMEOUT_S
    while not state["paddle"] and time.monotonic() < until_s:
        state = await api.my_sign_up(lot)
        await asyncio.sleep(ADMISSION_POLL_S)
    if state["paddle"]:
        console.print(say(f"admitted, paddle {state['paddle']}", f"已取得竞买资格，竞买号 {state['paddle']}"))
    else:
        console.print(say(f"not admitted yet: {state['state']}", f"尚未取得竞买资格：{state['state']}"))


async def _bid_and_watch(
    api: ApiClient, card: dict[str, Any], errand: _Errand, token: str | None, console: Console
) -> ExitCode:
    if errand.order is None and not errand.watch:
        return ExitCode.OK
    title = errand.language.say(card["title"]["en"], card["title"]["zh"])
    async with LiveClient(errand.url, token=token, cookie=api.cookie) as client:
        code = ExitCode.OK
        if errand.order is not None:
            order = await _exact(client, card, errand.order)
            command_id = errand.command_id or secrets.token_hex(COMMAND_ID_BYTES)
            try:
                answer = await _place(client, card["lot"], order, command_id)
            except (NoAnswer, Unreachable) as problem:
                # What was sent may have arrived, also when the connection is lost for good.
                text = _unanswered(card["lot"], order, command_id, errand.language)
                raise CommandFailed(text, ExitCode.UNREACHABLE) from problem
            code = ExitCode.OK if isinstance(answer, Receipt) else ExitCode.REFUSED
            text = await _answer_text(api, answer, order, card["view"], errand.language)
            console.print(text, soft_wrap=True)
        if errand.watch:
            await Watching(client, card["lot"], f"{card['code']}  {title}", errand.language).until_closed(
                console
            )
        return code


async def _place(client: LiveClient, lot: int, order: _Order, command_id: str) -> Answer:
    if order.handle:
        return await client.seal(lot, order.handle, command_id, phase=order.phase)
    if order.takes_back:
        return await client.take_back(lot, command_id, phase=order.phase, ends_at_us=order.ends_at_us)
    if order.limit:
        return await client.max_bid(lot, order.limit, command_id, phase=order.phase)
    return await client.bid(lot, order.amount, command_id, phase=order.phase)


async def _exact(client: LiveClient, card: dict[str, Any], order: _Order) -> _Order:
    """Return the order with its amount in place of steps, and the phase that it is meant for."""
    if not order.steps:
        phase = card["view"]["phase"] if order.phase is None else order.phase
        ends_at_us = card["view"]["ends_at_us"] if order.ends_at_us is None else order.ends_at_us
        return replace(order, phase=phase, ends_at_us=ends_at_us)
    subscription = await client.subscribe(card["lot"], View.STATE)
    state = subscription.state
    await client.unsubscribe(card["lot"])
    step = -state["increment"] if state["direction"] == FALLING else state["increment"]
    amount = state["asking_price"] + (order.steps - 1) * step
    return _Order(amount=amount, phase=state["phase"] if order.phase is None else order.phase)


async def _answer_text(
    api: ApiClient, answer: Answer, order: _Order, view: dict[str, Any], words: Language
) -> str:
    if isinstance(answer, Refusal):
        return await _refusal_text(api, answer, view, words)
    if not order.is_bid:
        return _kept_text(answer, order, words)
    currency = view["currency"]
    asking = write_amount(answer.asking_price, currency)
    leading = (
        words.say("you lead", "您领先") if answer.is_leading else words.say("outbid already", "已被超越")
    )
    price = write_amount(answer.price, currency)
    return words.say(
        f"[green]accepted[/] {write_amount(answer.amount, currency)}, sequence {answer.sequence}; {leading} "
        f"(price {price}, next bid {asking})",
        f"[green]已受理[/] {write_amount(answer.amount, currency)}，序号 {answer.sequence}；{leading}"
        f"（当前价 {price}，最低有效报价 {asking}）",
    )


def _kept_text(receipt: Receipt, order: _Order, words: Language) -> str:
    """Return what is on record of what nobody may see yet, and what the bidder has to keep."""
    accepted = words.say(
        f"[green]accepted[/], sequence {receipt.sequence}", f"[green]已受理[/]，序号 {receipt.sequence}"
    )
    if order.takes_back:
        return accepted + words.say("; your offer is taken back.", "；报价已撤回。")
    return accepted + words.say(
        f"; digest {order.handle}\nKeep {order.sealed} as it is and hand it over at the opening as the notice says: an"
        " offer that is not opened does not count. Where the terms let, --seal with another file replaces it.",
        f"；摘要 {order.handle}\n请原样保存 {order.sealed}，开启时按公告交给主持人；未开启的报价无效。"
        "条款允许修改的，截止前再次 --seal 即替换。",
    )


async def _refusal_text(api: ApiClient, refusal: Refusal, view: dict[str, Any], words: Language) -> str:
    """Return why it was refused, and what would be accepted."""
    currency = view["currency"]
    sentence = await _sentence(api, refusal.code, words)
    acceptable = []
    if refusal.asking_price:
        asking = write_amount(refusal.asking_price, currency)
        if view["direction"] == FALLING or refusal.code == "ABOVE_ASKING_PRICE":
            acceptable.append(words.say(f"at most {asking}", f"不高于 {asking}"))
        else:
            acceptable.append(words.say(f"at least {asking}", f"不低于 {asking}"))
    if refusal.increment:
        step = write_amount(refusal.increment, currency)
        acceptable.append(words.say(f"step {step}", f"加价幅度 {step}"))
    if refusal.largest:
        largest = write_amount(refusal.largest, currency)
        acceptable.append(words.say(f"at most {largest}", f"不高于 {largest}"))
    limits = words.say(f" ({', '.join(acceptable)})", f"（{'，'.join(acceptable)}）") if acceptable else ""
    return f"[red]{words.say('refused', '未接受')}[/] {refusal.code}: {sentence}{limits} {refusal.detail}".rstrip()


async def _sentence(api: ApiClient, code: str, words: Language) -> str:
    """Return the exchange's own sentence for a code, with what to do next."""
    message = (await api.messages()).get(code)
    return code if message is None else f"{message[words]} {message[f'next_{words}']}"
