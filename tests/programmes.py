"""Terms of every format, out of the rules themselves: of the demo, of every rulebook, and of what neither has."""

from __future__ import annotations

from exchange.demo.templates import read_demo_lots, round_terms
from exchange.rulebooks.drafting import sample
from exchange.rulebooks.library import shipped
from exchange.rulebooks.programme import TERMS_BY_FORMAT
from matching.increments import fixed
from matching.terms import JapaneseTerms, LotTerms, RoundItem, SimultaneousTerms

OPENS_AT_US = 1_790_000_000_000_000


def all_terms() -> list[LotTerms]:
    """Return terms of every format: of the demo lots, of every rulebook, and of the formats without one."""
    found = [round_terms(one, OPENS_AT_US, one.duration_us) for one in read_demo_lots().templates]
    found += [sample(rulebook).terms for rulebook in shipped().all()]
    rounds = SimultaneousTerms(
        items=(RoundItem(1, 100_00, points=2),), round_us=60_000_000, activity_basis_points=8_000, waivers=1
    )
    others = (JapaneseTerms(increments=fixed(1_00)), rounds)
    found.append(LotTerms(currency="CNY", opening_price=100_00, opens_at_us=0, programme=others))
    told = {str(phase.__struct_config__.tag) for one in found for phase in one.programme}
    assert told == set(TERMS_BY_FORMAT), "there are terms of every format"
    return found
