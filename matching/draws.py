"""Draws that anyone can recompute: who takes part, what the seed is made of, and the order that follows from it.

Everything is said to the byte, so that a stranger can redo a draw in any language with nothing but SHA-256. All texts
are ASCII, all numbers in texts are decimal without leading zeros, every line ends with one line feed (0x0A), and hex is
lowercase.

1. The list.  `commitment` = SHA-256 of

       luochui draw entrants 1
       lot <lot>
       phase <index of the phase in the programme, from 0>
       <paddle>          one line for each entrant, ascending

   It is published before any seed is shown and before the beacon exists.

2. A party of the draw (a notary, the seller, an entrant) chooses 32 bytes, its seed, and publishes their SHA-256 while
   nobody has shown anything yet; later it shows the seed.

3. The beacon. 32 bytes of output count as they are; 48 or 96 bytes (a drand signature) and 64 bytes (a NIST pulse)
   count as their SHA-256. For drand that is its `randomness`, so either form of a round gives the same draw.

4. The seed.  `seed` = SHA-256 of

       luochui draw seed 1
       entrants <commitment in hex>
       beacon <round> <the 32 bytes of step 3 in hex>     only where there is a beacon
       staff <account> <seed in hex>                      one line for each staff party that showed its seed, ascending
       paddle <paddle> <seed in hex>                      one line for each entrant who showed his seed, ascending

   Where seeds were asked for again (rounds 4, 7, ... of the phase), only those of the last time count.

5. The stream. Block i is SHA-256(seed as 32 bytes, then i as 8 bytes, most significant first), i from 0. The blocks are
   laid end to end and read as numbers of 8 bytes, most significant first.

6. A number below n. Take the next number of the stream; throw it away and take the next one while it is at least
   2^64 - (2^64 mod n); the answer is what remains of it divided by n. So every answer is equally likely.

7. The order. Begin with the entrants in ascending order, positions 0 to n-1. For i = 0, 1, ... k-1 (k places are
   drawn, at most n): take j = i + a number below n - i, and exchange positions i and j; where n - i is 1, no number is
   taken. The first k positions are the order drawn. The first place of a draw of three is that of a draw of one.

Belongs here: the arithmetic of a draw. Does not belong here: who may take part and when (`matching.phases.draw`).

Source: Durstenfeld 1964 for the shuffle; drand.love for the form of a beacon; the composition is ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from matching.units import Digest, ItemId, LotId, Paddle, StaffId

_WORD = 8
_WORD_VALUES = 2 ** (8 * _WORD)
_DIGEST_BYTES = 32
BEACON_BYTES = frozenset({32, 48, 64, 96})
"""How long the output of a public beacon may be."""


def entrants_commitment(lot: LotId, phase: int, entrants: Iterable[Paddle]) -> Digest:
    """Return what binds everybody to the list of entrants (step 1)."""
    return _sha256_of_lines(
        "luochui draw entrants 1", f"lot {lot}", f"phase {phase}", *map(str, sorted(entrants))
    )


def seed_commitment(seed: Digest) -> Digest:
    """Return what binds a party to its seed (step 2)."""
    return hashlib.sha256(bytes.fromhex(seed)).hexdigest()


def beacon_value(output: str) -> Digest | None:
    """Return the 32 bytes that a beacon's output counts as (step 3); None when it is no such output."""
    if len(output) % 2:
        return None
    raw = bytes.fromhex(output)
    if len(raw) not in BEACON_BYTES:
        return None
    return output if len(raw) == _DIGEST_BYTES else hashlib.sha256(raw).hexdigest()


def draw_seed(
    commitment: Digest,
    beacon: tuple[int, Digest] | None,
    staff_seeds: Mapping[StaffId, Digest],
    paddle_seeds: Mapping[Paddle, Digest],
) -> Digest:
    """Return the seed of the draw (step 4).

    Args:
        commitment: of the list of entrants.
        beacon: round and value, where the terms name a beacon.
        staff_seeds: what the parties that the terms name have shown.
        paddle_seeds: what entrants have shown.
    """
    lines = ["luochui draw seed 1", f"entrants {commitment}"]
    if beacon is not None:
        number, value = beacon
        lines.append(f"beacon {number} {value}")
    lines += [f"staff {party} {seed}" for party, seed in sorted(staff_seeds.items())]
    lines += [f"paddle {party} {seed}" for party, seed in sorted(paddle_seeds.items())]
    return _sha256_of_lines(*lines)


def drawn_order(entrants: Iterable[Paddle], seed: Digest, places: int) -> tuple[Paddle, ...]:
    """Return the first `places` of the entrants in the order that the seed gives (steps 5 to 7)."""
    order = sorted(entrants)
    drawn = min(places, len(order))
    words = _words(bytes.fromhex(seed))
    for position in range(drawn):
        other = position + _number_below(len(order) - position, words)
        order[position], order[other] = order[other], order[position]
    return tuple(order[:drawn])


def tie_order(
    paddles: Iterable[Paddle], seed: Digest, lot: LotId, phase: int, round_number: int, item: ItemId = 0
) -> tuple[Paddle, ...]:
    """Return in which order bidders come who bid the same in one round, by a seed declared beforehand.

    The seed of this tie is SHA-256 of the lines `luochui draw tie 1`, `seed <hex>`, `lot <lot>`, `phase <index>`,
    `round <number>`, `item <item>` (0 for all items together); the order follows from it by steps 5 to 7.
    """
    tied = tuple(paddles)
    tie_seed = _sha256_of_lines(
        "luochui draw tie 1",
        f"seed {seed}",
        f"lot {lot}",
        f"phase {phase}",
        f"round {round_number}",
        f"item {item}",
    )
    return drawn_order(tied, tie_seed, len(tied))


def _sha256_of_lines(*lines: str) -> Digest:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("ascii")).hexdigest()


def _words(seed: bytes) -> Iterator[int]:
    """Yield the stream of step 5, without end."""
    block = 0
    while True:
        digest = hashlib.sha256(seed + block.to_bytes(_WORD, "big")).digest()
        for start in range(0, _DIGEST_BYTES, _WORD):
            yield int.from_bytes(digest[start : start + _WORD], "big")
        block += 1


def _number_below(bound: int, words: Iterator[int]) -> int:
    """Return a number below `bound`, each equally likely (step 6)."""
    if bound == 1:
        return 0
    fair = _WORD_VALUES - _WORD_VALUES % bound
    return next(word for word in words if word < fair) % bound
