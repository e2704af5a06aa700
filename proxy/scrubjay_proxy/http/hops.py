"""Fields that belong to one connection, and the ones a proxy adds (RFC 9110, 7.6)."""

from __future__ import annotations

from functools import lru_cache

from scrubjay_proxy.http.messages import Headers

HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade", "proxy-authenticate", "proxy-authorization", "proxy-authentication-info",
        "http2-settings",
    }
)  # fmt: skip
_REMEMBERED = 2048  # characters of fields; longer ones are not worth keeping

# A stranger's word on who it is, whom it asked and what it really meant: an origin that
# believes it is poisoned through the cache, as none of these is part of the key.
FORWARDING = frozenset(
    {
        "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
        "x-forwarded-port", "x-forwarded-scheme", "x-forwarded-server", "x-forwarded-prefix",
        "x-forwarded-ssl", "x-host", "x-original-host", "x-original-url", "x-rewrite-url",
        "x-real-ip", "x-client-ip", "x-http-method-override", "x-http-method", "x-method-override",
        "proxy",
    }
)  # fmt: skip


# Some origins read `_` in a name as `-`.
FORWARDING |= {name.replace("-", "_") for name in FORWARDING}


# Meant for every recipient: a peer may not have them dropped by naming them (RFC 9110, 7.6.1).
_FOR_ALL = frozenset(
    {
        "content-length", "host", "date", "age", "cache-control", "vary", "expires", "pragma",
        "authorization", "cookie", "set-cookie", "cdn-cache-control", "content-encoding",
        "content-type", "content-range",
    }
)  # fmt: skip


def end_to_end(headers: Headers) -> Headers:
    """The fields that are meant for more than this connection."""
    dropped = of_the_connection(headers.get("connection"))
    return headers.without(dropped) if headers.any(dropped) else headers


@lru_cache(maxsize=256)
def of_the_connection(listed: str | None) -> frozenset[str]:
    """Names of the fields of one connection, those included that its Connection field lists."""
    if listed is None:
        return HOP_BY_HOP
    named = {name.strip().lower() for name in listed.split(",")} - _FOR_ALL
    return HOP_BY_HOP | named if named - HOP_BY_HOP else HOP_BY_HOP


def storable_fields(headers: Headers) -> Headers:
    """What is kept of a response's fields (RFC 9111, 3.1); the length is kept as a number,
    and Age and Cache-Status are made anew for each answer."""
    known = _storable if len(headers.text) <= _REMEMBERED else _storable.__wrapped__
    return known(headers)


@lru_cache(maxsize=1024)
def _storable(headers: Headers) -> Headers:
    """Origins answer the same often; it is then kept once."""
    return end_to_end(headers).without(("content-length", "cache-status"))
