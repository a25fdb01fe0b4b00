"""The engine measured by itself, over a real PostgreSQL: what no front door lets one see, or not so exactly.

Belongs here: benchmarks that build engine, journal or recovery themselves; the only ones that import the exchange.
"""
