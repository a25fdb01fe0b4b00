"""Which field of a request cannot be read, in both languages, with what would be accepted.

Belongs here: the decoder's own sentences, taken apart. Does not belong here: what the exchange's rules say of values
that can be read (`exchange.terms_words`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from exchange.terms_words import FieldProblem
from exchange.texts import BothLanguages

KINDS: Final = {
    "str": BothLanguages("文字", "a text"),
    "int": BothLanguages("整数", "a whole number"),
    "float": BothLanguages("小数", "a number with a fraction"),
    "bool": BothLanguages("是或否（true、false）", "true or false"),
    "array": BothLanguages("列表", "a list"),
    "object": BothLanguages("字段表", "a table of fields"),
    "null": BothLanguages("空值", "nothing"),
}
INDEX: Final = re.compile(r"\[(\d+|\.\.\.)\]")

Found = Callable[[re.Match[str]], tuple[str, BothLanguages, BothLanguages]]


def _kind(name: str) -> BothLanguages:
    """Return what a field takes in words; of several kinds, all of them."""
    kinds = [KINDS.get(one.strip(), BothLanguages(one, one)) for one in name.replace("`", "").split("|")]
    return BothLanguages("或".join(kind.zh for kind in kinds), " or ".join(kind.en for kind in kinds))


def _wrong_type(found: re.Match[str]) -> tuple[str, BothLanguages, BothLanguages]:
    given = _kind(found["given"])
    text = BothLanguages(f"这里填的是{given.zh}", f"{given.en} stands here")
    return "WRONG_TYPE", text, _kind(found["kind"])


def _missing(found: re.Match[str]) -> tuple[str, BothLanguages, BothLanguages]:
    return (
        "MISSING",
        BothLanguages("缺少此字段", "the field is missing"),
        BothLanguages("请填写", "fill it in"),
    )


def _unknown(found: re.Match[str]) -> tuple[str, BothLanguages, BothLanguages]:
    text = BothLanguages("没有这个字段", "there is no such field")
    return "UNKNOWN_FIELD", text, BothLanguages("请删去或改正拼写", "leave it out, or look at its spelling")


def _not_one_of(found: re.Match[str]) -> tuple[str, BothLanguages, BothLanguages]:
    given = found["given"]
    text = BothLanguages(f"没有“{given}”这个选项", f"{given} is not one of the choices")
    return "NOT_ONE_OF", text, BothLanguages("接口文档所列的选项之一", "one of those in the API's document")


def _out_of_range(found: re.Match[str]) -> tuple[str, BothLanguages, BothLanguages]:
    bound = f"{int(found['bound']):,}" if found["bound"].lstrip("-").isdecimal() else found["bound"]
    if found["sign"] in (">=", ">"):
        least = BothLanguages(f"不小于 {bound}", f"at least {bound}")
        return "TOO_SMALL", BothLanguages("数值过小", "the number is too small"), least
    return (
        "TOO_LARGE",
        BothLanguages("数值过大", "the number is too large"),
        BothLanguages(f"不超过 {bound}", f"at most {bound}"),
    )


def _length(found: re.Match[str]) -> tuple[str, BothLanguages, BothLanguages]:
    bound, is_list = found["bound"], found["kind"] == "array"
    unit_zh, unit_en = ("项", "entries") if is_list else ("个字符", "characters")
    if found["sign"] == ">=":
        if bound == "1":
            return "EMPTY", BothLanguages("不能为空", "it is empty"), BothLanguages("请填写", "fill it in")
        least = BothLanguages(f"至少 {bound} {unit_zh}", f"at least {bound} {unit_en}")
        return "TOO_SHORT", BothLanguages("过短", "it is too short"), least
    most = BothLanguages(f"最多 {bound} {unit_zh}", f"at most {bound} {unit_en}")
    return "TOO_LONG", BothLanguages("过长", "it is too long"), most


def _wrong_form(found: re.Match[str]) -> tuple[str, BothLanguages, BothLanguages]:
    form = found["form"].replace("(?!\\n)", "").replace("(?!\n)", "")
    text = BothLanguages("格式不符", "it is not of the form that is asked for")
    return "WRONG_FORM", text, BothLanguages(f"符合 {form}", f"what matches {form}")


READINGS: Final[tuple[tuple[re.Pattern[str], Found], ...]] = (
    (re.compile(r"Expected `(?P<kind>[^`]+)`, got `(?P<given>[^`]+)`"), _wrong_type),
    (re.compile(r"Object missing required field `(?P<field>[^`]+)`"), _missing),
    (re.compile(r"Object contains unknown field `(?P<field>[^`]+)`"), _unknown),
    (re.compile(r"Invalid (?:enum )?value (?P<given>.+)"), _not_one_of),
    (re.compile(r"Expected `(?P<kind>str|array|bytes)` of length (?P<sign>>=|<=) (?P<bound>\d+)"), _length),
    (re.compile(r"Expected `(?P<kind>\w+)` (?P<sign>>=|<=|>|<) (?P<bound>\S+)"), _out_of_range),
    (re.compile(r"Expected `str` matching regex '(?P<form>.*)'", re.DOTALL), _wrong_form),
)


def field_problem(message: str) -> FieldProblem:
    """Return what the decoder said of a request: `Expected `int`, got `str` - at `$.terms.opening_price``."""
    what, _, path = message.partition(" - at `$")
    field = INDEX.sub(r".\1", path.rstrip("`")).lstrip(".")
    for pattern, read in READINGS:
        if (found := pattern.fullmatch(what)) is not None:
            code, text, allowed = read(found)
            inner = found.groupdict().get("field")
            place = ".".join(part for part in (field, inner) if part)
            return FieldProblem(code, place, text, allowed)
    unreadable = BothLanguages("无法识别", what[:1].lower() + what[1:])
    return FieldProblem(
        "UNREADABLE", field, unreadable, BothLanguages("见接口文档", "see the API's document")
    )
