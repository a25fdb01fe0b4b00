"""The demo centre: invented lots on a rolling schedule, and robots that bid, so that a visitor sees an exchange alive.

Belongs here: what only a demonstration needs. It uses the same services as real use and knows no way around them.
Does not belong here: anything that a real centre needs.
"""
