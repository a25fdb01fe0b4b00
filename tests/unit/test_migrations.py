"""Migrations: order, once only, both processes at once, and every way in which they refuse."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from exchange.migrations import (
    DatabaseIsNewer,
    Migration,
    MigrationChanged,
    MigrationFailed,
    MigrationMisnamed,
    migrate,
    migration_sources,
    read_migrations,
)


def write(folder: Path, name: str, sql: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(sql, encoding="utf-8")


@pytest.fixture
def sources(tmp_path: Path) -> list[tuple[str, Path]]:
    write(tmp_path / "first", "0002_row.sql", "INSERT INTO stone VALUES (2);")
    write(
        tmp_path / "first", "0001_table.sql", "CREATE TABLE stone (number int); INSERT INTO stone VALUES (1);"
    )
    write(tmp_path / "second", "0001_row.sql", "INSERT INTO stone VALUES (3);")
    return [("first", tmp_path / "first"), ("second", tmp_path / "second")]


async def test_files_are_applied_in_order_and_once(
    empty_database_url: str, sources: list[tuple[str, Path]]
) -> None:
    connection = await asyncpg.connect(empty_database_url)
    seen: list[tuple[str, int, int]] = []

    def progress(migration: Migration, position: int, total: int) -> None:
        seen.append((f"{migration.source}/{migration.name}", position, total))

    assert await migrate(connection, sources, progress) == 3
    assert await migrate(connection, sources, progress) == 0
    rows = await connection.fetch("SELECT number FROM stone")
    await connection.close()
    assert seen == [
        ("first/0001_table.sql", 1, 3),
        ("first/0002_row.sql", 2, 3),
        ("second/0001_row.sql", 3, 3),
    ]
    assert [row["number"] for row in rows] == [1, 2, 3]


async def test_two_processes_at_once_apply_each_file_once(
    empty_database_url: str, sources: list[tuple[str, Path]]
) -> None:
    connections = [await asyncpg.connect(empty_database_url) for _ in range(4)]
    applied = await asyncio.gather(*(migrate(connection, sources) for connection in connections))
    count = await connections[0].fetchval("SELECT count(*) FROM stone")
    for connection in connections:
        await connection.close()
    assert sorted(applied) == [0, 0, 0, 3]
    assert count == 3


async def test_a_changed_file_is_refused(empty_database_url: str, sources: list[tuple[str, Path]]) -> None:
    connection = await asyncpg.connect(empty_database_url)
    await migrate(connection, sources)
    write(sources[0][1], "0002_row.sql", "INSERT INTO stone VALUES (22);")
    with pytest.raises(MigrationChanged, match="first/0002_row.sql"):
        await migrate(connection, sources)
    await connection.close()


async def test_a_database_of_a_later_version_is_refused(
    empty_database_url: str, sources: list[tuple[str, Path]]
) -> None:
    connection = await asyncpg.connect(empty_database_url)
    await migrate(connection, sources)
    (sources[0][1] / "0002_row.sql").unlink()
    with pytest.raises(DatabaseIsNewer, match="first/0002_row.sql"):
        await migrate(connection, sources)
    await connection.close()


async def test_a_failing_file_leaves_nothing_and_may_be_mended(
    empty_database_url: str, sources: list[tuple[str, Path]]
) -> None:
    connection = await asyncpg.connect(empty_database_url)
    write(sources[0][1], "0003_wrong.sql", "INSERT INTO stone VALUES (4); SELECT 1 / 0;")
    with pytest.raises(MigrationFailed, match=r"first/0003_wrong.sql: division by zero"):
        await migrate(connection, sources)
    assert await connection.fetchval("SELECT count(*) FROM stone") == 2
    write(sources[0][1], "0003_wrong.sql", "INSERT INTO stone VALUES (4);")
    assert await migrate(connection, sources) == 2
    await connection.close()


@pytest.mark.parametrize("name", ["1_short.sql", "0001-dash.sql", "0001_Capital.sql", "0002_same_number.sql"])
def test_misnamed_files_are_refused(sources: list[tuple[str, Path]], name: str) -> None:
    write(sources[0][1], name, "SELECT 1;")
    with pytest.raises(MigrationMisnamed, match=name):
        read_migrations(sources)


async def test_the_product_migrates_and_finds_nothing_more_to_do(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    assert await migrate(connection, migration_sources()) == 0
    await connection.close()
