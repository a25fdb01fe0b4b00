"""The promises of LedgerStore, kept by every adapter."""

import itertools
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from ledger.accounts import Account, AccountConflict, AccountFlags, bank_clearing, new_account, suspense
from ledger.chain import GENESIS, ChainHead, head_of, link
from ledger.memory import MemoryLedgerStore
from ledger.postgres import PostgresLedgerStore
from ledger.records import Draft, Scope, View
from ledger.rules import LedgerRefusal
from ledger.store import Cursor, DraftRefused, LedgerStore
from ledger.transfers import Kind, Purpose, Side, Transfer, TransferFlags
from ledger.verify import verify

NOW_US = 1_700_000_000_000_000
BANK = bank_clearing("CNY")
SUSPENSE = suspense("CNY")
FREE = new_account("equity:free", "CNY", AccountFlags.NONE)
ACCOUNTS = (BANK, SUSPENSE, FREE)


@pytest.fixture(params=["memory", "postgres"])
def address(request: pytest.FixtureRequest) -> str | None:
    """Return where the adapter under test keeps the ledger; None is in memory."""
    return None if request.param == "memory" else request.getfixturevalue("database_url")


@pytest.fixture
async def store(address: str | None) -> AsyncIterator[LedgerStore]:
    if address is None:
        yield MemoryLedgerStore(itertools.count(NOW_US).__next__)
        return
    async with asyncpg.create_pool(address, min_size=1, max_size=4) as pool:
        yield PostgresLedgerStore(pool)


def transfer(amount: int = 100, **changes: object) -> Transfer:
    fields = {
        "id": uuid4(),
        "debit": BANK.code,
        "credit": SUSPENSE.code,
        "amount": amount,
        "currency": "CNY",
        "purpose": Purpose.SUSPENSE_RECEIVED,
        "event_at_us": NOW_US,
        "reference": "R1",
        "memo": "张三",
    }
    return Transfer(**{**fields, **changes})  # type: ignore[arg-type]


async def totals(store: LedgerStore, code: str) -> tuple[int, int, int, int]:
    async with store.reading() as reader:
        account = await reader.account(code)
    assert account is not None
    return (account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted)


async def test_an_empty_ledger_has_the_genesis_head(store: LedgerStore) -> None:
    async with store.reading() as reader:
        assert await reader.head() == ChainHead(0, GENESIS, 0)
        assert [account async for account in reader.accounts()] == []


async def test_a_transfer_moves_money_and_leaves_two_entries(store: LedgerStore) -> None:
    wanted = transfer(250)
    result = await store.post([wanted], new_accounts=ACCOUNTS)
    assert result.is_accepted
    assert result.outcomes[0].is_new
    assert await totals(store, BANK.code) == (0, 250, 0, 0)
    assert await totals(store, SUSPENSE.code) == (0, 0, 0, 250)
    async with store.reading() as reader:
        postings = [posting async for posting in reader.postings()]
        entries = [entry async for entry in reader.entries()]
        head = await reader.head()
    assert [posting.transfer for posting in postings] == [wanted]
    assert [(e.side, e.account, e.account_version) for e in entries] == [
        (Side.DEBIT, BANK.code, 1),
        (Side.CREDIT, SUSPENSE.code, 1),
    ]
    assert head == result.head == ChainHead(1, postings[0].hash, postings[0].recorded_at_us)


async def test_the_chain_links_every_posting_to_the_one_before(store: LedgerStore) -> None:
    await store.post([transfer(1), transfer(2)], new_accounts=ACCOUNTS)
    await store.post([transfer(3)])
    head = ChainHead()
    async with store.reading() as reader:
        async for posting in reader.postings():
            assert posting == link(head, posting.transfer, posting.recorded_at_us)
            head = ChainHead(posting.sequence, posting.hash, posting.recorded_at_us)
        assert head == await reader.head()
    assert head.sequence == 3


