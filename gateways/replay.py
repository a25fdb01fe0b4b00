"""Replaying recorded auctions against a running exchange: every auction a lot, every bid over a real connection.

Belongs here: making accounts and lots, bidding in the order of the record in compressed time, the report.
Does not belong here: reading files and the rule alone (see `gateways.recorded`), terminals (see `gateways.cli`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from gateways.client import ApiClient, ApiProblem, ClientProblem, LiveClient, Refusal
from gateways.recorded import (
    Reason,
    RecordedAuction,
    Result,
    inferred_reserve,
    lot_terms,
    reason_of,
)
from gateways.wire import HostAct

PARALLEL = 8
PARALLEL_MAX = 64
ACCOUNTS_AT_ONCE = 1_000
BID_S = 0.01
"""Share of the compressed time that each recorded bid gets when no speed is asked for."""
SECONDS_MAX = 60.0
"""Compressed time of a whole file when no speed is asked for."""
OUTCOME_TIMEOUT_S = 10.0
OUTCOME_POLL_S = 0.02
CLOSED_STATES = frozenset({"sold", "passed", "withdrawn"})


class ReplayRefused(Exception):
    """The exchange does not let us do what a replay needs."""


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """How to replay.

    Args:
        url: the exchange, as http://host:port.
        token: API token of an account that may administer and host.
        parallel: auctions at once.
        speed: recorded seconds in one of ours; None to fit the whole record into `SECONDS_MAX`.
        infer_reserve: give a lot the secret reserve that explains its recorded price, where one does.
    """

    url: str
    token: str
    parallel: int = PARALLEL
    speed: float | None = None
    infer_reserve: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One auction: the record, what we made of it, and why they differ. Amounts are cents."""

    auction: str
    item: str
    lot: int
    bids: int
    recorded_price: int
    our_price: int
    recorded_leader: str
    our_leader: str
    agrees: bool
    leader_agrees: bool
    reserve_price: int
    refused: dict[str, int]
    below_minimum: int
    reason: Reason | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole replay in numbers."""

    auctions: int
    run: int
    agreed: int
    agreed_without_reserve: int
    agreed_with_reserve: int
    fits_hidden_reserve: int
    leaders_agreed: int
    differing: int
    not_run: int
    bids: int
    accepted: int
    refused: int
    below_minimum: int
    refused_by_code: dict[str, int]
    reasons: dict[str, int]
    seconds: float
    speed: float


@dataclass(frozen=True, slots=True)
class Report:
    """What `replay` returns."""

    auctions: list[Comparison]
    totals: Totals


class Progress:
    """What a replay tells while it runs; override what is of interest."""

    def accounts_made(self, made: int, total: int) -> None:
        """Accounts of recorded bidders exist."""

    def bid_answered(self, auction: RecordedAuction) -> None:
        """One recorded bid has its answer."""

    def auction_done(self, comparison: Comparison) -> None:
        """One auction has its result."""


async def replay(auctions: Sequence[RecordedAuction], plan: ReplayPlan, progress: Progress) -> Report:
    """Run every auction as a lot and compare; the report keeps the order of the record.

    Raises: ReplayRefused, ClientProblem.
    """
    runnable = [auction for auction in auctions if auction.may_run]
    began_s = time.monotonic()
    speed = plan.speed or default_speed(runnable, plan.parallel)
    async with (
        ApiClient(plan.url, token=plan.token) as api,
        # The ordinary connector holds a hundred connections and would let the next bidder wait for ever.
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as connections,
        LiveClient(plan.url, token=plan.token) as host,
    ):
        await _require_staff(api)
        accounts = await _make_accounts(api, runnable, progress)
        run = _Run(api, host, connections, accounts, plan, speed, progress)
        results = await _in_parallel(run.auction, runnable, plan.parallel)
    done = {comparison.auction: comparison for comparison in results}
    comparisons = [done.get(auction.id) or compare(auction, 0, None) for auction in auctions]
    return Report(comparisons, totals(comparisons, time.monotonic() - began_s, speed))


def default_speed(auctions: Sequence[RecordedAuction], parallel: int) -> float:
    """Return how many recorded seconds to put into one of ours."""
    recorded_s = sum(auction.duration_s for auction in auctions)
    bids = sum(len(auction.bids) for auction in auctions)
    ours_s = min(BID_S * bids, SECONDS_MAX) or 1.0
    return max(recorded_s / min(parallel, len(auctions) or 1) / ours_s, 1.0)


def compare(auction: RecordedAuction, lot: int, ours: Result | None, reserve_price: int = 0) -> Comparison:
    """Return the comparison of one auction with its result; `ours` is None when it did not run."""
    top_bidder = auction.top.bidder if auction.top is not None else ""
    reason = reason_of(auction, ours, reserve_price)
    return Comparison(
        auction=auction.id,
        item=auction.item,
        lot=lot,
        bids=len(auction.bids),
        recorded_price=auction.price,
        our_price=ours.price if ours else 0,
        recorded_leader=top_bidder,
        our_leader=ours.leader if ours else "",
        agrees=reason is None,
        leader_agrees=ours is not None and ours.leader == top_bidder,
        reserve_price=reserve_price,
        refused=dict(ours.refused) if ours else {},
        below_minimum=ours.below_minimum if ours else 0,
        reason=reason,
        problems=auction.problems,
    )


def totals(comparisons: Sequence[Comparison], seconds: float, speed: float) -> Totals:
    """Add the comparisons up."""
    run = [comparison for comparison in comparisons if comparison.lot]
    agreed = [comparison for comparison in run if comparison.agrees]
    reserved = sum(1 for comparison in agreed if comparison.reserve_price)
    refused_by_code: Counter[str] = Counter()
    for comparison in run:
        refused_by_code.update(comparison.refused)
    reasons = Counter(str(comparison.reason) for comparison in comparisons if comparison.reason)
    bids = sum(comparison.bids for comparison in run)
    return Totals(
        auctions=len(comparisons),
        run=len(run),
        agreed=len(agreed),
        agreed_without_reserve=len(agreed) - reserved,
        agreed_with_reserve=reserved,
        fits_hidden_reserve=reasons[Reason.HIDDEN_RESERVE] + reserved,
        leaders_agreed=sum(comparison.leader_agrees for comparison in run),
        differing=len(comparisons) - len(agreed),
        not_run=len(comparisons) - len(run),
        bids=bids,
        accepted=bids - refused_by_code.total(),
        refused=refused_by_code.total(),
        below_minimum=sum(comparison.below_minimum for comparison in run),
        refused_by_code=dict(refused_by_code),
        reasons=dict(reasons),
        seconds=round(seconds, 3),
        speed=round(speed, 1),
    )


@dataclass(frozen=True, slots=True)
class _Bidder:
    account: int
    token: str


class _Run:
    """What the auctions of one replay share."""

    def __init__(
        self,
        api: ApiClient,
        host: LiveClient,
        session: aiohttp.ClientSession,
        accounts: dict[str, _Bidder],
        plan: ReplayPlan,
        speed: float,
        progress: Progress,
    ) -> None:
        self._api = api
        self._host = host
        self._session = session
        self._accounts = accounts
        self._plan = plan
        self._speed = speed
        self._progress = progress

    async def auction(self, auction: RecordedAuction) -> Comparison:
        """Run one auction from its announcement to the hammer.

        Raises: ReplayRefused, ClientProblem.
        """
        reserve_price = inferred_reserve(auction) if self._plan.infer_reserve else 0
        try:
            lot = await self._api.publish_lot(_new_lot(auction, reserve_price))
        except ApiProblem as problem:
            raise ReplayRefused(f"auction {auction.id}: {problem}") from problem
        bidder_of = await self._admit(lot, auction)
        await self._host_act(lot, HostAct.OPEN)
        refused = await self._bid_all(lot, auction)
        await self._host_act(lot, HostAct.HAMMER)
        price, leader = await self._outcome(lot)
        result = Result(price, bidder_of.get(leader, ""), refused)
        comparison = compare(auction, lot, result, reserve_price)
        self._progress.auction_done(comparison)
        return comparison

    async def _admit(self, lot: int, auction: RecordedAuction) -> dict[int, str]:
        """Admit the auction's bidders; returns who stands behind each paddle."""
        handles = {self._accounts[bidder].account: bidder for bidder in auction.bidders}
        admissions = await self._api.admit(lot, list(handles))
        return {admission["paddle"]: handles[admission["bidder"]] for admission in admissions}

    async def _host_act(self, lot: int, act: HostAct) -> None:
        answer = await self._host.host(lot, act)
        if isinstance(answer, Refusal):
            raise ReplayRefused(f"lot {lot}: {act} was refused: {answer.code} {answer.detail}")

    async def _bid_all(self, lot: int, auction: RecordedAuction) -> dict[str, int]:
        """Leave every recorded bid as a max bid, in order, each after the answer to the one before.

        Every bidder has a connection of his own from his first bid to his last.
        """
        refused: Counter[str] = Counter()
        last_bid = {bid.bidder: number for number, bid in enumerate(auction.bids)}
        began_s = time.monotonic()
        async with contextlib.AsyncExitStack() as connections:
            clients: dict[str, LiveClient] = {}
            for number, bid in enumerate(auction.bids):
                if bid.bidder not in clients:
                    clients[bid.bidder] = await connections.enter_async_context(self._connection(bid.bidder))
                await _sleep_until(began_s + bid.at_s / self._speed)
                answer = await clients[bid.bidder].max_bid(lot, bid.limit)
                if isinstance(answer, Refusal):
                    refused[answer.code] += 1
                self._progress.bid_answered(auction)
                if last_bid[bid.bidder] == number:
                    await clients[bid.bidder].close()
        return dict(refused)

    def _connection(self, bidder: str) -> LiveClient:
        return LiveClient(self._plan.url, token=self._accounts[bidder].token, session=self._session)

    async def _outcome(self, lot: int) -> tuple[int, int]:
        """Return hammer price and winner's paddle, as the public reads them after the hammer."""
        until_s = time.monotonic() + OUTCOME_TIMEOUT_S
        while time.monotonic() < until_s:
            view = (await self._api.lot(lot))["view"]
            if view["state"] in CLOSED_STATES:
                return view["hammer_price"], view["winner"]
            await asyncio.sleep(OUTCOME_POLL_S)
        raise ReplayRefused(f"lot {lot} did not close after the hammer")


