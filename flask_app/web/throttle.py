"""How often a password may be tried: counters by address, account and kind of visitor, in memory that has a bound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from flask import Flask, current_app, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse
from limits.storage import Storage
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

PER_ADDRESS = "10 per 10 minutes"
PER_ACCOUNT = "20 per hour"
OVERALL = "30 per hour"
BEYOND = "1 per 30 seconds"
"""Tries of a kind of visitor that go on when their hour's are used up."""

READS = "1200 per minute"
"""Requests of one address: a page asks 12 a minute, a chart that is dragged about 10 a second."""

HERE = [
    ip_network(words)
    for words in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
]
"""Addresses of this machine and of its own network (RFC 1918, 3927, 4193): `is_private` holds others too."""

PROXIED = (
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"),
    *("X-Client-IP", "True-Client-IP", "CF-Connecting-IP"),
)
"""What proxies add to the requests that they pass on: each adds one of these at least."""

MOST = 4096
"""Counters kept at once: a flood of addresses must not fill the memory."""


class Counters(Storage):
    """A storage of `limits` on the app's own clock, and with a bound."""

    STORAGE_SCHEME = ["chaudiere"]  # noqa: RUF012 - what `limits` asks for

    def __init__(self, uri: str | None = None, clock: Any = None, **_options: Any) -> None:
        super().__init__(uri)
        self.clock: Callable[[], float] = clock
        self.counts: dict[str, tuple[int, float]] = {}
        self.guard = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here fails."""
        return ValueError

    def _live(self, key: str) -> tuple[int, float]:
        count, end = self.counts.get(key, (0, 0.0))
        return (count, end) if end > self.clock() else (0, 0.0)

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Counts, for `expiry` seconds from the first."""
        with self.guard:
            count, end = self._live(key)
            if not count and len(self.counts) >= MOST:
                self._forget()
            self.counts[key] = (count + amount, end or self.clock() + expiry)
            return count + amount

    def _forget(self) -> None:
        now = self.clock()
        self.counts = {key: kept for key, kept in self.counts.items() if kept[1] > now}
        if len(self.counts) >= MOST:
            # The highest counts stay: a flood of addresses that come once must not wash out the counter of them all.
            kept = sorted(self.counts, key=lambda key: self.counts[key][0])[MOST // 4 :]
            self.counts = {key: self.counts[key] for key in kept}

    def get(self, key: str) -> int:
        """How many."""
        return self._live(key)[0]

    def get_expiry(self, key: str) -> float:
        """Until when."""
        return self._live(key)[1] or self.clock()

    def check(self) -> bool:
        """It is there."""
        return True

    def reset(self) -> int:
        """Forgets everything."""
        with self.guard:
            count = len(self.counts)
            self.counts = {}
            return count

    def clear(self, key: str) -> None:
        """Forgets one."""
        with self.guard:
            self.counts.pop(key, None)


def configure(app: Flask) -> None:
    """Gives `app` its limiter: a bound on the requests of every address, and the counters of `trying`."""
    limiter = Limiter(
        address,
        app=app,
        storage_uri="chaudiere://",
        storage_options={"clock": app.config["CLOCK"]},
        strategy="fixed-window",
    )
    app.config["LIMITER"] = limiter
    app.config["ONE_HASH"] = threading.Lock()
    app.before_request(_bound_requests)


def _bound_requests() -> None:
    # Not by the limiter's own application_limits: they let addresses through that do not exist, which cost a page each.
    if request.endpoint not in ("static", "assets.uplot") and not _hit(READS, "reads", address()):
        raise TooManyRequests


def address() -> str:
    """Who asks: the address, of IPv6 its /64, which one house has for itself."""
    try:
        asker = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if asker.version == 4:
        return str(asker)
    return str(asker.ipv4_mapped or ip_network((asker, 64), strict=False))


def near() -> bool:
    """Whether the request comes from this network and from no proxy that we were not told of."""
    try:
        asker = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    # A proxy that passes its visitors on as 127.0.0.1 must not make the whole world near.
    if not current_app.config["SETTINGS"].proxies and any(name in request.headers for name in PROXIED):
        return False
    return here(getattr(asker, "ipv4_mapped", None) or asker)


def here(address: IPv4Address | IPv6Address) -> bool:
    """Whether that is an address of this machine's own network."""
    return any(address in network for network in HERE)


def _hit(limit: str, *who: str) -> bool:
    return bool(current_app.config["LIMITER"].limiter.hit(_item(limit), *who))


@cache
def _item(limit: str) -> RateLimitItem:
    return parse(limit)


@contextmanager
def trying(account: str, device: str | None) -> Iterator[None]:
    """Lets one try of a password at `account` through, or raises TooManyRequests before anything is computed.

    `device` names a browser that logged in to this account before: it has counters of its own, and so has this network,
    so that who guesses from elsewhere locks nobody out. One hash is computed at a time.
    """
    if device is not None:
        allowed = _hit(PER_ADDRESS, "device", device)
    else:
        kind = "near" if near() else "far"
        allowed = _hit(PER_ADDRESS, "address", address()) and (
            (_hit(PER_ACCOUNT, kind, "account", account) and _hit(OVERALL, kind)) or _hit(BEYOND, kind)
        )
    if not allowed:
        raise TooManyRequests
    one_hash: threading.Lock = current_app.config["ONE_HASH"]
    if not one_hash.acquire(timeout=10):
        raise ServiceUnavailable
    try:
        yield
    finally:
        one_hash.release()
