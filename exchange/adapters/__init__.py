"""The ports' adapters: PostgreSQL for production, memory for tests and rehearsals.

Belongs here: drivers, SQL, translation of driver errors. Does not belong here: decisions.
"""
