"""Reading a rulebook, and telling whoever wrote it what is wrong, line by line.

Everything that is wrong is told at once, as far as one mistake does not hide another. A rulebook that contradicts
itself (a default outside its limits, a sample lot that it would refuse) is refused like one that cannot be read.

Belongs here: from TOML to a rulebook, or to findings. Does not belong here: where files lie (`library`).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from exchange.categories import Category
from exchange.rulebooks.lines import LineMap
from exchange.rulebooks.parameters import phase_fields
from exchange.rulebooks.programme import TERMS_BY_FORMAT, TIME_SUFFIX
from exchange.rulebooks.quantities import (
    WHOLE,
    Choice,
    Count,
    Days,
    Duration,
    Money,
    NotAQuantity,
    Quantity,
    Share,
    clock_of,
    described,
    percent_text,
    read_quantity,
    span_us,
)
from exchange.rulebooks.rulebook import (
    Duty,
    Limit,
    MoneyTerms,
    Name,
    PhasePlan,
    Rulebook,
    Sample,
    Sureness,
)
from exchange.rulebooks.soundness import faults, nearest
from exchange.texts import BothLanguages
from ledger.fees import COURT_SCALE, NO_FEE, RATE_BASIS_POINTS_MAX, FeeTerms
from ledger.forfeits import ORDERS, Party, default_order
from ledger.money_rule import INTEREST_BASIS_POINTS_MAX
from ledger.refund_clock import ClockStart

BYTES_MAX = 262_144
ENTRIES_MAX = 200
LOT = "lot"


class Finding(Struct, frozen=True):
    """One thing that is wrong with a rulebook: the line where it stands, 0 for the file as a whole."""

    line: int
    where: str
    text: BothLanguages

    def __str__(self) -> str:
        return ": ".join(part for part in (f"line {self.line}", self.where, self.text.en) if part)


class RulebookUnreadable(ValueError):
    """A file is no rulebook; `findings` says why, in the order of its lines."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings, key=lambda one: one.line))
        super().__init__("\n".join(str(one) for one in self.findings))


class _WrittenLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"exactly": "is"}):
    parameter: str
    article: BothLanguages
    sure: Sureness
    min: str | int | None = None
    max: str | int | None = None
    exactly: str | int | bool | None = None
    one_of: tuple[str | int, ...] = ()
    default: str | int | bool | None = None
    categories: tuple[Category, ...] = ()


