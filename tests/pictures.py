"""Takes the pictures of the help pages and of the README, from the real pages of a demo exchange.

    python -m tests.pictures            into gateways/web/public/help, in both languages

Belongs here: which moment of which page is shown. Does not belong here: what the pages must do (`tests/browser`).
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from PIL import Image

from tests.browser.people import Building, Person, open_building
from tests.exchange_process import ExchangeProcess

FOLDER: Final = Path(__file__).parent.parent / "gateways" / "web" / "public" / "help"
LANGUAGES: Final = {"zh": "zh-CN", "en": "en-GB"}
WIDTH, HEIGHT = 1200, 860
QUALITY: Final = 70
STAYS_SECONDS: Final = 60
SETTLE_MS: Final = 1_500
"""Until charts have been drawn and photos have come."""

GOOD_MS: Final = 60_000

ASK = """
async ([method, path, body]) => {
  const answer = await fetch("/api/v1" + path, {
    method, headers: { "Content-Type": "application/json" }, body: body === null ? undefined : JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}
"""

Scene = Callable[[Person], Awaitable[None]]


async def take_all(exchange: ExchangeProcess) -> None:
    """Take every picture in every language."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with open_building(exchange.url) as building:
        for language, locale in LANGUAGES.items():
            for name, scene in SCENES.items():
                await _take(building, name, scene, language, locale)


async def _take(building: Building, name: str, scene: Scene, language: str, locale: str) -> None:
    person = await building.person(locale, WIDTH, HEIGHT)
    await scene(person)
    await person.page.wait_for_timeout(SETTLE_MS)
    taken = Image.open(io.BytesIO(await person.page.screenshot()))
    file = FOLDER / f"{name}.{language}.webp"
    taken.convert("RGB").save(file, "WEBP", quality=QUALITY, method=6)
    print(f"{file.name}: {file.stat().st_size // 1024} kB", file=sys.stderr)
    await person.page.context.close()


async def portal(person: Person) -> None:
    """Show what is open now."""
    await person.visit("/")


async def lot(person: Person) -> None:
    """Show the notice of a lot to somebody who has not signed in."""
    await person.visit("/lots")
    await person.visit(f"/lots/{await _lot(person, 'announced')}")


async def register(person: Person) -> None:
    """Show how a bidder makes an account for himself."""
    await person.visit("/register")


async def sign_up(person: Person) -> None:
    """Show where a bidder has to pay."""
    await person.sign_in("bidder4", "/me")
    lot = await _lot(person, "announced")
    await _ask(person, "POST", f"/lots/{lot}/sign-up", {})
    await person.visit(f"/lots/{lot}")


async def room(person: Person) -> None:
    """Show a bidder who has just bid."""
    await person.sign_in("bidder5", "/me")
    lot = await _lot(person, "open")
    signed_up = await _ask(person, "POST", f"/lots/{lot}/sign-up", {})
    if signed_up.get("reference"):
        await _ask(person, "POST", "/demo-bank/payments", {"reference": signed_up["reference"]})
    await person.visit(f"/lots/{lot}")
    await person.page.click("#bid-asking")


async def host(person: Person) -> None:
    """Show a host with a lot in hand."""
    await person.sign_in("host1", "/host")
    await person.visit(f"/host?lot={await _lot(person, 'open')}")
    # A machine that takes pictures may be busy; a host's line is not.
    await person.page.wait_for_selector("#connection[data-quality=good]", timeout=GOOD_MS)


async def finance(person: Person) -> None:
    """Show the desk of finance."""
    await person.sign_in("finance1", "/finance")


async def administration(person: Person) -> None:
    """Show who may do what."""
    await person.sign_in("admin1", "/admin")


SCENES: Final[dict[str, Scene]] = {
    "portal": portal,
    "lot": lot,
    "register": register,
    "sign-up": sign_up,
    "room": room,
    "host": host,
    "finance": finance,
    "administration": administration,
}


async def _lot(person: Person, state: str) -> int:
    """Return the lot in English bidding that is most sought after, and of those the one that stays longest."""
    found = await _ask(person, "GET", f"/lots?state={state}&limit=100", None)
    lots = [card for card in found["lots"] if card["view"]["format"] == "english" and card["deposit"]]
    until = (time.time() + STAYS_SECONDS) * 1_000_000
    views = [card["view"] for card in lots if not 0 < card["view"]["ends_at_us"] < until]
    return int(max(views, key=lambda view: (view["bids"], view["ends_at_us"], view["opens_at_us"]))["lot"])


async def _ask(person: Person, method: str, path: str, body: dict[str, Any] | None) -> Any:
    return await person.page.evaluate(ASK, [method, path, body])


def main() -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory() as folder:
        exchange = ExchangeProcess(Path(folder), "--demo")
        exchange.start()
        try:
            asyncio.run(take_all(exchange))
        finally:
            exchange.stop()


if __name__ == "__main__":
    main()
