"""May this response be stored? RFC 9111, section 3."""

from __future__ import annotations

from functools import lru_cache

from scrubjay_proxy.http.directives import Directives, request_directives, response_directives
from scrubjay_proxy.http.freshness import HEURISTIC_STATUSES, has_explicit_lifetime
from scrubjay_proxy.http.invalidate import resolved
from scrubjay_proxy.http.keys import vary_names
from scrubjay_proxy.http.messages import Head, Headers, Request
from scrubjay_proxy.http.ranges import content_range
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.http.why import Why

# Final status codes whose caching this implementation knows (RFC 9110, 15).
UNDERSTOOD = frozenset(
    {200, 203, 204, 206, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 451, 501}
)
# X-Forwarded-For is ours when it reaches the origin: no two clients send the same.
_REMEMBERED = 4096  # characters of fields, of both; longer ones are not worth keeping
_UNMATCHED = frozenset({"*", "x-forwarded-for"})


def why_not_store(asked: Request, got: Head, rules: Rules) -> Why | None:
    """The first rule that forbids storing `got`, or None; in the order of RFC 9111, 3."""
    if asked.method != "GET":
        told = response_directives(got.headers, rules.targets)
        if (why := _method(asked, got, told)) is not None:
            return why
    text = len(got.headers.text) + len(asked.headers.text)
    known = _known if text <= _REMEMBERED else _known.__wrapped__
    return known(asked.headers, got, rules)


@lru_cache(maxsize=1024)
def _known(asked: Headers, got: Head, rules: Rules) -> Why | None:
    """What does not depend on the URI: the same is asked and answered again and again."""
    wishes = request_directives(asked)
    told = response_directives(got.headers, rules.targets)
    return (
        _status(asked, got, told)
        or _forbidden(wishes, told)
        or _somebodys(asked, got, told, rules)
        or _useless(got, told, rules)
    )


def _method(asked: Request, got: Head, told: Directives) -> Why | None:
    if asked.method != "POST" or got.status != 200:
        return Why.METHOD
    # The answer to a POST stands for later GETs where it says that it is the
    # representation of this very URI, and for how long (RFC 9110, 9.3.3).
    about = resolved(asked.url, got.headers.get("content-location"))
    if about == asked.url and has_explicit_lifetime(got.headers, told):
        return None
    return Why.METHOD


def _status(asked: Headers, got: Head, told: Directives) -> Why | None:
    if got.status < 200 or got.status in (304, 416):
        return Why.STATUS
    if "must-understand" in told and got.status not in UNDERSTOOD:
        return Why.STATUS
    if got.status == 206:
        if "range" not in asked:
            return Why.RANGE_UNASKED
        if content_range(got.headers) is None:
            return Why.BAD_RANGE
    return None


def _forbidden(wishes: Directives, told: Directives) -> Why | None:
    if "no-store" in wishes:
        return Why.REQUEST_NO_STORE
    return forbids_storing(told)


def forbids_storing(told: Directives) -> Why | None:
    """The directive, if any, by which the origin forbids a shared cache to keep a response."""
    # must-understand stands in for no-store where the status is understood (5.2.2.3).
    if "no-store" in told and "must-understand" not in told:
        return Why.NO_STORE
    return Why.PRIVATE if "private" in told else None


def _somebodys(asked: Headers, got: Head, told: Directives, rules: Rules) -> Why | None:
    shared = "public" in told or told.s_maxage is not None
    if "authorization" in asked and not shared and "must-revalidate" not in told:
        return Why.AUTHORIZATION
    if rules.cookies_private:
        if "set-cookie" in got.headers:
            return Why.SET_COOKIE
        if "cookie" in asked and not shared:
            return Why.COOKIE
    return None


def _useless(got: Head, told: Directives, rules: Rules) -> Why | None:
    if _UNMATCHED & set(vary_names(got.headers)):
        return Why.VARY_STAR
    if has_explicit_lifetime(got.headers, told):
        return None
    if got.status not in HEURISTIC_STATUSES and "public" not in told:
        return Why.STATUS
    if "etag" in got.headers or "last-modified" in got.headers:
        return None
    timed = rules.ttl_default is not None or rules.ttl_min or rules.learns
    return None if timed else Why.NO_LIFETIME