class _WrittenDuty(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    what: BothLanguages
    article: BothLanguages
    sure: Sureness
    within: str | None = None
    refund_from: ClockStart | None = None
    bars_defaulters: bool = False


class _WrittenMoney(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    default_order: str
    article: BothLanguages
    sure: Sureness
    forfeits_to: Party | None = None
    interest: str = ""
    seller_commission: str = ""
    service_fee: str = ""


class _WrittenRulebook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    title: BothLanguages
    notes: BothLanguages
    basis: BothLanguages
    phase: list[dict[str, Any]]
    limit: list[dict[str, Any]] = []
    duty: list[dict[str, Any]] = []
    money: dict[str, Any] = {}
    lot: dict[str, Any] = {}
    sample: Sample = Sample()
    followed_by: str = ""


def read_rulebook(text: str, *, is_shipped: bool = False) -> Rulebook:
    """Return the rulebook that a TOML text holds.

    Raises: RulebookUnreadable, with everything that is wrong.
    """
    reader = _Reader(text)
    rulebook = reader.rulebook(is_shipped)
    if rulebook is None or reader.findings:
        raise RulebookUnreadable(reader.findings)
    return rulebook


class _Reader:
    """One reading of one text; findings gather while it goes on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = LineMap(text)
        self.findings: list[Finding] = []

    def rulebook(self, is_shipped: bool) -> Rulebook | None:
        """Return the rulebook; None when too little of it can be read."""
        written = self._written()
        if written is None:
            return None
        rulebook = Rulebook(
            name=written.name,
            title=written.title,
            notes=written.notes,
            basis=written.basis,
            phases=tuple(self._plans(written.phase)),
            lot=written.lot,
            limits=tuple(self._each(written.limit, "limit", self._limit)),
            duties=tuple(self._each(written.duty, "duty", self._duty)),
            money=self._money(written.money) if written.money else None,
            sample=written.sample,
            digest=hashlib.sha256(self._text.encode()).hexdigest(),
            followed_by=written.followed_by,
            is_shipped=is_shipped,
        )
        if not self.findings:
            for where, text in faults(rulebook):
                self._find(where, text.zh, text.en)
        return rulebook

    def _written(self) -> _WrittenRulebook | None:
        if len(self._text.encode()) > BYTES_MAX:
            self._find("", f"文件大于 {BYTES_MAX} 字节", f"the file is longer than {BYTES_MAX} bytes")
            return None
        try:
            table = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            text = BothLanguages(f"不是合法的 TOML：{error}", f"this is not TOML: {error}")
            self.findings.append(Finding(int(line[1]) if line else 0, "", text))
            return None
        written: _WrittenRulebook | None = self._converted(table, _WrittenRulebook, "")
        if written is not None and not 0 < len(written.phase) <= ENTRIES_MAX:
            self._find("", "至少需要一个 [[phase]]", "it needs at least one [[phase]]")
            return None
        return written

    def _plans(self, tables: Sequence[dict[str, Any]]) -> Iterable[PhasePlan]:
        for index, table in enumerate(tables):
            where = f"phase.{index}"
            phase = str(table.get("phase", ""))
            if phase not in TERMS_BY_FORMAT:
                hint = nearest(phase, TERMS_BY_FORMAT)
                known = ", ".join(sorted(TERMS_BY_FORMAT))
                self._find(
                    f"{where}.phase",
                    f"没有“{phase}”这种竞价方式{hint.zh}；可用：{known}",
                    f"there is no format {phase!r}{hint.en}; there are {known}",
                )
                continue
            rest = {key: value for key, value in table.items() if key not in ("phase", "called", "optional")}
            self._check_fields(where, phase, rest)
            called = str(table.get("called", phase))
            if called == LOT:
                self._find(
                    f"{where}.called", "名称 lot 已用于标的", "the name `lot` is that of the lot itself"
                )
            yield PhasePlan(
                phase=phase, called=called, terms=rest, is_optional=bool(table.get("optional", False))
            )

    def _check_fields(self, where: str, phase: str, table: dict[str, Any]) -> None:
        """Name the fields that a format does not have, with what may be meant."""
        fields = {name.removesuffix(TIME_SUFFIX) for name in phase_fields(phase)}
        for key in table:
            if key.removesuffix(TIME_SUFFIX) not in fields:
                hint = nearest(key, fields)
                self._find(
                    f"{where}.{key}",
                    f"{phase} 没有参数“{key}”{hint.zh}",
                    f"{phase} has no parameter {key!r}{hint.en}",
                )

    def _each(
        self, tables: Sequence[dict[str, Any]], kind: str, read: Callable[[dict[str, Any], str], Any]
    ) -> Iterable[Any]:
        for index, table in enumerate(tables[:ENTRIES_MAX]):
            entry = read(table, f"{kind}.{index}")
            if entry is not None:
                yield entry

    def _limit(self, table: dict[str, Any], where: str) -> Limit | None:
        written = self._converted(table, _WrittenLimit, where)
        if written is None:
            return None
        limit = Limit(
            parameter=written.parameter,
            article=written.article,
            sure=written.sure,
            min=self._quantity(written.min, f"{where}.min"),
            max=self._quantity(written.max, f"{where}.max"),
            exactly=self._quantity(written.exactly, f"{where}.is"),
            one_of=tuple(
                one for word in written.one_of if (one := self._quantity(word, f"{where}.one_of")) is not None
            ),
            default=self._quantity(written.default, f"{where}.default"),
            categories=written.categories,
        )
        self._check_limit(limit, where)
        return limit

    def _duty(self, table: dict[str, Any], where: str) -> Duty | None:
        written = self._converted(table, _WrittenDuty, where)
        if written is None:
            return None
        within = self._quantity(written.within, f"{where}.within")
        if written.refund_from is not None and (within is None or clock_of(within) is None):
            self._find(
                f"{where}.within",
                "退还保证金的期限须为整小时、日或工作日，如 24 h、5 working days",
                "deposits go back within whole hours, days or working days: 24 h, 5 working days",
            )
        return Duty(
            what=written.what,
            article=written.article,
            sure=written.sure,
            within=within,
            refund_from=written.refund_from,
            bars_defaulters=written.bars_defaulters,
        )

    def _money(self, table: dict[str, Any]) -> MoneyTerms | None:
        written = self._converted(table, _WrittenMoney, "money")
        if written is None:
            return None
        order = default_order(written.default_order)
        if order is None:
            hint = nearest(written.default_order, ORDERS)
            known = ", ".join(ORDERS)
            self._find(
                "money.default_order",
                f"没有“{written.default_order}”这种违约处理顺序{hint.zh}；可用：{known}",
                f"there is no order of default {written.default_order!r}{hint.en}; there are {known}",
            )
            return None
        interest = self._percent(written.interest, "money.interest", INTEREST_BASIS_POINTS_MAX)
        return MoneyTerms(
            default_order=order.name,
            forfeits_to=written.forfeits_to or order.remainder,
            article=written.article,
            sure=written.sure,
            interest_basis_points=interest.basis_points,
            seller_commission=self._percent(
                written.seller_commission, "money.seller_commission", RATE_BASIS_POINTS_MAX
            ),
            service_fee=self._percent(written.service_fee, "money.service_fee", WHOLE),
        )

    def _percent(self, written: str, where: str, basis_points_max: int) -> FeeTerms:
        """Return a share of the price, the legal scale when it is named and fits, or nothing for an empty text."""
        if not written:
            return NO_FEE
        if written == "court scale" and where != "money.interest":
            return FeeTerms(scale=COURT_SCALE)
        quantity = self._quantity(written, where)
        if isinstance(quantity, Share) and quantity.of is None and quantity.basis_points <= basis_points_max:
            return FeeTerms(basis_points=quantity.basis_points)
        most = percent_text(basis_points_max)
        self._find(where, f"须为不超过 {most}% 的比例", f"this takes a share of at most {most} %")
        return NO_FEE

    def _check_limit(self, limit: Limit, where: str) -> None:
        """Refuse a limit that says nothing, or one thing and its opposite."""
        bounds = [limit.min, limit.max, limit.exactly, *limit.one_of]
        if not any(bound is not None for bound in bounds):
            self._find(
                where,
                "没有 min、max、is 或 one_of，等于没有限制",
                "without min, max, is or one_of it limits nothing",
            )
        if limit.exactly is not None and (limit.min is not None or limit.max is not None or limit.one_of):
            self._find(
                f"{where}.is", "is 不能与 min、max、one_of 并用", "`is` leaves no room for min, max or one_of"
            )
        if limit.min is not None and limit.max is not None and _order(limit.min, limit.max) > 0:
            least, most = described(limit.min), described(limit.max)
            self._find(
                f"{where}.min",
                f"min（{least.zh}）大于 max（{most.zh}），没有任何标的能满足",
                f"min ({least.en}) is more than max ({most.en}); no lot could keep it",
            )
        self._check_default(limit, where)

    def _check_default(self, limit: Limit, where: str) -> None:
        default = limit.default
        if default is None:
            return
        is_below = limit.min is not None and _order(default, limit.min) < 0
        is_above = limit.max is not None and _order(default, limit.max) > 0
        is_other = limit.exactly is not None and _order(default, limit.exactly) != 0
        if is_below or is_above or is_other:
            said = described(default)
            self._find(
                f"{where}.default",
                f"默认值 {said.zh} 超出了它自己的限制",
                f"the default {said.en} lies outside its own limit",
            )

    def _quantity(self, written: str | int | bool | None, where: str) -> Quantity | None:
        if written is None:
            return None
        try:
            return read_quantity(written)
        except NotAQuantity:
            self._find(
                where,
                f"“{written}”不是数值；可写作 20 %、20 % of the opening price、5 min、20 working days、5000 yuan",
                f"{written!r} is no figure; write 20 %, 20 % of the opening price, 5 min, 15 days, "
                "20 working days or 5000 yuan",
            )
            return None

    def _converted(self, table: dict[str, Any], kind: Any, where: str) -> Any:
        try:
            return msgspec.convert(table, kind)
        except msgspec.ValidationError as error:
            what, _, path = str(error).partition(" - at `$")
            unknown = re.search(r"unknown field `([^`]+)`", what)
            key = unknown[1] if unknown else path.rstrip("`").lstrip(".").replace("[", ".").replace("]", "")
            hint = (
                nearest(key, kind.__struct_encode_fields__) if unknown and not path else BothLanguages("", "")
            )
            holder = path.rstrip("`").lstrip(".") if unknown else ""
            place = ".".join(part for part in (where, holder, key) if part)
            self._find(place, f"{what}{hint.zh}", f"{what}{hint.en}")
            return None

    def _find(self, where: str, zh: str, en: str) -> None:
        self.findings.append(Finding(self._lines.line(where), where, BothLanguages(zh, en)))


def _order(left: Quantity, right: Quantity) -> int:
    """Compare two bounds of one limit; 0 where they are of different kinds and nothing can be said."""
    match left, right:
        case (Money(minor=one), Money(minor=other)) | (Count(number=one), Count(number=other)):
            return one - other
        case Share(basis_points=one, of=of), Share(basis_points=other, of=same) if of == same:
            return one - other
        case Days(number=one, are_working=working), Days(number=other, are_working=same_kind) if (
            working == same_kind
        ):
            return one - other
        case ((Duration() | Days()), (Duration() | Days())):
            one_us, other_us = span_us(left), span_us(right)
            return 0 if one_us is None or other_us is None else one_us - other_us
        case Choice(word=one_word), Choice(word=other_word):
            return 0 if one_word == other_word else 1
    return 0
