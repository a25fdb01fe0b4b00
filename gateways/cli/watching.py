"""Watching a lot in a terminal: price, leader, countdown by the server's clock, and what happens.

Belongs here: one lot's news as lines or as a live table. Does not belong here: bidding.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateways.amounts import write_amount
from gateways.cli.language import Language
from gateways.cli.phase_words import phase_name, round_name
from gateways.client import LiveClient, Subscription, Update
from gateways.wire import View

EVENTS_SHOWN = 12
REFRESHES_PER_SECOND = 4
SECOND_US = 1_000_000
CLOSED_STATES = frozenset({"knocked_down", "sold", "passed", "withdrawn"})

STATES = {
    "announced": ("announced", "预告中"),
    "open": ("open", "竞价中"),
    "frozen": ("paused", "已暂停"),
    "knocked_down": ("knocked down, to be confirmed", "已拍定，待确认"),
    "sold": ("sold", "已成交"),
    "passed": ("passed", "流拍"),
    "withdrawn": ("withdrawn", "已撤回"),
}


class Watching:
    """What is known of a lot, and how it is shown."""

    def __init__(self, client: LiveClient, lot: int, title: str, language: Language) -> None:
        self._client = client
        self._lot = lot
        self._title = title
        self._language = language
        self._state: dict[str, Any] = {}
        self._paddle = 0
        self._lines: deque[str] = deque(maxlen=EVENTS_SHOWN)

    async def until_closed(self, console: Console) -> str:
        """Show the lot until it is closed, and return its last state."""
        subscription = await self._client.subscribe(self._lot, View.FULL)
        await self._client.measure_clock()
        if not console.is_terminal:
            return await self._as_lines(subscription, console)
        with Live(get_renderable=self._table, console=console, refresh_per_second=REFRESHES_PER_SECOND):
            async for update in subscription:
                self._lines.extend(self._take(update))
                if self._state["state"] in CLOSED_STATES:
                    break
        return str(self._state["state"])

    async def _as_lines(self, subscription: Subscription, console: Console) -> str:
        async for update in subscription:
            for line in self._take(update):
                console.print(line, highlight=False)
            if self._state["state"] in CLOSED_STATES:
                break
        return str(self._state["state"])

    def _take(self, update: Update) -> list[str]:
        self._state = update.state
        if update.you is not None:
            self._paddle = update.you["paddle"]
        return [line for record in update.records if (line := self._line(record))]

    def _table(self) -> Group:
        say, state = self._language.say, self._state
        table = Table(show_header=False, box=None)
        table.add_column(style="dim")
        table.add_column(style="bold")
        if state:
            rows = {
                say("state", "状态"): say(*STATES[state["state"]]),
                say("phase", "阶段"): phase_name(state["format"], self._language),
                say("price", "当前价"): self._money(state["price"]) if state["leader"] else "–",
                say("leader", "领先"): self._who(state["leader"]),
                say("next bid", "最低有效报价"): self._money(state["asking_price"]),
                say("remaining", "剩余"): self._remaining(),
                say("bids", "报价次数"): str(state["bids"]),
            }
            for name, value in rows.items():
                table.add_row(name, value)
        return Group(Text(self._title, style="bold"), table, *(Text(line) for line in self._lines))

    def _remaining(self) -> str:
        state = self._state
        moment = {"announced": "opens_at_us", "frozen": "resumes_at_us"}.get(state["state"], "ends_at_us")
        if not state[moment] or state["state"] in CLOSED_STATES:
            return "–"
        seconds = max(0, -(-(state[moment] - self._client.server_now_us()) // SECOND_US))
        hours, rest = divmod(seconds, 3600)
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"

    def _who(self, paddle: int) -> str:
        if not paddle:
            return "–"
        own = self._language.say(" (you)", "（您）") if paddle == self._paddle else ""
        return f"{self._language.say('paddle', '竞买号')} {paddle}{own}"

    def _money(self, amount: int) -> str:
        return write_amount(amount, self._state["currency"])

    def _line(self, record: dict[str, Any]) -> str:
        """Return what one record says; empty for what is not of interest."""
        words = self._words(record["event"])
        return f"{record['sequence']:>6}  {words}" if words else ""

    def _words(self, event: dict[str, Any]) -> str:
        say = self._language.say
        match event["type"]:
            case "BidPlaced":
                proxy = say(" by max bid", " 代理") if event.get("is_proxy") else ""
                return f"{self._who(event['paddle'])}  {self._money(event['amount'])}{proxy}"
            case "PhaseBegan" if event["index"]:
                return say(f"phase {event['index'] + 1}", f"第 {event['index'] + 1} 阶段")
            case "LotOpened":
                return say("bidding begins", "竞价开始")
            case "LotExtended":
                return say(f"extended, {event['extension']}", f"延时，第 {event['extension']} 次")
            case "FairWarningGiven":
                return say(f"fair warning {event['warning']}", f"第 {event['warning']} 次提示")
            case "AnnouncementMade":
                return say(f"the host says: {event['text']}", f"主持人公告：{event['text']}")
            case "LotFrozen":
                return say("paused", "暂停") + (f": {event['reason']}" if event["reason"] else "")
            case "LotResumed":
                return say("resumed", "恢复")
            case "LotSold":
                sold = say("sold to", "成交")
                return f"{sold} {self._who(event['paddle'])}  {self._money(event['price'])}"
            case "LotKnockedDown":
                knocked_down = say("knocked down to", "拍定")
                return f"{knocked_down} {self._who(event['paddle'])}  {self._money(event['price'])}"
            case "LotAwarded":
                count = len(event["awards"])
                return say(f"awarded to {count} bidders", f"{count} 名竞买人获配")
            case "RoundBegan":
                price = f"  {self._money(event['price'])}" if event.get("price") else ""
                return round_name(self._state["format"], event["number"], self._language) + price
            case "LotPassed":
                return say("passed without a buyer", "流拍")
            case "LotWithdrawn":
                return say("withdrawn", "撤回") + f": {event['reason']}"
        return ""