async def _require_staff(api: ApiClient) -> None:
    """Raises: ReplayRefused when the token's account cannot make lots and accounts."""
    try:
        account = (await api.me())["account"]
    except ApiProblem as problem:
        raise ReplayRefused(f"the token is not accepted: {problem}") from problem
    roles = set(account["roles"]) if account else set()
    if not {"admin", "host"} <= roles:
        raise ReplayRefused("the token's account must have the roles admin and host")


async def _make_accounts(
    api: ApiClient, auctions: Iterable[RecordedAuction], progress: Progress
) -> dict[str, _Bidder]:
    """Make one account for every recorded bidder, under logins of this run."""
    run = secrets.token_hex(3)
    handles = list(dict.fromkeys(bidder for auction in auctions for bidder in auction.bidders))
    logins = {
        f"replay-{run}-{_login_part(handle, number)}": handle for number, handle in enumerate(handles, 1)
    }
    accounts: dict[str, _Bidder] = {}
    for batch in _batches(list(logins.items()), ACCOUNTS_AT_ONCE):
        wanted = [{"login": login, "name": handle[:64], "roles": ["bidder"]} for login, handle in batch]
        for made in await api.create_accounts(wanted):
            accounts[logins[made["login"]]] = _Bidder(made["id"], made["token"])
        progress.accounts_made(len(accounts), len(handles))
    return accounts


