"""Every way in: WebSocket sessions, HTTP API, web pages, command line and exports.

SQL and the deciding of bids do not belong here.
"""
