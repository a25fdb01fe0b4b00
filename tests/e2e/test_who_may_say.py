"""Who may send which command: bidders theirs, staff theirs."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import House
from tests.live import Frame


@pytest.mark.parametrize("kind", ["offer", "seal", "order", "item_bids", "declare"])
async def test_a_host_cannot_act_as_a_bidder(running_house: House, kind: str) -> None:
    fields: dict[str, Frame] = {
        "offer": {"lines": [[1, 1]]},
        "seal": {"handle": "ab" * 32},
        "order": {"side": "buy", "quantity": 1},
        "item_bids": {"bids": [[1, 1]]},
        "declare": {"word": "accept"},
    }
    async with running_house.talk(-1) as talk:
        answer = await talk.ask({"type": kind, "lot": 1} | fields[kind])
    assert (answer["type"], answer["code"]) == ("error", "NOT_ALLOWED")


@pytest.mark.parametrize("kind", ["openings", "scores", "beacon"])
async def test_a_bidder_cannot_act_as_staff(running_house: House, kind: str) -> None:
    fields: dict[str, Frame] = {
        "openings": {"openings": []},
        "scores": {"scores": [[1, 1]]},
        "beacon": {"round": 1, "output": "ab" * 32},
    }
    async with running_house.talk(0) as talk:
        answer = await talk.ask({"type": kind, "lot": 1} | fields[kind])
    assert (answer["type"], answer["code"]) == ("error", "NOT_ALLOWED")
