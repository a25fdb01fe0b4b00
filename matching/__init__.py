"""The rules of competition: pure arithmetic from (lot, command, time given) to events or a refusal.

Belongs here: lots, programmes of phases, increments, soft close, max bids, refusals.
Does not belong here: I/O, clocks, asyncio, randomness, floats, SQL, accounts of money, people's names.

Start reading at `matching.lot.decide`.
"""
