"""Rehearsals (彩排): a lot in full dress, with robots for bidders, in an exchange of its own that lives in memory only.

It has its own engine, journal, feed and measures, so nothing of it can reach a real record, a deposit or a metric.

Belongs here: the stage, the robots on it, what they make happen for practice, and the review afterwards.
Does not belong here: sockets and who may come in (`gateways.rehearsals`).
"""
