"""The gateway among others: sign-outs reach connections everywhere, and hosts see who is present anywhere.

Belongs here: telling the other gateways, and doing what they tell.
Does not belong here: the shapes of what is told (`exchange.cluster.notes`), counting (`gateways.live.hub`).
"""

from __future__ import annotations

import asyncio
import secrets

import msgspec
import structlog

from exchange.cluster.notes import (
    PRESENCE,
    PRESENCE_SECONDS,
    REVOKED,
    Notes,
    decode_attendance,
    encode,
)
from exchange.people import People
from gateways.live.hub import Hub

log = structlog.get_logger(__name__)


class Neighbours:
    """Keeps one gateway in touch with the others; `run` as long as it serves."""

    def __init__(self, notes: Notes, people: People, hub: Hub) -> None:
        self._notes = notes
        self._people = people
        self._hub = hub
        self._name = secrets.token_hex(8)
        self._is_hearing = False
        notes.on_note(PRESENCE, self._hear_presence)
        notes.on_note(REVOKED, self._hear_revoked)

    async def run(self) -> None:
        """Tell the others who is present here, for ever; and of sign-outs as they happen."""
        stop_listening = self._people.listen(self._tell_revoked)
        try:
            while True:
                self._notes.tell_all(PRESENCE, encode(self._hub.presences.attendance(self._name)))
                await asyncio.sleep(PRESENCE_SECONDS)
        finally:
            stop_listening()

    def _hear_presence(self, payload: bytes) -> None:
        try:
            attendance = decode_attendance(payload)
        except msgspec.DecodeError as error:
            log.warning("neighbours.not_understood", error=str(error))
            return
        self._hub.presences.hear(attendance)

    def _tell_revoked(self, proof: bytes) -> None:
        if not self._is_hearing:
            self._notes.tell_all(REVOKED, proof)

    def _hear_revoked(self, proof: bytes) -> None:
        self._is_hearing = True
        try:
            self._people.revoked_elsewhere(proof)
        finally:
            self._is_hearing = False
