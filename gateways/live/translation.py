"""From frames to commands: who may send which, and what it asks of the engine.

Identity is the session's. Belongs here: the one table of both. Does not belong here: sockets, answers.
"""

from __future__ import annotations

from typing import get_args

from gateways import wire
from gateways.wire import HostAct
from matching import commands

BIDDER_FRAMES: frozenset[type] = frozenset(get_args(wire.BidderFrame))
STAFF_FRAMES: frozenset[type] = frozenset(get_args(wire.StaffFrame))
COMMAND_FRAMES: tuple[type, ...] = get_args(wire.CommandFrame)


def command_of(frame: wire.CommandFrame, by: int) -> commands.Command:
    """Return what a frame asks for in the name of the account `by`."""
    match frame:
        case wire.Bid(lot=lot, amount=amount, phase=phase):
            return commands.PlaceBid(lot, by, amount, phase)
        case wire.MaxBid(lot=lot, limit=limit, phase=phase):
            return commands.LeaveMaxBid(lot, by, limit, phase)
        case wire.Declare(lot=lot, phase=phase):
            return commands.Declare(lot, by, frame.word, phase, frame.ends_at_us)
        case wire.Offer(lot=lot, lines=lines, phase=phase):
            return commands.SubmitOffer(lot, by, lines, phase)
        case wire.Seal(lot=lot, handle=handle, phase=phase):
            return commands.SealOffer(lot, by, handle, phase)
        case wire.TakeBack(lot=lot, phase=phase):
            return commands.TakeBackOffer(lot, by, phase, frame.ends_at_us)
        case wire.ItemBids(lot=lot, phase=phase):
            return commands.BidOnItems(lot, by, frame.bids, phase, frame.ends_at_us)
        case wire.Order() | wire.CancelOrder() | wire.ReplaceOrder():
            return _order_command(frame, by)
        case wire.CommitSeed(lot=lot, commitment=commitment):
            return commands.CommitSeed(lot, by, commitment)
        case wire.RevealSeed(lot=lot, seed=seed):
            return commands.RevealSeed(lot, by, seed)
        case wire.Openings(lot=lot, openings=openings):
            return commands.OpenOffers(lot, by, openings)
        case wire.Scores(lot=lot, scores=scores):
            return commands.EnterScores(lot, by, scores)
        case wire.Beacon():
            return commands.PublishBeacon(frame.lot, by, frame.round, frame.output)
        case wire.Host():
            return _host_command(frame, by)


def _order_command(
    frame: wire.Order | wire.CancelOrder | wire.ReplaceOrder, by: int
) -> commands.PlaceOrder | commands.CancelOrder | commands.ReplaceOrder:
    match frame:
        case wire.Order(lot=lot, phase=phase):
            return commands.PlaceOrder(
                lot, by, frame.side, frame.quantity, frame.price, frame.validity, phase
            )  # fmt: skip
        case wire.CancelOrder(lot=lot, order=order, phase=phase):
            return commands.CancelOrder(lot, by, order, phase)
        case wire.ReplaceOrder(lot=lot, phase=phase):
            return commands.ReplaceOrder(lot, by, frame.order, frame.quantity, frame.price, phase)


def _host_command(frame: wire.Host, by: int) -> commands.HostCommand:
    lot = frame.lot
    match frame.act:
        case HostAct.OPEN:
            return commands.OpenLot(lot, by)
        case HostAct.PAUSE:
            return commands.PauseLot(lot, by, frame.reason)
        case HostAct.RESUME:
            return commands.ResumeLot(lot, by)
        case HostAct.WITHDRAW:
            return commands.WithdrawLot(lot, by, frame.reason)
        case HostAct.FAIR_WARNING:
            return commands.GiveFairWarning(lot, by)
        case HostAct.HAMMER:
            return commands.HammerLot(lot, by)
        case HostAct.RESERVE:
            return commands.SetReserve(lot, by, frame.amount)
        case HostAct.CONFIRM:
            return commands.ConfirmSale(lot, by)
        case HostAct.DEFAULT:
            return commands.DeclareDefault(lot, by, frame.reason)
        case HostAct.ANNOUNCE:
            return commands.MakeAnnouncement(lot, by, frame.text)
