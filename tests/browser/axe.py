"""What axe-core finds wrong with a page: the WCAG 2.2 AA rules that a machine can check.

Belongs here: asking axe. Does not belong here: which pages are looked at, and by whom.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page

PROGRAM = Path(__file__).resolve().parents[2] / "gateways/web/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CLAIMED = ["serious", "critical"]
ASK = """
async ([tags, claimed]) => {
  const options = {
    runOnly: tags, rules: { "target-size": { enabled: true } }, resultTypes: ["violations"], preload: false,
  };
  const { violations } = await axe.run(document, options);
  return violations.filter(({ impact }) => claimed.includes(impact)).map(({ id, nodes }) => {
    const places = nodes.slice(0, 4).map(({ target, any, all, none }) =>
      `${target.join(" ")} (${[...any, ...all, ...none].map(({ message }) => message).join("; ")})`);
    return `${id}: ${places.join(", ")}`;
  });
}
"""


def axe_program() -> str:
    """Return axe-core as a script for every page of a context; skips where it is not installed."""
    if not PROGRAM.exists():
        pytest.skip(f"no axe-core: {PROGRAM} is absent (make test installs it)")
    return PROGRAM.read_text()


async def violations(page: Page) -> list[str]:
    """Return what is seriously wrong with a page as it stands: a rule and its places each; the page knows axe."""
    found: list[str] = await page.evaluate(ASK, [TAGS, CLAIMED])
    return found
