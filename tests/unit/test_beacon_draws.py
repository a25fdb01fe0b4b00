"""Draws from recorded public beacons, recomputed by somebody who knows nothing but the published description."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from matching.draws import (
    beacon_value,
    draw_seed,
    drawn_order,
    entrants_commitment,
    seed_commitment,
    tie_order,
)
from matching.events import BeaconPublished, EntrantsDrawn, EntrantsFixed, Event, RoundBegan, SeedRevealed
from matching.lot import decide
from matching.refusals import Refused
from matching.terms import MINUTE_US, SECOND_US, Beacon, DrawTerms, Entrants
from tests.tables.scenario import Row, lot_terms, lot_under, take_over
from tests.tables.test_draw import ENTRY, SEEDS, TIES

QUICKNET = Beacon(source="drand quicknet 52db9ba7", genesis_us=1_692_803_367_000_000, period_us=3_000_000)
MAINNET = Beacon(source="drand mainnet, chained", genesis_us=1_595_431_050_000_000, period_us=30_000_000)

ENTRANTS = (1, 2, 3, 10)
COMMITMENT = "bdc2bab8080465b5b48ea2e9d957902344176e7bc7908d432378e3a272b883a1"
RANDOMNESS = "8b676484b5fb1f37f9ec5c413d7d29883504e5b669f604a1ce68b3388e9ae3d9"
SEED = "0cab4289abfcdd9b37dc661cca18d2b90cc21281fb040be6327c18d49f16b5fd"


class Stranger:
    """Recomputes a draw from what was published: text, SHA-256 and whole numbers, nothing of ours."""

    def __init__(self, lot: int, phase: int, entrants: Iterable[int]) -> None:
        self.entrants = sorted(entrants)
        listed = "".join(f"{paddle}\n" for paddle in self.entrants)
        text = f"luochui draw entrants 1\nlot {lot}\nphase {phase}\n{listed}"
        self.commitment = hashlib.sha256(text.encode()).hexdigest()
        self.lines = ["luochui draw seed 1", f"entrants {self.commitment}"]
        self.shown: list[tuple[bool, int, str]] = []

    def hear_beacon(self, number: int, output: str) -> None:
        """Take the output of the beacon, a signature as its hash."""
        if len(output) != 64:
            output = hashlib.sha256(bytes.fromhex(output)).hexdigest()
        self.lines.append(f"beacon {number} {output}")

    def hear_seed(self, by: int, paddle: int, seed: str) -> None:
        """Take a seed that was shown."""
        self.shown.append((paddle > 0, by or paddle, seed))

    @property
    def seed(self) -> str:
        """The seed of the draw."""
        shown = [
            f"{'paddle' if is_bidder else 'staff'} {who} {seed}"
            for is_bidder, who, seed in sorted(self.shown)
        ]
        return hashlib.sha256("".join(line + "\n" for line in self.lines + shown).encode()).hexdigest()

    def order(self, places: int) -> list[int]:
        """The order drawn: one long number is cut into words, and a word too large to be fair is skipped."""
        blocks = [
            hashlib.sha256(bytes.fromhex(self.seed + f"{block:016x}")).hexdigest() for block in range(50)
        ]
        stream = "".join(blocks)
        words = [int(stream[start : start + 16], 16) for start in range(0, len(stream), 16)]
        left = list(self.entrants)
        for position in range(min(places, len(left))):
            count = len(left) - position
            if count == 1:
                break
            while words[0] >= 2**64 // count * count:
                words.pop(0)
            other = position + words.pop(0) % count
            left[position], left[other] = left[other], left[position]
        return left[:places]


def test_fixed_vectors() -> None:
    assert entrants_commitment(7, 2, (10, 3, 2, 1)) == COMMITMENT
    assert entrants_commitment(8, 2, ENTRANTS) != COMMITMENT != entrants_commitment(7, 1, ENTRANTS)
    seed = draw_seed(COMMITMENT, (72785, RANDOMNESS), {9: "00" * 32}, {3: "11" * 32})
    assert seed == SEED
    assert drawn_order(ENTRANTS, SEED, 3) == (2, 10, 1)
    assert drawn_order(ENTRANTS, SEED, 1) == (2,)
    assert drawn_order(range(1, 21), SEED, 20) == (
        10, 5, 16, 7, 14, 8, 18, 19, 9, 1, 6, 11, 15, 12, 4, 17, 13, 2, 20, 3,
    )  # fmt: skip
    assert drawn_order((), SEED, 3) == ()
    assert drawn_order((5,), SEED, 3) == (5,)


def test_the_stranger_comes_to_the_fixed_vectors() -> None:
    stranger = Stranger(7, 2, ENTRANTS)
    stranger.hear_beacon(72785, RANDOMNESS)
    stranger.hear_seed(0, 3, "11" * 32)
    stranger.hear_seed(9, 0, "00" * 32)
    assert (stranger.commitment, stranger.seed) == (COMMITMENT, SEED)
    assert stranger.order(3) == [2, 10, 1]


@pytest.mark.parametrize("entrants", [2, 3, 7, 40])
def test_the_stranger_draws_the_same_from_any_seed(entrants: int) -> None:
    for lot in range(1, 60):
        stranger = Stranger(lot, 0, range(1, entrants + 1))
        stranger.hear_beacon(lot, f"{lot:064x}")
        assert tuple(stranger.order(entrants)) == drawn_order(stranger.entrants, stranger.seed, entrants)


def _every_order_of_three() -> Counter[tuple[int, ...]]:
    seeds = (hashlib.sha256(f"{number}".encode()).hexdigest() for number in range(6000))
    return Counter(drawn_order((1, 2, 3), seed, 3) for seed in seeds)


def test_every_order_comes_about_equally_often() -> None:
    """Six orders in 6000 fixed draws: 1000 each, with a standard deviation of 29."""
    counts = _every_order_of_three()
    assert len(counts) == 6
    assert all(abs(count - 1000) < 4 * 29 for count in counts.values())


def test_words_that_would_favour_somebody_are_thrown_away() -> None:
    from matching.draws import _number_below

    fair = 2**64 // 3 * 3
    assert _number_below(3, iter([fair, 2**64 - 1, fair - 1])) == 2
    assert _number_below(3, iter([4])) == 1
    assert _number_below(1, iter([])) == 0


def test_a_tie_is_broken_by_the_declared_seed_and_by_where_it_stands() -> None:
    winners = {
        (number, item): tie_order((2, 5, 9), SEED, 7, 0, number, item)[0]
        for number in (1, 2, 3)
        for item in (1, 2, 3, 4)
    }
    assert set(winners.values()) == {2, 5, 9}
    assert winners[1, 1] == tie_order((9, 5, 2), SEED, 7, 0, 1, 1)[0]


@pytest.mark.parametrize("length", [0, 16, 31, 33, 47, 49, 65, 95, 97])
def test_an_output_of_another_length_is_none(length: int) -> None:
    assert beacon_value("ab" * length) is None


def test_seeds_are_committed_to_by_their_hash() -> None:
    assert seed_commitment("00" * 32) == "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"


def test_when_rounds_come_out_and_which_one_decides() -> None:
    assert QUICKNET.comes_out_at_us(1) == QUICKNET.genesis_us
    first = QUICKNET.genesis_us
    assert QUICKNET.round_after(first - 1) == 1
    assert QUICKNET.round_after(first) == 2
    assert QUICKNET.round_after(first - 10 * SECOND_US) == 1
    assert QUICKNET.round_after(first + 3 * SECOND_US - 1) == 2
    assert QUICKNET.round_after(first + 3 * SECOND_US) == 3
    late = first + 100 * MINUTE_US
    assert late < QUICKNET.comes_out_at_us(QUICKNET.round_after(late)) <= late + QUICKNET.period_us


# Against what was recorded


@pytest.fixture(scope="module")
def beacons(data_folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = _recorded(data_folder / "randomness" / "drand_vectors.json")
    return found


@pytest.fixture(scope="module")
def pulses(data_folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _recorded(data_folder / "randomness" / "nist_beacon1_pulses.json")
    return found


def _recorded(file: Path) -> Any:
    if not file.is_file():
        pytest.skip(f"no recorded beacons: {file} is absent")
    return json.loads(file.read_text(encoding="utf-8"))


def test_a_drand_signature_counts_as_its_randomness(beacons: dict[str, Any]) -> None:
    agreed = [
        beacon_value(one["signature"]) == one["randomness"] == beacon_value(one["randomness"])
        for one in beacons["randomness"]
    ]
    print(f"randomness of drand: {sum(agreed)} of {len(agreed)} agree")
    assert agreed and all(agreed)


def test_every_valid_drand_beacon_draws(beacons: dict[str, Any]) -> None:
    valid = [one for one in beacons["beacons"] if one["valid"]]
    for one in valid:
        _assert_drawn_as_the_stranger_does(one["round"], one["signature"])
    assert valid
    print(f"draws from drand beacons that a stranger recomputes: {len(valid)} of {len(valid)}")


def test_every_nist_pulse_draws(pulses: list[dict[str, Any]]) -> None:
    for pulse in pulses:
        _assert_drawn_as_the_stranger_does(pulse["timeStamp"] // 60, pulse["outputValue"].lower())
    assert pulses
    print(f"draws from NIST pulses that a stranger recomputes: {len(pulses)} of {len(pulses)}")


def _assert_drawn_as_the_stranger_does(number: int, output: str) -> None:
    """Hold a whole draw in which the beacon's round comes out half a minute after the list was fixed."""
    at_us = Row("0:30", "host", "open", "").at_us
    period_us = 30 * SECOND_US
    beacon = Beacon(source="recorded", genesis_us=at_us - (number - 1) * period_us, period_us=period_us)
    lot = lot_under(lot_terms(DrawTerms(entrants=Entrants.ADMITTED, beacon=beacon), opens=None), "ABCDE")
    events: list[Event] = []
    for row in (Row("0:10", "host", "open", ""), Row("0:30", "host", f"beacon {number} {output}", "")):
        decision = decide(lot, row.command, row.at_us)
        assert not isinstance(decision, Refused), decision
        take_over(lot, decision, row.at_us)
        events += decision
    assert recomputed(events, lot.id) == 1
    assert lot.winner


