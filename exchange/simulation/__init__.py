"""A lot played in simulated time, under any rulebook: the real rules, the real sequencer, people made of chance.

The same rulebook, number of bidders and seed always give the same story, on any machine.

Belongs here: who bids what and when, what staff does, and the story that comes of it.
Does not belong here: rules (`matching`), how a story is shown (`gateways.cli`).
"""
