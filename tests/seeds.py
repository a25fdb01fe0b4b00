"""Where the seeds of the tests come from that choose by chance: everywhere the same, unless one is asked for.

A run of the tests says the same of the same code. Who looks for what nobody has thought of yet gives a variable another
number, or `any` for one that is drawn and printed.
"""

from __future__ import annotations

import os
import random
from typing import Final

ANY: Final = "any"
USUAL: Final = "1"
DRAWN_MAX: Final = 10**6


def seed(variable: str) -> int:
    """Return the seed that a variable of the environment asks for."""
    wanted = os.environ.get(variable) or USUAL
    return random.SystemRandom().randrange(1, DRAWN_MAX) if wanted == ANY else int(wanted)
