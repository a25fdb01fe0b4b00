"""One Chromium under measurement: cold loads, the main thread's work, and memory after a collection.

Belongs here: what a browser tells of a page. Does not belong here: what happens to the page meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright

CHROMIUM: Final = Path("/usr/bin/chromium")
ARGUMENTS: Final = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-extensions", "--mute-audio"]  # fmt: skip
PATIENCE_MS: Final = 60_000
SHOWN_WITHIN_S: Final = 10.0
COLLECTIONS: Final = 2
"""What hangs on garbage by a last reference goes with the second."""
NOTE_LONG_TASKS: Final = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: "longtask", buffered: true });
"""
NOTE_FIRST_PRICE: Final = """
const look = () => {
  const isLive = document.querySelector("#connection")?.dataset.state === "live";
  if (isLive && /\\d/.test(document.querySelector("#price")?.textContent ?? "")) {
    window.firstPriceMs = performance.now();
    watching.disconnect();
  }
};
const watching = new MutationObserver(look);
watching.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
"""
UNTIL: Final = """
new Promise((done, fail) => {{
  const look = () => {{
    if ({value} > 0) done({value});
    else if (performance.now() > 60_000) fail(new Error("nothing came in a minute"));
    else setTimeout(look, 10);
  }};
  look();
}})
"""
"""Not by Playwright's own waiting, which evaluates texts and is stopped by the pages' policy."""


class BrowserFailed(Exception):
    """There is no browser, or it did not come so far."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a page's process has done so far, in seconds of the main thread."""

    tasks_s: float
    scripts_s: float
    layout_s: float
    style_s: float

    def since(self, before: Work) -> Work:
        """Return what was done between two looks."""
        return Work(
            self.tasks_s - before.tasks_s,
            self.scripts_s - before.scripts_s,
            self.layout_s - before.layout_s,
            self.style_s - before.style_s,
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """What a page holds after garbage has been collected."""

    heap_bytes: int
    nodes: int
    listeners: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a heap consists of, in bytes: the page's own data, what V8 compiled of its scripts, and the rest."""

    objects: int
    code: int
    browser: int

    def since(self, before: Holdings) -> Holdings:
        """Return what was added between two looks."""
        return Holdings(self.objects - before.objects, self.code - before.code, self.browser - before.browser)


def holdings_of(snapshot: dict[str, Any]) -> Holdings:
    """Add up a heap snapshot by what its nodes are."""
    fields = snapshot["snapshot"]["meta"]["node_fields"]
    kinds = snapshot["snapshot"]["meta"]["node_types"][0]
    kind_at, size_at = fields.index("type"), fields.index("self_size")
    sums = {"code": 0, "native": 0, "objects": 0}
    nodes = snapshot["nodes"]
    for start in range(0, len(nodes), len(fields)):
        kind = kinds[nodes[start + kind_at]]
        sums[kind if kind in sums else "objects"] += nodes[start + size_at]
    return Holdings(sums["objects"], sums["code"], sums["native"])


class Watched:
    """A page that tells of itself."""

    def __init__(self, page: Page, devtools: CDPSession) -> None:
        self.page = page
        self._devtools = devtools

    async def work(self) -> Work:
        """Return the main thread's work so far."""
        metrics = await self._metrics()
        return Work(
            metrics["TaskDuration"],
            metrics["ScriptDuration"],
            metrics["LayoutDuration"],
            metrics["RecalcStyleDuration"],
        )

    async def memory(self) -> Memory:
        """Collect garbage, then return what is left; a page that is at work holds what it works on, too."""
        for _ in range(COLLECTIONS):
            await self._devtools.send("HeapProfiler.collectGarbage")
        metrics = await self._metrics()
        return Memory(int(metrics["JSHeapUsedSize"]), int(metrics["Nodes"]), int(metrics["JSEventListeners"]))

    async def holdings(self) -> Holdings:
        """Take a snapshot of the heap, garbage collected, and add it up; it takes a second or two."""
        chunks: list[str] = []

        def take(told: dict[str, str]) -> None:
            chunks.append(told["chunk"])

        self._devtools.on("HeapProfiler.addHeapSnapshotChunk", take)
        await self._devtools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
        self._devtools.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
        return holdings_of(json.loads("".join(chunks)))

    async def shows(self, selector: str, text: str) -> bool:
        """Wait for a place to say something; return whether it came to that."""
        until_s = time.monotonic() + SHOWN_WITHIN_S
        while text not in (await self.page.inner_text(selector)):
            if time.monotonic() > until_s:
                return False
            await asyncio.sleep(0.05)
        return True

    async def long_tasks_ms(self) -> list[float]:
        """Return the tasks over 50 ms since this was asked last."""
        found: list[float] = await self.page.evaluate("longTasks.splice(0)")
        return found

    async def _metrics(self) -> dict[str, float]:
        answer: dict[str, Any] = await self._devtools.send("Performance.getMetrics")
        return {metric["name"]: metric["value"] for metric in answer["metrics"]}


class Chromium:
    """A running browser before one exchange."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self.url = url

    @property
    def version(self) -> str:
        """Which Chromium this is."""
        return self._browser.version

    @contextlib.asynccontextmanager
    async def opened(self, path: str, login: tuple[str, str] | None = None) -> AsyncIterator[Watched]:
        """Open a page in a context of its own, signed in if there is a login with its password.

        Raises: BrowserFailed.
        """
        async with self._context(login) as context:
            await context.add_init_script(NOTE_LONG_TASKS)
            page = await context.new_page()
            devtools = await context.new_cdp_session(page)
            await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
            await page.goto(self.url + path)
            yield Watched(page, devtools)

    async def first_price_ms(self, path: str) -> float:
        """Return the time from asking for a lot's page to its first live price, with nothing in the cache."""
        async with self._context(None) as context:
            await context.add_init_script(NOTE_FIRST_PRICE)
            page = await context.new_page()
            await page.goto(self.url + path)
            return float(await page.evaluate(UNTIL.format(value="window.firstPriceMs")))

    async def bare_load_ms(self, path: str) -> float:
        """Return how long a document takes to load that needs nothing else, with nothing in the cache."""
        async with self._context(None) as context:
            page = await context.new_page()
            await page.goto(self.url + path)
            timing = "performance.getEntriesByType('navigation')[0].loadEventEnd"
            return float(await page.evaluate(UNTIL.format(value=timing)))

    @contextlib.asynccontextmanager
    async def _context(self, login: tuple[str, str] | None) -> AsyncIterator[BrowserContext]:
        context = await self._browser.new_context(
            locale="zh-CN", viewport={"width": 1280, "height": 900}
        )  # fmt: skip
        context.set_default_timeout(PATIENCE_MS)
        try:
            if login is not None:
                words = {"login": login[0], "password": login[1]}
                answer = await context.request.post(
                    f"{self.url}/api/v1/session", data=words, headers={"Origin": self.url}
                )
                if not answer.ok:
                    raise BrowserFailed(f"{login[0]} was not let in: {await answer.text()}")
            yield context
        finally:
            await context.close()


@contextlib.asynccontextmanager
async def running_chromium(url: str) -> AsyncIterator[Chromium]:
    """Run Chromium until the block ends.  Raises: BrowserFailed."""
    if not CHROMIUM.exists():
        raise BrowserFailed(f"no browser: {CHROMIUM} is absent (Debian: apt install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield Chromium(browser, url)
        finally:
            await browser.close()
