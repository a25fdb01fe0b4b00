"""Declarations of identity over a real database: versions, the centre's word, one number behind one account."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from msgspec.structs import replace

from exchange.identities import IdentitySearch, IdentityState, ReviewRefusal, Standing
from exchange.identity_documents import IdentityRefusal
from exchange.identity_required import IdentityMissing, IdentityRequired, missing_identity
from exchange.people import Account, Role
from exchange.registration import RegistrationRefusal, Registrations
from exchange.sign_up import SignUpRefusal, SignUpState
from exchange.terms_of_use import terms_of_use
from tests.identities import of_company, of_person
from tests.procedure import Procedure

PASSWORD = "a long password"
DECLARED, CONFIRMED, RETURNED = IdentityState.DECLARED, IdentityState.CONFIRMED, IdentityState.RETURNED


@pytest.fixture
async def boss(procedure: Procedure) -> Account:
    return await procedure.people.create("boss", "王主任", [Role.ADMIN])


@pytest.fixture
async def carl(procedure: Procedure) -> Account:
    """Somebody who has an account and has declared nothing."""
    return await procedure.people.create("carl", "Carl", [Role.BIDDER])


async def standing_of(procedure: Procedure, account: Account) -> Standing:
    standing = await procedure.identities.standing(account.id)
    assert standing is not None
    return standing


async def test_another_declaration_is_another_version_and_gives_the_account_its_name(
    procedure: Procedure, boss: Account, carl: Account
) -> None:
    identities = procedure.identities
    first = await identities.declare(carl.id, of_person("王小明", 1), carl.id)
    assert isinstance(first, Standing) and first.state is DECLARED
    assert (await identities.review(first.identity.id, True, "", boss.id)) == await standing_of(
        procedure, carl
    )
    assert await identities.declare(carl.id, of_person("王小明", 1), carl.id) == await standing_of(
        procedure, carl
    ), "the same again changes nothing, and takes no confirmation away"
    company = replace(of_company("澜川公司", 1), telephone=None)
    second = await identities.declare(carl.id, company, carl.id)
    assert isinstance(second, Standing) and second.state is DECLARED, "it has to be confirmed again"
    history = await identities.history(carl.id)
    assert [one.name for one in history] == ["澜川公司", "王小明"]
    assert [one.review is not None for one in history] == [False, True]
    account = await procedure.people.get(carl.id)
    assert account is not None and account.name == "澜川公司"
    assert await procedure.people.names([carl.id]) == {carl.id: "澜川公司"}
    disclosed = await identities.disclosed(second.identity.id)
    assert disclosed is not None and disclosed.telephone == "13800000000", "what is left out stays"
    assert (await identities.declare(carl.id, replace(company, number=None), carl.id)) == second


async def test_numbers_are_masked_wherever_they_are_not_asked_for(
    procedure: Procedure, boss: Account, carl: Account
) -> None:
    declared = of_person("王小明", 1)
    await procedure.identities.declare(carl.id, declared, carl.id)
    for shown in (
        await procedure.identities.standing(carl.id),
        await procedure.identities.history(carl.id),
        await procedure.identities.search(IdentitySearch(text="小明")),
    ):
        assert shown and str(declared.number) not in repr(shown) and "13800000000" not in repr(shown)


async def test_one_number_stands_behind_one_account_and_nobody_learns_which(
    procedure: Procedure, boss: Account, carl: Account
) -> None:
    identities, lot = procedure.identities, await procedure.publish()
    dora = await procedure.people.create("dora", "Dora", [Role.BIDDER])
    both = await asyncio.gather(
        *(identities.declare(one.id, of_person("王小明", 1), one.id) for one in (carl, dora))
    )
    assert all(isinstance(one, Standing) for one in both), "both are told the same"
    states = [await standing_of(procedure, one) for one in (carl, dora)]
    assert sorted(one.is_contested for one in states) == [False, True]
    first, second = (carl, dora) if states[1].is_contested else (dora, carl)
    assert isinstance(await procedure.sign_ups.sign_up(lot, first), SignUpState)
    assert await procedure.sign_ups.sign_up(lot, second) is SignUpRefusal.IDENTITY_UNDER_REVIEW
    of_second = (await standing_of(procedure, second)).identity.id
    assert await identities.review(of_second, True, "", boss.id) is ReviewRefusal.IDENTITY_HELD
    disclosed = await identities.disclosed(of_second)
    assert disclosed is not None and disclosed.held_by == first.id, "the office sees who it is"
    of_first = (await standing_of(procedure, first)).identity.id
    await identities.review(of_first, False, "the card belongs to somebody else", boss.id)
    confirmed = await identities.review(of_second, True, "", boss.id)
    assert isinstance(confirmed, Standing) and not confirmed.is_contested
    assert isinstance(await procedure.sign_ups.sign_up(lot, second), SignUpState)
    again = await identities.declare(first.id, of_person("王小明", 1), first.id)
    assert isinstance(again, Standing) and again.is_contested, "and now it is the other way round"


async def test_what_was_returned_keeps_from_signing_up_until_it_is_declared_anew(
    procedure: Procedure, boss: Account, carl: Account
) -> None:
    lot = await procedure.publish()
    assert await procedure.sign_ups.sign_up(lot, carl) is SignUpRefusal.IDENTITY_NEEDED
    await procedure.identities.declare(carl.id, of_person("王小明", 1), carl.id)
    first = (await standing_of(procedure, carl)).identity.id
    assert await procedure.identities.review(first, True, "", carl.id) is ReviewRefusal.OWN_IDENTITY
    await procedure.identities.review(first, False, "the photo is of another card", boss.id)
    assert await procedure.sign_ups.sign_up(lot, carl) is SignUpRefusal.IDENTITY_RETURNED
    review = (await procedure.identities.history(carl.id))[0].review
    assert review is not None and review.reason == "the photo is of another card"
    await procedure.identities.declare(carl.id, of_person("王小明", 1), carl.id)
    assert await procedure.identities.review(first, True, "", boss.id) is ReviewRefusal.IDENTITY_REPLACED
    assert await procedure.identities.review(2**40, True, "", boss.id) is ReviewRefusal.IDENTITY_UNKNOWN
    assert isinstance(await procedure.sign_ups.sign_up(lot, carl), SignUpState)


async def test_a_sign_up_keeps_the_identity_and_the_name_that_it_was_made_under(
    procedure: Procedure, carl: Account
) -> None:
    lots = [await procedure.publish() for _ in range(2)]
    await procedure.identities.declare(carl.id, of_person("王小明", 1), carl.id)
    first = await procedure.sign_ups.sign_up(lots[0], carl)
    assert (
        isinstance(first, SignUpState) and first.identity == (await standing_of(procedure, carl)).identity.id
    )
    await procedure.identities.declare(carl.id, of_person("王大明", 1), carl.id)
    again = await procedure.sign_ups.sign_up(lots[0], carl)
    second = await procedure.sign_ups.sign_up(lots[1], carl)
    assert isinstance(again, SignUpState) and isinstance(second, SignUpState)
    assert again.identity == first.identity != second.identity
    rows = await procedure.deposits.register(bidder_id=carl.id)
    assert {row.lot_id: row.payer_name for row in rows} == {lots[0]: "王小明", lots[1]: "王大明"}


async def test_what_is_missing_depends_on_what_the_centre_asks_for(
    procedure: Procedure, boss: Account, carl: Account
) -> None:
    none, declared, confirmed = IdentityRequired
    assert missing_identity(none, None) is None
    assert missing_identity(declared, None) is IdentityMissing.IDENTITY_NEEDED
    await procedure.identities.declare(carl.id, of_person("王小明", 1), carl.id)
    standing = await standing_of(procedure, carl)
    assert missing_identity(declared, standing) is None
    assert missing_identity(confirmed, standing) is IdentityMissing.IDENTITY_NOT_CONFIRMED
    await procedure.identities.review(standing.identity.id, True, "", boss.id)
    assert missing_identity(confirmed, await standing_of(procedure, carl)) is None


async def test_the_office_finds_who_waits_longest_first(
    procedure: Procedure, boss: Account, carl: Account
) -> None:
    anna = await procedure.bidder("anna")
    await procedure.identities.declare(carl.id, of_person("王小明", 1001), carl.id)
    await procedure.identities.review((await standing_of(procedure, anna)).identity.id, True, "", boss.id)
    page = await procedure.identities.search(IdentitySearch(state=DECLARED))
    assert ([one.login for one in page.identities], page.total, page.waiting) == (["carl"], 1, 1)
    page = await procedure.identities.search(IdentitySearch(text="anna"))
    assert [one.standing.state for one in page.identities] == [CONFIRMED] and page.waiting == 1


async def test_nobody_fills_the_record_with_declarations(procedure: Procedure, carl: Account) -> None:
    for number in range(10):
        assert isinstance(
            await procedure.identities.declare(carl.id, of_person("王", number), carl.id), Standing
        )
    refused = await procedure.identities.declare(carl.id, of_person("王", 99), carl.id)
    assert refused is IdentityRefusal.TOO_MANY_DECLARATIONS


async def test_registering_makes_account_identity_and_agreement_or_nothing(
    procedure: Procedure, carl: Account
) -> None:
    pool: asyncpg.Pool = procedure.pool
    registrations = Registrations(pool, procedure.floor.clock, procedure.people, procedure.identities)
    terms = terms_of_use().sha256
    wrong = replace(of_person("王小明", 1), number="1")
    for declared, agreed, refusal in (
        (wrong, terms, IdentityRefusal.RESIDENT_ID_WRONG),
        (of_person("王小明", 1), "0" * 64, RegistrationRefusal.TERMS_DIFFER),
    ):
        assert await registrations.register("xm", PASSWORD, declared, agreed) is refusal
    assert await procedure.people.by_login("xm") is None
    account = await registrations.register("xm", PASSWORD, of_person("王小明", 1), terms)
    assert isinstance(account, Account) and (account.name, account.roles) == ("王小明", (Role.BIDDER,))
    assert await pool.fetchval("SELECT count(*) FROM exchange.agreement WHERE account = $1", account.id) == 1
    assert await registrations.is_repeat("xm", of_person("王小明", 1))
    assert not await registrations.is_repeat("xm", of_person("王小明", 2))
    assert not await registrations.is_repeat("carl", of_person("王小明", 1))
    twin = await registrations.register("xm2", PASSWORD, of_person("王小明", 1), terms)
    assert isinstance(twin, Account), "nobody is told that the number is known"
    assert (await standing_of(procedure, twin)).is_contested


@pytest.mark.parametrize("table", ["identity", "identity_review", "agreement"])
async def test_nothing_that_was_declared_is_changed_or_lost(
    procedure: Procedure, boss: Account, carl: Account, table: str
) -> None:
    await procedure.identities.declare(carl.id, of_person("王小明", 1), carl.id)
    await procedure.identities.review((await standing_of(procedure, carl)).identity.id, True, "", boss.id)
    for change in (f"DELETE FROM exchange.{table}", f"TRUNCATE exchange.{table} CASCADE"):
        with pytest.raises(asyncpg.PostgresError):
            await procedure.pool.execute(change)
    assert await procedure.pool.fetchval(
        "SELECT bool_and(t.tgname IS NOT NULL) FROM pg_class c LEFT JOIN pg_trigger t "
        "ON t.tgrelid = c.oid AND t.tgname = 'append_only' WHERE c.oid = $1::text::regclass",
        f"exchange.{table}",
    ), "the grants go by this trigger"