def recomputed(events: Iterable[Event], lot: int, phase: int = 0) -> int:
    """Let the stranger follow the public events; return how many draws he recomputed."""
    stranger = Stranger(lot, phase, ())
    draws = 0
    for happened in events:
        match happened:
            case EntrantsFixed(entrants, commitment):
                stranger = Stranger(lot, phase, entrants)
                assert stranger.commitment == commitment
            case BeaconPublished(number, output, _):
                stranger.hear_beacon(number, output)
            case RoundBegan(number=number) if number % 3 == 1:
                stranger.shown = []
            case SeedRevealed(by, seed, paddle):
                stranger.hear_seed(by, paddle, seed)
            case EntrantsDrawn(order, seed):
                assert (list(order), seed) == (stranger.order(len(order)), stranger.seed)
                draws += 1
    return draws


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("two parties commit, then show", 0),
        ("with a beacon a seed that is not shown is left out", 0),
        ("without a beacon whoever does not show is left out, and new seeds are asked for", 0),
        ("entrants may give seeds too", 1),
        ("those who take the cap enter, and pay it (Nanchang)", 1),
        ("rural priority: three of one rank at one price are drawn first, second, third", 1),
    ],
)
def test_a_stranger_recomputes_the_draws_of_the_tables(name: str, phase: int) -> None:
    scenario = (SEEDS | ENTRY | TIES)[name]
    lot = lot_under(scenario.terms, scenario.admitted, scenario.ranks)
    events: list[Event] = []
    for row in scenario.rows:
        decision = decide(lot, row.command, row.at_us)
        if not isinstance(decision, Refused):
            take_over(lot, decision, row.at_us)
            events += decision
    assert recomputed(events, lot.id, phase) == 1
