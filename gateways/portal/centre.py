"""The page of the centre: how to reach it, when people are there, and where deposits are paid to."""

from __future__ import annotations

from gateways.api.pay_to import pay_to
from gateways.api.services import Services
from gateways.portal.rendering import Shown
from gateways.portal.visit import Visit


async def show(visit: Visit, services: Services) -> Shown:
    """Show who the centre is."""
    return Shown("centre.html", {"accounts": await pay_to(services)})
