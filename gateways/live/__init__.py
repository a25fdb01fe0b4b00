"""The live floor: WebSocket sessions, who follows what, and the bounded way out of each connection.

Belongs here: the conversation described in `gateways/README.md`.
Does not belong here: deciding a bid, SQL, the HTTP API.
"""