async def test_the_same_transfer_again_gets_the_same_answer(store: LedgerStore) -> None:
    wanted = transfer()
    first = await store.post([wanted], new_accounts=ACCOUNTS)
    again = await store.post([wanted])
    assert again.is_accepted
    assert not again.outcomes[0].is_new
    assert again.outcomes[0].posting == first.outcomes[0].posting
    assert again.head == first.head


async def test_the_same_id_with_another_body_is_refused(store: LedgerStore) -> None:
    wanted = transfer(10)
    await store.post([wanted], new_accounts=ACCOUNTS)
    again = await store.post([transfer(11, id=wanted.id)])
    assert again.outcomes[0].refusal is LedgerRefusal.EXISTS_WITH_DIFFERENT_AMOUNT
    assert await totals(store, BANK.code) == (0, 10, 0, 0)


async def test_a_passing_refusal_is_remembered_for_its_id(store: LedgerStore) -> None:
    overdraft = transfer(50, debit=SUSPENSE.code, credit=BANK.code)
    refused = await store.post([overdraft], new_accounts=ACCOUNTS)
    assert refused.outcomes[0].refusal is LedgerRefusal.EXCEEDS_CREDITS
    await store.post([transfer(100)])
    again = await store.post([overdraft])
    assert again.outcomes[0].refusal is LedgerRefusal.ID_ALREADY_FAILED
    retried = await store.post([transfer(50, debit=SUSPENSE.code, credit=BANK.code)])
    assert retried.is_accepted


async def test_a_hold_is_posted_in_part_and_the_rest_returns(store: LedgerStore) -> None:
    pending = transfer(100, kind=Kind.PENDING)
    await store.post([pending], new_accounts=ACCOUNTS)
    assert await totals(store, BANK.code) == (100, 0, 0, 0)
    post = Transfer(id=uuid4(), kind=Kind.POST, pending_id=pending.id, amount=30)
    assert (await store.post([post])).is_accepted
    assert await totals(store, BANK.code) == (0, 30, 0, 0)
    void = Transfer(id=uuid4(), kind=Kind.VOID, pending_id=pending.id)
    again = await store.post([post, void])
    assert again.outcomes[0].refusal is None
    assert again.outcomes[1].refusal is LedgerRefusal.PENDING_ALREADY_POSTED


async def test_a_hold_and_its_end_may_share_a_batch(store: LedgerStore) -> None:
    pending = transfer(100, kind=Kind.PENDING)
    void = Transfer(id=uuid4(), kind=Kind.VOID, pending_id=pending.id)
    assert (await store.post([pending, void], new_accounts=ACCOUNTS)).is_accepted
    assert await totals(store, BANK.code) == (0, 0, 0, 0)


async def test_a_linked_set_fails_as_one(store: LedgerStore) -> None:
    linked = [
        transfer(5, flags=TransferFlags.LINKED),
        transfer(6, debit=SUSPENSE.code, credit=BANK.code),
    ]
    result = await store.post([*linked, transfer(7)], new_accounts=ACCOUNTS)
    assert [outcome.refusal for outcome in result.outcomes] == [
        LedgerRefusal.LINKED_TRANSFER_FAILED,
        LedgerRefusal.EXCEEDS_CREDITS,
        None,
    ]
    assert await totals(store, BANK.code) == (0, 7, 0, 0)
    assert result.head.sequence == 1


async def test_a_cursor_moves_forward_only(store: LedgerStore) -> None:
    assert await store.cursor("settlement") == 0
    await store.post([], cursor=Cursor("settlement", 7))
    await store.post([transfer()], new_accounts=ACCOUNTS, cursor=Cursor("settlement", 5))
    assert await store.cursor("settlement") == 7
    assert await store.cursor("another") == 0


