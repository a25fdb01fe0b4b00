"""`luochui simulate`: a lot played in simulated time, so that what a rulebook does can be seen before it is used.

Belongs here: options, the table and the chart. Does not belong here: the play itself (`exchange.simulation`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exchange.rulebooks.rulebook import Rulebook
from exchange.rulebooks.working_days import CENTRE_TIME
from exchange.simulation.play import DidNotEnd, Story, play
from gateways.amounts import write_amount
from gateways.cli.charts import bar, course
from gateways.cli.language import Language, language_of
from gateways.cli.outcomes import CommandFailed
from gateways.cli.rulebook import AsJson, Folder, RulebookName, Speech, console, found, opened, said
from gateways.cli.story import Teller, paddle_named
from matching.events import (
    BidderAdmitted,
    BidPlaced,
    CapReached,
    Event,
    LotAwarded,
    LotSold,
    OffersRanked,
    OrdersMatched,
)
from matching.units import TimeUs

BIDDERS_MAX = 500
LINES_MAX = 40
"""Lines of the story without --all; the first and the last are kept."""

SECOND_US = 1_000_000


def command(
    rulebook: RulebookName,
    bidders: Annotated[
        int | None,
        typer.Option(min=1, max=BIDDERS_MAX, help="How many take part; else as in the sample. 竞买人数"),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**53 - 1, help="The same seed tells the same story. 随机种子")
    ] = 1,
    all_lines: Annotated[bool, typer.Option("--all", help="Every line of the story. 显示全部过程")] = False,
    as_json: AsJson = False,
    language: Speech = None,
    folder: Folder = None,
) -> None:
    """Play the sample lot of a rulebook and tell its story. 以模拟时间演示一部规则

    luochui simulate judicial-first --bidders 8 --seed 7
    """
    words = language or language_of()
    rules = found(rulebook, opened(folder, words), words)
    try:
        story = play(rules, bidders or rules.sample.bidders, seed)
    except DidNotEnd as error:
        raise CommandFailed(
            words.say("The lot did not end within 400 days.", "标的在 400 天内未结束。")
        ) from error
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(_document(story))).decode())
        return
    _show(story, rules, words, all_lines)


def prices(story: Story) -> list[int]:
    """Return the prices in the order in which they came about: bids until a cap, or trades."""
    found_prices: list[int] = []
    for moment in story.moments:
        if isinstance(moment.event, CapReached):
            break
        if isinstance(moment.event, BidPlaced):
            found_prices.append(moment.event.amount)
        elif isinstance(moment.event, OrdersMatched):
            found_prices.append(moment.event.price)
    return found_prices


def _document(story: Story) -> dict[str, Any]:
    """Return the story for machines."""
    return {
        "rulebook": story.rulebook,
        "seed": story.seed,
        "bidders": len(story.people),
        "opens_at_us": story.draft.terms.opens_at_us,
        "terms": story.draft.terms,
        "deposit": story.draft.deposit,
        "events": [
            {"at_us": moment.at_us, "type": type(moment.event).__name__, **msgspec.to_builtins(moment.event)}
            for moment in story.moments
        ],
        "refusals": story.refusals,
        "outcome": story.lot.state,
        "winner": story.lot.winner,
        "hammer_price": story.lot.hammer_price,
    }


def _show(story: Story, rules: Rulebook, words: Language, all_lines: bool) -> None:
    screen = console()
    screen.print(Text(f"{rules.name}  {said(words, rules.title)}", style="bold"))
    screen.print(_lot_line(story, words), highlight=False)
    screen.print(_table(story, rules, words, all_lines))
    _show_chart(story, words, screen)
    screen.print(_end_line(story, words), highlight=False)


def _lot_line(story: Story, words: Language) -> str:
    terms = story.draft.terms
    opening = write_amount(terms.opening_price, terms.currency)
    deposit = write_amount(story.draft.deposit, terms.currency)
    opens = datetime.fromtimestamp(terms.opens_at_us // SECOND_US, CENTRE_TIME)
    return words.say(
        f"opening price {opening} · deposit {deposit} · {len(story.people)} bidders · seed {story.seed} · "
        f"opens {opens:%Y-%m-%d %H:%M}",
        f"起始价 {opening} · 保证金 {deposit} · 竞买人 {len(story.people)} 名 · 种子 {story.seed} · "
        f"开始 {opens:%Y-%m-%d %H:%M}",
    )


def _table(story: Story, rules: Rulebook, words: Language, all_lines: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for title in (("since the opening", "开始后"), ("paddle", "竞买号"), ("what happened", "经过")):
        table.add_column(words.say(*title), overflow="fold")
    lines = _lines(story, rules, words)
    left_out = 0 if all_lines else len(lines) - LINES_MAX
    head = LINES_MAX // 2
    for index, line in enumerate(lines):
        if left_out > 0 and index == head:
            table.add_row(
                "…", "", words.say(f"{left_out} more lines, see --all", f"另有 {left_out} 行，见 --all")
            )
        if left_out <= 0 or index < head or index >= head + left_out:
            table.add_row(*line)
    return table


def _lines(story: Story, rules: Rulebook, words: Language) -> list[tuple[str, str, str]]:
    phases = [
        plan.phase if plan.called == plan.phase else f"{plan.called} ({plan.phase})" for plan in rules.phases
    ]
    formats = [plan.phase for plan in rules.phases]
    teller = Teller(phases, formats, story.draft.terms.currency, words)
    opens_at_us = story.draft.terms.opens_at_us
    lines = []
    for moment in story.moments:
        told = teller.tell(moment.event)
        if told and not _is_plain_admission(moment.event):
            paddle = paddle_named(moment.event)
            lines.append((_since(moment.at_us - opens_at_us), f"№{paddle}" if paddle else "", told))
    return lines


def _is_plain_admission(happened: Event) -> bool:
    return isinstance(happened, BidderAdmitted) and not happened.rank


def _since(span_us: TimeUs) -> str:
    """Return a span as days, hours, minutes and seconds; before the opening with a minus."""
    seconds = abs(span_us) // SECOND_US
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return ("-" if span_us < 0 else "") + (f"{days}d " if days else "") + clock


def _show_chart(story: Story, words: Language, screen: Console) -> None:
    values, currency = prices(story), story.draft.terms.currency
    if len(values) > 1:
        top, bottom = write_amount(max(values), currency), write_amount(min(values), currency)
        width = max(len(top), len(bottom))
        rows = course(values)
        for index, row in enumerate(rows):
            label = top if index == 0 else bottom if index == len(rows) - 1 else ""
            screen.print(f"{label:>{width}} ┤{row}", highlight=False, soft_wrap=True)
        screen.print(words.say(f"{len(values)} prices, bid by bid", f"{len(values)} 个价格，依出价先后"))
        return
    for name, amount, most in _bars(story):
        screen.print(f"{name:>6} {bar(amount, most)} {write_amount(amount, currency)}", highlight=False)


def _bars(story: Story) -> list[tuple[str, int, int]]:
    """Return who offered, or pays, how much, where there is no course of a price."""
    pairs: list[tuple[int, int]] = []
    for moment in story.moments:
        match moment.event:
            case OffersRanked(places=places) if places:
                pairs = [(place.paddle, place.amount) for place in places]
            case LotAwarded(awards=awards):
                pairs = [(award.paddle, award.amount) for award in awards]
            case LotSold(paddle=paddle, price=price) if not pairs:
                pairs = [(paddle, price)]
    most = max((amount for _, amount in pairs), default=0)
    return [(f"№{paddle}", amount, most) for paddle, amount in pairs[:20]]


def _end_line(story: Story, words: Language) -> str:
    length = _since(story.moments[-1].at_us - story.draft.terms.opens_at_us)
    return words.say(
        f"ended after {length}; {story.refusals} refusals",
        f"历时 {length}；被拒绝的报价 {story.refusals} 次",
    )
