"""What the running phase of a lot is called and what it takes, for those who bid from the command line.

Belongs here: words about phases. Does not belong here: what a phase takes (`matching.phases`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateways.cli.language import Language
from gateways.portal.programme_phrases import PROGRAMME_PHRASES

ACTS: Final = {
    "bid": ("bids", "报价"),
    "max_bid": ("max bids", "代理报价"),
    "declare": ("a yes or no", "答复是否"),
    "offer": ("offers of price and quantity, or one hidden offer", "一次性报价或价量申报"),
    "seal": ("sealed offers", "密封报价"),
    "take_back": ("an offer taken back", "撤回报价"),
    "order": ("orders", "委托"),
    "bid_on_items": ("bids on its items", "对子标的分别报价"),
}


STAGES_OF_DRAW: Final = (
    ("waiting for the public beacon", "等待公共信标"),
    ("the parties commit to seeds", "各方承诺随机种子"),
    ("the parties show their seeds", "各方公开随机种子"),
)
"""By the number of the round on record, of which every attempt takes as many."""


def phase_name(name: str, words: Language) -> str:
    """Return what people call a phase of a format."""
    chinese, english = PROGRAMME_PHRASES.get(f"format_{name}", (name, name))
    return words.say(english, chinese)


def round_name(format: str, number: int, words: Language) -> str:
    """Return what people call what is a round on record: a stage of some formats has a name of its own.

    Args:
        format: of the phase that runs.
        number: the round's, as on record.
    """
    match format:
        case "sealed" | "offers":
            opening = ("the sealed offers are being opened", "开启密封报价")
            return words.say(*(opening if number == 1 else ("the experts give their points", "专家评分")))
        case "draw":
            return words.say(*STAGES_OF_DRAW[number % len(STAGES_OF_DRAW)])
        case "multi_unit":
            return words.say(
                f"waiting for round {number} of the public beacon", f"等待公共信标第 {number} 轮"
            )
    return words.say(f"round {number}", f"第 {number} 轮")


def takes_no_amount(view: Mapping[str, Any], address: str, words: Language) -> str:
    """Return why an open lot takes no bid of one amount at the moment, and what to do; empty where it does.

    Args:
        view: the lot's state, as the exchange shows it.
        address: of the lot's page, where everything can be done.
    """
    if view["state"] != "open" or "bid" in view["accepts"]:
        return ""
    taken = [words.say(*ACTS[act]) for act in view["accepts"]]
    english = f"it takes {' or '.join(taken)}" if taken else "it takes nothing from bidders for the moment"
    chinese = f"可以{'、'.join(taken)}" if taken else "暂不接受竞买人操作"
    name = phase_name(view["format"], words)
    if "seal" in view["accepts"]:
        how = f"luochui bid {view['lot']} --seal FILE"
        return words.say(
            f"This phase ({name}) takes no bid of a single amount; {english}. Seal yours with: {how}",
            f"当前阶段（{name}）不接受单一金额的报价，{chinese}。请用命令提交：{how}",
        )
    return words.say(
        f"This phase ({name}) takes no bid of a single amount; {english}. Take part on the lot's page: {address}",
        f"当前阶段（{name}）不接受单一金额的报价，{chinese}。请在标的页面参与：{address}",
    )
