"""The parameters that a rulebook can limit, and how each is measured in a lot that is about to be published.

Besides those listed in `PARAMETERS`, a limit may name `lot.<field>` for a field of the terms, and
`<phase>.<field>` for a field of a phase, by the name that the rulebook calls it or by its format.

Belongs here: what a parameter is called and how it is measured.
Does not belong here: what is allowed (`compliance`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from exchange.categories import Category
from exchange.rulebooks.phase_names import phase_name
from exchange.rulebooks.programme import TERMS_BY_FORMAT, TIME_SUFFIX
from exchange.rulebooks.rulebook import PhasePlan, Rulebook
from exchange.texts import BothLanguages
from matching.increments import Step
from matching.terms import LateReserve, LotTerms
from matching.units import Amount, BasisPoints, DurationUs, LotId, TimeUs


class Earlier(Struct, frozen=True):
    """The sale of the same thing before this one, which passed."""

    lot: LotId
    opening_price: Amount
    ended_at_us: TimeUs


class Draft(Struct, frozen=True, kw_only=True):
    """What rules need to know of a lot that is about to be published. Amounts are minor units."""

    terms: LotTerms
    category: Category
    now_us: TimeUs
    deposit: Amount = 0
    deposit_by_us: TimeUs = 0
    """Until when deposits may arrive; 0 for until the lot ends."""
    valuation: Amount = 0
    """What the thing was valued at; 0 when nobody valued it."""
    commission: BasisPoints = 0
    notice_at_us: TimeUs = 0
    """When the notice was published; 0 for now."""
    earlier: Earlier | None = None

    @property
    def noticed_at_us(self) -> TimeUs:
        """When the notice was, or is, published."""
        return self.notice_at_us or self.now_us


class Plain(Struct, frozen=True):
    """A figure whose unit the limit names: minor units, a count, basis points."""

    number: int


class Ratio(Struct, frozen=True):
    """A share, exactly: `part` of `whole`."""

    part: int
    whole: int


class Span(Struct, frozen=True):
    """A length of time in microseconds."""

    us: DurationUs


class Notice(Struct, frozen=True):
    """The time from a notice to what it announces: days before, and whole working days between."""

    from_us: TimeUs
    to_us: TimeUs


class Period(Struct, frozen=True):
    """A period in which something stands open, its last day counted."""

    from_us: TimeUs
    to_us: TimeUs


class Word(Struct, frozen=True):
    """One of several words."""

    word: str


class Missing(Struct, frozen=True):
    """The lot does not say what the limit is about."""

    what: BothLanguages


Measured: TypeAlias = Plain | Ratio | Span | Notice | Period | Word | Missing


class Parameter(Struct, frozen=True):
    """A parameter with its name for people and the way in which it is measured."""

    name: BothLanguages
    measure: Callable[[Draft], Measured]


def _deposit(draft: Draft) -> Measured:
    return Plain(draft.deposit)


def _deposit_deadline(draft: Draft) -> Measured:
    return Word("given" if draft.deposit_by_us else "none")


def _opening_price(draft: Draft) -> Measured:
    return Plain(draft.terms.opening_price)


def _reserve_price(draft: Draft) -> Measured:
    return Plain(draft.terms.reserve_price)


def _reduction(draft: Draft) -> Measured:
    if draft.earlier is None:
        return Missing(BothLanguages("前次流拍的标的", "the earlier lot that passed"))
    whole = draft.earlier.opening_price
    return Ratio(whole - draft.terms.opening_price, whole)


def _relisting(draft: Draft) -> Measured:
    if draft.earlier is None:
        return Missing(BothLanguages("前次流拍的标的", "the earlier lot that passed"))
    opens_at_us = draft.terms.opens_at_us
    return Period(draft.earlier.ended_at_us, opens_at_us) if opens_at_us else _no_opening()


def _notice(draft: Draft) -> Measured:
    opens_at_us = draft.terms.opens_at_us
    return Notice(draft.noticed_at_us, opens_at_us) if opens_at_us else _no_opening()


def _listing_period(draft: Draft) -> Measured:
    opens_at_us = draft.terms.opens_at_us
    length_us = getattr(draft.terms.programme[0], "duration_us", None)
    if not opens_at_us:
        return _no_opening()
    if length_us is None:
        return Missing(BothLanguages("挂牌期限", "the length of the listing"))
    return Period(opens_at_us, opens_at_us + length_us)


def _commission(draft: Draft) -> Measured:
    return Ratio(draft.commission, 10_000)


def _no_opening() -> Missing:
    return Missing(BothLanguages("开始时间", "the time of opening"))


PARAMETERS: dict[str, Parameter] = {
    "opening_price": Parameter(BothLanguages("起始价", "opening price"), _opening_price),
    "reserve_price": Parameter(BothLanguages("保留价", "reserve price"), _reserve_price),
    "deposit": Parameter(BothLanguages("保证金", "deposit"), _deposit),
    "deposit_deadline": Parameter(
        BothLanguages("保证金截止时间", "deadline for deposits"), _deposit_deadline
    ),
    "notice": Parameter(BothLanguages("公告提前期", "notice before the opening"), _notice),
    "listing_period": Parameter(BothLanguages("挂牌期限", "listing period"), _listing_period),
    "reduction": Parameter(BothLanguages("降价幅度", "reduction from the earlier sale"), _reduction),
    "relisting": Parameter(BothLanguages("再次竞价的间隔", "time since the earlier sale"), _relisting),
    "commission": Parameter(BothLanguages("佣金", "commission"), _commission),
}

_FIELDS_ZH = {
    "award": "中选规则",
    "rule": "规则",
    "base": "计算基础",
    "beacon": "公开随机信标",
    "cap": "最高限价",
    "commit": "提交承诺的时长",
    "costs": "费用",
    "debt": "应清偿债务",
    "earlier_offers_stand": "此前报价继续有效",
    "entrants": "参加者",
    "entrants_may_commit": "参加者可提交随机种子",
    "entry": "进入条件",
    "hints_after": "开始提示的时间",
    "inquiry": "询问内容",
    "items": "分项",
    "keeps_timetable": "按时间表进行",
    "leader_answers": "由领先者作答",
    "least_is_excluded": "剔除最低者",
    "lines_max": "报价行数上限",
    "mean_unit": "均价取整单位",
    "only_if_uncapped": "仅在未触及限价时",
    "opening": "起始值",
    "others_follow": "其他人可跟进",
    "places_min": "名额下限",
    "points_max": "满分",
    "price_points": "价格分",
    "quantity_min": "数量下限",
    "resume_at_phase": "恢复后所在阶段",
    "reveal": "揭示的时长",
    "scores_come": "评分录入时间",
    "scoring": "评分",
    "sharing": "分配方式",
    "start": "起点",
    "step": "步长",
    "supply": "供应数量",
    "unit": "单位",
    "who": "何人",
    "bidders_min": "最少竞买人数",
    "bid_rule": "出价规则",
    "duration": "竞价时长",
    "extension": "延时",
    "soft_close_window": "触发延时的剩余时间",
    "extensions_max": "延时次数上限",
    "hard_end_after": "最迟结束时间",
    "increments": "加价幅度",
    "direction": "竞价方向",
    "max_bids_allowed": "代理报价",
    "leader_may_raise": "领先者加价",
    "host_may_hammer": "主持人落槌",
    "reserve_places": "候补名额",
    "currency": "币种",
    "band": "涨跌幅",
    "bidder_max": "每人申报上限",
    "buy_now_price": "一口价",
    "cap_price": "最高限价",
    "distinct_amounts": "不得报相同价格",
    "entrants_min": "参与人数下限",
    "first_pause": "首轮前间歇",
    "hint_trim": "平均价剔除比例",
    "late_resume_notice": "恢复前公告时间",
    "late_reserve": "竞价中录入的底价",
    "least": "报价下限",
    "line_min": "单笔申报下限",
    "lot_size": "申报单位",
    "may_take_back": "可否撤回",
    "most": "报价上限",
    "offers_min": "有效报价数下限",
    "only_if_capped": "仅在达到限价后进行",
    "own_bid_required": "须有本人有效报价",
    "pause": "间歇",
    "places": "抽取名额",
    "precedence": "同价次序",
    "presumed": "视为同意者",
    "price_step": "价格最小单位",
    "pricing": "定价方式",
    "priority": "优先购买权",
    "prompt_resume_within": "即时恢复的中断上限",
    "quantity_max": "单笔数量上限",
    "quantity_step": "数量最小单位",
    "recent_min": "末段报价人数下限",
    "recent_window": "末段时长",
    "reserve_rule": "保留价的作用",
    "revisions_max": "修改次数上限",
    "round": "每轮时长",
    "rounds": "轮数",
    "sells_all": "全部拍卖",
    "several": "多人行权时",
    "step_share": "每步幅度",
    "steps": "步数",
    "tick": "最小变动价位或每步时长",
    "turn": "每人时长",
    "undersubscription": "申报不足时",
    "window": "行权时间",
}


def parameter(key: str, rulebook: Rulebook) -> Parameter | None:
    """Return the parameter that a limit names; None when there is none of this name."""
    if key in PARAMETERS:
        return PARAMETERS[key]
    place, _, field = key.partition(".")
    if place == "lot":
        return _of_lot(field)
    plan = next((one for one in rulebook.phases if place in (one.called, one.phase)), None)
    return None if plan is None or not field else _of_phases(rulebook, place, field)


def known_parameters(rulebook: Rulebook) -> list[str]:
    """Return every parameter that a limit of this rulebook can name."""
    of_lot = [f"lot.{name.removesuffix(TIME_SUFFIX)}" for name in LotTerms.__struct_fields__]
    of_phases = [
        f"{plan.called}.{name.removesuffix(TIME_SUFFIX)}"
        for plan in rulebook.phases
        for name in phase_fields(plan.phase)
    ]
    return [*PARAMETERS, *of_lot, *of_phases]


def phase_fields(phase: str) -> tuple[str, ...]:
    """Return the fields of a format's terms; none for a format that does not exist."""
    terms = TERMS_BY_FORMAT.get(phase)
    return () if terms is None else terms.__struct_fields__


