"""What happened to a lot, in words: a line for every event, in Chinese and in English.

Belongs here: sentences. Does not belong here: which events are shown, and how (`simulate`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateways.amounts import write_amount
from gateways.cli.language import Language
from gateways.cli.phase_words import round_name
from matching import events as event
from matching.commands import Side, Word
from matching.events import Event, PassReason
from matching.units import Amount, Line, Paddle

PLACES_TOLD = 6

PASS_REASONS = {
    PassReason.NO_BIDS: ("nobody bid", "无人出价"),
    PassReason.BELOW_RESERVE: ("below the reserve", "未达保留价"),
    PassReason.TOO_FEW_BIDDERS: ("too few bidders", "竞买人不足"),
    PassReason.DEFAULTED: ("the buyer defaulted", "买受人悔拍"),
    PassReason.NOT_DRAWN: ("the draw could not be held", "摇号未能举行"),
    PassReason.UNDERSUBSCRIBED: ("less asked for than offered", "申报总量不足"),
}
WORDS = {
    Word.ACCEPT: ("says yes", "表示同意"),
    Word.DECLINE: ("says no", "表示放弃"),
    Word.WAIVE: ("sits this round out", "本轮弃权"),
}
SIDES = {Side.BUY: ("buys", "买入"), Side.SELL: ("sells", "卖出")}


class Teller:
    """Tells the events of one lot."""

    def __init__(self, phases: Iterable[str], formats: Iterable[str], currency: str, words: Language) -> None:
        """Take what each phase of the lot is called, and its format."""
        self._phases = list(phases)
        self._formats = list(formats)
        self._format = ""
        self._currency = currency
        self._words = words
        self._unit = ""

    def tell(self, happened: Event) -> str:
        """Return what happened as one sentence; empty for what is of no interest to a reader."""
        say = self._words.say
        match happened:
            case event.LotAnnounced():
                return say("the lot is announced", "标的公告")
            case event.BidderAdmitted(rank=rank) if rank:
                return say(f"admitted, priority rank {rank}", f"获准入场，优先购买权第 {rank} 顺位")
            case event.BidderAdmitted():
                return say("admitted", "获准入场")
            case event.LotOpened():
                return say("bidding begins", "竞价开始")
            case event.PhaseBegan(index=index):
                self._format = self._formats[index]
                return say(
                    f"phase {index + 1}: {self._phases[index]}", f"阶段 {index + 1}：{self._phases[index]}"
                )
            case event.LotSold() | event.LotAwarded() | event.LotPassed() | event.LotWithdrawn():
                return self._outcome(happened)
            case event.LotKnockedDown() | event.WinnerDefaulted() | event.ReserveSet():
                return self._hammer(happened)
        parts = (self._of_bidding, self._of_offers, self._of_draw, self._of_market)
        return next((told for part in parts if (told := part(happened))), "")

    def _outcome(self, happened: Event) -> str:
        say = self._words.say
        match happened:
            case event.LotSold(price=price, quantity=quantity):
                extra = f", {quantity}" if quantity else ""
                return say("sold", "成交") + f" {self._money(price)}{extra}"
            case event.LotAwarded(awards=awards):
                shown = "; ".join(
                    f"{self._who(one.paddle)} {one.quantity} → {self._money(one.amount)}"
                    for one in awards[:PLACES_TOLD]
                )
                return say("awarded", "成交分配") + f": {shown}" + self._more(len(awards))
            case event.LotPassed(reason=reason):
                english, chinese = PASS_REASONS[reason]
                return say(f"passed: {english}", f"流拍：{chinese}")
        return say("withdrawn", "撤回")

    def _hammer(self, happened: Event) -> str:
        say = self._words.say
        match happened:
            case event.LotKnockedDown(price=price, runners_up=others):
                waiting = say(f", {len(others)} in reserve", f"，候补 {len(others)} 名") if others else ""
                return say("knocked down at", "落槌") + f" {self._money(price)}{waiting}"
            case event.ReserveSet(amount=amount):
                return say("the reserve is entered:", "录入底价：") + f" {self._money(amount)}"
        return say("does not honour the bid", "悔拍")

    def _of_bidding(self, happened: Event) -> str:
        say = self._words.say
        match happened:
            case event.BidPlaced(amount=amount, is_proxy=is_proxy):
                return self._figure(amount) + (say(" by max bid", "（代理）") if is_proxy else "")
            case event.MaxBidLeft(limit=limit):
                return say("leaves a max bid of", "设定代理报价") + f" {self._money(limit)}"
            case event.LotExtended(extension=extension):
                return say(f"extension {extension}", f"第 {extension} 次延时")
            case event.CapReached(price=price):
                self._unit = "#"
                return say("the cap is reached:", "达到最高限价：") + f" {self._money(price)}"
            case event.FairWarningGiven(warning=warning):
                return say(f"fair warning {warning}", f"第 {warning} 次提示")
            case event.AnnouncementMade(text=text):
                return say(f"the host says: {text}", f"主持人公告：{text}")
            case event.RoundBegan(is_pause=True) if self._format != "multi_unit":
                return say("pause", "间歇")
            case event.RoundBegan(number=number, price=price):
                called = f" {self._money(price)}" if price else ""
                return round_name(self._format, number, self._words) + called
            case event.Declared(word=word):
                return say(*WORDS[word])
        return ""

    def _of_offers(self, happened: Event) -> str:
        say = self._words.say
        match happened:
            case event.OfferSubmitted(lines=lines):
                return say("offers", "报价") + f" {self._lines(lines)}"
            case event.OfferSealed(handle=handle):
                return say("seals an offer,", "递交密封报价，") + f" {handle[:12]}…"
            case event.OfferTakenBack():
                return say("takes the offer back", "撤回报价")
            case event.OffersRevealed(offers=offers):
                return say(f"{len(offers)} offers are revealed", f"公开 {len(offers)} 份报价")
            case event.ScoresEntered(scores=scores):
                return say(f"scores of {len(scores)} bidders are entered", f"录入 {len(scores)} 名竞买人评分")
            case event.OffersRanked():
                return self._ranking(happened)
            case event.HintPublished(price=price, offers=offers):
                mean = self._money(price)
                return say(f"mean so far {mean} over {offers} offers", f"已有 {offers} 份报价，平均 {mean}")
            case event.ItemsBid(bids=bids):
                shown = ", ".join(f"#{one.item} {self._money(one.amount)}" for one in bids[:PLACES_TOLD])
                return say("bids on", "出价") + f" {shown}" + self._more(len(bids))
            case event.RoundClosed(number=number):
                return say(f"round {number} is closed", f"第 {number} 轮结束")
        return ""

    def _of_draw(self, happened: Event) -> str:
        say = self._words.say
        match happened:
            case event.EntrantsFixed(entrants=entrants):
                return say("the list for the draw is fixed:", "摇号名单：") + f" {_listed(entrants)}"
            case event.SeedCommitted():
                return say("commits to a seed", "承诺随机种子")
            case event.SeedRevealed():
                return say("shows its seed", "公开随机种子")
            case event.BeaconPublished(round=number):
                return say(f"beacon round {number} is entered", f"录入公共信标第 {number} 轮")
            case event.EntrantsDrawn(order=order):
                return say("drawn, in this order:", "摇号结果：") + f" {_listed(order)}"
        return ""

    def _of_market(self, happened: Event) -> str:
        say = self._words.say
        match happened:
            case event.OrderPlaced(side=side, quantity=quantity, price=price):
                return f"{say(*SIDES[side])} {quantity} @ {self._money(price) if price else say('market', '市价')}"
            case event.OrdersMatched(price=price, quantity=quantity):
                return say("trade:", "成交：") + f" {quantity} @ {self._money(price)}"
            case event.OrderCancelled(quantity=quantity, is_lapse=is_lapse):
                return (
                    say("lapses" if is_lapse else "cancelled", "失效" if is_lapse else "撤单")
                    + f", {quantity}"
                )
            case event.OrderReplaced(quantity=quantity, price=price):
                return say("replaced:", "改单：") + f" {quantity} @ {self._money(price)}"
            case event.BookUncrossed(price=price, quantity=quantity):
                return say("call auction:", "集合竞价：") + f" {quantity} @ {self._money(price)}"
            case event.LotFrozen():
                return say("paused", "暂停")
            case event.LotResumed():
                return say("resumed", "恢复")
            case event.ResumptionAnnounced():
                return say("resumption is announced", "公告恢复时间")
        return ""

    def _ranking(self, ranked: event.OffersRanked) -> str:
        shown = ", ".join(
            f"{self._who(one.paddle)} {self._money(one.amount)}" for one in ranked.places[:PLACES_TOLD]
        )
        text = self._words.say("ranking:", "排名：") + f" {shown}{self._more(len(ranked.places))}"
        if ranked.reference:
            mean = self._money(ranked.reference // ranked.divisor)
            text += self._words.say(f" (reference {mean})", f"（基准 {mean}）")
        return text

    def _figure(self, amount: Amount) -> str:
        return f"{amount:,}" if self._unit else self._money(amount)

    def _lines(self, lines: tuple[Line, ...]) -> str:
        return ", ".join(
            self._money(line.price) if line.quantity == 1 else f"{line.quantity} @ {self._money(line.price)}"
            for line in lines
        )

    def _money(self, amount: Amount) -> str:
        return write_amount(amount, self._currency)

    def _who(self, paddle: Paddle) -> str:
        return f"№{paddle}"

    def _more(self, count: int) -> str:
        return f" … +{count - PLACES_TOLD}" if count > PLACES_TOLD else ""


def paddle_named(happened: Any) -> Paddle:
    """Return the paddle whose doing an event is, 0 for the exchange's or the staff's."""
    paddle: Paddle = getattr(happened, "paddle", 0)
    return paddle


def _listed(paddles: tuple[Paddle, ...]) -> str:
    shown = " ".join(f"№{paddle}" for paddle in paddles[:20])
    return shown + (f" … +{len(paddles) - 20}" if len(paddles) > 20 else "")
