"""The hash chain over postings: what makes a changed or missing row visible to anyone.

Here belong the canonical bytes of a posting and the link from one to the next.
Not here: checking a whole ledger (verify).
"""

from hashlib import sha256
from typing import Final

import msgspec

from ledger.transfers import Posting, Transfer

GENESIS: Final = bytes(32)
_ENCODER: Final = msgspec.json.Encoder()


class ChainHead(msgspec.Struct, frozen=True, gc=False):
    """The last link: how many postings there are, the hash of the last and when it was recorded."""

    sequence: int = 0
    hash: bytes = GENESIS
    recorded_at_us: int = 0


def canonical_bytes(sequence: int, transfer: Transfer, recorded_at_us: int) -> bytes:
    """Spell a posting as the JSON array that its hash covers: fixed order, no spaces, UTF-8.

    A timeout stands at the end, where there is one.

    Source: ledger/README.md, "The chain", which lists the fields for outside verifiers.
    """
    fields = (
        sequence,
        transfer.id.hex,
        transfer.kind,
        transfer.debit,
        transfer.credit,
        transfer.amount,
        transfer.currency,
        transfer.purpose,
        transfer.pending_id.hex if transfer.pending_id else None,
        int(transfer.flags),
        transfer.event_at_us,
        transfer.reference,
        transfer.memo,
        recorded_at_us,
    )
    return _ENCODER.encode((*fields, transfer.timeout_us) if transfer.timeout_us else fields)


def link(head: ChainHead, transfer: Transfer, recorded_at_us: int) -> Posting:
    """Make the next posting of the chain.

    Args:
        head: the last link so far.
        transfer: complete and accepted.
        recorded_at_us: the recorder's clock; an earlier time than the head's counts as the head's.
    """
    sequence = head.sequence + 1
    at_us = max(recorded_at_us, head.recorded_at_us)
    digest = sha256(head.hash + canonical_bytes(sequence, transfer, at_us)).digest()
    return Posting(sequence=sequence, transfer=transfer, recorded_at_us=at_us, hash=digest)


def head_of(posting: Posting) -> ChainHead:
    """Return the head of a chain that ends with this posting."""
    return ChainHead(posting.sequence, posting.hash, posting.recorded_at_us)