def planned(rulebook: Rulebook, programme: Sequence[Any]) -> list[PhasePlan] | None:
    """Return the plan that each phase of a lot follows; None when the lot has another programme."""
    plans: list[PhasePlan] = []
    left = list(rulebook.phases)
    for terms in programme:
        while left and left[0].phase != terms.__struct_config__.tag and left[0].is_optional:
            left.pop(0)
        if not left or left[0].phase != terms.__struct_config__.tag:
            return None
        plans.append(left.pop(0))
    return plans if all(plan.is_optional for plan in left) else None


def _of_lot(field: str) -> Parameter | None:
    holder, _, inner = field.partition(".")
    if holder == "late_reserve" and inner:
        return _of_late_reserve(inner)
    name = _field_name(LotTerms, field)
    if name is None:
        return None

    def measure(draft: Draft) -> Measured:
        return measured(getattr(draft.terms, name), name)

    return Parameter(field_label(field), measure)


def _of_late_reserve(field: str) -> Parameter | None:
    name = _field_name(LateReserve, field)
    if name is None:
        return None

    def measure(draft: Draft) -> Measured:
        late = draft.terms.late_reserve
        return Word("left out") if late is None else measured(getattr(late, name), name)

    return Parameter(BothLanguages("底价录入时间", f"late reserve, {_spaced(field)}"), measure)


