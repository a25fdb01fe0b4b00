"""Reading and walking a page as it is hardest: on 320 pixels, with wide spacing, with what has the focus in sight.

WCAG 2.2: 1.4.10 reflow, 1.4.12 text spacing, 2.4.7 focus visible, 2.4.11 focus not obscured.

Belongs here: what a script finds that axe does not ask for. Does not belong here: which pages are looked at.
"""

from __future__ import annotations

from playwright.async_api import Page

WIDTH, HEIGHT = 320, 480
SPACED = """
() => {
  const spaced = new CSSStyleSheet();
  spaced.replaceSync(`
    * { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
    p { margin-bottom: 2em !important }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, spaced];
}
"""
FOUND = """
() => {
  const wrong = [];
  const named = ({ tagName, id, classList, textContent }) =>
    `${tagName}#${id}.${[...classList].join(".")} "${textContent.trim().slice(0, 30)}"`;
  const isCut = (one) =>
    one !== document.body && (getComputedStyle(one).overflowX !== "visible" || isCut(one.parentElement));
  const isBeyond = (one) => one.getBoundingClientRect().right > innerWidth + 1 && !isCut(one.parentElement);

  const width = document.documentElement.scrollWidth;
  const beyond = [...document.querySelectorAll("body *")]
    .filter((one) => isBeyond(one) && ![...one.children].some(isBeyond));
  if (width > innerWidth) wrong.push(`${width} wide: ${beyond.slice(0, 3).map(named).join(", ")}`);

  const middle = (from, to, most) => (Math.max(from, 0) + Math.min(to, most)) / 2;
  const shownAt = ({ left, right, top, bottom }) =>
    bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth
      ? null
      : document.elementFromPoint(middle(left, right, innerWidth), middle(top, bottom, innerHeight));
  const hasRing = (one) => {
    const { outlineStyle, boxShadow } = getComputedStyle(one);
    return outlineStyle !== "none" || boxShadow !== "none";
  };
  const places = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']");
  const isStop = (one) => one.checkVisibility() && one.tabIndex >= 0 && !one.disabled;
  const stops = [...places].filter((one) => isStop(one) && !one.closest(".el-date-editor"));
  for (const stop of stops.slice(0, 80)) {
    stop.focus({ focusVisible: true });
    if (document.activeElement !== stop) continue;
    const shown = shownAt(stop.getBoundingClientRect());
    const itsOwn = [stop, ...(stop.labels ?? [])];
    if (!shown || !(shown.contains(stop) || itsOwn.some((one) => one.contains(shown)))) {
      wrong.push(`${named(stop)} has the focus, and there is ${shown ? named(shown) : "nothing"} to be seen`);
    }
    const around = [stop, stop.parentElement, stop.parentElement?.parentElement].filter(Boolean);
    if (!around.some(hasRing)) wrong.push(`the focus at ${named(stop)} does not show`);
  }
  return wrong;
}
"""

WIDENED_BY = """
(drawing) => {
  for (const part of document.querySelectorAll(drawing)) part.firstElementChild.style.width = "4000px";
  return document.documentElement.scrollWidth - innerWidth;
}
"""


async def widened_by(page: Page, drawing: str) -> int:
    """Return by how many pixels a drawing widens its page that was drawn for a much wider one, as before a turn."""
    beyond: int = await page.evaluate(WIDENED_BY, drawing)
    return beyond


async def obstacles(page: Page) -> list[str]:
    """Return what keeps somebody from reading a page or from seeing where he is on it; the page stays narrow."""
    await page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    await page.evaluate(SPACED)
    found: list[str] = await page.evaluate(FOUND)
    return found
