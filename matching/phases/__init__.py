"""The phases that a programme is made of: one module for each way to compete.

Each phase is a `msgspec.Struct` holding its terms and its state, with the same small face:

    begin(terms, ..., at_us)             the event that starts it (a class method)
    begun(terms, ..., event, at_us)      the phase that this event started (a class method)
    decide(command, paddle, at_us)       events, a closing or a refusal; changes nothing
    apply(event)                         take over an event of its own
    due_at_us                            when the clock acts on it next; 0 for never
    meet_deadline(at_us)                 what happens then: events, or a closing
    hammer()                             the closing when the host ends it now, or why he may not
    resumed_end_us(frozen_at_us, at_us)  its end after a freeze
    standing                             who leads and at what price

A phase that is over says so with a `Closing`, whether a deadline, the hammer or a bid ended it; `matching.lot` then
lets the next phase or the outcome follow. `matching.lot` runs the programme; it knows no format.
"""

from __future__ import annotations

from typing import TypeAlias

from matching.phases.english import EnglishPhase
from matching.terms import EnglishTerms, PhaseTerms

Phase: TypeAlias = EnglishPhase

PHASES: dict[type[PhaseTerms], type[Phase]] = {EnglishTerms: EnglishPhase}
"""Which phase runs under which terms."""