def _of_phases(rulebook: Rulebook, place: str, field: str) -> Parameter | None:
    fields = {
        name
        for plan in rulebook.phases
        if place in (plan.called, plan.phase)
        for name in phase_fields(plan.phase)
    }
    name = next((one for one in (field, field + TIME_SUFFIX) if one in fields), None)
    if name is None:
        return None

    def measure(draft: Draft) -> Measured:
        plans = planned(rulebook, draft.terms.programme) or []
        found = [
            getattr(terms, name)
            for plan, terms in zip(plans, draft.terms.programme, strict=False)
            if place in (plan.called, plan.phase) and hasattr(terms, name)
        ]
        return measured(found[0], name) if found else Word("left out")

    label, phase = field_label(field), phase_name(place)
    return Parameter(BothLanguages(f"{label.zh}（{phase.zh}）", f"{label.en} ({phase.en})"), measure)


def measured(value: Any, name: str) -> Measured:
    """Return the value of a field as something that can be held against a limit."""
    if value is None or value == ():
        return Word("none")
    if isinstance(value, bool):
        return Word("true" if value else "false")
    if isinstance(value, str):
        return Word(str(value))
    if isinstance(value, tuple) and isinstance(value[0], Step):
        return Plain(min(step.increment for step in value))
    if isinstance(value, int):
        return Span(value) if name.endswith(TIME_SUFFIX) else Plain(value)
    return Word("given")


def _field_name(owner: Any, field: str) -> str | None:
    names = owner.__struct_fields__
    return next((one for one in (field, field + TIME_SUFFIX) if one in names), None)


def field_label(field: str) -> BothLanguages:
    """Return what people call a field of a format's terms."""
    return BothLanguages(_FIELDS_ZH.get(field, _spaced(field)), _spaced(field))


def _spaced(field: str) -> str:
    return field.replace("_", " ")
