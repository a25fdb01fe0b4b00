"""Fixtures for every test: a real PostgreSQL, a fresh migrated database, the folder of recorded data."""

import asyncio
import os
import tempfile
import uuid
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import asyncpg
import hypothesis
import pytest
from hypothesis import HealthCheck

from exchange.embedded_postgres import EmbeddedPostgres
from exchange.migrations import migrate, migration_sources

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = "luochui_template"

T = TypeVar("T")

SLOWNESS = [HealthCheck.too_slow]
"""What says more of the machine than of the test."""
hypothesis.settings.register_profile(
    "project", deadline=None, print_blob=True, derandomize=True, suppress_health_check=SLOWNESS
)
hypothesis.settings.register_profile(
    "search", hypothesis.settings.get_profile("project"), derandomize=False, database=None
)
hypothesis.settings.load_profile("project")


def finish(work: Coroutine[object, object, T]) -> T:
    """Run something asynchronous to its end from a plain fixture."""
    with asyncio.Runner() as runner:
        return runner.run(work)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """Run one PostgreSQL for the whole session, as in production but for one thing: nobody cuts its power.

    Its processes may be killed; what they wrote the kernel has. To wait for the disk thousands of times proves nothing.
    """
    with tempfile.TemporaryDirectory(prefix="luochui-test-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder), options={"fsync": "off"})
        finish(server.start())
        yield server
        finish(server.stop())


@pytest.fixture(scope="session")
def migrated_template(postgres: EmbeddedPostgres) -> str:
    """Make the database that every test's own is copied from, with all migrations applied."""
    finish(_statement(postgres.dsn("postgres"), f'CREATE DATABASE "{TEMPLATE}"'))
    finish(_migrate(postgres.dsn(TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """Give the address of a fresh, migrated database; it is gone after the test."""
    yield from _database(postgres, f'TEMPLATE "{migrated_template}" STRATEGY FILE_COPY')


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Give the address of a fresh database without any schema; it is gone after the test."""
    yield from _database(postgres, "")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of recorded auctions and reference figures, which is not part of the project."""
    folder = Path(os.environ.get("LUOCHUI_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no recorded data: {folder} is absent; LUOCHUI_DATA may name its place")
    return folder


def _database(postgres: EmbeddedPostgres, options: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    administration = postgres.dsn("postgres")
    finish(_statement(administration, f'CREATE DATABASE "{name}" {options}'))
    yield postgres.dsn(name)
    with suppress(asyncpg.ObjectInUseError):  # whose last session takes long to end: it goes with the server
        finish(_statement(administration, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _statement(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _migrate(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await migrate(connection, migration_sources())
    finally:
        await connection.close()
