"""Who stands behind a request: session cookie or bearer token, and whether a browser's own page sent it.

Belongs here: cookies, headers, origins, addresses, roles, the rate of sign-in attempts.
Does not belong here: what proves an identity (`exchange.people`), what an account may do in a lot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Collection
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware
from msgspec import Struct

from exchange.people import Account, People, Role, Session, fingerprint
from matching.units import DurationUs, TimeUs

Network = IPv4Network | IPv6Network
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "luochui_session"
BEARER = "Bearer "
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
WATCHED_MAX = 20_000


def bearer_of(request: web.Request) -> str | None:
    """Return the bearer token that the request carries, if any."""
    header = request.headers.get("Authorization", "")
    return header[len(BEARER) :].strip() if header.startswith(BEARER) else None


async def account_of(request: web.Request, people: People) -> Account | None:
    """Return the account behind a request: by bearer token, else by session cookie; None for nobody.

    A bearer token that is not good makes nobody of the caller, whatever cookie comes with it.

    Raises: StoreUnavailable.
    """
    bearer = bearer_of(request)
    if bearer is not None:
        return await people.by_token(bearer)
    cookie = request.cookies.get(COOKIE)
    return None if not cookie else await people.by_session(cookie)


def proof_of(request: web.Request) -> bytes:
    """Return the fingerprint of what `account_of` goes by; of nothing, where the request proves nothing."""
    bearer = bearer_of(request)
    return fingerprint(request.cookies.get(COOKIE, "") if bearer is None else bearer)


def address_of(request: web.Request, trusted_proxies: Collection[Network]) -> str:
    """Return the network address that a request came from.

    Each proxy adds whom it heard to the end of X-Forwarded-For: the last address that is no proxy of ours is the
    visitor's, and whatever stands before it may be invented.

    Args:
        request: any request.
        trusted_proxies: networks of proxies whose header is believed.
    """
    address = request.remote or ""
    heard = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    while _is_within(address, trusted_proxies) and heard and (before := heard.pop().strip()):
        address = before
    return address


def _is_within(address: str, networks: Collection[Network]) -> bool:
    try:
        place = ip_address(address)
    except ValueError:
        return False
    return any(place in network for network in networks)


def behind(trusted_proxies: Collection[str]) -> Middleware:
    """Return the middleware that shows handlers the visitor's address as `request.remote`, not the proxy's."""
    networks = tuple(ip_network(proxy) for proxy in trusted_proxies)

    @web.middleware
    async def unveil(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler(request.clone(remote=address_of(request, networks)))

    return unveil


def is_foreign(request: web.Request, public_origins: Collection[str]) -> bool:
    """Tell whether another site's page made a browser send this request.

    Browsers name the origin of every request that could change something; programs may leave both headers out.

    Args:
        request: any request.
        public_origins: origins beside our own whose pages may act for a signed-in person.
    """
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin not in public_origins and not _is_own(origin, request)
    return request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")


def may_change(request: web.Request, public_origins: Collection[str]) -> bool:
    """Tell whether the request may change something as far as its origin goes.

    A bearer token is never sent by a browser on its own, so it needs no origin.
    """
    if request.method in SAFE_METHODS or bearer_of(request) is not None:
        return True
    return not is_foreign(request, public_origins)


def has_role(account: Account, roles: Collection[Role]) -> bool:
    """Tell whether the account has one of the roles; without roles to choose from everybody has."""
    return not roles or not set(roles).isdisjoint(account.roles)


def keep_session(response: web.Response, request: web.Request, session: Session, now_us: TimeUs) -> None:
    """Give the browser the session's cookie, out of reach of scripts and of other sites' requests."""
    response.set_cookie(
        COOKIE,
        session.token,
        max_age=max(0, session.expires_at_us - now_us) // 1_000_000,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=_is_secure(request),
    )


def drop_session(response: web.Response, request: web.Request) -> None:
    """Take the session's cookie back."""
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=_is_secure(request))


class SignInLimit:
    """Bounds failed sign-ins in a minute, or other attempts in another time, per network address and per login.

    A right password gives its attempt back, so that a whole office behind one address can sign in.
    """

    def __init__(self, attempts_max: int, within_us: DurationUs = MINUTE_US) -> None:
        self._attempts_max = attempts_max
        self._within_us = within_us
        self._attempts: dict[str, deque[TimeUs]] = {}

    def begin(self, address: str, login: str, now_us: TimeUs) -> Attempt | None:
        """Count an attempt; None when there have been too many."""
        keys = (f"address {address}", f"login {login.strip().lower()}")
        recent = [self._recent(key, now_us) for key in keys]
        if any(len(attempts) >= self._attempts_max for attempts in recent):
            return None
        for attempts in recent:
            attempts.append(now_us)
        return Attempt(keys, now_us)

    def give_back(self, attempt: Attempt) -> None:
        """Take back an attempt that turned out right."""
        for key in attempt.keys:
            attempts = self._attempts.get(key)
            if attempts is not None and attempt.at_us in attempts:
                attempts.remove(attempt.at_us)

    def _recent(self, key: str, now_us: TimeUs) -> deque[TimeUs]:
        attempts = self._attempts.pop(key, None) or deque(maxlen=self._attempts_max)
        while attempts and attempts[0] <= now_us - self._within_us:
            attempts.popleft()
        self._attempts[key] = attempts
        if len(self._attempts) > WATCHED_MAX:
            del self._attempts[next(iter(self._attempts))]
        return attempts


class Attempt(Struct, frozen=True):
    """One attempt to sign in, as it was counted."""

    keys: tuple[str, str]
    at_us: TimeUs


def _is_own(origin: str, request: web.Request) -> bool:
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == request.host


def _is_secure(request: web.Request) -> bool:
    """Tell whether the person's browser came by https, be it to a proxy in front of us."""
    return request.secure or request.headers.get("Origin", "").startswith("https://")
