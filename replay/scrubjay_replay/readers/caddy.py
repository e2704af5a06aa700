"""Caddy's JSON access logs (logger `http.log.access`)."""

from __future__ import annotations

import math

from scrubjay_replay.readers import jsonlog, numbers
from scrubjay_replay.readers.accesslog import AccessLogReader, Entry

LOGGER = "http.log.access"


class CaddyLogReader(AccessLogReader):
    """Requests to Caddy; what it took is the cost, unless a cache says that it answered."""

    format = "caddy"

    def parse(self, line: bytes) -> Entry | str:
        found = jsonlog.fields(line)
        asked = found.get("request")
        if not is_access(found) or not isinstance(asked, dict):
            return "other log lines"
        method = jsonlog.text(asked.get("method"))
        path = jsonlog.text(asked.get("uri"))
        if method == b"GET" and not path:
            raise ValueError("a request without a path: no request.uri")
        return Entry(
            jsonlog.moment(found.get("ts")),
            method,
            jsonlog.text(asked.get("host")).lower() + path,
            jsonlog.status(found.get("status")),
            jsonlog.size(found.get("size")),
            cost(found),
        )


def is_access(found: jsonlog.Fields) -> bool:
    """Whether a line is of the access log, and not of the server's own."""
    logger = found.get("logger", LOGGER)
    return isinstance(logger, str) and (logger + ".").startswith(LOGGER + ".")


def cost(found: jsonlog.Fields) -> float:
    """Seconds, nan for a hit (RFC 9211) or when they are written in words."""
    headers = found.get("resp_headers")
    said = headers.get("Cache-Status") if isinstance(headers, dict) else None
    took = found.get("duration")
    if isinstance(took, bool) or not isinstance(took, int | float) or "; hit" in str(said):
        return math.nan
    return numbers.seconds(str(took).encode(), "duration")


def looks_so(line: bytes) -> bool:
    """Whether a line is of Caddy, for a request or not."""
    try:
        found = jsonlog.fields(line)
    except ValueError:
        return False
    return isinstance(found.get("request"), dict) and is_access(found)
