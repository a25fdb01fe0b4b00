"""The procedure over a real database, for the tests of its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ledger.verify import verify
from tests.procedure import Procedure, running_procedure


@pytest.fixture
async def procedure(database_url: str) -> AsyncIterator[Procedure]:
    """Every test ends with the whole ledger verified."""
    async with running_procedure(database_url) as procedure:
        yield procedure
        assert (await verify(procedure.ledger)).discrepancies == ()
