"""Every reason for not storing or not reusing a response, by name.

A member's value is the metric label, the log field and the `detail` of Cache-Status.
"""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """Why an answer did not come from the cache, or was not kept."""

    # Not reused (RFC 9111, 4), in the terms of RFC 9211, 2.2 where it has one.
    URI_MISS = "uri-miss"  # nothing is stored for this URI
    VARY_MISS = "vary-miss"  # only other variants are stored
    STALE = "stale"  # stored, but its lifetime is over
    PARTIAL = "partial"  # stored, but not all the bytes asked for
    METHOD = "method"  # only GET and HEAD are answered from the cache
    BODY = "request-body"  # a GET with a body means what the origin says it means
    NO_CACHE = "request-no-cache"  # the client wants a check (5.2.1.4)
    TOO_OLD = "request-max-age"  # older than the client accepts (5.2.1.1)
    NOT_FRESH_LONG_ENOUGH = "request-min-fresh"  # (5.2.1.3)
    MUST_CHECK = "no-cache"  # the origin wants a check before each reuse (5.2.2.4)
    INVALIDATED = "invalidated"  # marked stale by an unsafe request or a soft purge (4.4)
    ONLY_IF_CACHED = "only-if-cached"  # the client would rather have nothing (5.2.1.7)

    # Not stored (RFC 9111, 3), in the order of that section.
    STATUS = "status"  # not final, or not understood where it must be
    NO_STORE = "no-store"  # (5.2.2.5)
    REQUEST_NO_STORE = "request-no-store"  # (5.2.1.5)
    PRIVATE = "private"  # (5.2.2.7)
    AUTHORIZATION = "authorization"  # (3.5)
    SET_COOKIE = "set-cookie"  # a cookie is somebody's (setting http.cookies)
    COOKIE = "cookie"  # the request carried somebody's cookie (setting http.cookies)
    VARY_STAR = "vary-star"  # nothing would ever match (4.1)
    NO_LIFETIME = "no-lifetime"  # neither a lifetime nor a validator: never reusable
    BAD_RANGE = "bad-content-range"  # a 206 that does not say what it is a part of
    RANGE_UNASKED = "range-unasked"  # a 206 nobody asked for
    CLOSE_DELIMITED = "close-delimited"  # its end cannot be told from a cut
    TOO_LARGE = "too-large"  # larger than cache.max_object
    NO_ROOM = "no-room"  # too many bytes are on their way in already
    STORE = "store"  # the shared store did not take it
    POLICY = "policy"  # the eviction policy values it less than what is there
    INCOMPLETE = "incomplete"  # the origin did not finish it

    # Served in spite of being stale (RFC 9111, 4.2.4; RFC 5861).
    MAX_STALE = "max-stale"
    STALE_WHILE_REVALIDATE = "stale-while-revalidate"
    STALE_IF_ERROR = "stale-if-error"
    ORIGIN_UNREACHABLE = "origin-unreachable"
