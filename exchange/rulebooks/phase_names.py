"""What people call the phases of a rulebook: the way to compete, and the part it plays in the programme.

Belongs here: names of formats, and of the phases that shipped rulebooks tell apart. Does not belong here: parameters.
"""

from __future__ import annotations

from typing import Final

from exchange.texts import BothLanguages, halves

FORMAT_NAMES: Final = {
    "english": BothLanguages("增价竞价", "English bidding"),
    "sell_off": BothLanguages("变卖期", "Sell-off window"),
    "first_refusal": BothLanguages("优先购买权行权", "Right of first refusal"),
    "interval": BothLanguages("询问／准备", "Inquiry or preparation"),
    "second_dimension": BothLanguages("竞配建／竞自持", "Second dimension"),
    "offers": BothLanguages("一次报价", "One-shot offers"),
    "sealed": BothLanguages("密封报价", "Sealed offers"),
    "turns": BothLanguages("轮次竞价", "Bidding in turns"),
    "gong": BothLanguages("敲锣竞价", "Gong rounds"),
    "dutch": BothLanguages("减价竞价", "Dutch clock"),
    "japanese": BothLanguages("逐级应价", "Japanese clock"),
    "multi_unit": BothLanguages("多单位竞价", "Many units"),
    "order_book": BothLanguages("连续撮合", "Order book"),
    "call_auction": BothLanguages("集合竞价", "Call auction"),
    "draw": BothLanguages("摇号", "Draw"),
    "simultaneous": BothLanguages("多标的同步竞价", "Simultaneous rounds"),
    "debt": BothLanguages("多标的抵债拍卖", "Items until a debt is covered"),
}
"""Each format of the rules."""

_PARTS: Final = {
    "area": BothLanguages("竞自持面积", "area"),
    "auction": BothLanguages("网上拍卖", "auction"),
    "best_bid": BothLanguages("最优报价", "best bid"),
    "bidding": BothLanguages("竞价", "bidding"),
    "bids": BothLanguages("投标", "bids"),
    "clock": BothLanguages("减价", "clock"),
    "confirm": BothLanguages("确认", "confirmation"),
    "countdown": BothLanguages("限时竞价", "countdown"),
    "declaration": BothLanguages("行权表态", "declaration"),
    "final_offer": BothLanguages("终次报价", "final offer"),
    "first_pause": BothLanguages("第一次间歇", "first pause"),
    "free": BothLanguages("自由报价", "free bidding"),
    "gap": BothLanguages("间隔", "gap"),
    "initial": BothLanguages("首次报价", "initial offers"),
    "inquiry": BothLanguages("询问", "inquiry"),
    "issue": BothLanguages("发放", "issue"),
    "items": BothLanguages("逐件竞价", "items"),
    "listing": BothLanguages("挂牌", "listing"),
    "one_offer": BothLanguages("一次报价", "one offer"),
    "pause": BothLanguages("间歇", "pause"),
    "query": BothLanguages("询问", "inquiry"),
    "ready": BothLanguages("准备", "preparation"),
    "rounds": BothLanguages("轮次", "rounds"),
    "sealed_bids": BothLanguages("密封报价", "sealed bids"),
    "second_pause": BothLanguages("第二次间歇", "second pause"),
    "session": BothLanguages("交易时段", "session"),
    "timed": BothLanguages("限时报价", "timed bidding"),
    "wait": BothLanguages("等待", "waiting"),
    "window": BothLanguages("变卖期", "window"),
}
"""The parts that phases of one format play in the shipped rulebooks, by the name under which limits speak of them."""


def phase_name(called: str) -> BothLanguages:
    """Return what people call a phase, given the name under which limits speak of it, or its format's.

    A centre's own rulebook calls its phases as it likes, also 预备 / preparation in both languages at once.
    """
    return FORMAT_NAMES.get(called) or _PARTS.get(called) or halves(called)