async def test_a_refused_batch_with_a_cursor_leaves_nothing_behind(store: LedgerStore) -> None:
    good, bad = transfer(5), transfer(9, debit=SUSPENSE.code, credit=BANK.code)
    result = await store.post([good, bad], new_accounts=ACCOUNTS, cursor=Cursor("settlement", 1))
    assert result.outcomes[1].refusal is LedgerRefusal.EXCEEDS_CREDITS
    assert await store.cursor("settlement") == 0
    async with store.reading() as reader:
        assert await reader.account(BANK.code) is None
        assert (await reader.head()).sequence == 0
    await store.post([transfer(9)], new_accounts=ACCOUNTS)
    assert (await store.post([bad], cursor=Cursor("settlement", 1))).is_accepted


async def test_an_account_is_opened_once_and_only_as_it_is(store: LedgerStore) -> None:
    await store.post([], new_accounts=ACCOUNTS)
    await store.post([], new_accounts=ACCOUNTS)
    with pytest.raises(AccountConflict, match="flags"):
        await store.post([], new_accounts=[Account(code=BANK.code, currency="CNY")])
    with pytest.raises(AccountConflict, match="currency"):
        await store.post([], new_accounts=[Account(code=FREE.code, currency="USD")])


async def test_accounts_are_found_by_prefix_in_order(store: LedgerStore) -> None:
    await store.post([], new_accounts=[SUSPENSE, BANK, suspense("USD")])
    async with store.reading() as reader:
        codes = [account.code async for account in reader.accounts("liabilities:")]
    assert codes == ["liabilities:suspense:cny", "liabilities:suspense:usd"]


async def test_entries_of_one_account_tell_its_history(store: LedgerStore) -> None:
    await store.post([transfer(5), transfer(6, credit=FREE.code)], new_accounts=ACCOUNTS)
    async with store.reading() as reader:
        history = [entry async for entry in reader.entries(BANK.code)]
        at_first = await reader.balance(BANK.code, history[0].recorded_at_us)
        before = await reader.balance(BANK.code, history[0].recorded_at_us - 1)
        assert await reader.balance("assets:none", NOW_US) is None
    assert [(e.account_version, e.posted_change, e.debits_posted) for e in history] == [(1, 5, 5), (2, 6, 11)]
    assert at_first is not None
    assert before is not None
    assert at_first.debits_posted == 11  # both were recorded at one moment
    assert before.debits_posted == 0


async def test_a_plan_sees_and_writes_in_one_step(store: LedgerStore) -> None:
    wanted = transfer(8)

    def plan(view: View) -> Draft[str]:
        assert view == View()
        return Draft(answer="done", transfers=(wanted,), accounts=ACCOUNTS)

    assert await store.post_planned(Scope(lot_id=1), plan, cursor=Cursor("reader", 3)) == "done"
    assert await store.cursor("reader") == 3
    assert await totals(store, BANK.code) == (0, 8, 0, 0)


async def test_a_draft_that_the_rules_refuse_leaves_nothing_behind(store: LedgerStore) -> None:
    draft = Draft(
        answer=None,
        transfers=(transfer(5), transfer(9, debit=SUSPENSE.code, credit=BANK.code)),
        accounts=ACCOUNTS,
    )
    with pytest.raises(DraftRefused, match="EXCEEDS_CREDITS"):
        await store.post_planned(Scope(), lambda view: draft, cursor=Cursor("reader", 3))
    assert await store.cursor("reader") == 0
    async with store.reading() as reader:
        assert (await reader.head()).sequence == 0


async def test_a_plan_that_raises_leaves_nothing_behind(store: LedgerStore) -> None:
    def plan(view: View) -> Draft[None]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.post_planned(Scope(), plan, cursor=Cursor("reader", 3))
    assert await store.cursor("reader") == 0


