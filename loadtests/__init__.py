"""Load on a running exchange: benchmarks beside their ceilings, swarms of watchers, and a crowd for locust.

Belongs here: clients, their measurements and the conditions of these; `README.md` lists the commands.
Does not belong here: anything that the product imports. It comes in by the front door (`gateways.wire`,
`gateways.client`), except where that would hide what is measured: `engine`, `matching_rules`, `ledger_rates`.
"""
