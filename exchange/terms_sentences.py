"""The sentences of everything that makes terms unusable: what is wrong, and what would be accepted, in both languages.

Belongs here: the table. Does not belong here: putting figures into it (`exchange.terms_words`).
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from matching.problems import Fault


class Unit(Enum):
    """What the bound of a problem counts."""

    PIECES = auto()
    MONEY = auto()
    TIME = auto()


class Words(NamedTuple):
    """What is wrong and what would be accepted, each in Chinese and English; `{bound}` is the figure."""

    zh: str
    en: str
    allowed_zh: str
    allowed_en: str
    unit: Unit = Unit.PIECES


def _zero(zh: str, en: str, example_zh: str, example_en: str) -> Words:
    return Words(
        f"{zh}为零", f"{en} is zero", f"大于零，例如 {example_zh}", f"longer than zero, such as {example_en}"
    )


WORDS: Final[dict[Fault, Words]] = {
    Fault.ADDRESS_TOO_LONG: Words(
        "地址过长", "the address is too long", "不超过 {bound} 个字", "at most {bound} characters"
    ),
    Fault.ASKS_NOTHING: Words(
        "该间歇阶段不询问任何事项，却设定了默认答复或提前结束",
        "the interval asks nothing that could be answered or presumed",
        "设定询问事项，或取消默认答复与提前结束",
        "a question, or neither presumed answers nor an early end",
    ),
    Fault.BENCHMARK_ZERO: Words("评分基准系数为零", "the benchmark is zero", "大于零", "more than zero"),
    Fault.BOOK_HAS_NO_DIRECTION: Words(
        "挂牌撮合有买卖双方，没有升降方向",
        "an order book has two sides and no direction",
        "填“升价”（rising）",
        "rising",
    ),
    Fault.BUY_NOW_WRONG_SIDE: Words(
        "一口价与起始价的方向相反",
        "the buy-now price lies on the wrong side of the opening price",
        "升价不低于、降价不高于起始价 {bound}",
        "not below the opening price {bound}, or not above it where prices fall",
        Unit.MONEY,
    ),
    Fault.CAP_AND_BUY_NOW: Words(
        "同一阶段既设最高限价又设一口价",
        "a phase ends at a cap or at a buy-now price, not at both",
        "只设其一",
        "one of the two",
    ),
    Fault.CAP_BELOW_START: Words(
        "第二竞价维度的上限低于起点",
        "the cap of the second dimension lies below its start",
        "不低于 {bound}",
        "at least {bound}",
    ),
    Fault.CAP_NOT_THERE: Words(
        "只有达到最高限价后才能询问是否接受限价",
        "taking the cap can be asked only where the price is capped",
        "勾选“仅在达到限价时进行”",
        "only if capped",
    ),
    Fault.CAP_WRONG_SIDE: Words(
        "最高限价与起始价的方向相反",
        "the cap lies on the wrong side of the opening price",
        "升价不低于、降价不高于起始价 {bound}",
        "not below the opening price {bound}, or not above it where prices fall",
        Unit.MONEY,
    ),
    Fault.CLOCK_HAS_NO_WAIVERS: Words(
        "时钟式多轮竞价不设弃权次数：不应价即不要",
        "a clock knows no waivers: who says nothing asks for nothing",
        "0",
        "0",
    ),
    Fault.CLOCK_RISES: Words("时钟式多轮竞价只能升价", "the clock only rises", "升价（rising）", "rising"),
    Fault.COMMISSION_TOO_HIGH: Words(
        "佣金比例过高",
        "the commission is too high",
        "不超过成交价的 {bound}%",
        "at most {bound} % of the price",
    ),
    Fault.COVERED_COUNTDOWN_ZERO: _zero(
        "足额清偿后的倒计时", "the countdown once the debt is covered", "5 分钟", "5 minutes"
    ),
    Fault.CURRENCY_NOT_BOOKED: Words(
        "账册不支持以该币种收取保证金",
        "the ledger cannot book deposits in this currency",
        "CNY 等 ISO 4217 现行币种",
        "a current currency of ISO 4217, such as CNY",
    ),
    Fault.DEADLINE_PASSED: Words(
        "保证金到账截止时间已过",
        "the deadline for deposits has passed already",
        "晚于现在，或不填（直至竞价结束）",
        "later than now, or none: until the lot ends",
    ),
    Fault.DEADLINE_WITHOUT_DEPOSIT: Words(
        "不收保证金的标的没有到账截止时间",
        "a lot that asks for no deposit has no deadline for it",
        "填写保证金，或不填截止时间",
        "a deposit, or no deadline",
    ),
    Fault.DEBT_PRICES_RISE: Words(
        "以变价款清偿债务的标的只能升价",
        "a debt is covered by sales, and their prices rise",
        "升价（rising）",
        "rising",
    ),
    Fault.DISTINCT_NEEDS_BINDING: Words(
        "要求报价互不相同的，报价不得修改或撤回，否则可试探他人报价",
        "distinct amounts need offers that bind: revisions would find out those of others",
        "修改次数为 0 且不可撤回，或允许相同报价",
        "no revisions and no taking back, or equal amounts allowed",
    ),
    Fault.DRAW_NEEDS_PARTIES: Words(
        "摇号须有公共随机信标，或至少两方提供种子",
        "a draw needs a public beacon or seeds from at least two parties",
        "指定公共随机信标，或至少 2 方",
        "a public beacon, or at least 2 parties",
    ),
    Fault.DRAW_NEEDS_SOURCE: Words(
        "按摇号排序却没有随机来源",
        "a draw needs a seed or a public beacon",
        "种子或公共随机信标",
        "a seed or a public beacon",
    ),
    Fault.DRAW_WITHOUT_TURN: Words(
        "摇号决定先后，按比例分配用不到先后",
        "a draw decides who is served first, which sharing in proportion does not ask",
        "按先后分配（in_turn）",
        "serving in turn",
    ),
    Fault.DURATION_ZERO: _zero("时长", "the duration", "10 分钟", "10 minutes"),
    Fault.EARLIER_OFFERS_NEED_PRICE: Words(
        "只有价优者得时，先前报价才能继续有效",
        "earlier offers can only stand where the better price wins",
        "改为价优者得，或先前报价不再有效",
        "an award by price, or earlier offers that do not stand",
    ),
    Fault.ENTRY_ZERO: _zero(
        "入场应价时间（未表态者不受约束）",
        "the time for entering, without which somebody would be bound unasked,",
        "5 分钟",
        "5 minutes",
    ),
    Fault.EXTENSION_ZERO: _zero(
        "设有延时竞价，但延时周期",
        "bids near the end extend the lot, but the extension",
        "5 分钟",
        "5 minutes",
    ),
    Fault.FREEZE_COUNTDOWN_ZERO: _zero(
        "恢复竞价后的倒计时", "the countdown after a freeze", "5 分钟", "5 minutes"
    ),
    Fault.HARD_END_BEFORE_ROUND: Words(
        "最晚结束时间早于第一轮",
        "the hard end lies before the first round",
        "长于间歇 {bound}",
        "longer than the pause of {bound}",
        Unit.TIME,
    ),
    Fault.HARD_END_TOO_EARLY: Words(
        "最晚结束时间早于首次结束时间",
        "the hard end lies before the first end",
        "不短于 {bound}",
        "at least {bound}",
        Unit.TIME,
    ),
    Fault.HINTS_OUT_OF_ORDER: Words(
        "提示时点须先后排列并在起止之间",
        "hints have to come one after the other, between beginning and end",
        "依次递增，且短于 {bound}",
        "one after the other, before {bound}",
        Unit.TIME,
    ),
    Fault.HINT_TRIM_ALL: Words(
        "两端剔除后没有可求平均的报价",
        "nothing is left to take a mean of",
        "每端剔除少于一半",
        "less than half cut off at each end",
    ),
    Fault.ITEM_TWICE: Words(
        "两个子标的编号相同", "two items have the same number", "编号互不相同", "a number of its own for each"
    ),
    Fault.LADDER_EMPTY: Words(
        "没有加价幅度",
        "the step table is empty",
        "至少一级，例如从 0 起加 1,000 元",
        "at least one step, such as 1,000 yuan from 0",
    ),
    Fault.LADDER_NOT_FROM_ZERO: Words(
        "加价阶梯的第一级不从 0 起",
        "the first step does not start at 0",
        "第一级从 0 起",
        "a first step from 0",
    ),
    Fault.LADDER_NOT_RISING: Words(
        "加价阶梯的起点没有逐级升高",
        "thresholds of the step table do not rise",
        "每级起点高于前一级",
        "each threshold above the one before",
    ),
    Fault.LADDER_TOO_LONG: Words(
        "加价阶梯过多", "the step table has too many rows", "不超过 {bound} 级", "at most {bound}"
    ),
    Fault.LEADER_AND_ADVANCE: Words(
        "领先者答复与前几名入围不能并用",
        "either the leader answers or the best advance",
        "二者选一",
        "one of the two",
    ),
    Fault.LINE_TOO_LARGE: Words(
        "最小申报数量大于可申报数量",
        "nobody could ask for as much as a line has to",
        "不超过 {bound}",
        "at most {bound}",
    ),
    Fault.NEVER_RUNS: Words(
        "该间歇阶段无论是否达到限价都不会进行",
        "the interval is left out whether the price is capped or not",
        "只选一个条件",
        "one of the two conditions",
    ),
    Fault.NOTICE_WITHOUT_LENGTH: Words(
        "设了恢复前的提前通知，却没有免通知的中止时长",
        "a notice before resuming needs the length of freeze that does without it",
        "填写多久以内的中止可立即恢复",
        "the length of a freeze that may end at once",
    ),
    Fault.NO_END: Words(
        "既没有时长，主持人又不能落槌，竞价无法结束",
        "a phase without duration needs a host who may hammer",
        "填写时长，或允许主持人落槌",
        "a duration, or a host who may hammer",
    ),
    Fault.OPENING_TIME_ZERO: _zero("开启密封报价的时间", "the time for opening", "30 分钟", "30 minutes"),
    Fault.ORDER_WORTH_TOO_MUCH: Words(
        "单笔最大申报金额过大",
        "the largest order would be worth too much",
        "不超过 {bound}",
        "at most {bound}",
    ),
    Fault.PARTIES_TOO_FEW: Words(
        "要求的种子方多于列明的各方",
        "the draw wants seeds from more parties than it names",
        "不超过 {bound}",
        "at most {bound}",
    ),
    Fault.PARTY_TWICE: Words(
        "摇号的同一方列了两次", "a party of the draw is named twice", "每方一次", "each once"
    ),
    Fault.PRICE_BEYOND_ALL: Words(
        "价格将升至上限以外",
        "the price would climb beyond all amounts",
        "减少档数或幅度",
        "fewer or smaller steps",
    ),
    Fault.PRICE_FALLS_TO_NOTHING: Words(
        "最后一档之前价格已降到零",
        "the price would fall to nothing before the last step",
        "减少档数或幅度",
        "fewer or smaller steps",
    ),
    Fault.PRICE_OFF_TICK: Words(
        "参考价不是最小价位的整数倍",
        "the reference price is not on the tick",
        "{bound} 的整数倍",
        "a multiple of {bound}",
        Unit.MONEY,
    ),
    Fault.PRICE_UNKNOWN: Words(
        "所选规则按某项价格计算，但尚不知道该价格",
        "the rulebook counts from a price that is not known",
        "评估价等所需价格",
        "that price, such as the valuation",
    ),
    Fault.QUANTITY_MIN_ABOVE_MAX: Words(
        "最小申报量大于最大申报量",
        "the smallest order is larger than the largest",
        "不超过 {bound}",
        "at most {bound}",
    ),
    Fault.QUANTITY_MIN_OFF_STEP: Words(
        "最小申报量不是数量单位的整数倍",
        "the smallest order is not a whole number of steps",
        "{bound} 的整数倍",
        "a multiple of {bound}",
    ),
    Fault.RANGE_EMPTY: Words(
        "可报价的区间为空", "the range of amounts is empty", "上限高于下限", "a most above the least"
    ),
    Fault.RANGE_WITHOUT_LEAST: Words(
        "报价区间没有下限",
        "a range of amounts that is counted from nothing needs its least",
        "填写下限",
        "a least amount",
    ),
    Fault.RECENT_NEEDS_CLOCK: Words(
        "只有到时自动结束的竞价才知道谁在最后时段报过价",
        "only a clock tells who bid shortly before the end",
        "填写时长且主持人不落槌，或取消该时段",
        "a duration and no hammer of the host, or no such window",
    ),
    Fault.RESERVE_ABOVE_OPENING: Words(
        "保留价高于起始价（最高限价）",
        "the reserve price lies above the opening price",
        "不高于 {bound}，或不填",
        "at most {bound}, or none",
        Unit.MONEY,
    ),
    Fault.RESERVE_BELOW_OPENING: Words(
        "保留价低于起始价",
        "the reserve price lies below the opening price",
        "不低于 {bound}，或不填",
        "at least {bound}, or none",
        Unit.MONEY,
    ),
    Fault.RESERVE_PHASE_MISSING: Words(
        "录入保留价的阶段不存在",
        "the reserve is to be entered in a phase that the programme does not have",
        "0 至 {bound}",
        "0 to {bound}",
    ),
    Fault.RESERVE_TIME_EMPTY: Words(
        "录入保留价的时段为空",
        "the time for entering the reserve is empty",
        "早于结束前 {bound} 开始",
        "beginning earlier than {bound} before the end",
        Unit.TIME,
    ),
    Fault.RESERVE_TWICE: Words(
        "保留价既预先填写又要求临场录入",
        "a reserve that is entered late cannot be given beforehand",
        "二者选一",
        "one of the two",
    ),
    Fault.RESUMES_FORWARD: Words(
        "中止后只能退回先前阶段，不能跳到后面",
        "a freeze can only send a programme back, not on",
        "0 至 {bound}",
        "0 to {bound}",
    ),
    Fault.ROUND_ZERO: _zero("一轮的时间", "the time of a round", "3 分钟", "3 minutes"),
    Fault.SCORING_TIME_ZERO: _zero(
        "开启后评分的时间", "the time for scores that come after the opening", "1 小时", "1 hour"
    ),
    Fault.SEED_TIME_UNUSED: Words(
        "留了种子时间，却无人可提供种子",
        "there is time for seeds, but nobody may give one",
        "0，或列明各方",
        "0, or parties",
    ),
    Fault.SEED_TIME_ZERO: Words(
        "种子的承诺与公开都需要时间",
        "seeds need time for committing and time for revealing",
        "两段时间都大于零",
        "both longer than zero",
    ),
    Fault.SOURCE_WITHOUT_DRAW: Words(
        "设了随机来源，却不摇号",
        "a seed or beacon is named, but nothing is drawn",
        "改为按摇号排序，或不填来源",
        "an order by draw, or no source",
    ),
    Fault.STAKES_OVER_WHOLE: Words(
        "份额合计超过 100%", "the stakes are more than the whole", "合计不超过 100%", "at most 100 % together"
    ),
    Fault.STAKES_WITHOUT_SHARING: Words(
        "只有按份额共享时才填份额",
        "stakes matter only where holders share",
        "改为按份额共享，或不填",
        "sharing in proportion, or none",
    ),
    Fault.STAKE_TWICE: Words(
        "同一顺位填了两个份额", "a rank has two stakes", "每个顺位一个", "one for each rank"
    ),
    Fault.STEP_SHARE_TOO_SMALL: Words(
        "降价比例过小，不足最小单位",
        "the share of the opening price is too small for a step",
        "更大的比例或固定幅度",
        "a larger share, or an amount",
    ),
    Fault.STEP_TWICE: Words(
        "降价幅度须为金额或比例之一",
        "the step is either an amount or a share of the opening price",
        "只填其一",
        "exactly one of the two",
    ),
    Fault.STOP_WRONG_SIDE: Words(
        "停止价与时钟方向相反",
        "the clock would have to run backwards to its stop price",
        "在起始价 {bound} 之后的一侧",
        "beyond the opening price {bound}",
        Unit.MONEY,
    ),
    Fault.SUPPLY_NOT_WHOLE_LOTS: Words(
        "总量与最小申报量须为整手",
        "the supply and the least quantity have to be whole lots",
        "{bound} 的整数倍",
        "multiples of {bound}",
    ),
    Fault.SUPPLY_WORTH_TOO_MUCH: Words(
        "按起始价计算的总额超出可支付上限",
        "the supply at the opening price is worth more than can be paid",
        "不超过 {bound}",
        "at most {bound}",
    ),
    Fault.TICK_ZERO: _zero("每档停留时间", "the time that a price stands", "1 分钟", "1 minute"),
    Fault.TIES_AND_SEED: Words(
        "以种子决定同价顺序的须填种子，否则不得填",
        "ties are broken by a seed if, and only if, one is declared",
        "二者一致",
        "both or neither",
    ),
    Fault.TURN_ZERO: _zero("轮次时间", "the time of a turn", "2 分钟", "2 minutes"),
    Fault.UNITS_AND_SHARING: Words(
        "按份额共享时须填总份数，否则不填",
        "units are named exactly where holders share them",
        "二者一致",
        "both or neither",
    ),
    Fault.UNITS_NEED_CLOCK: Words(
        "子标的有多份时须用时钟式竞价",
        "several units of an item need a clock",
        "每个 1 份，或用时钟式",
        "one of each, or a clock",
    ),
    Fault.WINDOW_ZERO: _zero("时段", "the window", "24 小时", "24 hours"),
}