def _login_part(handle: str, number: int) -> str:
    """Return the recorded handle where it is like B00001, else its number among the bidders."""
    is_plain = re.fullmatch(r"B[0-9]{1,12}", handle) is not None
    return handle.lower() if is_plain else f"x{number}"


def _batches(items: list[tuple[str, str]], size: int) -> list[list[tuple[str, str]]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _new_lot(auction: RecordedAuction, reserve_price: int) -> dict[str, Any]:
    item = auction.item or "Recorded auction"
    return {
        "category": "other",
        "region": "",
        "title_zh": f"历史拍卖重放 {auction.id} {item}"[:200],
        "title_en": f"Replay of {auction.id}: {item}"[:200],
        "description_zh": "按历史出价记录重放的拍卖。",
        "description_en": "An auction replayed from its recorded bids.",
        "seller_zh": "历史记录",
        "seller_en": "Recorded data",
        "terms": msgspec.to_builtins(lot_terms(auction, reserve_price)),
        "deposit": 0,
        "is_demo": False,
    }


async def _sleep_until(moment_s: float) -> None:
    remaining_s = moment_s - time.monotonic()
    if remaining_s > 0:
        await asyncio.sleep(remaining_s)


async def _in_parallel(
    work: Callable[[RecordedAuction], Awaitable[Comparison]],
    auctions: Sequence[RecordedAuction],
    parallel: int,
) -> list[Comparison]:
    """Run the work over all auctions, at most `parallel` at once; the first failure ends all."""
    waiting = deque(auctions)
    done: list[Comparison] = []

    async def worker() -> None:
        while waiting:
            done.append(await work(waiting.popleft()))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(parallel, len(auctions))):
                group.create_task(worker())
    except* (ClientProblem, ReplayRefused) as problems:
        raise problems.exceptions[0] from None
    return done