async def test_a_closed_account_takes_nothing_until_its_closing_is_voided(store: LedgerStore) -> None:
    closing = transfer(0, kind=Kind.PENDING, flags=TransferFlags.CLOSING_CREDIT)
    await store.post([closing], new_accounts=ACCOUNTS)
    refused = await store.post([transfer(1)])
    assert refused.outcomes[0].refusal is LedgerRefusal.CREDIT_ACCOUNT_CLOSED
    await store.post([Transfer(id=uuid4(), kind=Kind.VOID, pending_id=closing.id)])
    assert (await store.post([transfer(1)])).is_accepted


async def test_a_large_batch_is_recorded_in_order(store: LedgerStore) -> None:
    batch = [transfer(number) for number in range(1, 1025)]
    result = await store.post(batch, new_accounts=ACCOUNTS)
    assert result.is_accepted
    async with store.reading() as reader:
        assert [p.transfer.amount async for p in reader.postings()] == list(range(1, 1025))
    assert await totals(store, BANK.code) == (0, 1024 * 1025 // 2, 0, 0)


# Holds that run out


def promised(amount: int, **changes: object) -> Transfer:
    return transfer(amount, purpose=Purpose.DEPOSIT_TOWARDS_PRICE, **changes)


async def held(store: LedgerStore, timeout_us: int, amount: int = 100) -> Transfer:
    pending = promised(amount, kind=Kind.PENDING, timeout_us=timeout_us)
    assert (await store.post([pending], new_accounts=ACCOUNTS)).is_accepted
    return pending


async def test_a_batch_of_old_and_new_transfers_gets_each_its_answer(store: LedgerStore) -> None:
    first = [transfer(amount) for amount in range(1, 41)]
    await store.post(first, new_accounts=ACCOUNTS)
    new = [transfer(amount) for amount in range(101, 121)]
    other = transfer(7, id=first[0].id)
    result = await store.post([*new, *first[1:20], other])
    assert [outcome.is_new for outcome in result.outcomes[:39]] == [True] * 20 + [False] * 19
    assert result.outcomes[39].refusal is not None
    assert (await totals(store, BANK.code))[1] == sum(range(1, 41)) + sum(range(101, 121))
    assert (await store.post([transfer(1)])).is_accepted


async def test_a_hold_that_has_run_out_is_given_back_by_whoever_posts_next(store: LedgerStore) -> None:
    pending = await held(store, timeout_us=1)
    assert await totals(store, BANK.code) == (100, 0, 0, 0), "nothing changes silently"
    result = await store.post([promised(7)])
    assert result.is_accepted
    assert len(result.outcomes) == 1
    assert await totals(store, BANK.code) == (0, 7, 0, 0)
    async with store.reading() as reader:
        postings = [posting async for posting in reader.postings()]
    assert [p.transfer.kind for p in postings] == [Kind.PENDING, Kind.EXPIRE, Kind.POSTED]
    expiry = postings[1]
    assert expiry.transfer.pending_id == pending.id
    assert expiry.transfer.event_at_us == postings[0].recorded_at_us + 1
    assert expiry == link(head_of(postings[0]), expiry.transfer, expiry.recorded_at_us)
    assert (await verify(store)).discrepancies == ()


@pytest.mark.parametrize("kind", [Kind.POST, Kind.VOID])
async def test_a_hold_that_has_run_out_cannot_be_ended(store: LedgerStore, kind: Kind) -> None:
    pending = await held(store, timeout_us=1)
    result = await store.post([Transfer(id=uuid4(), kind=kind, pending_id=pending.id, amount=pending.amount)])
    assert result.outcomes[0].refusal is LedgerRefusal.PENDING_EXPIRED
    assert await totals(store, BANK.code) == (0, 0, 0, 0)


async def test_a_hold_in_time_ends_as_any_other(store: LedgerStore) -> None:
    pending = await held(store, timeout_us=10**12)
    assert await store.expire_due() == 0
    assert (
        await store.post([Transfer(id=uuid4(), kind=Kind.POST, pending_id=pending.id, amount=60)])
    ).is_accepted
    assert await totals(store, BANK.code) == (0, 60, 0, 0)
    assert await store.expire_due() == 0


async def test_a_sweep_gives_back_what_nobody_else_does(store: LedgerStore) -> None:
    await held(store, timeout_us=1)
    await held(store, timeout_us=2, amount=5)
    await held(store, timeout_us=10**12, amount=30)
    await store.expire_due()
    assert await store.expire_due() == 0
    assert await totals(store, BANK.code) == (30, 0, 0, 0)
    assert (await verify(store)).discrepancies == ()


async def test_an_expiry_makes_room_for_the_transfer_that_found_it(store: LedgerStore) -> None:
    await store.post([transfer(100)], new_accounts=ACCOUNTS)
    back = {"debit": SUSPENSE.code, "credit": BANK.code}
    assert (await store.post([transfer(100, kind=Kind.PENDING, timeout_us=1, **back)])).is_accepted
    assert (await store.post([transfer(100, **back)])).is_accepted


async def test_a_refused_batch_with_a_cursor_expires_nothing(store: LedgerStore) -> None:
    await held(store, timeout_us=1)
    bad = transfer(9, debit=SUSPENSE.code, credit=BANK.code)
    refused = await store.post([bad], cursor=Cursor("settlement", 1))
    assert refused.outcomes[0].refusal is LedgerRefusal.EXCEEDS_CREDITS
    assert await totals(store, BANK.code) == (100, 0, 0, 0)
    assert await store.expire_due() == 1


async def test_only_the_ledger_itself_lets_a_hold_expire(store: LedgerStore) -> None:
    pending = await held(store, timeout_us=10**12)
    result = await store.post([Transfer(id=uuid4(), kind=Kind.EXPIRE, pending_id=pending.id)])
    assert result.outcomes[0].refusal is LedgerRefusal.EXPIRY_NOT_ALLOWED


async def test_the_same_hold_with_another_timeout_is_another(store: LedgerStore) -> None:
    pending = await held(store, timeout_us=10**12)
    again = await store.post([promised(100, id=pending.id, kind=Kind.PENDING, timeout_us=5)])
    assert again.outcomes[0].refusal is LedgerRefusal.EXISTS_WITH_DIFFERENT_TIMEOUT
    assert (await store.post([transfer(1, timeout_us=5)])).outcomes[
        0
    ].refusal is LedgerRefusal.TIMEOUT_NOT_ALLOWED


async def test_an_account_closed_by_a_hold_that_runs_out_is_open_again(store: LedgerStore) -> None:
    closing = transfer(0, kind=Kind.PENDING, flags=TransferFlags.CLOSING_CREDIT, timeout_us=1)
    await store.post([closing], new_accounts=ACCOUNTS)
    assert (await store.post([transfer(1)])).is_accepted


# History


async def test_a_history_comes_in_pages(store: LedgerStore) -> None:
    await store.post([transfer(amount) for amount in range(1, 8)], new_accounts=ACCOUNTS)
    pages, after = [], 0
    async with store.reading() as reader:
        while page := await reader.history(BANK.code, after, limit=3):
            pages.append([entry.posted_change for entry in page])
            after = page[-1].account_version
        assert await reader.history("assets:none") == ()
        assert [entry.debits_posted for entry in await reader.history(BANK.code, 5)] == [21, 28]
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


async def test_a_balance_of_any_past_time_is_that_of_the_last_entry_by_then(store: LedgerStore) -> None:
    moments = []
    for amount in range(1, 14):
        await store.post([transfer(amount)], new_accounts=ACCOUNTS)
        async with store.reading() as reader:
            moments.append((await reader.head()).recorded_at_us)
    async with store.reading() as reader:
        for number, at_us in enumerate(moments, start=1):
            account = await reader.balance(BANK.code, at_us)
            assert account is not None
            assert (account.version, account.debits_posted) == (number, number * (number + 1) // 2)
        before = await reader.balance(BANK.code, moments[0] - 1)
        assert before is not None
        assert (before.version, before.debits_posted) == (0, 0)
