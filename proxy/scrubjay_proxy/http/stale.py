"""When a stale response may be served all the same (RFC 9111, 4.2.4; RFC 5861)."""

from __future__ import annotations

from scrubjay_proxy.http.directives import request_directives, response_directives
from scrubjay_proxy.http.freshness import freshness
from scrubjay_proxy.http.messages import Request, Stored
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.http.why import Why

_CHECK_FIRST = frozenset({"must-revalidate", "proxy-revalidate", "no-cache", "no-store", "private"})
SERVER_ERRORS = frozenset({500, 502, 503, 504})


def may_serve_stale(stored: Stored, rules: Rules) -> bool:
    """Whether the origin leaves it open; s-maxage implies proxy-revalidate (5.2.2.10). What an
    unsafe request invalidated must be checked first (4.4)."""
    if stored.invalid:
        return False
    told = response_directives(stored.head.headers, rules.targets)
    return told.s_maxage is None and not (_CHECK_FIRST & told.flags)


def while_revalidating(stored: Stored, now: float, rules: Rules) -> bool:
    """Whether it may be served now and checked behind the client's back (RFC 5861, 3)."""
    told = response_directives(stored.head.headers, rules.targets)
    window = told.stale_while_revalidate
    if window is None or not may_serve_stale(stored, rules):
        return False
    return -freshness(stored, now, rules) <= window


def instead_of_error(asked: Request, stored: Stored, now: float, rules: Rules) -> Why | None:
    """Whether it stands in for the origin's 5xx answer (RFC 5861, 4)."""
    window = _if_error_window(asked, stored, rules)
    if window is None or not may_serve_stale(stored, rules):
        return None
    return Why.STALE_IF_ERROR if -freshness(stored, now, rules) <= window else None


def when_unreachable(asked: Request, stored: Stored, now: float, rules: Rules) -> Why | None:
    """Whether it may be served because the origin gave no answer; a cache cut off from the
    origin needs no leave for that (RFC 9111, 4.2.4), within the operator's limit."""
    if not may_serve_stale(stored, rules) or "no-cache" in request_directives(asked.headers):
        return None
    staleness = -freshness(stored, now, rules)
    if staleness <= (_if_error_window(asked, stored, rules) or 0):
        return Why.STALE_IF_ERROR
    return Why.ORIGIN_UNREACHABLE if staleness <= rules.unreachable_grace else None


def _if_error_window(asked: Request, stored: Stored, rules: Rules) -> int | None:
    told = response_directives(stored.head.headers, rules.targets).stale_if_error
    wished = request_directives(asked.headers).stale_if_error
    return told if wished is None else max(wished, told or 0)
