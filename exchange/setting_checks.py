"""What a setting's value may be where a range does not say it: addresses, origins, folders.

Belongs here: checks of one value. Does not belong here: the settings themselves (`exchange.settings`).
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit


class NotAllowed(ValueError):
    """A value that a check refuses, with what may stand there instead, in both languages."""

    def __init__(self, allowed: str, allowed_zh: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed
        self.allowed_zh = allowed_zh


def without_tilde(value: Path | None) -> Path | None:
    """Return a path as it is from anywhere."""
    return None if value is None else value.expanduser().absolute()


def postgresql_address(value: str | None) -> str | None:
    """Return the address of a PostgreSQL.  Raises: NotAllowed."""
    if value is not None and urlsplit(value).scheme not in ("postgresql", "postgres"):
        raise NotAllowed("an address that begins with postgresql://", "以 postgresql:// 开头的地址")
    return value


def redis_address(value: str | None) -> str | None:
    """Return the address of a Redis.  Raises: NotAllowed."""
    if value is not None and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise NotAllowed(
            "an address that begins with redis://, rediss:// or unix://",
            "以 redis://、rediss:// 或 unix:// 开头的地址",
        )
    return value


def address_or_name(value: str) -> str:
    """Return what can be listened on.  Raises: NotAllowed."""
    is_number = value.replace(".", "").isdecimal()
    if not value or any(sign in value for sign in " /,") or (is_number and not _is_address(value)):
        raise NotAllowed("an IP address or host name", "IP 地址或主机名")
    return value


def separated_by_commas(value: object) -> object:
    """Return the parts of a text; anything else as it is."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def origins(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return web origins.  Raises: NotAllowed."""
    for origin in value:
        if not _is_origin(origin):
            raise NotAllowed(
                f"origins of the form https://host or http://host:port; {origin!r} is none",
                f"形如 https://host 或 http://host:port 的来源；{origin!r} 不是",
            )
    return value


def networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return addresses and networks.  Raises: NotAllowed."""
    for address in value:
        if not _is_network(address):
            raise NotAllowed(
                f"IP addresses and networks as 10.0.0.0/8; {address!r} is none",
                f"IP 地址或网段（例如 10.0.0.0/8）；{address!r} 不是",
            )
    return value


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _is_network(value: str) -> bool:
    try:
        ip_network(value)
    except ValueError:
        return False
    return True


def _is_origin(value: str) -> bool:
    """Say whether a text is a web origin: scheme, host and perhaps a port, nothing behind them."""
    parts = urlsplit(value)
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and f"{parts.scheme}://{parts.netloc}" == value
    )
