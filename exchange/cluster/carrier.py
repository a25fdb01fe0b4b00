"""What lies between engines and gateways: something that moves entries, and promises almost nothing.

Belongs here: the protocol of carriers and the names of what they carry.
Does not belong here: what is in an entry (`exchange.cluster.messages`), drivers (`exchange.adapters`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

COMMANDS = "commands"
"""From gateways to the engine of the shard."""

ROWS = "rows"
"""From the engine to all gateways: what is durable."""

NOTES = "notes"
"""From gateways to each other."""

UP_SECONDS_MAX = 2.0
"""How old the last proof that entries pass may be before a carrier counts as down."""

ENTRY_BYTES_MAX = 32 * 1024 * 1024
OUTBOX_BYTES_MAX = 64 * 1024 * 1024
"""What may wait to be sent before further entries are turned away."""

Heard: TypeAlias = Callable[[bytes], None]
"""Called with each entry, on the event loop; must neither raise nor block."""


def answers_for(gateway: str) -> str:
    """Return the topic on which the engine answers one gateway."""
    return f"answers:{gateway}"


class Carrier(Protocol):
    """Moves entries of one shard between the processes that share it, by topic.

    Ordering: entries of one sender on one topic arrive in the order of their sending, those that arrive. An entry that
    could be heard together with a later one of the same sender, on whatever topic, is heard no later than that.
    Durability: none. Any entry may be lost, and everything at once; an entry may come twice. Nothing comes altered.
    """

    @property
    def is_up(self) -> bool:
        """Whether entries pass now, as far as this end knows: at most `UP_SECONDS_MAX` ago they did."""

    def send(self, topic: str, entry: bytes) -> bool:
        """Put an entry on its way. False: it was not taken, and will never be sent."""

    def listen(self, topic: str, heard: Heard, back_ms: int = 0) -> None:
        """Hear a topic; called before `run`. `back_ms` asks for entries sent up to so long before, if any are kept."""

    async def run(self) -> None:
        """Move entries until cancelled, finding a lost connection again by itself."""
