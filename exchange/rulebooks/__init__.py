"""The rulebooks that govern the formats: who may publish what, on which article, and how sure we are of it.

A rulebook is a TOML file that a lawyer can read. It names a programme of phases with their defaults, the limits that
a lot must keep, and the duties that follow a sale.

Belongs here: reading, checking and applying rulebooks, and the rulebooks themselves.
Does not belong here: what a phase does (`matching.phases`), publishing (`exchange.catalogue`).
"""
