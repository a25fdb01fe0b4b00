"""The exchange in several processes: an engine for each shard, gateways that follow its journal, and carriers.

    gateway ── commands ──► engine ── commit ──► journal (the truth)
       ▲                      │
       └── rows, refusals ────┘        over a carrier, which may lose everything at any moment

A gateway rebuilds every lot from the journal's own rows, whichever way they come: from the carrier at once, from the
journal when the carrier has a gap or is lost. Receipts come out of the same rows, so none is ever ahead of them.

Belongs here: both ends and what they say to each other. Does not belong here: deciding, storing, the carriers' drivers.
"""
