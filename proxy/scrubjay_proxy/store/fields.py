"""Header lines in few bytes: usual names by number, dates as Unix seconds.

What is stored under one version of the table is not read under another: whoever changes the table
changes `VERSION`, and what was stored before is fetched again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scrubjay_proxy.http.dates import format_date, parse_date
from scrubjay_proxy.http.messages import Headers, Pair

VERSION = 1

_TABLE = """
Date ETag Cache-Control Content-Type Content-Length Last-Modified Server Expires Vary
Content-Encoding Accept-Ranges Age Link Set-Cookie Location Content-Language
Content-Disposition Content-Location Content-Range Pragma Via Warning Retry-After Allow
Access-Control-Allow-Origin Access-Control-Allow-Credentials Access-Control-Allow-Headers
Access-Control-Allow-Methods Access-Control-Expose-Headers Access-Control-Max-Age
Strict-Transport-Security Content-Security-Policy Content-Security-Policy-Report-Only
X-Content-Type-Options X-Frame-Options X-XSS-Protection X-Powered-By X-Cache X-Cache-Hits
X-Served-By X-Timer X-Request-Id X-Robots-Tag X-UA-Compatible Referrer-Policy
Permissions-Policy Feature-Policy Timing-Allow-Origin Server-Timing Alt-Svc NEL Report-To
Reporting-Endpoints Expect-CT Cross-Origin-Resource-Policy Cross-Origin-Opener-Policy
Cross-Origin-Embedder-Policy Accept-CH Critical-CH Origin-Agent-Cluster P3P Content-MD5
Surrogate-Control Surrogate-Key CDN-Cache-Control Cache-Status Cache-Tag Cache-Groups
Cache-Group-Invalidation No-Vary-Search Digest Repr-Digest Content-Digest Etag Refresh
Status Upgrade WWW-Authenticate X-Amz-Request-Id X-Amz-Id-2 X-Amz-Version-Id
X-Amz-Cf-Id X-Amz-Cf-Pop CF-Ray CF-Cache-Status X-Varnish X-Download-Options
X-DNS-Prefetch-Control X-Permitted-Cross-Domain-Policies SourceMap Service-Worker-Allowed
"""
_CAPITALS = tuple(_TABLE.split())
# As HTTP/1.1 servers write them, then in lower case as those do that speak HTTP/2 behind.
NAMES = _CAPITALS + tuple(name.lower() for name in _CAPITALS if name != "Etag")
_NUMBERS = {name: number for number, name in enumerate(NAMES)}
_DATES = frozenset({"date", "last-modified", "expires"})
_LAST = 2**32  # seconds that still are a date

Fields = list[int | str]


def pack_fields(headers: Iterable[Pair]) -> Fields:
    """Name, value, name, value: a name of the table as its number, a date in the usual form as
    Unix seconds."""
    packed: Fields = []
    for name, value in headers:
        packed.append(_NUMBERS.get(name, name))
        packed.append(_seconds(value) if name.lower() in _DATES else value)
    return packed


def unpack_fields(packed: Sequence[int | str]) -> Headers:
    """The header lines, to the letter. Raises IndexError for a number that is no name's."""
    every = iter(packed)
    return Headers(
        [
            (NAMES[n] if type(n) is int else n, format_date(v) if type(v) is int else v)  # type: ignore[misc]
            for n, v in zip(every, every, strict=True)
        ]
    )


def _seconds(value: str) -> int | str:
    seconds = parse_date(value, 0.0)
    if seconds is None or not 0 <= seconds < _LAST or format_date(int(seconds)) != value:
        return value
    return int(seconds)
