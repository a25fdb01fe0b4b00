"""Where the exchange is, and who asks: addresses and headers that the live connection and the HTTP calls share."""

from __future__ import annotations

from yarl import URL

DEFAULT_URL = "http://127.0.0.1:8080"
API_PREFIX = "/api/v1"
SESSION_COOKIE = "luochui_session"


class NotAnAddress(ValueError):
    """What was given is no address of an exchange."""


def exchange_url(address: str) -> URL:
    """Return an exchange's address.  Raises: NotAnAddress."""
    try:
        url = URL(address)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise NotAnAddress(
            f"An exchange's address reads http://host:port or https://host, not {address!r}. "
            "交易所地址形如 http://主机:端口 或 https://主机"
        )
    return url


def identity_headers(url: URL, token: str | None, cookie: str | None) -> dict[str, str]:
    """Return the headers that say who asks: by token, else by session cookie, else nobody."""
    headers = {"Origin": str(url.origin())}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    elif cookie:
        headers["Cookie"] = f"{SESSION_COOKIE}={cookie}"
    return headers
