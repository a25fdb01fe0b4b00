"""The pages that people work at: which address shows which, out of what `gateways/web` was built into.

Belongs here: addresses, the documents around the built files, how long browsers may keep them.
Does not belong here: what a page shows (`gateways/web/src`), pages that the server writes (`gateways/portal`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web
from msgspec import Struct

BUILT: Final = Path(str(files("gateways") / "web" / "dist"))
"""Made by `make`, and part of the wheel."""

ASSETS: Final = "/assets/"

PAGES: Final = {
    "/sign-in": ("sign-in", "登录 · 落槌"),
    "/register": ("register", "注册 · 落槌"),
    "/me": ("me", "我的报名 · 落槌"),
    "/room": ("room", "同屏竞价 · 落槌"),
    "/hall": ("hall", "大屏 · 落槌"),
    "/host": ("host", "主持台 · 落槌"),
    "/host/papers": ("papers", "成交文书 · 落槌"),
    "/rehearsal": ("rehearsal", "彩排 · 落槌"),
    "/account": ("account", "我的账户 · 落槌"),
    "/admin": ("admin", "系统管理 · 落槌"),
    "/finance": ("finance", "财务 · 落槌"),
    "/admin/lots": ("publish", "标的发布 · 落槌"),
}
"""By address: the page's name in `gateways/web/src/pages`, and its title before it has loaded."""

WRITTEN_BY_THE_SERVER: Final = ("portal", "lot")
"""What `gateways.portal` writes pages around."""

OF_THIS_CONTENT: Final = re.compile(r"-[\w-]{8}\.\w+$")
"""A file whose name holds the hash of its content never changes."""

DOCUMENT: Final = """\
<!doctype html>
<html lang="zh-Hans">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="{assets}seal.svg" type="image/svg+xml">
{loaded}
</head>
<body>
<div id="page"><p class="notice opening" role="status">正在载入…… <span lang="en">Loading…</span></p></div>
<noscript><p class="strip strip-bad">本页需要启用 JavaScript。 / This page needs JavaScript.</p></noscript>
</body>
</html>
"""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PagesNotBuilt(Exception):
    """The pages are not there: `make setup` builds them."""


class Chunk(Struct, frozen=True):
    """One built file and what it needs, as the build's manifest has it."""

    file: str
    imports: list[str] = []
    css: list[str] = []


def add_pages(app: web.Application, built: Path = BUILT) -> None:
    """Let an application show the pages.  Raises: PagesNotBuilt."""
    for path, (name, title) in PAGES.items():
        app.router.add_get(path, _page(document(name, title, built)))
    app.router.add_static(ASSETS, built)
    app.on_response_prepare.append(_keep_in_browsers)


def see_that_they_are_built(built: Path = BUILT) -> None:
    """Return if what was built has every page, so that a start need not find it out later.  Raises: PagesNotBuilt."""
    for name in (*WRITTEN_BY_THE_SERVER, *(name for name, _ in PAGES.values())):
        loaded(name, built)


def document(name: str, title: str, built: Path = BUILT) -> str:
    """Return the HTML document of a page.

    Args:
        name: which page, as in `gateways/web/src/pages`.
        title: what stands in the browser's tab until the page has said its own.
        built: where the built files are.

    Raises: PagesNotBuilt.
    """
    return DOCUMENT.format(assets=ASSETS, title=escape(title), loaded=loaded(name, built))


def loaded(name: str, built: Path = BUILT) -> str:
    """Return the elements with which a document loads a page's styles and scripts.

    Raises: PagesNotBuilt.
    """
    manifest = _manifest(built)
    entry = manifest.get(f"src/pages/{name}.ts")
    if entry is None:
        raise PagesNotBuilt(f"what is built in {built} is older than the program: there is no page {name}")
    needed = _needed(manifest, entry)
    return "\n".join(
        [
            *(
                f'<link rel="stylesheet" href="{ASSETS}{style}">'
                for chunk in reversed(needed)
                for style in chunk.css
            ),
            *(f'<link rel="modulepreload" href="{ASSETS}{chunk.file}">' for chunk in needed[1:]),
            f'<script type="module" src="{ASSETS}{entry.file}"></script>',
        ]
    )


def _needed(manifest: dict[str, Chunk], entry: Chunk) -> list[Chunk]:
    """Return a chunk and all that it needs before it can run, each once, the chunk itself first."""
    needed = [entry]
    for chunk in needed:
        needed += [other for name in chunk.imports if (other := manifest[name]) not in needed]
    return needed


def _manifest(built: Path) -> dict[str, Chunk]:
    try:
        return msgspec.json.decode((built / "manifest.json").read_bytes(), type=dict[str, Chunk])
    except FileNotFoundError as error:
        raise PagesNotBuilt(f"{built} has no built pages") from error


def _page(text: str) -> Handler:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-cache"})

    return page


async def _keep_in_browsers(request: web.Request, response: web.StreamResponse) -> None:
    if request.path.startswith(ASSETS):
        is_fixed = OF_THIS_CONTENT.search(request.path) is not None
        kept = "public, max-age=31536000, immutable" if is_fixed else "no-cache"
        response.headers.setdefault("Cache-Control", kept)
