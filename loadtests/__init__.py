"""Load on a running exchange: benchmarks beside their ceilings, and bidders for locust.

Belongs here: clients, their measurements and the conditions of these.
Does not belong here: anything that the product imports; of ours only `gateways.wire` and `gateways.client`.
"""
