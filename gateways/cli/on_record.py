"""What the command line leaves in the record of acts: who did it is known by the machine's user alone.

Does not belong here: reading the record (`gateways.cli.audit`).
"""

from __future__ import annotations

import getpass
import socket
import time
from typing import Any

from exchange.audit import Audit, Entry, Said


async def note(database: Any, operation: str, **about: Said) -> None:
    """Add an entry for something that was done on the machine.

    Args:
        database: pool of the driver.
        operation: what was done, as the HTTP API calls it where it has the same.
        about: what the entry says of it; no secrets.

    Raises: StoreUnavailable.
    """
    await Audit(database).add(
        Entry(
            at_us=time.time_ns() // 1_000,
            operation=operation,
            code="OK",
            login=f"{_user()}@{socket.gethostname()}",
            address="command line",
            about=about,
        )
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
