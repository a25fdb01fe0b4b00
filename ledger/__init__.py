"""The money of the exchange: accounts, immutable transfers, deposits and the exports that prove them.

Here belong the double-entry rules, the stores that keep them and the services built on them.
Not here: HTTP, Redis, auction rules, and anything that decides who won a lot.
"""
