"""The Cache-Status field (RFC 9211)."""

from __future__ import annotations

from functools import lru_cache

from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.http.why import Why

NAME = "scrubjay"

_FORWARDED = {
    Why.URI_MISS: "uri-miss",
    Why.VARY_MISS: "vary-miss",
    Why.METHOD: "method",
    Why.PARTIAL: "partial",
    Why.NO_CACHE: "request",
    Why.TOO_OLD: "request",
    Why.NOT_FRESH_LONG_ENOUGH: "request",
    Why.ONLY_IF_CACHED: "request",
}
_STALE = (Why.STALE, Why.MUST_CHECK, Why.INVALIDATED)


def fresh(ttl: str) -> str:
    """A plain hit; `ttl` is what is left of the lifetime, as it is written."""
    return f"{NAME}; hit; ttl={ttl}"


def hit(left: float, why: Why | None = None, *, collapsed: bool = False) -> str:
    """From the store; `ttl` is what is left of the lifetime, negative when stale."""
    parts = [fresh(str(int(left)))]
    if collapsed:
        parts.append("collapsed")
    if why is not None:
        parts.append(f"detail={why.value}")
    return "; ".join(parts)


@lru_cache(maxsize=1024)
def forwarded(
    why: Why, status: int, *, stored: bool, detail: Why | None = None, collapsed: bool = False
) -> str:
    """From the origin: why it was asked, what it said, whether that was kept."""
    reason = "stale" if why in _STALE else _FORWARDED.get(why, "bypass")
    parts = [NAME, f"fwd={reason}", f"fwd-status={status}"]
    if stored:
        parts.append("stored")
    if collapsed:
        parts.append("collapsed")
    told = detail or (why if why.value != reason else None)
    if told is not None and not stored:
        parts.append(f"detail={told.value}")
    return "; ".join(parts)


def refused(why: Why) -> str:
    """Answered by the cache itself, without asking the origin."""
    return f"{NAME}; detail={why.value}"


def appended(headers: Headers, value: str) -> str:
    """The field with our member behind those of caches nearer to the origin (RFC 9211, 2)."""
    before = headers.get("cache-status")
    return f"{before}, {value}" if before else value
