"""A client of the exchange for programs: the live protocol over a WebSocket, and the HTTP calls beside it.

Programs outside of this repository import it as `luochui.client`.

Belongs here: one connection that is kept up, a lot as a pure function of the frames, the HTTP calls.
Does not belong here: the server's codecs (this side uses orjson and msgpack, so that two independent readings of
the protocol meet), rules of bidding, terminals.
"""

from gateways.client.addresses import API_PREFIX, DEFAULT_URL
from gateways.client.answers import Answer, Frame, Receipt, Refusal, Update, new_command_id
from gateways.client.calls import ApiClient
from gateways.client.clock import ServerClock
from gateways.client.connection import ConnectionState, LiveClient
from gateways.client.problems import (
    ApiProblem,
    ClientProblem,
    ConnectionEnded,
    NoAnswer,
    NotTaken,
    Unreachable,
)
from gateways.client.room import Room, reduce
from gateways.client.subscription import Subscription
from gateways.wire import HostAct, View

__all__ = [
    "API_PREFIX",
    "DEFAULT_URL",
    "Answer",
    "ApiClient",
    "ApiProblem",
    "ClientProblem",
    "ConnectionEnded",
    "ConnectionState",
    "Frame",
    "HostAct",
    "LiveClient",
    "NoAnswer",
    "NotTaken",
    "Receipt",
    "Refusal",
    "Room",
    "ServerClock",
    "Subscription",
    "Unreachable",
    "Update",
    "View",
    "new_command_id",
    "reduce",
]
