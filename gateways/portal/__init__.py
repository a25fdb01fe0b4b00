"""The public portal (信息网): pages that the server writes whole, for readers, search engines and screen readers.

Everything here reads without a script; `gateways/web/src/portal` only improves it. Belongs here: what the public reads,
its addresses, templates and words. Does not belong here: bidding and desks (`gateways/web`), programs (`gateways/api`).
"""
